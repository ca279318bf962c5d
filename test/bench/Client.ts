/** Who is measured: ourselves in both presets and as the client of `@effect/sql`, an earlier commit of ours, the peers, and the bare socket below them all. */
import type { PeerSet } from "./Peers.js"
import type { Kind } from "./Workload.js"

export type ClientName =
  | "floor"
  | "ours-familiar"
  | "ours-lossless"
  | "ours-before"
  | "ours-traced"
  | "ours-sql"
  | "sql-pg-4"
  | "sql-pg-3"
  | "postgres"
  | "pg"
  | "bun"
  | "pg-logical-replication"
  | "pg-logical-replication, timed"
  | "pg_recvlogical"
  | "pg_receivewal"
  | "pg_basebackup"
  | "cp"
  | "psql"
  | "ours-copy"

export interface Client {
  readonly name: ClientName
  /** File name under `clients/`, without its ending. */
  readonly script: string
  /** The folder of packages it needs; without one its script runs where it lies. */
  readonly peers?: PeerSet
  /** The package is another commit's, built by `--before`. */
  readonly before?: true
  /** A tracer is configured, which drops every span. Its one connection is taken from a client, so that statements on it have spans. */
  readonly traced?: true
  /** Rows come into tables by a COPY, beside the inserts of the others. */
  readonly copies?: true
  /** What an application imports of it, for the workload of starts. */
  readonly module?: string
  /** Packages whose versions the report names. */
  readonly packages: ReadonlyArray<string>
  readonly preset: "familiar" | "lossless"
  /** A library that runs on Node and is not ours. */
  readonly nodePeer: boolean
  /**
   * Whether it reads logical slots, beside what it does else or as the only thing; `log` reads physical ones only, `backup` takes base
   * backups, and `copy` copies what others have taken; `copies` is for COPY alone.
   */
  readonly replication: "no" | "too" | "only" | "log" | "backup" | "copy" | "copies"
}

const peer = { preset: "familiar", nodePeer: true, replication: "no" } as const
const other = { packages: [], preset: "familiar", nodePeer: false, replication: "no" } as const

export const clients: ReadonlyArray<Client> = [
  { ...other, name: "floor", script: "floor" },
  { ...other, name: "ours-familiar", script: "ours", module: "effect-postgres/PgClient", replication: "too" },
  { ...other, name: "ours-lossless", script: "ours", preset: "lossless", replication: "too" },
  {
    ...other,
    name: "ours-before",
    script: "ours",
    module: "effect-postgres/PgClient",
    before: true,
    replication: "too"
  },
  { ...other, name: "ours-traced", script: "ours", traced: true },
  { ...other, name: "ours-sql", script: "oursSql", module: "effect-postgres/sql-pg" },
  {
    ...peer,
    name: "sql-pg-4",
    script: "sqlPg4",
    peers: "effect4",
    module: "@effect/sql-pg",
    packages: ["@effect/sql-pg", "effect"]
  },
  {
    ...peer,
    name: "sql-pg-3",
    script: "sqlPg3",
    peers: "effect3",
    module: "@effect/sql-pg",
    packages: ["@effect/sql-pg", "effect", "pg"]
  },
  {
    ...peer,
    name: "postgres",
    script: "postgres",
    peers: "plain",
    module: "postgres",
    packages: ["postgres"]
  },
  { ...peer, name: "pg", script: "pg", peers: "plain", module: "pg", packages: ["pg", "pg-cursor"] },
  { ...other, name: "bun", script: "bun", peers: "bun", packages: ["bun"] },
  {
    ...peer,
    name: "pg-logical-replication",
    script: "pgLogicalReplication",
    peers: "plain",
    packages: ["pg-logical-replication"],
    replication: "only"
  },
  {
    ...peer,
    name: "pg-logical-replication, timed",
    script: "pgLogicalReplicationTimed",
    peers: "plain",
    packages: [],
    replication: "only"
  },
  { ...other, name: "pg_recvlogical", script: "pgRecvlogical", replication: "only" },
  { ...other, name: "pg_receivewal", script: "pgReceivewal", replication: "log" },
  { ...other, name: "pg_basebackup", script: "pgBasebackup", replication: "backup" },
  { ...other, name: "cp", script: "cp", replication: "copy" },
  { ...other, name: "psql", script: "psql", replication: "copies" },
  { ...other, name: "ours-copy", script: "ours", copies: true, replication: "copies" }
]

/** Where statements have spans. */
const asTraced: ReadonlySet<Kind> = new Set([
  "all",
  "stream",
  "sequential",
  "concurrent",
  "transactions",
  "mixed"
])

/** What the client of `@effect/sql` is measured in: the rest is not its own. */
const asSql: ReadonlySet<Kind> = new Set([
  "all",
  "stream",
  "sequential",
  "concurrent",
  "transactions",
  "import"
])

/** Whether it has a part in workloads of this kind. */
export const takesPart = (client: Client, kind: Kind): boolean => {
  if (client.traced) return asTraced.has(kind)
  if (client.copies) return kind === "insert"
  if (client.name === "ours-sql") return asSql.has(kind)
  switch (kind) {
    case "copyOut":
    case "copyIn":
      return client.name === "psql" || client.name === "pg" || isOurs(client)
    case "copyRowsOut":
    case "copyRowsIn":
      return client.name === "psql" || isOurs(client)
    case "insert":
      return client.name === "pg" || (isOurs(client) && client.preset === "familiar")
    case "notifications":
      return client.name === "postgres" || (isOurs(client) && client.preset === "familiar")
    case "mixed":
      return client.name === "sql-pg-4" || isOurs(client)
    case "replication":
      return client.replication === "too" || client.replication === "only"
    case "feedMemory":
    case "consumers":
      return isOurs(client)
    case "wal":
    case "walSynchronous":
      // No value is decoded, so that the presets are one.
      return client.replication === "log" || (isOurs(client) && client.preset === "familiar")
    case "backup":
    case "backupVerify":
      return client.replication === "backup" || (isOurs(client) && client.preset === "familiar")
    case "backupCombine":
      return client.replication === "copy" || (isOurs(client) && client.preset === "familiar")
    case "import":
      return client.module !== undefined
    default:
      return client.replication === "no" || client.replication === "too"
  }
}

export const isOurs = (client: Client): boolean => client.script === "ours"

/** Whether it imports what `npm run build` makes. */
export const needsBuild = (client: Client): boolean => isOurs(client) || client.name === "ours-sql"
