/** The order of measurements: every round asks every client once, so that a slow minute of the machine hits them all. */
import * as Effect from "effect/Effect"
import type { Client, ClientName } from "./Client.js"
import { clients as everyClient, takesPart } from "./Client.js"
import * as Changes from "./Changes.js"
import * as Cluster from "./Cluster.js"
import * as Log from "./Log.js"
import * as Measurement from "./Measurement.js"
import type { BenchServer } from "./Server.js"
import type { Result, Rounds } from "./Summary.js"
import type { Workload } from "./Workload.js"
import { isBackup, isFeed, isLog, slowness, workloads } from "./Workload.js"

const brief = (sample: Measurement.Sample): string =>
  `${Math.round(sample.rate)}/s, ${sample.cpuPerItem.toFixed(2)} µs CPU each`

/** Measures and prints progress; a failure is printed and leaves a gap, so that one client cannot cost the others their results. */
const attempt = (
  client: Client,
  workload: Workload,
  server: BenchServer,
  extra: Measurement.Extra,
  round: string
) =>
  Measurement.take(client, workload, server, extra).pipe(
    Effect.tap((answer) =>
      Effect.logInfo(
        `${workload.name} ${round} ${client.name}: ${"unsupported" in answer ? answer.why : brief(answer)}`
      )
    ),
    Effect.catchAll((error) => Effect.as(Effect.logError(error.message), undefined))
  )

/** A tenth of the rate at which the server gives rows to a socket that does not look at them. */
const paceOf = Effect.fn("Rounds.paceOf")(function* (server: BenchServer) {
  const floor = everyClient.find(({ name }) => name === "floor")
  const narrow = workloads.find(({ name }) => name === "narrow")
  if (floor === undefined || narrow === undefined) return 0
  const answer = yield* Measurement.take(floor, narrow, server, {})
  const pace = "unsupported" in answer ? 0 : answer.rate / slowness
  yield* Effect.logInfo(`a slow consumer takes ${Math.round(pace)} rows/s`)
  return pace
})

/** All rounds of one workload. Nothing is measured again that turns out not to be supported. */
export const run = Effect.fn("Rounds.run")(function* (
  workload: Workload,
  clients: ReadonlyArray<Client>,
  server: BenchServer,
  runs: number
) {
  const pace = workload.kind === "memory" ? yield* paceOf(server) : 0
  const changes = isFeed(workload) ? yield* Changes.write(server, workload) : undefined
  const log = isLog(workload) ? yield* Log.write(workload) : undefined
  const cluster = isBackup(workload) ? yield* Cluster.write(workload) : undefined
  const count = Math.max(Math.min(runs, workload.maxRuns ?? runs), workload.minRuns ?? 1)
  const able = clients.filter((client) => takesPart(client, workload.kind))
  const rounds = new Map<ClientName, Rounds | "unsupported">(able.map(({ name }) => [name, []]))
  for (let round = 1; round <= count; round++) {
    for (const client of able) {
      const before = rounds.get(client.name)
      if (before === undefined || before === "unsupported") continue
      const measured = (on: BenchServer, extra: Measurement.Extra) =>
        attempt(client, workload, on, { rowsPerSecond: pace, ...extra }, `${round}/${count}`)
      const answer = yield* cluster !== undefined
        ? measured(cluster.server, { backup: cluster.job })
        : log === undefined
          ? Changes.withFeed(changes, (feed) => measured(server, feed === undefined ? {} : { feed }))
          : Log.withSlot(log, (feed) => measured(log.server, { log: feed }))
      const unsupported = answer !== undefined && "unsupported" in answer
      rounds.set(client.name, unsupported ? "unsupported" : [...before, answer])
    }
  }
  const result: Result = { workload, rounds }
  return result
}, Effect.scoped)
