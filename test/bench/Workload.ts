/** What is measured: the statements and the numbers of the comparison, as data. */

export type WorkloadName =
  "wide" | "narrow" | "stream" | "sequential" | "multiplexed" | "pool" | "connect" | "memory"

/** Which of a client's methods the workload drives; see `clients/child.mjs`. */
export type Kind = "all" | "stream" | "sequential" | "concurrent" | "connect" | "memory"

export interface Workload {
  readonly name: WorkloadName
  readonly title: string
  readonly kind: Kind
  /** What one item is, for the report. */
  readonly item: "row" | "query" | "session"
  /** Rows of one result, or queries, or sessions, of one run. */
  readonly items: number
  /** How many results one run reads. */
  readonly repeats: number
  /** The shape of a row, checked in the uncounted run. */
  readonly shape?: "wide" | "narrow"
  readonly connections: number
  readonly pipelined: boolean
  /** More rounds than these say nothing new. */
  readonly maxRuns?: number
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
export const narrow = (rows: number): string => `select i::int4 as id from generate_series(1, ${rows}) i`

/** The statement whose rows a workload reads; the others send `select $1::int4 as x`, or nothing. */
export const statement = (workload: Workload): string | undefined =>
  workload.shape === undefined
    ? undefined
    : workload.shape === "wide"
      ? wide(workload.items)
      : narrow(workload.items)

const one = { connections: 1, pipelined: false, repeats: 1 } as const

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
    title: "Pool of 10, 100 fibers",
    kind: "concurrent",
    item: "query",
    items: 50_000,
    connections: 10,
    pipelined: true
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
    maxRuns: 1
  }
]

/** The same workload with a tenth of its items: to see that everything runs, not to quote. */
export const quick = (workload: Workload): Workload => ({
  ...workload,
  items: workload.kind === "memory" ? 3_000_000 : workload.items / 10
})
