/** COPY as streams of bytes, by way of the client. `PgConnection` has the same on a connection of one's own. */
export { from, sink, to } from "./client/Copy.js"
export type { CopyResult } from "./connection/CopyIn.js"
export type { CopyOptions } from "./connection/PgConnection.js"
