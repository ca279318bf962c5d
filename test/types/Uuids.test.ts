import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { uuid } from "../../src/types/Uuids.js"
import {
  bytesOf,
  decodeText,
  encodeBinary,
  encodeText,
  refusesOtherSizes,
  decodeBinary,
  valueOf
} from "./codecs.js"

describe("Uuids", () => {
  it.prop("gives back every uuid in both formats (TYP-056, TYP-010)", [fc.uuid()], ([value]) => {
    const binary = valueOf(encodeBinary(uuid, value))
    assert.deepStrictEqual(binary, bytesOf(value.replaceAll("-", "")))
    assert.deepStrictEqual(decodeBinary(uuid, binary), { value })
    assert.deepStrictEqual(decodeText(uuid, value), { value })
  })

  it("takes braces, upper case and missing hyphens (TYP-056)", () => {
    const expected = bytesOf("a0eebc999c0b4ef8bb6d6bb9bd380a11")
    for (const text of [
      "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
      "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
      "a0eebc999c0b4ef8bb6d6bb9bd380a11",
      "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}"
    ]) {
      assert.deepStrictEqual(encodeBinary(uuid, text), { value: expected })
      assert.deepStrictEqual(encodeText(uuid, text), { value: "a0eebc999c0b4ef8bb6d6bb9bd380a11" })
    }
  })

  it("refuses other sizes, other text and other values (F16)", () => {
    refusesOtherSizes(uuid, "a0eebc999c0b4ef8bb6d6bb9bd380a11")
    assert.property(decodeText(uuid, "a0eebc99"), "failure")
    for (const value of ["", "a0eebc99", "g0eebc999c0b4ef8bb6d6bb9bd380a11", 5, {}]) {
      assert.property(encodeBinary(uuid, value), "failure")
    }
  })
})
