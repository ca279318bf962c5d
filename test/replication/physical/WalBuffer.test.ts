/** The ring between the socket and the disk. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as fc from "effect/FastCheck"
import type { WalData } from "../../../src/replication/physical/PhysicalEvent.js"
import { PgTimestampTz } from "../../../src/model/PgTimestampTz.js"
import { WalBuffer } from "../../../src/replication/physical/WalBuffer.js"
import { logBytes } from "../physicalServer.js"

const data = (start: bigint, size: number, timeline = 1): WalData => ({
  _tag: "WalData",
  timeline,
  start,
  end: start + BigInt(size),
  data: logBytes(start, size),
  serverEnd: start,
  serverTime: PgTimestampTz.infinity
})

const put = (buffer: WalBuffer<string>, event: Parameters<WalBuffer<string>["put"]>[0]) =>
  buffer.put(event) ?? Effect.void

describe("the buffer of an archive", () => {
  it.effect("gives what follows as one piece, and events in their place", () =>
    Effect.gen(function* () {
      const buffer = new WalBuffer<string>(1000)
      yield* put(buffer, data(10n, 100))
      yield* put(buffer, data(110n, 50))
      yield* put(buffer, {
        _tag: "PhysicalResumed",
        position: 160n,
        timeline: 1,
        serverTimeline: 1
      })
      yield* put(buffer, data(160n, 10))
      yield* put(buffer, data(300n, 10, 2))
      const first = buffer.take()
      assert.deepInclude(first, { _tag: "WalPiece", start: 10n, timeline: 1, data: logBytes(10n, 150) })
      assert.deepInclude(buffer.take(), { _tag: "PhysicalResumed" })
      assert.deepInclude(buffer.take(), { start: 160n, timeline: 1 })
      assert.deepInclude(buffer.take(), { start: 300n, timeline: 2 })
      assert.isUndefined(buffer.take())
    })
  )

  it.effect("lets the reader wait for the disk at its size, and lose nothing of what it was putting", () =>
    Effect.gen(function* () {
      const buffer = new WalBuffer<string>(1000)
      const putting = yield* Effect.fork(put(buffer, data(0n, 2500)))
      yield* Effect.yieldNow()
      assert.isNull(putting.unsafePoll())
      let seen = 0n
      while (seen < 2500n) {
        yield* buffer.arrival
        const piece = buffer.take()
        if (piece?._tag !== "WalPiece") continue
        assert.deepStrictEqual(piece.data, logBytes(seen, piece.data.length))
        assert.isAtMost(piece.data.length, 1000)
        seen += BigInt(piece.data.length)
      }
      yield* Fiber.join(putting)
    })
  )

  it.effect("keeps the bytes of a piece that is being written until they are given back (W04)", () =>
    Effect.gen(function* () {
      const buffer = new WalBuffer<string>(1000)
      yield* put(buffer, data(0n, 600))
      const piece = buffer.take()
      assert(piece?._tag === "WalPiece")
      buffer.keep()
      const putting = yield* Effect.fork(put(buffer, data(600n, 600)))
      yield* Effect.yieldNow()
      buffer.take()
      buffer.keep()
      assert.isUndefined(buffer.take())
      // Room that was given back too early would let the reader go on here.
      yield* Effect.repeatN(Effect.yieldNow(), 5)
      assert.isNull(putting.unsafePoll())
      assert.deepStrictEqual(piece.data, logBytes(0n, 600))
      buffer.giveBack(600)
      yield* Fiber.join(putting)
      assert.deepInclude(buffer.take(), { start: 1000n, data: logBytes(1000n, 200) })
    })
  )

  it.effect("gives the end once everything has been taken", () =>
    Effect.gen(function* () {
      const buffer = new WalBuffer<string>(1000)
      yield* put(buffer, data(0n, 10))
      buffer.finish("over")
      assert.isUndefined(yield* buffer.arrival)
      buffer.take()
      assert.deepStrictEqual(yield* buffer.arrival, { end: "over" })
    })
  )

  it.effect.prop(
    "holds the same bytes as came, however they are cut",
    [
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 40 }),
      fc.infiniteStream(fc.nat(3))
    ],
    ([sizes, turns]) =>
      Effect.gen(function* () {
        const buffer = new WalBuffer<string>(512)
        const reading = yield* Effect.fork(
          Effect.gen(function* () {
            let at = 0n
            for (const size of sizes) {
              yield* put(buffer, data(at, size))
              at += BigInt(size)
            }
            buffer.finish("over")
          })
        )
        let at = 0n
        for (let over = yield* buffer.arrival; over === undefined; over = yield* buffer.arrival) {
          for (let turn = turns.next().value; turn > 0; turn--) yield* Effect.yieldNow()
          const piece = buffer.take()
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
