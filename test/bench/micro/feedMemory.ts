/**
 * What one large transaction does to the memory of its reader, unstreamed, and streamed through files: ten million narrow
 * rows, or as many millions as the first argument says. Run with `npx tsx test/bench/micro/feedMemory.ts`. Each way is a
 * process of its own, so that neither begins with what the other has left.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Chunk from "effect/Chunk"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as PgConfig from "../../../src/config/PgConfig.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as Lsn from "../../../src/model/Lsn.js"
import * as Statement from "../../../src/model/Statement.js"
import type { LogicalEvent } from "../../../src/replication/LogicalEvent.js"
import { logical } from "../../../src/replication/LogicalFeed.js"
import * as SpillStore from "../../../src/replication/SpillStore.js"
import * as EmbeddedPostgres from "../../../src/testing/EmbeddedPostgres.js"

const million = 1_000_000
const modes = ["off", "on"] as const
type Mode = (typeof modes)[number]

interface Job {
  readonly mode: Mode
  readonly uri: string
  readonly end: string
}

const slotOf = (mode: Mode): string => `feed_memory_${mode}`
const publication = "feed_memory"

const megabytes = (): number => process.memoryUsage.rss() / (1024 * 1024)

/** Linux keeps the highest resident size itself, and forgets it when told; elsewhere only the samples count. */
const kernelPeak = (): number => {
  try {
    const status = readFileSync("/proc/self/status", "utf8")
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}
const forgetPeak = (): void => {
  try {
    writeFileSync("/proc/self/clear_refs", "5")
  } catch {
    // The samples are what there is.
  }
}

const on = <A, E>(
  uri: string,
  effect: Effect.Effect<A, E, PgConnector.PgConnector | NodeContext.NodeContext>
) =>
  Effect.gen(function* () {
    const config = yield* PgConfig.fromUri(uri)
    return yield* Effect.provide(effect, PgConnector.layer(config))
  }).pipe(Effect.provide(NodeContext.layer))

const read = ({ end, mode, uri }: Job) =>
  Effect.gen(function* () {
    const store = yield* SpillStore.inFiles()
    const feed = yield* logical({
      slot: slotOf(mode),
      publications: [publication],
      streaming: mode,
      store,
      until: Option.getOrThrow(Lsn.fromText(end))
    })
    let rows = 0
    let before = 0
    let reference = 0
    let peak = 0
    // Counted before an effect is made: one that holds its chunk passes it on to the old generation, and what is measured
    // then is when the engine next clears that.
    const count = (chunk: Chunk.Chunk<LogicalEvent>): Lsn.Lsn | undefined => {
      let complete: Lsn.Lsn | undefined
      for (const event of Chunk.toReadonlyArray(chunk)) {
        if (event._tag === "Insert") rows++
        else if (event._tag === "Commit") complete = event.endLsn
      }
      if (reference > 0) peak = Math.max(peak, megabytes())
      else if (rows >= million) {
        before = kernelPeak()
        peak = reference = megabytes()
        forgetPeak()
      }
      return complete
    }
    yield* Stream.runForEachChunk(feed.changes, (chunk) => {
      const complete = count(chunk)
      return complete === undefined ? Effect.void : feed.acknowledge(complete)
    })
    peak = Math.max(peak, kernelPeak())
    const sizes = `${reference.toFixed(1)} MB after a million rows, at most ${peak.toFixed(1)} MB after that`
    yield* Console.log(
      `streaming ${mode}: ${rows} rows, ${sizes}: ${(peak - reference).toFixed(1)} MB more; at most ${before.toFixed(1)} MB before`
    )
  }).pipe(Effect.scoped, (effect) => on(uri, effect))

const write = (uri: string, rows: number) =>
  Effect.gen(function* () {
    const connector = yield* PgConnector.PgConnector
    const connection = yield* connector.open()
    const run = (text: string) => connection.values(Statement.make(text))
    yield* run("create table feed_memory (id int4)")
    yield* run(`create publication ${publication} for table feed_memory`)
    for (const mode of modes) {
      yield* run(`select pg_create_logical_replication_slot('${slotOf(mode)}', 'pgoutput')`)
    }
    yield* run(`insert into feed_memory select generate_series(1, ${rows})`)
    return String((yield* run("select pg_current_wal_flush_lsn()::text"))[0]?.[0])
  }).pipe(Effect.scoped, (effect) => on(uri, effect))

const apart = (job: Job) =>
  Effect.async<void, Error>((resume) => {
    const args = [...process.execArgv, fileURLToPath(import.meta.url), "child", JSON.stringify(job)]
    const child = spawn(process.execPath, args, { stdio: "inherit" })
    child.on("close", (code) =>
      resume(code === 0 ? Effect.void : Effect.fail(new Error(`streaming ${job.mode} ended with ${code}`)))
    )
    return Effect.sync(() => child.kill())
  })

const compare = (rows: number) =>
  Effect.gen(function* () {
    const { uri } = yield* EmbeddedPostgres.start()
    const end = yield* write(uri, rows)
    yield* Effect.forEach(modes, (mode) => apart({ mode, uri, end }), { discard: true })
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const [first, second] = process.argv.slice(2)
await Effect.runPromise(
  first === "child" ? read(JSON.parse(second ?? "") as Job) : compare(Number(first ?? 10) * million)
)
