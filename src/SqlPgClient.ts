/** `effect-postgres/sql-pg/PgClient`, in place of `@effect/sql-pg/PgClient`. */
export * from "./sql/compat/PgClient.js"
