import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import fc from "fast-check"
import { BitString } from "../../src/model/BitString.js"
import * as Oid from "../../src/model/Oid.js"
import { bit, varbit } from "../../src/types/Bits.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import {
  bytesOf,
  decodeBinary,
  decodeText,
  encodeBinary,
  encodeText,
  golden,
  hexOf,
  refusesOtherSizes,
  roundTrips,
  valueOf
} from "./codecs.js"

const bits = (text: string): BitString => Option.getOrThrow(BitString.fromText(text))

describe("Bits", () => {
  golden(bit, { ids: "TYP-059" }, [["10101", "00000005 a8", bits("10101")]])
  golden(varbit, { ids: "TYP-059" }, [
    ["101010101", "00000009 aa80", bits("101010101")],
    ["", "00000000", bits("")],
    ["11111111", "00000008 ff", bits("11111111")]
  ])

  it("refuses other sizes (F16)", () => {
    refusesOtherSizes(bit, "00000005 a8")
    refusesOtherSizes(varbit, "00000009 aa80")
  })

  it.each([
    ["a negative length", "ffffffff a8"],
    ["a length beyond its bytes", "7fffffff a8"],
    ["a length short of its bytes", "00000005 a8a8"]
  ])("refuses %s (TYP-059, F18)", (_, hex) => {
    assert.property(decodeBinary(varbit, bytesOf(hex)), "failure")
  })

  it("takes padding for zero, whatever it is", () => {
    assert.deepStrictEqual(decodeBinary(varbit, bytesOf("00000005 af")), { value: bits("10101") })
  })

  it("keeps nothing of the bytes it has read", () => {
    const source = bytesOf("00000005 a8")
    const value = valueOf(decodeBinary(varbit, source))
    assert.notStrictEqual(value.bytes.buffer, source.buffer)
    assert.strictEqual(value.bytes.buffer.byteLength, 1)
  })

  it.prop(
    "gives back every bit in both formats (TYP-010)",
    [fc.array(fc.boolean(), { maxLength: 40 })],
    ([array]) => {
      const text = array.map(Number).join("")
      roundTrips(bit, bits(text))
      assert.strictEqual(valueOf(encodeText(varbit, bits(text))), text)
    }
  )

  it("takes values and strings (TYP-006)", () => {
    assert.deepStrictEqual(encodeText(varbit, "x1f"), { value: "x1f" })
    assert.strictEqual(hexOf(valueOf(encodeBinary(varbit, "10101"))), "00000005a8")
    for (const value of [5, true, [1, 0], {}, new Uint8Array(1), new BitString(new Uint8Array(1), 9)]) {
      assert.property(encodeText(bit, value), "failure")
      assert.property(encodeBinary(bit, value), "failure")
    }
    assert.property(encodeBinary(bit, "x1f"), "failure")
    assert.property(decodeText(bit, "102"), "failure")
  })

  it("comes in arrays, and as text in the familiar preset", () => {
    assert.deepStrictEqual(decodeText(lossless.lookup(Oid.varbitArray)!, "{101,NULL}"), {
      value: [bits("101"), null]
    })
    assert.deepStrictEqual(decodeText(familiar.lookup(Oid.bit)!, "101"), { value: "101" })
  })
})
