/** `effect-postgres/sql-pg/PgMigrator`, in place of `@effect/sql-pg/PgMigrator`. */
export * from "./sql/compat/PgMigrator.js"
