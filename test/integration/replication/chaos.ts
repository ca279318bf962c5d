/**
 * A feed under fire: a workload of the seed's at the source, faults of the seed's all the while, and a sink that must equal
 * the source in the end. A cycle that fails says how to have its like again; times are the machine's, so that the same plan
 * may take another course.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { isDeepStrictEqual, inspect } from "node:util"
import type { Random } from "../../campaign/campaign.js"
import { randomOf, seed } from "../../campaign/campaign.js"
import type { Lsn } from "../../../src/model/Lsn.js"
import type { PgSlotError } from "../../../src/model/PgError.js"
import type { FeedError } from "../../../src/replication/FeedLink.js"
import type { ReadError } from "../../../src/replication/FeedReader.js"
import type { LogicalFeed, LogicalOptions } from "../../../src/replication/LogicalFeed.js"
import { logical } from "../../../src/replication/LogicalFeed.js"
import * as Slot from "../../../src/replication/Slot.js"
import * as SpillStore from "../../../src/replication/SpillStore.js"
import type { TransactionEvent } from "../../../src/replication/TransactionAssembler.js"
import type { Options, Server } from "../../../src/testing/EmbeddedPostgres.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import { open, s } from "../connection/sessions.js"
import * as Faults from "./chaos/Faults.js"
import type { Row, Sink } from "./chaos/Sink.js"
import { AtLeastOnce, ExactlyOnce, keyOf } from "./chaos/Sink.js"
import * as Workload from "./chaos/Workload.js"
import { connecting, fresh, slotName } from "./support.js"

/** What the server of a chaos needs to be told. */
export const serverOptions: Options = {
  settings: {
    max_prepared_transactions: "20",
    max_wal_senders: "10",
    wal_sender_timeout: "5s",
    deadlock_timeout: "50ms"
  }
}

/** The handler has died: before it wrote, or when it had written and told nobody. */
interface Crashed {
  readonly _tag: "Crashed"
}
const crashed: Crashed = { _tag: "Crashed" }

type Failure = FeedError | ReadError | Crashed

/** What harm to the link, the session or the server looks like. Anything else is a fault of ours. */
const isHarm = (failure: Failure): boolean => {
  switch (failure._tag) {
    case "Crashed":
    case "PgConnectError":
    case "PgClosedError":
    case "PgTimeoutError":
      return true
    case "PgServerError":
      return failure.code.startsWith("57P") || failure.code === "55006"
    case "PgSlotError":
      return failure.reason === "in-use"
    default:
      return false
  }
}

/** What is counted over all cycles, so that a chaos in which nothing happens is no success. */
export interface Tally {
  openings: number
  crashes: number
  repeated: number
  streamed: number
  prepared: number
}

export const tally = (): Tally => ({ openings: 0, crashes: 0, repeated: 0, streamed: 0, prepared: 0 })

/** How one cycle asks for its changes: fixed by the seed, except for what each opening decides anew. */
const planOf = (random: Random) => {
  const streaming = random.pick(["off", "on", "on", "parallel"] as const)
  const binary = random.whole(0, 1) === 0
  const messages = random.whole(0, 1) === 0
  const twoPhase = random.pick(["off", "on", "later"] as const)
  const immediate = streaming !== "off" && random.whole(0, 2) === 0
  const feed = (opening: number): Partial<LogicalOptions> => ({
    streaming,
    binary,
    messages,
    twoPhase: twoPhase === "on" || (twoPhase === "later" && opening > 1),
    bufferBytes: random.pick([4096, 65_536, 1 << 20]),
    silenceLimit: "2 seconds",
    ...random.pick<Partial<LogicalOptions>>([{}, { statusInterval: "20 millis" }]),
    ...random.pick<Partial<LogicalOptions>>([
      {},
      { inUse: { wait: "3 seconds" } },
      { inUse: { takeOver: true } }
    ])
  })
  return { streaming, binary, messages, twoPhase, immediate, feed }
}

/**
 * The next event into the sink, unless the handler dies on the way. The server is told of each at once, or now and then of
 * all so far: while it waits for that it does not shut down.
 */
const handlerOf = (sink: Sink, feed: LogicalFeed, random: Random, counts: Tally, budget: { left: number }) =>
  Effect.gen(function* () {
    const mayCrash = (): boolean => budget.left > 0 && random.whole(0, 24) === 0
    const crash = Effect.suspend(() => {
      budget.left--
      counts.crashes++
      return Effect.fail(crashed)
    })
    let taken: Lsn = 0n
    const acknowledge = Effect.suspend(() => feed.acknowledge(taken))
    const isLazy = random.whole(0, 1) === 0
    if (isLazy) yield* Effect.forkScoped(Effect.repeat(acknowledge, Schedule.spaced("30 millis")))
    return (event: TransactionEvent) =>
      Effect.suspend((): Effect.Effect<void, Crashed | PgSlotError> => {
        if (mayCrash()) return crash
        sink.take(event)
        if (event._tag === "Transaction" && event.transaction.streamed) counts.streamed++
        if (event._tag === "CommitPrepared") counts.prepared++
        if (mayCrash()) return crash
        taken = event._tag === "LogicalMessage" ? event.lsn : event.endLsn
        return isLazy ? Effect.void : acknowledge
      })
  })

/** Every difference of the sink from the source, the first few in full. */
const differences = (sink: Sink, server: Server, schema: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const session = yield* open({ target: server })
      const found: Array<string> = []
      for (const table of Workload.tables) {
        const rows = yield* session.query(s(`select * from ${schema}.${table}`))
        const source = new Map(rows.map((row) => [keyOf(row), row] as const))
        const copy = sink.rows(table)
        const tell = (key: string, left: Row | undefined, right: Row | undefined): void =>
          void found.push(`${table} ${key}: source ${inspect(left)}, sink ${inspect(right)}`)
        for (const [key, row] of source) {
          const other = copy.get(key)
          // Columns that came after the row are null there and unknown here; those that went are forgotten.
          const same = other === undefined ? undefined : Object.keys(row).map((name) => other[name] ?? null)
          if (!isDeepStrictEqual(same, Object.values(row))) tell(key, row, other)
        }
        for (const [key, row] of copy) if (!source.has(key)) tell(key, undefined, row)
      }
      const [sums] = yield* session.values(
        s(`select sum(amount)::int4, count(amount)::int4 from ${schema}.journal`)
      )
      if (sink instanceof ExactlyOnce && !isDeepStrictEqual([sink.sum, sink.count], sums)) {
        found.push(`sums: source ${inspect(sums)}, sink ${sink.sum}, ${sink.count}`)
      }
      return found
    })
  )

/** How many transactions a cycle writes, by two sessions. */
const size = 60

const cycle = (server: Server, number: number, counts: Tally) =>
  Effect.gen(function* () {
    const random = randomOf(number * 8)
    const plan = planOf(random)
    const sink = number % 2 === 0 ? new AtLeastOnce() : new ExactlyOnce()
    const schema = fresh("chaos")
    yield* Workload.prepare(server, schema)
    const proxy = yield* FaultProxy.make({ target: server })
    const slot = yield* slotName(server)
    yield* connecting({ target: server })(Slot.create(slot, plan.twoPhase === "on" ? { twoPhase: true } : {}))

    const done = yield* Deferred.make<void>()
    // One for all openings: what a lost feed had of a transaction must not be taken for part of the next one's.
    const store =
      random.whole(0, 1) === 0
        ? SpillStore.inMemory()
        : yield* SpillStore.inFiles({ memoryBytes: 20_000 }).pipe(Effect.provide(NodeFileSystem.layer))
    let kick = yield* Deferred.make<never, Crashed>()
    const budget = { left: random.whole(0, 4) }
    let openings = 0
    const following = Effect.gen(function* () {
      const feed = yield* logical({ slot, publications: [schema], ...plan.feed(++openings), store })
      counts.openings++
      const handle = yield* handlerOf(sink, feed, random, counts, budget)
      yield* Stream.runForEach(feed.transactions, (event) =>
        Effect.tap(handle(event), () => (sink.isDone ? Deferred.succeed(done, undefined) : Effect.void))
      )
    }).pipe(
      Effect.scoped,
      (feed) =>
        Effect.flatMap(Deferred.make<never, Crashed>(), (next) => {
          kick = next
          return Effect.raceFirst(feed, Deferred.await(next))
        }),
      Effect.catchAll((failure) => (isHarm(failure) ? Effect.void : Effect.die(failure))),
      Effect.zipRight(Effect.sleep("20 millis")),
      Effect.forever,
      connecting({
        target: proxy,
        config: {
          connectTimeout: "5 seconds",
          parameters: {
            logical_decoding_work_mem: "64kB",
            ...(plan.immediate ? { debug_logical_replication_streaming: "immediate" } : {})
          }
        }
      })
    )
    const happening = Effect.gen(function* () {
      const interrupt = Effect.suspend(() => Deferred.fail(kick, crashed))
      yield* Effect.all(
        [
          Workload.write(server, schema, randomOf(number * 8 + 1), { from: 0, to: size / 2 }),
          Workload.write(server, schema, randomOf(number * 8 + 2), { from: size / 2, to: size }),
          Faults.happen({ server, proxy, slot, interrupt }, randomOf(number * 8 + 3))
        ],
        { concurrency: "unbounded" }
      )
      yield* Workload.finish(server, schema)
      yield* Deferred.await(done)
    })
    yield* Effect.raceFirst(following, happening).pipe(
      Effect.timeoutFail({
        duration: "60 seconds",
        onTimeout: () => new Error(`lost: the last row never came in ${openings} openings`)
      })
    )
    counts.repeated += sink.repeated
    const found = yield* differences(sink, server, schema)
    assert.deepStrictEqual(found.slice(0, 5), [], `${found.length} rows differ`)
  }).pipe(
    Effect.tapErrorCause((cause) =>
      Effect.sync(() =>
        process.stdout.write(
          `cycle ${number} of the chaos failed (${inspect({ ...planOf(randomOf(number * 8)), feed: undefined })}); again: ` +
            `CAMPAIGN_SEED=${seed} CHAOS_CYCLE=${number} npx vitest run --project campaign test/campaign/Chaos.test.ts\n` +
            `${Cause.pretty(cause)}\n`
        )
      )
    ),
    Effect.scoped
  )

const only = process.env["CHAOS_CYCLE"]

/** Goes through so many cycles, or the one of `CHAOS_CYCLE`, one after another. */
export const chaos = (server: Server, cycles: number) =>
  Effect.gen(function* () {
    const counts = tally()
    const numbers =
      only === undefined ? Array.from({ length: cycles }, (_, number) => number) : [Number(only)]
    for (const number of numbers) yield* cycle(server, number, counts)
    return counts
  })
