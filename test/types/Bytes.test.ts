import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { ByteReader } from "../../src/bytes/ByteReader.js"
import { bytea, byteaAsBuffer } from "../../src/types/Bytes.js"
import { bytesOf, decodeText, encodeBinary, encodeText, golden, roundTrips, valueOf } from "./codecs.js"

describe("Bytes", () => {
  golden(bytea, { ids: "TYP-013" }, [
    ["\\x", "", new Uint8Array(0)],
    ["\\x0041275cff7f", "0041275cff7f", bytesOf("0041275cff7f")]
  ])

  it("reads the escape form (TYP-013, TRP-090)", () => {
    assert.deepStrictEqual(decodeText(bytea, "\\000A'\\\\\\377\\177"), { value: bytesOf("0041275cff7f") })
    assert.deepStrictEqual(decodeText(bytea, ""), { value: new Uint8Array(0) })
  })

  it.each(["\\x0", "\\xzz", "\\x0x", "\\", "\\1", "\\400", "\\12", "a\\"])(
    "refuses %j as a bytea's text",
    (text) => {
      assert.property(decodeText(bytea, text), "failure")
      assert.property(encodeBinary(bytea, text), "failure")
    }
  )

  it.prop("gives back all bytes (TYP-010)", [fc.uint8Array({ maxLength: 300 })], ([value]) => {
    roundTrips(bytea, new Uint8Array(value))
    roundTrips(byteaAsBuffer, Buffer.from(value))
  })

  it("copies: the value does not change with the connection's memory", () => {
    const memory = bytesOf("010203")
    for (const codec of [bytea, byteaAsBuffer]) {
      const value = codec.decodeBinary!(new ByteReader(memory), 0, 3)
      memory.fill(9)
      assert.deepStrictEqual([...value], [1, 2, 3])
      memory.set([1, 2, 3])
    }
  })

  it("is no Buffer in the lossless preset, also when the connection's memory is one (TYP-013)", () => {
    const value = bytea.decodeBinary!(new ByteReader(Buffer.from("010203", "hex")), 1, 2)
    assert.strictEqual(Object.getPrototypeOf(value), Uint8Array.prototype)
    assert.deepStrictEqual([...value], [2, 3])
  })

  it("is a Buffer in the familiar preset", () => {
    assert.isTrue(Buffer.isBuffer(valueOf(decodeText(byteaAsBuffer, "\\x01"))))
  })

  it("takes both text forms, and refuses the rest", () => {
    assert.deepStrictEqual(encodeBinary(bytea, "\\x0aFF"), { value: bytesOf("0aff") })
    for (const value of [5, [1, 2], {}, new Date(0)]) assert.property(encodeText(bytea, value), "failure")
  })
})
