/** What we want to reach, as ratios of one run in the familiar preset, and whether a run reached it. */
import type { ClientName } from "./Client.js"
import { clients } from "./Client.js"
import type { Result } from "./Summary.js"
import { cpuOf, growth, kindOf, maxCpuOf, maxOf, medianOf, rateOf, ratio } from "./Summary.js"
import type { WorkloadName } from "./Workload.js"
import { families, fromMemory, mixedNames } from "./Workload.js"

interface Rival {
  readonly than: ClientName | "fastest"
  readonly atLeast: number
}

interface Goal {
  readonly workload: WorkloadName
  /** Whose; unless given, the familiar preset's. */
  readonly client?: ClientName
  readonly rates: ReadonlyArray<Rival>
  /** CPU per item at most this part of that of the client named. */
  readonly cpu?: { readonly than: ClientName; readonly atMost: number }
  /** CPU per item in microseconds. */
  readonly cpuMicros?: number
  readonly growthMb?: number
  /** From when on memory is watched; unless given, from the first million items on. */
  readonly growthSince?: string
}

const goals: ReadonlyArray<Goal> = [
  {
    workload: "wide",
    rates: [
      { than: "sql-pg-4", atLeast: 1.1 },
      { than: "postgres", atLeast: 1.8 },
      { than: "pg", atLeast: 2.2 }
    ]
  },
  {
    workload: "stream",
    rates: [{ than: "sql-pg-4", atLeast: 1 }],
    cpu: { than: "sql-pg-4", atMost: 1 }
  },
  { workload: "narrow", rates: [{ than: "sql-pg-4", atLeast: 1 }] },
  { workload: "sequential", rates: [{ than: "fastest", atLeast: 0.95 }] },
  {
    workload: "multiplexed",
    rates: [
      { than: "postgres", atLeast: 1 },
      { than: "sql-pg-4", atLeast: 1.3 },
      { than: "floor", atLeast: 0.65 }
    ]
  },
  {
    workload: "pool",
    rates: [{ than: "pg", atLeast: 1.1 }],
    cpu: { than: "floor", atMost: 1.4 }
  },
  {
    workload: "pool-multiplexed",
    rates: [
      { than: "sql-pg-4", atLeast: 1.2 },
      { than: "bun", atLeast: 0.7 }
    ]
  },
  {
    workload: "pool-when-busy",
    rates: [
      { than: "sql-pg-4", atLeast: 1.2 },
      { than: "bun", atLeast: 0.7 }
    ]
  },
  { workload: "import", rates: [], cpu: { than: "sql-pg-3", atMost: 1.1 } },
  { workload: "import", client: "ours-sql", rates: [], cpu: { than: "sql-pg-3", atMost: 1.1 } },
  ...(
    [
      ["wide", 2],
      ["stream", 3],
      ["sequential", 1.1],
      ["pool", 1],
      ["pool-multiplexed", 2.5],
      ["transactions", 1]
    ] as const
  ).map(([workload, atLeast]) => ({
    workload,
    client: "ours-sql" as const,
    rates: [{ than: "sql-pg-3" as const, atLeast }]
  })),
  { workload: "connect", rates: [{ than: "pg", atLeast: 1 }], cpu: { than: "pg", atMost: 1 } },
  {
    workload: "replication",
    rates: [
      { than: "pg-logical-replication", atLeast: 1.7 },
      { than: "pg_recvlogical", atLeast: 0.95 }
    ],
    cpuMicros: 5
  },
  { workload: "memory", rates: [], growthMb: 64 },
  { workload: "feed-memory", rates: [], growthMb: 64 },
  { workload: "feed-memory-streamed", rates: [], growthMb: 64 },
  {
    workload: "copy-out",
    rates: [
      { than: "psql", atLeast: 0.95 },
      { than: "pg", atLeast: 1 }
    ]
  },
  {
    workload: "copy-in",
    rates: [
      { than: "psql", atLeast: 1 },
      { than: "pg", atLeast: 1 }
    ]
  },
  { workload: "copy-out-typed", rates: [{ than: "psql", atLeast: 0.6 }] },
  { workload: "copy-in-typed", rates: [{ than: "psql", atLeast: 0.9 }] },
  { workload: "batch", rates: [{ than: "pg", atLeast: 3 }] },
  { workload: "unnest", rates: [{ than: "ours-copy", atLeast: 0.5 }] },
  {
    workload: "notifications",
    rates: [{ than: "postgres", atLeast: 1 }],
    growthMb: 64,
    growthSince: "behind the first run"
  },
  {
    workload: "wal",
    rates: [{ than: "pg_receivewal", atLeast: 0.9 }],
    growthMb: 64,
    growthSince: "at the start"
  },
  {
    workload: "wal-synchronous",
    rates: [{ than: "pg_receivewal", atLeast: 0.9 }],
    growthMb: 64,
    growthSince: "at the start"
  },
  ...(
    [
      ["backup", "pg_basebackup", 0.8],
      ["backup-compared", "pg_basebackup", 0.6],
      ["backup-archives", "pg_basebackup", 0.9],
      ["backup-verify", "pg_basebackup", 0.5],
      ["backup-combine", "cp", 0.67]
    ] as const
  ).map(([workload, than, atLeast]) => ({
    workload,
    rates: [{ than, atLeast }],
    growthMb: 64,
    growthSince: "at the start"
  }))
]

/** One goal beside what was measured. Nothing was measured where one side was left out. */
export interface Verdict {
  readonly workload: string
  readonly wanted: string
  readonly measured: string
  readonly reached: boolean
}

const ours: ClientName = "ours-familiar"

/** The peer on Node whose median is best. */
const fastestPeer = (result: Result): ClientName | undefined =>
  clients
    .filter((client) => client.nodePeer)
    .map(({ name }) => ({ name, rate: medianOf(result, name, (sample) => sample.rate) ?? 0 }))
    .filter(({ rate }) => rate > 0)
    .sort((a, b) => b.rate - a.rate)[0]?.name

const verdictsOf = (goal: Goal, result: Result): ReadonlyArray<Verdict> => {
  const workload = result.workload.title
  const { client = ours } = goal
  const whose = client === ours ? "" : `${client}: `
  const verdicts: Array<Verdict> = []
  for (const { than, atLeast } of goal.rates) {
    const rival = than === "fastest" ? fastestPeer(result) : than
    const value = rival && ratio(result, client, rival, (sample) => sample.rate)
    if (rival === undefined || value === undefined) continue
    const name = than === "fastest" ? `the fastest peer on Node, ${rival}` : rival
    const measured = `${value.toFixed(2)} ×`
    verdicts.push({ workload, wanted: `${whose}${atLeast} × ${name}`, measured, reached: value >= atLeast })
  }
  if (goal.cpu !== undefined) {
    const { than, atMost } = goal.cpu
    const value = ratio(result, client, than, (sample) => sample.cpuPerItem)
    if (value !== undefined) {
      const wanted = `${whose}at most ${atMost} × the CPU of ${than}`
      verdicts.push({ workload, wanted, measured: `${value.toFixed(2)} ×`, reached: value <= atMost })
    }
  }
  if (goal.cpuMicros !== undefined) {
    const value = medianOf(result, ours, (sample) => sample.cpuPerItem)
    if (value !== undefined) {
      const wanted = `at most ${goal.cpuMicros} µs CPU per ${result.workload.item}`
      verdicts.push({
        workload,
        wanted,
        measured: `${value.toFixed(2)} µs`,
        reached: value <= goal.cpuMicros
      })
    }
  }
  if (goal.growthMb !== undefined) {
    const value = medianOf(result, ours, growth)
    if (value !== undefined) {
      const since = goal.growthSince ?? `at the first million ${result.workload.item}s`
      const wanted = `at most ${goal.growthMb} MB more than ${since}`
      verdicts.push({ workload, wanted, measured: `${value.toFixed(1)} MB`, reached: value <= goal.growthMb })
    }
  }
  return verdicts
}

/** For every type: like values cost no more than with these, and lossless ones at most twice the familiar ones. */
const likeRivals: ReadonlyArray<ClientName> = ["pg", "sql-pg-4"]
const losslessAtMost = 2

const lossless: ClientName = "ours-lossless"

/** The preset that gives what the rival gives, the familiar one when both do. */
const presetLike = (result: Result, family: string, than: ClientName): ClientName | undefined => {
  const kind = kindOf(result, than, family)
  return [ours, lossless].find((preset) => kind !== undefined && kindOf(result, preset, family) === kind)
}

const typeVerdicts = (result: Result): ReadonlyArray<Verdict> =>
  families.flatMap(([family]) => {
    const verdict = (client: ClientName, than: ClientName, atMost: number): ReadonlyArray<Verdict> => {
      const value = ratio(result, client, than, cpuOf(family))
      if (value === undefined) return []
      const wanted = `${client === ours ? "" : "lossless "}at most ${atMost} × the CPU of ${than}`
      return [{ workload: family, wanted, measured: `${value.toFixed(2)} ×`, reached: value <= atMost }]
    }
    return [
      ...likeRivals.flatMap((than) => {
        const preset = presetLike(result, family, than)
        return preset === undefined ? [] : verdict(preset, than, 1)
      }),
      ...verdict(lossless, ours, losslessAtMost)
    ]
  })

/** What a row through the Schema may cost, as a multiple of a plain row. */
const schemaGoals: ReadonlyArray<readonly [name: string, atMost: number]> = [
  ["Struct", 1.3],
  ["filters", 2],
  ["Class", 2]
]

/** The CPU of a row through the Schema as a multiple of a plain row of the same run. */
export const overPlain = (result: Result, client: ClientName, name: string): number | undefined => {
  const own = medianOf(result, client, cpuOf(name))
  const plain = medianOf(result, client, cpuOf("plain"))
  return own === undefined || plain === undefined ? undefined : own / plain
}

const schemaVerdicts = (result: Result): ReadonlyArray<Verdict> =>
  [ours, lossless].flatMap((client) =>
    schemaGoals.flatMap(([name, atMost]) => {
      const value = overPlain(result, client, name)
      if (value === undefined) return []
      const wanted = `${client}: at most ${atMost} × a plain row`
      return [{ workload: name, wanted, measured: `${value.toFixed(2)} ×`, reached: value <= atMost }]
    })
  )

/** What a streamed row may cost by any consumer, as a multiple of `runDrain`, and its dearest batch as one of its median. */
const consumerAtMost = 1.3

/** What the consumer itself costs: over rows from memory, more than `runDrain`. */
export const effectsOwn = (result: Result, client: ClientName, name: string): number | undefined => {
  const own = medianOf(result, client, cpuOf(fromMemory(name)))
  const drain = medianOf(result, client, cpuOf(fromMemory("runDrain")))
  return own === undefined || drain === undefined ? undefined : Math.max(0, own - drain)
}

/** CPU of a row from the server by this consumer, without what is Effect's own, as a multiple of `runDrain`. */
export const overDrain = (result: Result, client: ClientName, name: string): number | undefined => {
  const all = medianOf(result, client, cpuOf(name))
  const own = effectsOwn(result, client, name)
  const drain = medianOf(result, client, cpuOf("runDrain"))
  return all === undefined || own === undefined || drain === undefined ? undefined : (all - own) / drain
}

/** CPU of a round's dearest batch as a multiple of the median batch: the median over the rounds. */
export const dearestBatch = (result: Result, client: ClientName, name: string): number | undefined => {
  const median = medianOf(result, client, cpuOf(name))
  const dearest = medianOf(result, client, maxCpuOf(name))
  return median === undefined || dearest === undefined ? undefined : dearest / median
}

/** CPU of the dearest batch of all rounds as a multiple of the median batch. */
export const worstBatch = (result: Result, client: ClientName, name: string): number | undefined => {
  const median = medianOf(result, client, cpuOf(name))
  const worst = maxOf(result, client, maxCpuOf(name))
  return median === undefined || worst === undefined ? undefined : worst / median
}

const consumerVerdicts = (result: Result): ReadonlyArray<Verdict> =>
  ["runForEachChunk", "runForEach"].flatMap((name) => {
    const verdict = (value: number | undefined, wanted: string): ReadonlyArray<Verdict> =>
      value === undefined
        ? []
        : [{ workload: name, wanted, measured: `${value.toFixed(2)} ×`, reached: value <= consumerAtMost }]
    return [
      ...verdict(overDrain(result, ours, name), `at most ${consumerAtMost} × runDrain, beside Effect's own`),
      ...verdict(dearestBatch(result, ours, name), `no batch above ${consumerAtMost} × the median`)
    ]
  })

/** Each kind of statement of the mixed process against the same kind in the peer's. */
const mixedAtLeast = 1.1

const mixedVerdicts = (result: Result): ReadonlyArray<Verdict> =>
  mixedNames.flatMap((name) => {
    const value = ratio(result, ours, "sql-pg-4", rateOf(name))
    if (value === undefined) return []
    const wanted = `${mixedAtLeast} × sql-pg-4`
    return [
      {
        workload: `Mixed: ${name}`,
        wanted,
        measured: `${value.toFixed(2)} ×`,
        reached: value >= mixedAtLeast
      }
    ]
  })

/** What no change may cost, wherever an earlier commit runs in the same rounds. */
const beforeGoals = { cpuAtMost: 1.05, rateAtLeast: 0.95 }

const againstBefore = (
  workload: string,
  cpu: number | undefined,
  rate: number | undefined
): ReadonlyArray<Verdict> => {
  if (cpu === undefined || rate === undefined) return []
  return [
    {
      workload,
      wanted: `at most ${beforeGoals.cpuAtMost} × the CPU of ours-before`,
      measured: `${cpu.toFixed(2)} ×`,
      reached: cpu <= beforeGoals.cpuAtMost
    },
    {
      workload,
      wanted: `${beforeGoals.rateAtLeast} × ours-before`,
      measured: `${rate.toFixed(2)} ×`,
      reached: rate >= beforeGoals.rateAtLeast
    }
  ]
}

const beforeVerdicts = (result: Result): ReadonlyArray<Verdict> => {
  const { kind, title } = result.workload
  if (kind === "mixed")
    return mixedNames.flatMap((name) =>
      againstBefore(
        `Mixed: ${name}`,
        ratio(result, ours, "ours-before", cpuOf(name)),
        ratio(result, ours, "ours-before", rateOf(name))
      )
    )
  if (
    kind === "types" ||
    kind === "schema" ||
    kind === "consumers" ||
    kind === "memory" ||
    kind === "feedMemory"
  )
    return []
  const cpu = ratio(result, ours, "ours-before", (sample) => sample.cpuPerItem)
  const rate = ratio(result, ours, "ours-before", (sample) => sample.rate)
  return againstBefore(title, cpu, rate)
}

export const verdicts = (results: ReadonlyArray<Result>): ReadonlyArray<Verdict> => [
  ...goals.flatMap((goal) =>
    results
      .filter(({ workload }) => workload.name === goal.workload)
      .flatMap((result) => verdictsOf(goal, result))
  ),
  ...results.flatMap(beforeVerdicts),
  ...results.filter(({ workload }) => workload.kind === "types").flatMap(typeVerdicts),
  ...results.filter(({ workload }) => workload.kind === "schema").flatMap(schemaVerdicts),
  ...results.filter(({ workload }) => workload.kind === "consumers").flatMap(consumerVerdicts),
  ...results.filter(({ workload }) => workload.kind === "mixed").flatMap(mixedVerdicts)
]
