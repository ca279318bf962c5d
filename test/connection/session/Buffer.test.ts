import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { StreamBuffer } from "../../../src/connection/session/Buffer.js"
import { PgClosedError } from "../../../src/model/PgError.js"
import { harness } from "../core.js"

const make = (streamBufferBytes = 100) => {
  const { core, link } = harness({ streamBufferBytes })
  return { buffer: new StreamBuffer<string>(core), link }
}

const lost = new PgClosedError({ reason: "lost", sent: true, server: undefined, sql: "" })

describe("the buffer of a stream", () => {
  it.effect("stops the socket at its bound in bytes, and lets it go on at half of it (GEN-006)", () =>
    Effect.gen(function* () {
      const { buffer, link } = make(100)
      buffer.push(["a"], 60)
      assert.strictEqual(link.paused, false)
      buffer.push(["b"], 39)
      assert.strictEqual(link.paused, false)
      buffer.push(["c"], 1)
      assert.strictEqual(link.paused, true)
      yield* buffer.pull
      assert.strictEqual(link.paused, false)
    })
  )

  it.effect("keeps the socket stopped until enough was taken", () =>
    Effect.gen(function* () {
      const { buffer, link } = make(100)
      buffer.push(["a"], 10)
      buffer.push(["b"], 50)
      buffer.push(["c"], 50)
      yield* buffer.pull
      assert.strictEqual(link.paused, true)
      yield* buffer.pull
      assert.strictEqual(link.paused, true)
      yield* buffer.pull
      assert.strictEqual(link.paused, false)
    })
  )

  it.effect("gives what came in order, then the end, again and again", () =>
    Effect.gen(function* () {
      const { buffer } = make()
      buffer.push(["a", "b"], 1)
      buffer.push(["c"], 1)
      buffer.finish(undefined)
      assert.deepStrictEqual([...(yield* buffer.pull)], ["a", "b"])
      assert.deepStrictEqual([...(yield* buffer.pull)], ["c"])
      for (let count = 0; count < 2; count++) {
        assert.deepStrictEqual(yield* Effect.flip(buffer.pull), Option.none())
      }
    })
  )

  it.effect("gives its rows before the failure that ended it (FLW-056)", () =>
    Effect.gen(function* () {
      const { buffer } = make()
      buffer.push(["a"], 1)
      buffer.finish(lost)
      assert.deepStrictEqual([...(yield* buffer.pull)], ["a"])
      assert.deepStrictEqual(yield* Effect.flip(buffer.pull), Option.some(lost))
    })
  )

  it.effect("wakes a consumer that waits, and does not stop the socket for what it takes at once", () =>
    Effect.gen(function* () {
      const { buffer, link } = make(10)
      const fiber = yield* Effect.fork(buffer.pull)
      yield* Effect.yieldNow()
      buffer.push(["a"], 1000)
      assert.strictEqual(link.paused, false)
      assert.deepStrictEqual([...(yield* Fiber.join(fiber))], ["a"])
      const last = yield* Effect.fork(Effect.flip(buffer.pull))
      yield* Effect.yieldNow()
      buffer.finish(lost)
      assert.deepStrictEqual(yield* Fiber.join(last), Option.some(lost))
    })
  )

  it.effect("loses nothing to a consumer that was interrupted while it waited", () =>
    Effect.gen(function* () {
      const { buffer } = make()
      const fiber = yield* Effect.fork(buffer.pull)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      buffer.push(["a"], 1)
      assert.deepStrictEqual([...(yield* buffer.pull)], ["a"])
    })
  )

  it.effect("asks for more only when it is empty and its consumer pulls (FLW-036)", () =>
    Effect.gen(function* () {
      const { buffer } = make()
      let asked = 0
      buffer.onDemand = () => {
        asked++
        buffer.push(["more"], 1)
      }
      buffer.push(["a"], 1)
      buffer.demandIfWaiting()
      yield* buffer.pull
      assert.strictEqual(asked, 0)
      assert.deepStrictEqual([...(yield* buffer.pull)], ["more"])
      assert.strictEqual(asked, 1)
    })
  )
})
