/** The client of `@effect/sql`: `effect-postgres/sql`. */
export * as PgSqlClient from "./sql/PgSqlClient.js"
export { PgSqlError, reasonOf } from "./sql/SqlFailure.js"
export type { SqlCause, SqlReason } from "./sql/SqlFailure.js"
export type { RawField, RawResult } from "./sql/RawResult.js"
