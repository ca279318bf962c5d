/** The client of `@effect/sql-pg` under its names: `effect-postgres/sql-pg`. */
export * as PgClient from "./sql/compat/PgClient.js"
export * as PgMigrator from "./sql/compat/PgMigrator.js"
