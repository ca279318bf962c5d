/** How often the bytes of a large value are copied on their way: counted, so that no clock decides. */
import { assert, describe, it } from "@effect/vitest"
import * as Oid from "../../src/model/Oid.js"
import { ofType } from "../../src/model/Column.js"
import * as Registry from "../../src/types/Registry.js"
import * as Row from "../../src/types/Row.js"
import * as FrameLimits from "../../src/wire/FrameLimits.js"
import { FrameLengthError } from "../../src/wire/FrameLengthError.js"
import { Framer } from "../../src/wire/Framer.js"

/** Bytes that are copied from one array to another while `body` runs. */
const copiedBy = (body: () => void): number => {
  let copied = 0
  const { copyWithin, set, slice } = Uint8Array.prototype
  Uint8Array.prototype.set = function (this: Uint8Array, source: ArrayLike<number>, at?: number) {
    copied += source.length
    set.call(this, source, at)
  }
  Uint8Array.prototype.slice = function (this: Uint8Array, start?: number, end?: number) {
    const part = slice.call(this, start, end)
    copied += part.length
    return part
  }
  Uint8Array.prototype.copyWithin = function (this: Uint8Array, to: number, start: number, end?: number) {
    copied += (end ?? this.length) - start
    return copyWithin.call(this, to, start, end)
  }
  try {
    body()
  } finally {
    Object.assign(Uint8Array.prototype, { copyWithin, set, slice })
  }
  return copied
}

/** Reads one row with one `bytea` of this size, which comes in pieces; the copies of its bytes per byte. */
const copiesOf = (size: number, piece: number): number => {
  const message = Buffer.alloc(11 + size, 0x78)
  message.writeUInt8(0x44, 0)
  message.writeInt32BE(10 + size, 1)
  message.writeInt16BE(1, 5)
  message.writeInt32BE(size, 7)
  const decoder = Row.compile([ofType(Oid.bytea)], [1], Registry.lossless, "array")
  const out: Array<Row.ArrayRow> = []
  const copied = copiedBy(() => {
    const framer = new Framer(FrameLimits.defaults.session)
    for (let at = 0; at < message.length; at += piece) {
      // As a socket gives it: memory of its own.
      framer.push(
        new Uint8Array(message.buffer, message.byteOffset + at, Math.min(piece, message.length - at))
      )
      const run = framer.next()
      if (run === null) continue
      assert.notInstanceOf(run, FrameLengthError)
      if (run instanceof FrameLengthError) return
      assert.isNull(decoder.decode(run.bytes, run.starts, run.count, out))
    }
  })
  const value = (out[0] as ReadonlyArray<Uint8Array>)[0]!
  assert.strictEqual(value.length, size)
  return copied / size
}

describe("a large value", () => {
  it("is joined once and copied out once, however large it is and however it is cut", () => {
    for (const size of [1 << 20, 1 << 22, 1 << 24]) {
      for (const piece of [4096, 65_536]) {
        const copies = copiesOf(size, piece)
        assert.isAtLeast(copies, 1)
        assert.isAtMost(copies, 2.1, `${size} bytes in pieces of ${piece}`)
      }
    }
  })
})
