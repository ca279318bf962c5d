/** The client of `@effect/sql`: `effect-postgres/sql`. */
export * as PgSqlClient from "./sql/PgSqlClient.js"
export { PgSqlError, reasonOf } from "./nodepg/DatabaseError.js"
export type { SqlCause, SqlReason } from "./nodepg/DatabaseError.js"
export type { RawField, RawResult } from "./nodepg/RawResult.js"
