/** What is measured: the statements and the numbers of the comparison, as data. */

export type WorkloadName =
  | "wide"
  | "narrow"
  | "stream"
  | "sequential"
  | "multiplexed"
  | "pool"
  | "pool-multiplexed"
  | "pool-when-busy"
  | "pool-crowd"
  | "transactions"
  | "connect"
  | "import"
  | "memory"
  | "types"
  | "schema"
  | "consumers"
  | "mixed"
  | "replication"
  | "feed-memory"
  | "feed-memory-streamed"
  | "copy-out"
  | "copy-in"
  | "copy-out-typed"
  | "copy-in-typed"
  | "batch"
  | "unnest"
  | "notifications"
  | "wal"
  | "wal-synchronous"
  | "backup"
  | "backup-compared"
  | "backup-archives"
  | "backup-verify"
  | "backup-combine"

/** Which of a client's methods the workload drives; see `clients/child.mjs`. */
export type Kind =
  | "all"
  | "stream"
  | "sequential"
  | "concurrent"
  | "transactions"
  | "connect"
  | "import"
  | "memory"
  | "types"
  | "schema"
  | "consumers"
  | "mixed"
  | "replication"
  | "feedMemory"
  | "copyOut"
  | "copyIn"
  | "copyRowsOut"
  | "copyRowsIn"
  | "insert"
  | "notifications"
  | "wal"
  | "walSynchronous"
  | "backup"
  | "backupVerify"
  | "backupCombine"

export interface Workload {
  readonly name: WorkloadName
  readonly title: string
  readonly kind: Kind
  /** What one item is, for the report. */
  readonly item:
    | "row"
    | "query"
    | "transaction"
    | "session"
    | "value"
    | "change"
    | "start"
    | "MB"
    | "commit"
    | "notification"
  /** Rows of one result, or queries, or sessions, of one run. */
  readonly items: number
  /** How many results one run reads. */
  readonly repeats: number
  /** The shape of a row, checked in the uncounted run. */
  readonly shape?: "wide" | "narrow"
  readonly connections: number
  readonly pipelined: boolean
  /** How our pool shares its connections; unless given, each statement has one for itself. */
  readonly multiplex?: "whenBusy" | { readonly depth: number }
  /** Fibers that ask at the same time; unless given, `fibers`. */
  readonly fibers?: number
  /** Whether the server may send a transaction before its end. */
  readonly streaming?: "off" | "on"
  /** How rows are inserted. */
  readonly way?: "batch" | "unnest"
  /** Channels that are listened to. */
  readonly channels?: number
  /** How a base backup is taken. */
  readonly backup?: { readonly format: "plain" | "archives"; readonly verify: boolean }
  /** More rounds than these show nothing new. */
  readonly maxRuns?: number
  /** Heavy: run when it is named, or with `--all`. */
  readonly onlyByName?: boolean
  /** Fewer rounds than these show nothing. */
  readonly minRuns?: number
}

/** Fibers or async functions that each ask for one answer after the other: never more than this many in flight. */
export const fibers = 100
/** Rows asked for at a time by peers that stream through a cursor and let the caller choose. */
export const fetchSize = 1000
/** The consumer of the memory workload takes this part of what the server can give. */
export const slowness = 10

const wideColumns =
  "i::int4 as id, 'name-' || i as name, i * 1.5::float8 as score, (i % 2 = 0) as active, now() as at, repeat('x', 40) as pad"

export const wide = (rows: number): string => `select ${wideColumns} from generate_series(1, ${rows}) i`
/** Wide rows from one number to another, as `insert` takes them. */
export const wideBetween = (from: string, to: string): string =>
  `select ${wideColumns} from generate_series(${from}, ${to}) i`
export const narrow = (rows: number): string => `select i::int4 as id from generate_series(1, ${rows}) i`

/** Whether a workload reads changes. */
export const isFeed = ({ kind }: Workload): boolean => kind === "replication" || kind === "feedMemory"

/** Whether a workload receives the log of a cluster, byte for byte. */
export const isLog = ({ kind }: Workload): boolean => kind === "wal" || kind === "walSynchronous"

/** Whether a workload copies a cluster. */
export const isBackup = ({ kind }: Workload): boolean =>
  kind === "backup" || kind === "backupVerify" || kind === "backupCombine"

/** Sessions that commit rows at once while a synchronous standby answers. */
export const committers = 10

/** One column of each family of types: its name, and its value in row `i`. */
export const families: ReadonlyArray<readonly [name: string, expression: string]> = [
  ["bool", "i % 2 = 0"],
  ["int4", "i::int4"],
  ["int8", "i::int8 * 1000003"],
  ["float4", "(i * 0.1)::float4"],
  ["float8", "i * 0.1::float8"],
  ["numeric", "(i * 1.01)::numeric(12, 2)"],
  ["text", "'name-' || i"],
  ["bytea", "decode(md5(i::text) || md5(i::text), 'hex')"],
  ["jsonb", `jsonb_build_object('id', i, 'name', 'name-' || i, 'tags', '["a", "b"]'::jsonb)`],
  ["uuid", "md5(i::text)::uuid"],
  ["date", "date '2000-01-01' + i % 10000"],
  ["time", "time '00:00' + i * interval '1 millisecond'"],
  ["timestamp", "timestamp '2000-01-01' + i * interval '61.001 seconds'"],
  ["timestamptz", "timestamptz '2000-01-01 00:00+00' + i * interval '61.001 seconds'"],
  ["interval", "make_interval(days => i % 30, secs => i % 86400 + 0.5)"],
  ["int4[]", "array[i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7]"],
  ["text[]", "array['name-' || i, 'b', 'c d', 'e']"],
  ["int4range", "int4range(i, i + 5)"],
  [
    "tstzrange",
    "tstzrange('2000-01-01 00:00+00', timestamptz '2000-01-01 00:00+00' + i * interval '1 minute')"
  ],
  ["inet", "inet '10.0.0.0' + i"],
  ["point", "point(i, i * 0.5)"]
]

const familyStatement = (expression: string, rows: number): string =>
  `select ${expression} as v from generate_series(1, ${rows}) i`

/** What rows go through in the workload of Schemas; `plain` is no Schema. */
export const schemaNames = ["plain", "Struct", "filters", "Class", "transformations"] as const

const schemaStatement = (rows: number): string =>
  `select i::int4 as id, 'name-' || i as name, i * 1.5::float8 as score, (i % 2 = 0) as active, now() as at
   from generate_series(1, ${rows}) i`

/** With a column more, for the Schema that has one. */
const widerStatement = (rows: number): string =>
  schemaStatement(rows).replace("now() as at", "now() as at, i::int8 as big")

/**
 * Ways to consume a stream, as Effect calls them. `holding` is a function that returns an effect which refers to the chunk, where the
 * other one has done its work when it returns.
 */
export const consumerNames = [
  "runForEach",
  "runForEachChunk, holding",
  "runForEachChunk",
  "toPull",
  "runDrain"
] as const

/** The same consumer over chunks of such rows that are made in memory: what is Effect's own. */
export const fromMemory = (name: string): string => `${name}, from memory`

/** What one process runs in turn in the mixed workload, named as the workloads that run it alone. */
export const mixedNames = ["wide", "narrow", "stream", "sequential", "pool"] as const

/** How many queries of the mixed workload stand beside so many rows, so that no kind of statement has most of the time. */
export const mixedQueries = ({
  items
}: Workload): { readonly sequential: number; readonly pool: number } => ({
  sequential: Math.ceil(items / 25),
  pool: Math.ceil(items / 10)
})

/** The statements of the workloads of types, of Schemas, of consumers, and of the mixed one, by family. */
export const familyStatements = ({ items, kind }: Workload): Readonly<Record<string, string>> | undefined => {
  if (kind === "types")
    return Object.fromEntries(
      families.map(([name, expression]) => [name, familyStatement(expression, items)])
    )
  if (kind === "consumers")
    return Object.fromEntries(
      // A young engine meets what keeps chunks first: it remembers how long objects live, and the other order would hide it.
      [...consumerNames, ...[...consumerNames].reverse().map(fromMemory)].map((way) => [way, wide(items)])
    )
  if (kind === "mixed") return { wide: wide(items), narrow: narrow(items), stream: wide(items) }
  if (kind !== "schema") return undefined
  return Object.fromEntries(
    schemaNames.map((name) => [
      name,
      name === "transformations" ? widerStatement(items) : schemaStatement(items)
    ])
  )
}

/** Half of the changes are one transaction, the others transactions of this size. */
export const smallTransaction = 10

/** The statement whose rows a workload reads; the others send `select $1::int4 as x`, or nothing. */
export const statement = (workload: Workload): string | undefined =>
  workload.shape === undefined
    ? undefined
    : workload.shape === "wide"
      ? wide(workload.items)
      : narrow(workload.items)

const one = { connections: 1, pipelined: false, repeats: 1 } as const
const copied = { ...one, item: "row", items: 1_000_000, shape: "wide", onlyByName: true } as const
const inserted = { ...one, kind: "insert", item: "row", items: 100_000, onlyByName: true } as const
const cluster = { ...one, item: "MB", items: 1500, maxRuns: 3, onlyByName: true } as const

export const workloads: ReadonlyArray<Workload> = [
  {
    ...one,
    name: "wide",
    title: "All rows, wide",
    kind: "all",
    item: "row",
    items: 300_000,
    repeats: 3,
    shape: "wide"
  },
  {
    ...one,
    name: "narrow",
    title: "All rows, narrow",
    kind: "all",
    item: "row",
    items: 300_000,
    repeats: 10,
    shape: "narrow"
  },
  {
    ...one,
    name: "stream",
    title: "Streamed, wide",
    kind: "stream",
    item: "row",
    items: 300_000,
    repeats: 3,
    shape: "wide"
  },
  {
    ...one,
    name: "sequential",
    title: "Sequential round trips",
    kind: "sequential",
    item: "query",
    items: 10_000
  },
  {
    ...one,
    name: "multiplexed",
    title: "One connection, 100 fibers",
    kind: "concurrent",
    item: "query",
    items: 100_000,
    pipelined: true
  },
  {
    ...one,
    name: "pool",
    title: "Pool of 10, 100 fibers, exclusive",
    kind: "concurrent",
    item: "query",
    items: 50_000,
    connections: 10
  },
  {
    ...one,
    name: "pool-multiplexed",
    title: "Pool of 10, 100 fibers, multiplexed",
    kind: "concurrent",
    item: "query",
    items: 50_000,
    connections: 10,
    pipelined: true,
    multiplex: { depth: fibers }
  },
  {
    ...one,
    name: "pool-when-busy",
    title: "Pool of 10, 100 fibers, multiplexed when busy",
    kind: "concurrent",
    item: "query",
    items: 50_000,
    connections: 10,
    pipelined: true,
    multiplex: "whenBusy"
  },
  {
    ...one,
    name: "pool-crowd",
    title: "Pool of 10, 60,000 fibers, exclusive",
    kind: "concurrent",
    item: "query",
    items: 120_000,
    connections: 10,
    fibers: 60_000,
    onlyByName: true
  },
  {
    ...one,
    name: "transactions",
    title: "Transactions of one statement, pool of 10, 20 fibers",
    kind: "transactions",
    item: "transaction",
    items: 15_000,
    connections: 10,
    fibers: 20
  },
  {
    ...one,
    name: "types",
    title: "Values of each type",
    kind: "types",
    item: "value",
    items: 20_000,
    repeats: 15
  },
  {
    ...one,
    name: "schema",
    title: "Rows through a Schema",
    kind: "schema",
    item: "row",
    items: 20_000,
    repeats: 15
  },
  {
    ...one,
    name: "consumers",
    title: "Streamed, wide, by consumer",
    kind: "consumers",
    item: "row",
    items: 300_000,
    repeats: 1,
    maxRuns: 3
  },
  {
    ...one,
    name: "mixed",
    title: "Mixed process: wide, narrow, streamed, sequential and pooled statements in turn, pool of 10",
    kind: "mixed",
    item: "row",
    items: 100_000,
    connections: 10
  },
  {
    ...one,
    name: "replication",
    title: "Logical replication, wide",
    kind: "replication",
    item: "change",
    items: 400_000,
    shape: "wide"
  },
  {
    ...one,
    name: "import",
    title: "Start: importing the client",
    kind: "import",
    item: "start",
    items: 1,
    minRuns: 15
  },
  { ...one, name: "connect", title: "Connect with SCRAM", kind: "connect", item: "session", items: 100 },
  {
    ...one,
    name: "memory",
    title: "Memory behind a slow consumer",
    kind: "memory",
    item: "row",
    items: 10_000_000,
    shape: "narrow",
    maxRuns: 1,
    onlyByName: true
  },
  {
    ...one,
    name: "feed-memory",
    title: "Memory of a feed, one transaction",
    kind: "feedMemory",
    item: "change",
    items: 10_000_000,
    shape: "narrow",
    streaming: "off",
    maxRuns: 1,
    onlyByName: true
  },
  {
    ...one,
    name: "feed-memory-streamed",
    title: "Memory of a feed, one streamed transaction",
    kind: "feedMemory",
    item: "change",
    items: 10_000_000,
    shape: "narrow",
    streaming: "on",
    maxRuns: 1,
    onlyByName: true
  },
  { ...copied, name: "copy-out", title: "COPY out as bytes, wide", kind: "copyOut" },
  { ...copied, name: "copy-in", title: "COPY in as bytes, wide", kind: "copyIn" },
  { ...copied, name: "copy-out-typed", title: "COPY out as rows, wide", kind: "copyRowsOut" },
  { ...copied, name: "copy-in-typed", title: "COPY in as rows, wide", kind: "copyRowsIn" },
  { ...inserted, name: "batch", title: "Single-row inserts as a batch", way: "batch" },
  { ...inserted, name: "unnest", title: "Rows inserted by unnest", way: "unnest" },
  {
    ...one,
    name: "notifications",
    title: "Notifications in 1,000 channels",
    kind: "notifications",
    item: "notification",
    items: 100_000,
    connections: 2,
    channels: 1000,
    onlyByName: true
  },
  {
    ...one,
    name: "wal",
    title: "The log into segment files",
    kind: "wal",
    item: "MB",
    items: 1024,
    maxRuns: 3,
    onlyByName: true
  },
  {
    ...one,
    name: "wal-synchronous",
    title: "A synchronous standby that archives",
    kind: "walSynchronous",
    item: "commit",
    items: 20_000,
    maxRuns: 5,
    onlyByName: true
  },
  {
    ...cluster,
    name: "backup",
    title: "A base backup as a data folder",
    kind: "backup",
    backup: { format: "plain", verify: false }
  },
  {
    ...cluster,
    name: "backup-compared",
    title: "A base backup as a data folder, compared with its manifest while it is written",
    kind: "backup",
    backup: { format: "plain", verify: true }
  },
  {
    ...cluster,
    name: "backup-archives",
    title: "A base backup as archives",
    kind: "backup",
    backup: { format: "archives", verify: false }
  },
  { ...cluster, name: "backup-verify", title: "A base backup verified", kind: "backupVerify" },
  {
    ...cluster,
    name: "backup-combine",
    title: "A full backup and three increments combined",
    kind: "backupCombine",
    items: 500
  }
]

/** Memory is compared with what it was at the millionth item, which there must be. */
const growsPastReference = ({ kind }: Workload): boolean => kind === "memory" || kind === "feedMemory"

/** The same workload with a tenth of its items: to see that everything runs, not to quote. */
export const quick = ({ minRuns: _, ...workload }: Workload): Workload => ({
  ...workload,
  items: growsPastReference(workload) ? 3_000_000 : Math.max(1, workload.items / 10)
})
