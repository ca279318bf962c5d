import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { JsonText } from "../../src/model/JsonText.js"
import * as Json from "../../src/types/Json.js"
import { bytesOf, decodeBinary, decodeText, encodeBinary, encodeText, roundTrips } from "./codecs.js"

describe("Json", () => {
  it("reads jsonb behind its version byte (TYP-039)", () => {
    const text = '{"a": 2.50, "b": 1}'
    const hex = `01${Buffer.from(text).toString("hex")}`
    assert.deepStrictEqual(decodeBinary(Json.jsonb, bytesOf(hex)), { value: { a: 2.5, b: 1 } })
    assert.deepStrictEqual(decodeBinary(Json.jsonbAsText, bytesOf(hex)), { value: new JsonText(text) })
    assert.deepStrictEqual(decodeText(Json.jsonb, text), { value: { a: 2.5, b: 1 } })
    assert.deepStrictEqual(encodeBinary(Json.jsonb, new JsonText(text)), { value: bytesOf(hex) })
  })

  it("keeps every digit as text (TYP-040, TRP-086)", () => {
    for (const codec of [Json.jsonAsText, Json.jsonbAsText]) {
      assert.deepStrictEqual(decodeText(codec, "12345678901234567890"), {
        value: new JsonText("12345678901234567890")
      })
      roundTrips(codec, new JsonText('{"n":12345678901234567890.120}'))
    }
  })

  it.each(["", "02 7b7d", "00 7b7d", "01", "01 7b"])("refuses %j as binary jsonb (F18)", (hex) => {
    assert.property(decodeBinary(Json.jsonb, bytesOf(hex)), "failure")
  })

  it("refuses text that is no JSON", () => {
    for (const text of ["", "{", "undefined", "'a'"]) assert.property(decodeText(Json.json, text), "failure")
  })

  it("writes an array as JSON and not as an SQL array (TYP-042, TRP-087)", () => {
    for (const codec of [Json.json, Json.jsonb, Json.jsonFamiliar, Json.jsonbFamiliar]) {
      assert.deepStrictEqual(encodeText(codec, [1, [2, null]]), { value: "[1,[2,null]]" })
    }
  })

  it("distinguishes JSON's null from NULL (TYP-041)", () => {
    assert.deepStrictEqual(encodeText(Json.jsonb, new JsonText("null")), { value: "null" })
    assert.deepStrictEqual(decodeText(Json.jsonb, "null"), { value: null })
  })

  it("takes a string as a JSON string, and as JSON text in the familiar preset (TYP-042)", () => {
    assert.deepStrictEqual(encodeText(Json.json, "[1]"), { value: '"[1]"' })
    assert.deepStrictEqual(encodeText(Json.jsonFamiliar, "[1]"), { value: "[1]" })
    assert.deepStrictEqual(encodeBinary(Json.jsonbFamiliar, "[1]"), { value: bytesOf("01 5b315d") })
  })

  it.prop("gives back every JSON value (TYP-010)", [fc.jsonValue()], ([value]) => {
    const exact: unknown = JSON.parse(JSON.stringify(value))
    if (exact === null) return
    roundTrips(Json.json, exact)
    roundTrips(Json.jsonb, exact)
  })

  const circle: { self?: unknown } = {}
  circle.self = circle
  it.each([[5n], [{ n: 1n }], [circle], [() => 1], [Symbol("x")]])(
    "refuses a value without a JSON form",
    (value) => {
      assert.property(encodeText(Json.json, value), "failure")
      assert.property(encodeBinary(Json.jsonb, value), "failure")
    }
  )

  it.each([
    [NaN, "NaN"],
    [{ a: { b: Infinity } }, 'an infinite number at "b"'],
    [[1, undefined], 'undefined at "1"'],
    [[() => 1], 'function at "0"'],
    [{ m: new Map([[1, 2]]) }, 'Map at "m"'],
    [new Set([1]), "Set"],
    [{ bytes: Uint8Array.of(1, 2) }, 'Uint8Array of 2 bytes at "bytes"'],
    [[Buffer.from("x")], 'Uint8Array of 1 bytes at "0"'],
    [{ at: new Date(NaN) }, 'an invalid Date at "at"']
  ])("refuses what would be written as something else: %s", (value, what) => {
    for (const codec of [Json.json, Json.jsonb, Json.jsonFamiliar, Json.jsonbFamiliar]) {
      assert.deepStrictEqual(encodeText(codec, value), {
        failure: `expected a value with a JSON form, got ${what}`
      })
    }
  })

  it("writes a value by its toJSON, and leaves out undefined", () => {
    const value = { at: new Date(0), absent: undefined, deep: [{ also: undefined }] }
    assert.deepStrictEqual(encodeText(Json.json, value), {
      value: '{"at":"1970-01-01T00:00:00.000Z","deep":[{}]}'
    })
  })
})
