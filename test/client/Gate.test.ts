import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { Gate } from "../../src/client/Gate.js"

const forEver = (wait: Effect.Effect<void>) => wait

describe("Gate", () => {
  it.effect("gives places in the order of asking, one for each that comes back", () =>
    Effect.gen(function* () {
      const gate = new Gate(1)
      const order: Array<number> = []
      const first = yield* Scope.make()
      yield* Scope.extend(gate.enter(forEver), first)
      const fibers = yield* Effect.forEach([1, 2, 3], (n) =>
        Effect.fork(
          Effect.scoped(
            Effect.zipRight(
              gate.enter(forEver),
              Effect.sync(() => order.push(n))
            )
          )
        )
      )
      yield* Effect.yieldNow()
      assert.deepStrictEqual([gate.inUse, gate.waiting, order], [1, 3, []])
      yield* Scope.close(first, Exit.void)
      yield* Fiber.joinAll(fibers)
      assert.deepStrictEqual([gate.inUse, gate.waiting, order], [0, 0, [1, 2, 3]])
    })
  )

  it.effect("takes an interrupted waiter out of the line, and loses no place", () =>
    Effect.gen(function* () {
      const gate = new Gate(1)
      const first = yield* Scope.make()
      yield* Scope.extend(gate.enter(forEver), first)
      const gone = yield* Effect.fork(Effect.scoped(gate.enter(forEver)))
      const next = yield* Effect.fork(Effect.scoped(gate.enter(forEver)))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(gone)
      assert.strictEqual(gate.waiting, 1)
      yield* Scope.close(first, Exit.void)
      yield* Fiber.join(next)
      assert.deepStrictEqual([gate.inUse, gate.waiting], [0, 0])
    })
  )

  it.effect("fails a waiter whose patience ends, and gives its turn to the next", () =>
    Effect.gen(function* () {
      const gate = new Gate(1)
      const first = yield* Scope.make()
      yield* Scope.extend(gate.enter(forEver), first)
      const short = Effect.timeoutFail({ duration: "1 second", onTimeout: () => "late" })
      const late = yield* Effect.fork(Effect.scoped(gate.enter(short)))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(late)))
      yield* Scope.close(first, Exit.void)
      yield* Effect.scoped(gate.enter(short))
      assert.strictEqual(gate.inUse, 0)
    })
  )

  it.effect("passes on a place that is handed over in the moment in which patience ends", () =>
    Effect.gen(function* () {
      const gate = new Gate(1)
      const first = yield* Scope.make()
      yield* Scope.extend(gate.enter(forEver), first)
      const late = yield* Effect.fork(
        Effect.scoped(gate.enter((wait) => Effect.zipRight(wait, Effect.fail("late"))))
      )
      yield* Effect.yieldNow()
      yield* Scope.close(first, Exit.void)
      assert.isTrue(Exit.isFailure(yield* Fiber.await(late)))
      assert.deepStrictEqual([gate.inUse, gate.waiting], [0, 0])
    })
  )
})
