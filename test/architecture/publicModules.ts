/** The public modules: what a user may import, and with it what we may not break without saying so. */
export interface PublicModule {
  readonly name: string
  /** False where the main entry must not load it. */
  readonly inIndex: boolean
}

/** Tests and few programs need them: the main entry does not load them. */
const subpathsOnly: ReadonlySet<string> = new Set(["OutputPlugins", "Testing"])

const inIndex = (name: string): PublicModule => ({ name, inIndex: true })

/** Sorted by name. Each is `src/<name>.ts`, the subpath `effect-postgres/<name>` and a namespace of the main entry. */
export const publicModules: ReadonlyArray<PublicModule> = [
  "AdvisoryLock",
  "Copy",
  "LargeObject",
  "Listen",
  "Lsn",
  "OutputPlugins",
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
  "SqlState",
  "Statement",
  "Testing",
  "Transport",
  "Wire"
].map((name) => (subpathsOnly.has(name) ? { name, inIndex: false } : inIndex(name)))
