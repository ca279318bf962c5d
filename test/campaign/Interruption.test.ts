/**
 * Thousands of interruptions at shifted moments, on connections of one fiber and on connections of many: no statement
 * that was not interrupted is ever cancelled, each gets its own answer, and every connection is afterwards clean or
 * closed.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { PgConnection } from "../../src/connection/PgConnection.js"
import type { PgCommitUnknownError, PgSessionError } from "../../src/model/PgError.js"
import * as FaultProxy from "../../src/testing/FaultProxy.js"
import { open, s, type Target } from "../integration/connection/sessions.js"
import { shared } from "../integration/support/server.js"
import type { Random } from "./campaign.js"
import { announce, randomOf, rounds } from "./campaign.js"

const total = rounds({ small: 1000, full: 10_000 })

let asked = 0

/** A question with an answer of its own, and whether it came. Some take long enough to be hit by a stray cancel. */
const ask = (pg: PgConnection): Effect.Effect<void, PgSessionError> =>
  Effect.suspend(() => {
    const question = ++asked
    const text = question % 2 === 0 ? "select $1::int4" : "select $1::int4 from pg_sleep(0.004)"
    return Effect.map(pg.values(s(text, [question])), (rows) => assert.deepStrictEqual(rows, [[question]]))
  })

const seconds = (random: Random): string => (random.whole(0, 5000) / 1e6).toFixed(6)

/** Everything that can be interrupted, each lasting a few milliseconds, or for ever. */
const victim = (
  pg: PgConnection,
  random: Random
): Effect.Effect<unknown, PgSessionError | PgCommitUnknownError> => {
  const sleep = `pg_sleep(${random.whole(0, 9) === 0 ? "60" : seconds(random)})`
  const rows = s(`select generate_series(1, $1::int4) as i, repeat('x', 200) as pad`, [
    random.pick([3, 3000, 100_000_000])
  ])
  switch (random.whole(0, 9)) {
    case 0:
      return pg.simple(`select 1; select ${sleep}; select 2`)
    case 1:
      return Stream.runDrain(pg.stream(rows))
    case 2:
      return Stream.runDrain(pg.stream(rows, { fetchSize: random.whole(1, 500) }))
    case 3:
      return Stream.runDrain(
        pg.copyTo(`copy (select repeat('x', 500), generate_series(1, 100000000)) to stdout`)
      )
    case 4:
      return Effect.zipRight(
        pg.simple("set client_min_messages = warning; create temp table if not exists victim (line text)"),
        pg.copyFrom(
          "copy victim from stdin",
          Stream.repeatValue(new TextEncoder().encode("a line\n".repeat(100)))
        )
      )
    case 5:
      return pg.pipeline([s("select 1"), s(`select ${sleep}`), s("select 2")])
    case 6:
      return pg.withTransaction(
        Effect.zipRight(pg.query(s(`select ${sleep}`)), Stream.runDrain(pg.stream(rows, { fetchSize: 50 })))
      )
    case 7:
      // Never the same text twice: the description is part of it.
      return pg.query(s(`select ${sleep}, ${++asked}`))
    default:
      return pg.query(s(`select ${sleep}`))
  }
}

/** Interrupts, and every other time does so again while the first is under way. */
const stop = (fiber: Fiber.RuntimeFiber<unknown, unknown>, random: Random) =>
  Effect.gen(function* () {
    if (random.whole(0, 1) === 0) {
      yield* Fiber.interruptFork(fiber)
      if (random.whole(0, 1) === 0) yield* Effect.sleep(random.whole(0, 2))
    }
    yield* Fiber.interrupt(fiber)
  })

/** Interrupts after 0 to 5 ms, and a few turns of the loop more or less. */
const strike = (pg: PgConnection, random: Random) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(victim(pg, random))
    const delay = random.whole(0, 5)
    if (delay > 0) yield* Effect.sleep(delay)
    for (let turns = random.whole(0, 3); turns > 0; turns--) yield* Effect.yieldNow()
    yield* stop(fiber, random)
  })

interface Tally {
  interrupted: number
  /** Why connections were closed. */
  readonly closed: Array<string>
}

/** One fiber and its connection: after each interruption it must be clean, and answer. */
const alone = (target: Target, random: Random, count: number, tally: Tally) =>
  Effect.scoped(
    Effect.gen(function* () {
      let pg = yield* open({ target })
      for (let round = 0; round < count; round++) {
        yield* strike(pg, random)
        tally.interrupted++
        const status = yield* pg.status
        if (status.state === "broken") {
          tally.closed.push((yield* pg.ended).message)
          pg = yield* open({ target })
          continue
        }
        assert.deepStrictEqual(
          [status.state, status.transaction, status.inFlight, status.waiting, status.cancels],
          ["clean", "I", 0, 0, 0]
        )
        yield* ask(pg)
      }
    })
  )

/** Many fibers on one connection: some ask without a pause, others are interrupted. */
const together = (target: Target, random: Random, count: number, tally: Tally) =>
  Effect.scoped(
    Effect.gen(function* () {
      const pg = yield* open({ target, config: { pipelineDepth: random.pick([1, 1, 4]) } })
      const bystanders = yield* Effect.forEach([1, 2, 3], () => Effect.fork(Effect.forever(ask(pg))))
      let left = count
      const interrupters = Effect.forEach(
        [1, 2],
        () =>
          Effect.whileLoop({
            while: () => left-- > 0,
            body: () => Effect.zipRight(strikeAmong(pg, random), ask(pg)),
            step: () => tally.interrupted++
          }),
        { concurrency: "unbounded" }
      )
      // A bystander that fails ends the campaign with its error.
      yield* Effect.raceFirst(interrupters, Effect.raceAll(bystanders.map((fiber) => Fiber.join(fiber))))
      yield* Fiber.interruptAll(bystanders)
      assert.notStrictEqual((yield* pg.status).state, "broken")
    })
  )

/** Like `strike`, with what may run among others: nothing that holds them up for ever, no transaction. */
const strikeAmong = (pg: PgConnection, random: Random) =>
  Effect.gen(function* () {
    const short = s(`select pg_sleep(${seconds(random)})`)
    const rows = s("select generate_series(1, $1::int4)", [random.pick([3, 3000])])
    const forms: ReadonlyArray<Effect.Effect<unknown, PgSessionError>> = [
      pg.query(short),
      pg.query(s(`select ${++asked}, pg_sleep(${seconds(random)})`)),
      pg.query(s("select 1 / 0")),
      pg.simple("select 1; select 2"),
      pg.pipeline([short, short]),
      Stream.runDrain(pg.stream(rows)),
      Stream.runDrain(pg.stream(rows, { fetchSize: 100 }))
    ]
    const fiber = yield* Effect.fork(random.pick(forms))
    const delay = random.whole(0, 5)
    if (delay > 0) yield* Effect.sleep(delay)
    for (let turns = random.whole(0, 3); turns > 0; turns--) yield* Effect.yieldNow()
    yield* stop(fiber, random)
  })

describe("interruptions", () => {
  it.scopedLive(
    `${total} of them affect no other statement, and leave every connection clean or closed (CON-130, FLW-054, FLW-098, TRP-061)`,
    () =>
      Effect.gen(function* () {
        announce("of interruptions")
        const tally: Tally = { interrupted: 0, closed: [] }
        const share = Math.ceil(total / 5)
        // Cancel requests of this one are late.
        const jitter = randomOf(100)
        const late = yield* FaultProxy.make({
          target: shared,
          faults: (connection) => (connection < 3 ? {} : { toServer: { delay: jitter.whole(0, 8) } })
        })
        yield* Effect.all(
          [
            alone(shared, randomOf(1), share, tally),
            alone(shared, randomOf(2), share, tally),
            alone(late, randomOf(3), share, tally),
            together(late, randomOf(4), share, tally),
            together(late, randomOf(5), share, tally)
          ],
          { concurrency: "unbounded", discard: true }
        )
        process.stdout.write(
          `${tally.interrupted} interruptions, ${tally.closed.length} connections closed by them\n${tally.closed.join("\n")}\n`
        )
        assert.isAtLeast(tally.interrupted, total)
      })
  )
})
