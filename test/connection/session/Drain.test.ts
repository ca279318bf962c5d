import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as Drain from "../../../src/connection/session/Drain.js"
import { answered, bound, complete, described, error, harness, ready, row, tick } from "../core.js"

const turn = Effect.repeatN(Effect.promise(tick), 3)

/** A statement on the wire, in a transaction or outside one, that is left before its end. */
const leaving = (status: "T" | "I") =>
  Effect.gen(function* () {
    const cancels: Array<number> = []
    const self = harness({
      cancelKey: new Uint8Array(4),
      sendCancel: () => Effect.sync(() => void cancels.push(1))
    })
    yield* Effect.promise(() => self.know("a"))
    self.query("begin")
    yield* turn
    self.say(...described([], []), bound, complete("BEGIN"), ready(status))
    const told = self.query("a")
    yield* turn
    self.say(bound, row(1))
    const fiber = yield* Effect.forkDaemon(Drain.leave(self.core, told.request))
    yield* turn
    return { self, told, fiber, cancels }
  })

const isOver = (fiber: Fiber.RuntimeFiber<void>) => Effect.map(fiber.poll, Option.isSome)
const large = row("x".repeat(600_000))

describe("rows that are left in a transaction", () => {
  it.effect("are read to their end where that is near, and nothing is cancelled", () =>
    Effect.gen(function* () {
      const { cancels, fiber, self, told } = yield* leaving("T")
      self.say(row(2), large)
      yield* turn
      assert.isFalse(yield* isOver(fiber))
      self.say(complete("SELECT 3"), ready("T"))
      yield* Fiber.join(fiber)
      assert.deepStrictEqual([cancels, self.core.failedBecause, told.count], [[], undefined, 1])
      const next = self.query("a")
      yield* turn
      self.say(...answered(5))
      assert.deepStrictEqual(next.value?.rows, [{ x: 5 }])
    })
  )

  it.effect("are cancelled beyond a megabyte, and the errors that follow give that reason", () =>
    Effect.gen(function* () {
      const { cancels, fiber, self } = yield* leaving("T")
      self.say(large)
      yield* turn
      assert.deepStrictEqual(cancels, [])
      self.say(large)
      yield* turn
      assert.deepStrictEqual(cancels, [1])
      self.say(error("57014"), ready("E"))
      yield* Fiber.join(fiber)
      const next = self.query("a")
      yield* turn
      self.say(error("25P02"), ready("E"))
      assert.match(
        String(next.failure && "hint" in next.failure && next.failure.hint),
        /longer than 1048576 bytes/
      )
    })
  )

  it.effect("are cancelled when their end does not come in five seconds", () =>
    Effect.gen(function* () {
      const { cancels, fiber, self } = yield* leaving("T")
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(cancels, [])
      yield* TestClock.adjust("1 millis")
      yield* turn
      assert.deepStrictEqual(cancels, [1])
      self.say(error("57014"), ready("E"))
      yield* Fiber.join(fiber)
    })
  )
})

describe("rows that are left outside a transaction", () => {
  it.effect("are cancelled at once", () =>
    Effect.gen(function* () {
      const { cancels, fiber, self } = yield* leaving("I")
      assert.deepStrictEqual(cancels, [1])
      self.say(error("57014"), ready())
      yield* Fiber.join(fiber)
      assert.isUndefined(self.core.failedBecause)
    })
  )
})

describe("a statement that is left before it is sent", () => {
  it.effect("is withdrawn", () =>
    Effect.gen(function* () {
      const { self, told } = yield* leaving("T")
      self.link.takes = false
      self.core.blocked = true
      const waiting = self.query("a")
      yield* Drain.leave(self.core, waiting.request)
      assert.strictEqual(waiting.request.state, "settled")
      self.core.blocked = false
      self.say(complete("SELECT 1"), ready("T"))
      assert.strictEqual(told.count, 1)
      yield* turn
      assert.strictEqual(self.core.waiting, 0)
    })
  )
})
