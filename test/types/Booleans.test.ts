import { assert, describe, it } from "@effect/vitest"
import { bool } from "../../src/types/Booleans.js"
import { bytesOf, decodeBinary, decodeText, encodeBinary, golden, refusesOtherSizes } from "./codecs.js"

describe("Booleans", () => {
  golden(bool, { ids: "TYP-012" }, [
    ["t", "01", true],
    ["f", "00", false]
  ])

  it("takes any byte but zero as true (TYP-012)", () => {
    assert.deepStrictEqual(decodeBinary(bool, bytesOf("ff")), { value: true })
  })

  it("refuses other sizes and other text (F16)", () => {
    refusesOtherSizes(bool, "01")
    for (const text of ["", "true", "T", "1", "x"]) assert.property(decodeText(bool, text), "failure")
  })

  it.each([
    ["yes", "01"],
    ["ON", "01"],
    ["tru", "01"],
    [" 1 ", "01"],
    ["off", "00"],
    ["n", "00"],
    ["fAlse", "00"]
  ])("takes the word %j (TYP-012)", (word, hex) => {
    assert.deepStrictEqual(encodeBinary(bool, word), { value: bytesOf(hex) })
  })

  it.each(["o", "truth", "", 1, 0, {}, 1n])("refuses %s (TYP-006)", (value) => {
    assert.property(encodeBinary(bool, value), "failure")
  })
})
