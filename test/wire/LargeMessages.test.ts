/** How often the bytes of a large value are copied on their way: counted, so that no clock decides. */
import { assert, describe, it } from "@effect/vitest"
import * as Oid from "../../src/model/Oid.js"
import { ofType } from "../../src/model/Column.js"
import * as Registry from "../../src/types/Registry.js"
import * as Row from "../../src/types/Row.js"
import * as FrameLimits from "../../src/wire/FrameLimits.js"
import { FrameLengthError } from "../../src/wire/FrameLengthError.js"
import { Framer } from "../../src/wire/Framer.js"
import { costOf, piecesOf } from "../support/copiedBytes.js"

/** Reads one row with one value of this size, which comes in pieces; the copies of its bytes, and the memory taken, per byte. */
const copiesOf = (type: number, size: number, piece: number) => {
  const message = new Uint8Array(11 + size).fill(0x78)
  const view = new DataView(message.buffer)
  view.setUint8(0, 0x44)
  view.setInt32(1, 10 + size)
  view.setInt16(5, 1)
  view.setInt32(7, size)
  const decoder = Row.compile([ofType(type)], [1], Registry.lossless, "array")
  const out: Array<Row.ArrayRow> = []
  const pieces = piecesOf(message, piece)
  const { copied, taken } = costOf(() => {
    const framer = new Framer(FrameLimits.defaults.session)
    for (const part of pieces) {
      framer.push(part)
      const run = framer.next()
      if (run === null) continue
      assert.notInstanceOf(run, FrameLengthError)
      if (run instanceof FrameLengthError) return
      assert.isNull(decoder.decode(run.bytes, run.starts, run.count, out))
    }
  })
  const value = (out[0] as ReadonlyArray<Uint8Array | string>)[0]!
  assert.strictEqual(value.length, size)
  return { copies: copied / size, memory: taken / size }
}

describe("a large value", () => {
  it("is joined once and copied out once, however large it is and however it is cut", () => {
    for (const size of [1 << 20, 1 << 22, 1 << 24]) {
      for (const piece of [4096, 65_536]) {
        // A string is no array of bytes: of a text the joined message alone is counted.
        for (const [type, most] of [
          [Oid.bytea, 2.1],
          [Oid.text, 1.1]
        ] as const) {
          const { copies, memory } = copiesOf(type, size, piece)
          const how = `${size} bytes in pieces of ${piece}`
          assert.isAtLeast(copies, most - 0.1, how)
          assert.isAtMost(copies, most, how)
          assert.isAtLeast(memory, most - 0.1, how)
          assert.isAtMost(memory, most, how)
        }
      }
    }
  })
})
