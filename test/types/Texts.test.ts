import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as Texts from "../../src/types/Texts.js"
import {
  decodeBinary,
  bytesOf,
  encodeBinary,
  encodeText,
  golden,
  refusesOtherSizes,
  roundTrips
} from "./codecs.js"

const sendable = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"))

describe("Texts", () => {
  golden(Texts.bpchar, { ids: "TYP-016, TRP-096" }, [["ab  ", "61622020", "ab  "]])
  golden(Texts.text, { ids: "TYP-016" }, [
    ["", "", ""],
    ["a'é€😀", "6127c3a9e282acf09f9880", "a'é€😀"]
  ])
  golden(Texts.name, { ids: "TYP-015" }, [["pg_class", "70675f636c617373", "pg_class"]])
  golden(Texts.voidType, { ids: "TYP-019" }, [["", "", ""]])
  golden(Texts.charInternal, { ids: "TYP-014" }, [
    ["A", "41", "A"],
    ["\\377", "ff", "\\377"],
    ["", "00", ""]
  ])

  it("refuses a char of no bytes or two (F16)", () => {
    refusesOtherSizes(Texts.charInternal, "41")
  })

  it.prop("gives back every text (TYP-010)", [sendable], ([text]) => {
    for (const codec of [Texts.text, Texts.varchar, Texts.bpchar, Texts.name, Texts.unknown])
      roundTrips(codec, text)
  })

  it.each(["a\0b", "\ud800", "\udc00x", 5, true, null, {}])("refuses %j for a text (TYP-009)", (value) => {
    assert.property(encodeBinary(Texts.text, value), "failure")
    assert.property(encodeText(Texts.text, value), "failure")
  })

  it("writes numbers, bigints and booleans as text only in the familiar preset", () => {
    const loose = Texts.loosely(Texts.text)
    assert.deepStrictEqual(encodeText(loose, 1.5), { value: "1.5" })
    assert.deepStrictEqual(encodeText(loose, 7n), { value: "7" })
    assert.deepStrictEqual(encodeText(loose, false), { value: "false" })
    assert.property(encodeText(loose, {}), "failure")
    assert.property(encodeText(loose, "a\0b"), "failure")
  })

  it.each(["AB", "é", "\\400", "\\37", 65])("refuses %j for a char", (value) => {
    assert.property(encodeBinary(Texts.charInternal, value), "failure")
    assert.property(encodeText(Texts.charInternal, value), "failure")
  })

  it("replaces bytes that are no UTF-8, and does not fail on them (TYP-008)", () => {
    assert.deepStrictEqual(decodeBinary(Texts.text, bytesOf("61ff62")), { value: "a\ufffdb" })
  })
})
