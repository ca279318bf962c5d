/** Every error of this package, as one tagged union. */
export * from "./model/PgError.js"
export type { ServerFields, Severity } from "./model/ServerFields.js"
