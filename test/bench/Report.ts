/** The report: one table per workload, one of goals, as text for a terminal or as Markdown for a page. */
import type { ClientName } from "./Client.js"
import { dearestBatch, effectsOwn, overDrain, overPlain, verdicts, worstBatch } from "./Goal.js"
import type { Machine } from "./Machine.js"
import { isBusy } from "./Machine.js"
import type { Sample } from "./Measurement.js"
import type { Output } from "./Options.js"
import type { Result } from "./Summary.js"
import { cpuOf, growth, kindOf, medianOf, rateOf, ratio } from "./Summary.js"
import { consumerNames, families, mixedNames, mixedQueries, schemaNames } from "./Workload.js"

interface Table {
  readonly title: string
  readonly note: string
  readonly header: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

const nothing = "–"
const show = (value: number | undefined, print: (value: number) => string): string =>
  value === undefined ? nothing : print(value)
const whole = (value: number): string => Math.round(value).toLocaleString("en-US")
const digits = (count: number) => (value: number) => value.toFixed(count)

const timesOf = (
  result: Result,
  ours: ClientName,
  client: ClientName,
  property: (sample: Sample) => number
) =>
  ours === client ? nothing : show(ratio(result, ours, client, property), (value) => `${value.toFixed(2)} ×`)

const plural = {
  row: "rows",
  query: "queries",
  transaction: "transactions",
  session: "sessions",
  value: "values",
  change: "changes",
  start: "starts",
  MB: "MB",
  commit: "commits",
  notification: "notifications"
} as const

const noteOf = ({ workload, rounds }: Result): string => {
  const each = `${whole(workload.items)} ${plural[workload.item]}`
  const taken = Math.max(0, ...[...rounds.values()].map((each) => (each === "unsupported" ? 0 : each.length)))
  const times = workload.repeats > 1 ? ` × ${workload.repeats}` : ""
  return `${each}${times} per run, medians of ${taken} ${taken === 1 ? "run" : "runs"}`
}

const rateTable = (result: Result): Table => {
  const rate = (sample: Sample) => sample.rate
  const cpu = (sample: Sample) => sample.cpuPerItem
  const item = result.workload.item
  const row = (client: ClientName): ReadonlyArray<string> => [
    client,
    show(
      medianOf(result, client, (sample) => sample.wallMs),
      whole
    ),
    show(medianOf(result, client, rate), whole),
    show(medianOf(result, client, cpu), digits(item === "row" || item === "change" ? 2 : 1)),
    timesOf(result, "ours-familiar", client, rate),
    timesOf(result, "ours-lossless", client, rate),
    timesOf(result, "ours-familiar", client, cpu),
    show(
      medianOf(result, client, (sample) => sample.maxRssMb),
      whole
    ),
    show(
      medianOf(result, client, (sample) => sample.longestGapMs),
      digits(1)
    )
  ]
  return {
    title: result.workload.title,
    note: noteOf(result),
    header: [
      "client",
      "wall ms",
      `${plural[item]}/s`,
      `CPU µs/${item}`,
      "familiar ÷ it",
      "lossless ÷ it",
      "familiar's CPU ÷ its",
      "max RSS MB",
      "longest gap ms"
    ],
    rows: [...result.rounds.keys()].map(row)
  }
}

/** Memory beside the rate: what archives of a log and base backups are asked for. */
const logTable = (result: Result): Table => {
  const median = (client: ClientName, property: (sample: Sample) => number | undefined, count: number) =>
    show(medianOf(result, client, property), digits(count))
  const item = result.workload.item
  return {
    title: result.workload.title,
    note: `${noteOf(result)}; memory in MB`,
    header: [
      "client",
      "wall s",
      `${plural[item]}/s`,
      `CPU ms/${item}`,
      "ours ÷ it",
      "resident at the start",
      "highest after it",
      "growth"
    ],
    rows: [...result.rounds.keys()].map((client) => [
      client,
      median(client, (sample) => sample.wallMs / 1000, 2),
      median(client, (sample) => sample.rate, 0),
      median(client, (sample) => sample.cpuPerItem / 1000, 3),
      timesOf(result, "ours-familiar", client, (sample) => sample.rate),
      median(client, (sample) => sample.atReferenceMb, 1),
      median(client, (sample) => sample.peakMb, 1),
      median(client, growth, 1)
    ])
  }
}

const memoryTable = (result: Result): Table => {
  const row = (client: ClientName): ReadonlyArray<string> => [
    client,
    show(
      medianOf(result, client, (sample) => sample.wallMs / 1000),
      digits(1)
    ),
    show(
      medianOf(result, client, (sample) => sample.rate),
      whole
    ),
    show(
      medianOf(result, client, (sample) => sample.atReferenceMb),
      digits(1)
    ),
    show(
      medianOf(result, client, (sample) => sample.peakMb),
      digits(1)
    ),
    show(medianOf(result, client, growth), digits(1)),
    show(
      medianOf(result, client, (sample) => sample.longestGapMs),
      digits(1)
    )
  ]
  return {
    title: result.workload.title,
    note: `${noteOf(result)}; resident memory in MB`,
    header: [
      "client",
      "wall s",
      `${plural[result.workload.item]}/s`,
      "at the first million",
      "highest after it",
      "growth",
      "longest gap ms"
    ],
    rows: [...result.rounds.keys()].map(row)
  }
}

/** CPU of one value, and what it is where the client gives something else than we do in the familiar preset. */
const typesTable = (result: Result): Table => {
  const measured = [...result.rounds].flatMap(([name, rounds]) => (rounds === "unsupported" ? [] : [name]))
  const cell = (client: ClientName, family: string): string => {
    const cost = show(medianOf(result, client, cpuOf(family)), whole)
    const kind = kindOf(result, client, family)
    const isOther = client !== "ours-familiar" && kind !== kindOf(result, "ours-familiar", family)
    return isOther && kind !== undefined ? `${cost} (${kind})` : cost
  }
  const quotient = (ours: ClientName, theirs: ClientName, family: string) =>
    show(ratio(result, ours, theirs, cpuOf(family)), (value) => `${value.toFixed(2)} ×`)
  return {
    title: result.workload.title,
    note: `${noteOf(result)}; CPU in ns per value, its row included, and what it is where that is not what the familiar preset gives`,
    header: ["type", ...measured, "familiar ÷ pg", "familiar ÷ sql-pg-4", "lossless ÷ familiar"],
    rows: families.map(([family]) => [
      family,
      ...measured.map((client) => cell(client, family)),
      quotient("ours-familiar", "pg", family),
      quotient("ours-familiar", "sql-pg-4", family),
      quotient("ours-lossless", "ours-familiar", family)
    ])
  }
}

/** CPU of a row through each Schema, beside that of a plain row of the same run. */
const schemaTable = (result: Result): Table => {
  const measured = [...result.rounds].flatMap(([name, rounds]) => (rounds === "unsupported" ? [] : [name]))
  return {
    title: result.workload.title,
    note: `${noteOf(result)}; five columns, CPU in ns per row`,
    header: ["rows", ...measured.flatMap((client) => [client, "÷ plain"])],
    rows: schemaNames.map((name) => [
      name,
      ...measured.flatMap((client) => [
        show(medianOf(result, client, cpuOf(name)), whole),
        show(overPlain(result, client, name), digits(2))
      ])
    ])
  }
}

/** CPU of a streamed row by consumer: from the server, from memory, and what is left when Effect's own part is taken away. */
const consumersTable = (result: Result): Table => {
  const measured = [...result.rounds].flatMap(([name, rounds]) => (rounds === "unsupported" ? [] : [name]))
  return {
    title: result.workload.title,
    note:
      `${noteOf(result)}; CPU in ns per row; Effect's own: what the consumer costs more than runDrain over rows from memory; ` +
      "÷ runDrain: without it; dearest batch: of a round, as a multiple of the median batch, median over the rounds; worst of all: of all rounds",
    header: [
      "consumer",
      ...measured.flatMap((client) => [client, "Effect's own", "÷ runDrain", "dearest batch", "worst of all"])
    ],
    rows: consumerNames.map((name) => [
      name,
      ...measured.flatMap((client) => [
        show(medianOf(result, client, cpuOf(name)), whole),
        show(effectsOwn(result, client, name), whole),
        show(overDrain(result, client, name), digits(2)),
        show(dearestBatch(result, client, name), (value) => `${value.toFixed(2)} ×`),
        show(worstBatch(result, client, name), (value) => `${value.toFixed(2)} ×`)
      ])
    ])
  }
}

/** Rate and CPU of each kind of statement, all of which one process has run in turn. */
const mixedTable = (result: Result): Table => {
  const measured = [...result.rounds].flatMap(([name, rounds]) => (rounds === "unsupported" ? [] : [name]))
  const against = (client: ClientName, property: (sample: Sample) => number | undefined) =>
    show(ratio(result, "ours-familiar", client, property), (value) => `${value.toFixed(2)} ×`)
  const { pool, sequential } = mixedQueries(result.workload)
  return {
    title: result.workload.title,
    note: `${noteOf(result)}; ${whole(sequential)} sequential and ${whole(pool)} pooled queries; CPU in µs per row or query`,
    header: [
      "statements",
      ...measured.flatMap((client) => [`${client}/s`, "CPU"]),
      ...measured.filter((client) => client !== "ours-familiar").map((client) => `familiar ÷ ${client}`),
      "familiar's CPU ÷ sql-pg-4's"
    ],
    rows: mixedNames.map((name) => [
      name,
      ...measured.flatMap((client) => [
        show(medianOf(result, client, rateOf(name)), whole),
        show(medianOf(result, client, cpuOf(name)), (nanos) => (nanos / 1000).toFixed(2))
      ]),
      ...measured
        .filter((client) => client !== "ours-familiar")
        .map((client) => against(client, rateOf(name))),
      against("sql-pg-4", cpuOf(name))
    ])
  }
}

const tableOf = (result: Result): Table => {
  switch (result.workload.kind) {
    case "memory":
    case "feedMemory":
      return memoryTable(result)
    case "wal":
    case "walSynchronous":
    case "backup":
    case "backupVerify":
    case "backupCombine":
      return logTable(result)
    case "types":
      return typesTable(result)
    case "schema":
      return schemaTable(result)
    case "consumers":
      return consumersTable(result)
    case "mixed":
      return mixedTable(result)
    default:
      return rateTable(result)
  }
}

const goalTable = (results: ReadonlyArray<Result>): Table => ({
  title: "Goals",
  note: "the familiar preset against what it is meant to reach",
  header: ["workload", "wanted", "measured", "reached"],
  rows: verdicts(results).map((verdict) => [
    verdict.workload,
    verdict.wanted,
    verdict.measured,
    verdict.reached ? "yes" : "no"
  ])
})

const asText = ({ title, note, header, rows }: Table): string => {
  const widths = header.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: ReadonlyArray<string>) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ")
  return [`${title} — ${note}`, "", line(header), ...rows.map(line), ""].join("\n")
}

const asMarkdown = ({ title, note, header, rows }: Table): string => {
  const line = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`
  const rule = line(header.map((_, i) => (i === 0 ? "---" : "---:")))
  return [`### ${title}`, "", `${note}.`, "", line(header), rule, ...rows.map(line), ""].join("\n")
}

const machineLines = (machine: Machine): ReadonlyArray<string> => [
  `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB; Node ${machine.node}, PostgreSQL ${machine.postgres}`,
  `load ${machine.loadBefore.toFixed(2)} before, ${machine.loadAfter.toFixed(2)} after (the run itself makes some)`,
  `the run took ${machine.minutes.toFixed(1)} minutes, what it installed and built not counted`,
  ...machine.packages,
  ...(isBusy(machine.loadBefore)
    ? ["THE MACHINE WAS BUSY: believe the ratios a little, the numbers not at all"]
    : [])
]

const samplesOf = ({ workload, rounds }: Result) => ({
  workload: workload.name,
  items: workload.items,
  repeats: workload.repeats,
  clients: Object.fromEntries(
    [...rounds].map(([name, each]) => [
      name,
      each === "unsupported" ? each : each.map((sample) => sample ?? null)
    ])
  )
})

export const render = (output: Output, machine: Machine, results: ReadonlyArray<Result>): string => {
  if (output === "json") {
    return JSON.stringify({ machine, results: results.map(samplesOf), goals: verdicts(results) }, null, 2)
  }
  const goals = goalTable(results)
  const tables = [...results.map(tableOf), ...(goals.rows.length > 0 ? [goals] : [])]
  if (output === "text") return [...machineLines(machine), "", ...tables.map(asText)].join("\n")
  return [...machineLines(machine).map((line) => `- ${line}`), "", ...tables.map(asMarkdown)].join("\n")
}
