import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as TestClock from "effect/TestClock"
import { ConnectDeadline } from "../../../src/connection/opening/ConnectDeadline.js"

class Wanted extends Context.Tag("test/Wanted")<Wanted, string>() {}

const nothing = Context.empty()
const deadline = (limit: Duration.DurationInput) => new ConnectDeadline(Duration.decode(limit), "db:5432")

/** An effect that never ends, and a record of its interruption. */
const endless = (heard: Array<string>, patience: Duration.DurationInput = 0) =>
  Effect.onInterrupt(Effect.never, () =>
    Effect.zipRight(
      Effect.sleep(patience),
      Effect.sync(() => heard.push("ended"))
    )
  )

/** Runs with a clock on which every wait lasts for ever, and returns the outcome of each wait. */
const counting = <A, E, R>(effect: Effect.Effect<A, E, R>, heard: Array<string>): Effect.Effect<A, E, R> => {
  const sleep = (): Effect.Effect<void> =>
    Effect.onInterrupt(
      Effect.zipRight(
        Effect.sync(() => heard.push("timer set")),
        Effect.never
      ),
      () => Effect.sync(() => heard.push("timer gone"))
    )
  return Effect.withClock(effect, {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => 0,
    unsafeCurrentTimeNanos: () => 0n,
    currentTimeMillis: Effect.succeed(0),
    currentTimeNanos: Effect.succeed(0n),
    sleep
  })
}

describe("the deadline of an address", () => {
  it.effect("lets through what ends in time, well or not, and leaves no timer behind", () =>
    Effect.gen(function* () {
      const limit = deadline("3 seconds")
      const timers: Array<string> = []
      yield* counting(limit.within(Effect.yieldNow(), nothing), timers)
      yield* Effect.yieldNow()
      assert.deepStrictEqual(timers, ["timer set", "timer gone"])
      assert.strictEqual(yield* limit.within(Effect.as(Effect.yieldNow(), 1), nothing), 1)
      assert.strictEqual(yield* Effect.flip(limit.within(Effect.fail("no"), nothing)), "no")
      const late = Effect.zipRight(Effect.yieldNow(), Effect.fail("no"))
      assert.strictEqual(yield* Effect.flip(limit.within(late, nothing)), "no")
    })
  )

  it.effect(
    "interrupts an attempt that does not end, waits for it, and reports what it was doing (CON-019)",
    () =>
      Effect.gen(function* () {
        const heard: Array<string> = []
        const limit = deadline("3 seconds")
        const waiting = yield* Effect.fork(Effect.flip(limit.within(endless(heard, "1 second"), nothing)))
        yield* TestClock.adjust("3500 millis")
        assert.strictEqual((yield* Fiber.poll(waiting))._tag, "None")
        yield* TestClock.adjust("500 millis")
        const error = yield* Fiber.join(waiting)
        assert.deepInclude(error, { _tag: "PgTimeoutError", deadline: "connect", millis: 3000 })
        assert.include(error.message, "db:5432")
        assert.deepStrictEqual(heard, ["ended"])
      })
  )

  it.effect("is shared by all that it is asked for (CON-017)", () =>
    Effect.gen(function* () {
      const limit = deadline("3 seconds")
      const both = Effect.zipRight(
        limit.within(Effect.sleep("2 seconds"), nothing),
        limit.within(Effect.sleep("2 seconds"), nothing)
      )
      const waiting = yield* Effect.fork(Effect.flip(both))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(waiting))._tag, "PgTimeoutError")
    })
  )

  it.effect("that is infinite never comes", () =>
    Effect.gen(function* () {
      const waiting = yield* Effect.fork(
        deadline(Duration.infinity).within(Effect.sleep("1000 days"), nothing)
      )
      yield* TestClock.adjust("1001 days")
      yield* Fiber.join(waiting)
    })
  )

  it.effect("hands interruption on, and waits for what it has to bring to an end", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const timers: Array<string> = []
      const ending = Effect.onInterrupt(Effect.never, () =>
        Effect.zipRight(
          Effect.yieldNow(),
          Effect.sync(() => heard.push("ended"))
        )
      )
      const waiting = yield* Effect.fork(counting(deadline("3 seconds").within(ending, nothing), timers))
      yield* Effect.repeatN(Effect.yieldNow(), 5)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(waiting)))
      assert.deepStrictEqual([heard, timers], [["ended"], ["timer set", "timer gone"]])
    })
  )

  it.effect("leaves the effect the environment, and the settings of the fiber that waits", () =>
    Effect.gen(function* () {
      const setting = yield* FiberRef.make("before")
      const seen = Effect.zip(Effect.zipLeft(Wanted, Effect.yieldNow()), FiberRef.get(setting))
      const within = deadline("3 seconds").within(seen, Context.make(Wanted, "this"))
      assert.deepStrictEqual(yield* Effect.locally(within, setting, "here"), ["this", "here"])
    }).pipe(Effect.scoped)
  )
})
