import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import * as Reconnect from "../../src/connection/Reconnect.js"

type Attempt = readonly [error: string, attempt: number, millis: number | undefined]

const made = (schedule: Schedule.Schedule<unknown, string>) => {
  const attempts: Array<Attempt> = []
  return Effect.map(
    Reconnect.make(schedule, (error, attempt, delay) =>
      Effect.sync(() => {
        attempts.push([error, attempt, delay === undefined ? undefined : Duration.toMillis(delay)])
      })
    ),
    (reconnect) => ({ reconnect, attempts })
  )
}

describe("attempts by a schedule", () => {
  it.effect("report each wait before it begins, and begin anew after a reset", () =>
    Effect.gen(function* () {
      const { attempts, reconnect } = yield* made(Schedule.exponential("1 second"))
      const waits = (error: string, millis: number) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(reconnect.next(error))
          yield* Effect.yieldNow()
          const [, , reported] = attempts[attempts.length - 1]!
          assert.strictEqual(reported, millis)
          yield* TestClock.adjust(millis - 1)
          assert.isNull(fiber.unsafePoll())
          yield* TestClock.adjust(1)
          assert.isTrue(yield* Fiber.join(fiber))
        })
      yield* waits("a", 1000)
      yield* waits("b", 2000)
      yield* reconnect.reset
      yield* waits("c", 1000)
      assert.deepStrictEqual(attempts, [
        ["a", 1, 1000],
        ["b", 2, 2000],
        ["c", 1, 1000]
      ])
    })
  )

  it.effect("end when the schedule ends, and return false", () =>
    Effect.gen(function* () {
      const { attempts, reconnect } = yield* made(Schedule.recurs(1))
      assert.isTrue(yield* reconnect.next("a"))
      assert.isFalse(yield* reconnect.next("b"))
      assert.deepStrictEqual(attempts[1], ["b", 2, undefined])
    })
  )
})
