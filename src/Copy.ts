/** What COPY gives: `PgConnection.copyFrom`, `copySink` and `copyTo` stream its bytes. */
export type { CopyResult } from "./connection/CopyIn.js"
