import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { WaitQueue } from "../../../src/client/pool/WaitQueue.js"

/** A queue, and what each wait in it has got. */
const queueOf = (patience: Duration.DurationInput) =>
  Effect.map(WaitQueue.make<string>(patience), (queue) => {
    const got: Array<readonly [number, string]> = []
    const back: Array<string> = []
    const wait = (n: number) =>
      Effect.uninterruptibleMask((restore) =>
        queue.waitIn(
          queue.join(),
          restore,
          (value) => Effect.sync(() => back.push(value)),
          () => `${n} is late, ${queue.waiting} wait`
        )
      ).pipe(Effect.tap((value) => Effect.sync(() => got.push([n, value]))))
    return { queue, got, back, wait }
  })

const settle = Effect.repeatN(Effect.yieldNow(), 10)

describe("a wait queue", () => {
  it.scoped("is served in the order of asking, one for each thing that is handed over", () =>
    Effect.gen(function* () {
      const { got, queue, wait } = yield* queueOf("1 second")
      assert.isFalse(queue.hand("nobody's"))
      yield* Effect.forEach([1, 2, 3], (n) => Effect.fork(wait(n)))
      yield* settle
      assert.strictEqual(queue.waiting, 3)
      assert.isTrue(queue.hand("a"))
      yield* settle
      assert.deepStrictEqual(got, [[1, "a"]])
      queue.hand("b")
      queue.hand("c")
      assert.isFalse(queue.hand("d"))
      yield* settle
      assert.deepStrictEqual(got, [
        [1, "a"],
        [2, "b"],
        [3, "c"]
      ])
      assert.strictEqual(queue.waiting, 0)
    })
  )

  it.scoped("is left by an interruption, and what was handed over in that moment goes back", () =>
    Effect.gen(function* () {
      const { back, got, queue, wait } = yield* queueOf("1 second")
      const [first, second] = yield* Effect.forEach([1, 2, 3], (n) => Effect.fork(wait(n)))
      yield* settle
      yield* Fiber.interrupt(first!)
      assert.strictEqual(queue.waiting, 2)
      // The interruption comes first, and the place is handed over before the fiber has seen it.
      second!.unsafeInterruptAsFork(yield* Effect.fiberId)
      queue.hand("a")
      yield* settle
      assert.deepStrictEqual([back, got], [["a"], []])
      queue.hand("b")
      yield* settle
      assert.deepStrictEqual(got, [[3, "b"]])
    })
  )

  it.scoped("fails each wait that is too long, and only those", () =>
    Effect.gen(function* () {
      const { got, queue, wait } = yield* queueOf("10 seconds")
      const first = yield* Effect.fork(wait(1))
      yield* TestClock.adjust("4 seconds")
      const second = yield* Effect.fork(wait(2))
      yield* TestClock.adjust("6 seconds")
      yield* settle
      assert.deepStrictEqual(yield* Fiber.await(first), Exit.fail("1 is late, 1 wait"))
      assert.strictEqual(queue.waiting, 1)
      yield* TestClock.adjust("3 seconds")
      queue.hand("a")
      yield* settle
      assert.deepStrictEqual(got, [[2, "a"]])
      yield* Fiber.join(second)
      // No caller waits any more, and the next one has all of the time again.
      yield* TestClock.adjust("1 minute")
      const third = yield* Effect.fork(wait(3))
      yield* TestClock.adjust("9999 millis")
      assert.strictEqual(queue.waiting, 1)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Fiber.await(third), Exit.fail("3 is late, 0 wait"))
    })
  )

  it.scoped("waits for ever where no timeout is set, and keeps nothing in memory of callers that left", () =>
    Effect.gen(function* () {
      const { got, queue, wait } = yield* queueOf(Duration.infinity)
      yield* Effect.forEach(
        Array.from({ length: 500 }, (_, n) => n),
        (n) => Effect.fork(wait(n))
      )
      yield* TestClock.adjust("3650 days")
      assert.strictEqual(queue.waiting, 500)
      for (let n = 0; n < 500; n++) queue.hand(String(n))
      yield* settle
      assert.deepStrictEqual(
        got,
        Array.from({ length: 500 }, (_, n) => [n, String(n)] as const)
      )
    })
  )
})
