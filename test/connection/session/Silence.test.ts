import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as Silence from "../../../src/connection/session/Silence.js"
import type { TransportFailure } from "../../../src/model/PgError.js"

const refused: TransportFailure = {
  _tag: "TransportFailure",
  code: "ECONNREFUSED",
  message: "connection refused"
}

interface Setting {
  readonly limit?: Duration.DurationInput
  readonly probeAfter?: Duration.DurationInput
  readonly waiting?: Silence.Waiting
}

/** What the watch sees, and what it has done. */
const watching = ({ limit = Duration.infinity, probeAfter = Duration.infinity, waiting = "due" }: Setting) =>
  Effect.gen(function* () {
    const link = {
      heard: 0,
      braked: false,
      waiting,
      asked: 0,
      probes: 0,
      answer: undefined as TransportFailure | undefined
    }
    const fiber = yield* Effect.fork(
      Silence.watch({
        heard: () => link.heard,
        isBraked: () => link.braked,
        waiting: () => link.waiting,
        limit: Duration.decode(limit),
        probeAfter: Duration.decode(probeAfter),
        ask: Effect.sync(() => void link.asked++),
        probe: Effect.sync(() => {
          link.probes++
          return link.answer
        })
      })
    )
    yield* Effect.yieldNow()
    return { link, fiber }
  })

const isOver = <A>(fiber: Fiber.RuntimeFiber<A>) => Effect.map(Fiber.poll(fiber), Option.isSome)

describe("a limit on silence", () => {
  it.effect("has passed when nothing came for so long, and not more than a quarter later", () =>
    Effect.gen(function* () {
      const { fiber } = yield* watching({ limit: "60 seconds" })
      yield* TestClock.adjust("60 seconds")
      assert.isFalse(yield* isOver(fiber))
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(yield* Fiber.join(fiber), { by: "limit", millis: 60_000 })
    })
  )

  it.effect("has an open stream asked after half of it, once (REP-047)", () =>
    Effect.gen(function* () {
      const { fiber, link } = yield* watching({ limit: "60 seconds", waiting: "open" })
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(link.asked, 0)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(link.asked, 1)
      yield* TestClock.adjust("45 seconds")
      assert.deepStrictEqual(yield* Fiber.join(fiber), { by: "limit", millis: 60_000 })
      assert.strictEqual(link.asked, 1)
    })
  )

  it.effect("begins anew with every byte, such as the answer to the question (REP-048)", () =>
    Effect.gen(function* () {
      const { fiber, link } = yield* watching({ limit: "60 seconds", waiting: "open" })
      for (let count = 1; count <= 5; count++) {
        yield* TestClock.adjust("45 seconds")
        assert.strictEqual(link.asked, count)
        link.heard++
        yield* TestClock.adjust("15 seconds")
      }
      assert.isFalse(yield* isOver(fiber))
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("does not take our own pause for the peer's silence", () =>
    Effect.gen(function* () {
      const { fiber, link } = yield* watching({
        limit: "60 seconds",
        probeAfter: "30 seconds",
        waiting: "open"
      })
      link.braked = true
      yield* TestClock.adjust("10 minutes")
      assert.isFalse(yield* isOver(fiber))
      assert.deepInclude(link, { asked: 0, probes: 0 })
      link.braked = false
      yield* TestClock.adjust("75 seconds")
      assert.deepInclude(yield* Fiber.join(fiber), { by: "limit" })
    })
  )

  it.effect("is for a peer that owes an answer: an idle one is asked again and again", () =>
    Effect.gen(function* () {
      const { fiber, link } = yield* watching({
        limit: "60 seconds",
        probeAfter: "30 seconds",
        waiting: "idle"
      })
      yield* TestClock.adjust("10 minutes")
      assert.isFalse(yield* isOver(fiber))
      assert.strictEqual(link.probes, 0)
      assert.strictEqual(link.asked, 20)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("does not exist unless it is set, and no probe is sent then", () =>
    Effect.gen(function* () {
      const { fiber, link } = yield* watching({ waiting: "open" })
      yield* TestClock.adjust("10 days")
      assert.deepInclude(link, { asked: 0, probes: 0 })
      yield* Fiber.interrupt(fiber)
    })
  )
})

describe("a second connection", () => {
  for (const waiting of ["due", "open", "sent"] as const) {
    it.effect(`is tried again and again while the peer is silent (${waiting}), and ends nothing`, () =>
      Effect.gen(function* () {
        const { fiber, link } = yield* watching({ probeAfter: "30 seconds", waiting })
        yield* TestClock.adjust("29 seconds")
        assert.strictEqual(link.probes, 0)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(link.probes, 1)
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual(link.probes, 11)
        assert.strictEqual(link.asked, waiting === "open" ? 11 : 0)
        assert.isFalse(yield* isOver(fiber))
        yield* Fiber.interrupt(fiber)
      })
    )

    it.effect(`that fails twice in a row ends the wait (${waiting})`, () =>
      Effect.gen(function* () {
        const { fiber, link } = yield* watching({ probeAfter: "30 seconds", waiting })
        link.answer = refused
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(link.probes, 1)
        assert.isFalse(yield* isOver(fiber))
        yield* TestClock.adjust("7500 millis")
        assert.deepStrictEqual(yield* Fiber.join(fiber), { by: "probe", millis: 30_000, failure: refused })
      })
    )
  }

  it.effect("that fails once decides nothing yet, and none is tried while nothing can be concluded", () =>
    Effect.gen(function* () {
      const { fiber, link } = yield* watching({ probeAfter: "30 seconds" })
      for (let count = 0; count < 5; count++) {
        link.answer = refused
        yield* TestClock.adjust("30 seconds")
        link.answer = undefined
        yield* TestClock.adjust("7500 millis")
      }
      assert.isFalse(yield* isOver(fiber))
      const { probes } = link
      link.answer = refused
      link.waiting = "nothing"
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(link.probes, probes)
      assert.isFalse(yield* isOver(fiber))
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("that fails is forgotten when the server answers again", () =>
    Effect.gen(function* () {
      const { fiber, link } = yield* watching({ probeAfter: "30 seconds" })
      link.answer = refused
      for (let count = 0; count < 5; count++) {
        yield* TestClock.adjust("30 seconds")
        link.heard++
        yield* TestClock.adjust("7500 millis")
      }
      assert.isFalse(yield* isOver(fiber))
      assert.strictEqual(link.probes, 5)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("is never tried after zero, and a limit counts beside it", () =>
    Effect.gen(function* () {
      const { fiber, link } = yield* watching({ probeAfter: 0, limit: "1 hour" })
      yield* TestClock.adjust("75 minutes")
      assert.deepStrictEqual(yield* Fiber.join(fiber), { by: "limit", millis: 3_600_000 })
      assert.strictEqual(link.probes, 0)
    })
  )
})
