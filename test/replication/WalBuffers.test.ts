/** The ring between the socket and the disk. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as fc from "effect/FastCheck"
import type { WalData } from "../../src/replication/physical/PhysicalEvent.js"
import { PgTimestampTz } from "../../src/model/PgTimestampTz.js"
import { WalBuffers } from "../../src/replication/physical/WalBuffers.js"
import { logBytes } from "./physicalServer.js"

const data = (start: bigint, size: number, timeline = 1): WalData => ({
  _tag: "WalData",
  timeline,
  start,
  end: start + BigInt(size),
  data: logBytes(start, size),
  serverEnd: start,
  serverTime: PgTimestampTz.infinity
})

const put = (buffers: WalBuffers<string>, event: Parameters<WalBuffers<string>["put"]>[0]) =>
  buffers.put(event) ?? Effect.void

describe("the buffers of an archive", () => {
  it.effect("give what follows as one piece, and events in their place", () =>
    Effect.gen(function* () {
      const buffers = new WalBuffers<string>(1000)
      yield* put(buffers, data(10n, 100))
      yield* put(buffers, data(110n, 50))
      yield* put(buffers, {
        _tag: "PhysicalResumed",
        position: 160n,
        timeline: 1,
        serverTimeline: 1
      })
      yield* put(buffers, data(160n, 10))
      yield* put(buffers, data(300n, 10, 2))
      const first = buffers.take()
      assert.deepInclude(first, { _tag: "WalPiece", start: 10n, timeline: 1, data: logBytes(10n, 150) })
      assert.deepInclude(buffers.take(), { _tag: "PhysicalResumed" })
      assert.deepInclude(buffers.take(), { start: 160n, timeline: 1 })
      assert.deepInclude(buffers.take(), { start: 300n, timeline: 2 })
      assert.isUndefined(buffers.take())
    })
  )

  it.effect("let the reader wait for the disk at their size, and lose nothing of what it was putting", () =>
    Effect.gen(function* () {
      const buffers = new WalBuffers<string>(1000)
      const putting = yield* Effect.fork(put(buffers, data(0n, 2500)))
      yield* Effect.yieldNow()
      assert.isNull(putting.unsafePoll())
      let seen = 0n
      while (seen < 2500n) {
        yield* buffers.arrival
        const piece = buffers.take()
        if (piece?._tag !== "WalPiece") continue
        assert.deepStrictEqual(piece.data, logBytes(seen, piece.data.length))
        assert.isAtMost(piece.data.length, 1000)
        seen += BigInt(piece.data.length)
      }
      yield* Fiber.join(putting)
    })
  )

  it.effect("give the end once everything has been taken", () =>
    Effect.gen(function* () {
      const buffers = new WalBuffers<string>(1000)
      yield* put(buffers, data(0n, 10))
      buffers.finish("over")
      assert.isUndefined(yield* buffers.arrival)
      buffers.take()
      assert.deepStrictEqual(yield* buffers.arrival, { end: "over" })
    })
  )

  it.effect.prop(
    "hold the same bytes as came, however they are cut",
    [
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 40 }),
      fc.infiniteStream(fc.nat(3))
    ],
    ([sizes, turns]) =>
      Effect.gen(function* () {
        const buffers = new WalBuffers<string>(512)
        const reading = yield* Effect.fork(
          Effect.gen(function* () {
            let at = 0n
            for (const size of sizes) {
              yield* put(buffers, data(at, size))
              at += BigInt(size)
            }
            buffers.finish("over")
          })
        )
        let at = 0n
        for (let over = yield* buffers.arrival; over === undefined; over = yield* buffers.arrival) {
          for (let turn = turns.next().value; turn > 0; turn--) yield* Effect.yieldNow()
          const piece = buffers.take()
          if (piece?._tag !== "WalPiece") continue
          assert.strictEqual(piece.start, at)
          assert.deepStrictEqual(piece.data.slice(), logBytes(at, piece.data.length))
          at += BigInt(piece.data.length)
        }
        yield* Fiber.join(reading)
        assert.strictEqual(at, BigInt(sizes.reduce((sum, size) => sum + size, 0)))
      })
  )
})
