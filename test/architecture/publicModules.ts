/** The public modules: what a user may import, and with it what must not change without an entry in the changelog. */
export interface PublicModule {
  readonly name: string
  /** False where the main entry must not load it. */
  readonly inIndex: boolean
  /** The subpath, where it is not the name: `./Sql.ts` and `./sql.ts` would be one file on some systems. */
  readonly subpath: string
}

/**
 * Tests and few programs need them, or they need packages that not every program has: the main entry does not load them. Each with its
 * subpath.
 */
const subpathsOnly: ReadonlyMap<string, string> = new Map([
  ["EffectSql", "sql"],
  ["NodePostgres", "pg"],
  ["OAuth", "OAuth"],
  ["OutputPlugins", "OutputPlugins"],
  ["SqlPg", "sql-pg"],
  ["SqlPgClient", "sql-pg/PgClient"],
  ["SqlPgMigrator", "sql-pg/PgMigrator"],
  ["Testing", "Testing"]
])

/** Sorted by name. Each is `src/<name>.ts`, a subpath, `effect-postgres/<name>` unless it has another, and a namespace of the main entry. */
export const publicModules: ReadonlyArray<PublicModule> = [
  "AdvisoryLock",
  "Copy",
  "Cursor",
  "EffectSql",
  "LargeObject",
  "Listen",
  "Lsn",
  "NodePostgres",
  "OAuth",
  "OutputPlugins",
  "Password",
  "PgClient",
  "PgConfig",
  "PgConnection",
  "PgConnector",
  "PgError",
  "PgPool",
  "PgSchema",
  "PgTypes",
  "PreparedTransaction",
  "Protocol",
  "Replication",
  "Sql",
  "SqlPg",
  "SqlPgClient",
  "SqlPgMigrator",
  "SqlState",
  "Statement",
  "Testing",
  "Transport",
  "Wire"
].map((name) => {
  const subpath = subpathsOnly.get(name)
  return { name, inIndex: subpath === undefined, subpath: subpath ?? name }
})
