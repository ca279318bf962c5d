import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import fc from "fast-check"
import { Numeric } from "../../src/model/Numeric.js"
import * as Oid from "../../src/model/Oid.js"
import { PgDate } from "../../src/model/PgDate.js"
import { PgMultirange } from "../../src/model/PgMultirange.js"
import { type Ends, PgRange } from "../../src/model/PgRange.js"
import * as Ranges from "../../src/types/Ranges.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import * as Composites from "../../src/types/Composites.js"
import { JsonText } from "../../src/model/JsonText.js"
import { json, jsonb } from "../../src/types/Json.js"
import * as Texts from "../../src/types/Texts.js"
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

const numeric = (text: string): Numeric => Option.getOrThrow(Numeric.fromText(text))
const date = (text: string): PgDate => Option.getOrThrow(PgDate.fromText(text))
const two =
  "00000002 00000011 02 00000004 00000001 00000004 00000003 00000011 02 00000004 00000005 00000004 00000007"
const textrange = Ranges.over({ name: "textrange", oid: 70_000, arrayOid: 70_001 }, Texts.text)
const textmultirange = Ranges.multiOver({ name: "textmultirange", oid: 70_002, arrayOid: 0 }, Texts.text)

describe("Ranges", () => {
  golden(Ranges.int4range, { ids: "TYP-075, TYP-076" }, [
    ["[1,5)", "02 00000004 00000001 00000004 00000005", PgRange.make(1, 5)],
    ["(1,5]", "04 00000004 00000001 00000004 00000005", PgRange.make(1, 5, "(]")],
    ["empty", "01", PgRange.empty],
    ["(,)", "18", PgRange.make<number>(null, null)],
    ["[1,)", "12 00000004 00000001", PgRange.make<number>(1, null)]
  ])
  golden(Ranges.numrange, { ids: "TYP-075, TYP-076" }, [
    ["(,5]", "0c 0000000a 0001 0000 0000 0000 0005", PgRange.make<Numeric>(null, numeric("5"), "[]")]
  ])
  golden(Ranges.daterange, { ids: "TYP-077" }, [
    [
      "[2000-01-02,infinity)",
      "02 00000004 00000001 00000004 7fffffff",
      PgRange.make(date("2000-01-02"), PgDate.infinity)
    ],
    ["[2000-01-02,)", "12 00000004 00000001", PgRange.make<PgDate>(date("2000-01-02"), null)]
  ])
  golden(Ranges.int4multirange, { ids: "TYP-079" }, [
    ["{[1,3),[5,7)}", two, PgMultirange.of(PgRange.make(1, 3), PgRange.make(5, 7))],
    ["{}", "00000000", new PgMultirange<number>([])]
  ])

  it("has JSON's null for a bound as a value, for null is no bound", () => {
    for (const [type, head] of [
      [json, ""],
      [jsonb, "01"]
    ] as const) {
      const range = Ranges.over({ name: "jsonrange", oid: 70_010, arrayOid: 0 }, type)
      const expected = { value: PgRange.make<unknown>(new JsonText("null"), 1) }
      assert.deepStrictEqual<unknown>(decodeText(range, "[null,1)"), expected)
      const [lower, upper] = [`${head}6e756c6c`, `${head}31`]
      const sized = (hex: string) => `0000000${hex.length / 2}${hex}`
      assert.deepStrictEqual<unknown>(
        decodeBinary(range, bytesOf(`02${sized(lower)}${sized(upper)}`)),
        expected
      )
      assert.deepStrictEqual<unknown>(decodeText(range, "(,1)"), {
        value: PgRange.make<unknown>(null, 1, "()")
      })
    }
  })

  it("has fields, and a binary form, where what it is made of has", () => {
    const pair = Composites.over({ name: "pair", oid: 70_020, arrayOid: 0 }, [
      { name: "a", codec: Texts.text }
    ])
    const names = { name: "x", oid: 70_021, arrayOid: 0 }
    for (const over of [Ranges.over, Ranges.multiOver]) {
      assert.strictEqual(over(names, pair).hasFields, true)
      assert.notProperty(over(names, Texts.text), "hasFields")
      const textOnly = over(names, { ...Texts.text, decodeBinary: undefined, encodeBinary: undefined })
      assert.deepStrictEqual([textOnly.decodeBinary, textOnly.encodeBinary], [undefined, undefined])
      const ofJson = over(names, { ...json, decodeBinary: undefined })
      assert.isUndefined(ofJson.decodeBinary)
    }
  })

  it("reports what is wrong with its bytes", () => {
    assert.deepStrictEqual(decodeBinary(Ranges.int4range, bytesOf("")), {
      failure: "a range without its flags"
    })
    assert.deepStrictEqual(decodeBinary(Ranges.int4range, bytesOf("ff")), {
      failure: "a range with the flags 255"
    })
  })

  it("quotes bounds where it must, and reads every way of quoting (TYP-076)", () => {
    const range = PgRange.make('a"b\\c,(d)', "")
    assert.deepStrictEqual(encodeText(textrange, range), { value: '["a\\"b\\\\c,(d)","")' })
    assert.strictEqual(range.toString(), '["a\\"b\\\\c,(d)","")')
    for (const text of ['["a\\"b\\\\c,(d)","")', '["a""b\\\\c,(d)","")', ' [a\\"b\\\\c\\,\\(d\\),"") ']) {
      assert.deepStrictEqual(decodeText(textrange, text), { value: range })
    }
    assert.deepStrictEqual(decodeText(textrange, "EMPTY"), { value: PgRange.empty })
  })

  it.each([
    "",
    "[",
    "[1",
    "[1,",
    "[1,2",
    "[1)",
    "1,2)",
    "[1,2) x",
    "[1,2,3)",
    "[[1,2)",
    '["1,2)',
    "[1\\",
    "[x,2)",
    "emptyish"
  ])("refuses %j as a range's text", (text) => {
    assert.property(decodeText(Ranges.int4range, text), "failure")
    assert.property(decodeText(Ranges.int4multirange, `{${text}}x`), "failure")
  })

  it.each(["", "{", "{[1,2)", "{[1,2),", "{[1,2),}", "{[1,2)[3,4)}", "{,}", "[1,2)"])(
    "refuses %j as a multirange's text",
    (text) => {
      assert.property(decodeText(Ranges.int4multirange, text), "failure")
    }
  )

  it("refuses other sizes (F16)", () => {
    refusesOtherSizes(Ranges.int4range, "02 00000004 00000001 00000004 00000005")
    refusesOtherSizes(Ranges.int4range, "01")
    refusesOtherSizes(Ranges.int4multirange, two)
  })

  it.each([
    ["empty with bounds", "03 00000004 00000001 00000004 00000005"],
    ["empty without bounds", "19"],
    ["an inclusive end without a bound", "0a 00000004 00000001"],
    ["an upper inclusive end without a bound", "14 00000004 00000001"],
    ["a flag that is never sent", "22 00000004 00000001 00000004 00000005"],
    ["a NULL bound", "12 ffffffff"],
    ["a bound longer than its bytes", "12 7fffffff 00000001"],
    ["a bound of another size", "12 00000003 000001"]
  ])("refuses %s (TYP-075, F18)", (_, hex) => {
    assert.property(decodeBinary(Ranges.int4range, bytesOf(hex)), "failure")
  })

  it.each([
    ["a negative count", "ffffffff"],
    ["more ranges than bytes", "7fffffff 00000001 01"],
    ["a negative length", "00000001 ffffffff 01"],
    ["a length past the end", "00000001 00000002 01"],
    ["a malformed range", "00000001 00000001 03"]
  ])("refuses a multirange with %s (TYP-079, F18)", (_, hex) => {
    assert.property(decodeBinary(Ranges.int4multirange, bytesOf(hex)), "failure")
  })

  const bound = fc.option(fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")))
  const range = fc.oneof(
    fc.constant(PgRange.empty),
    fc
      .tuple(bound, bound, fc.constantFrom<Ends>("[)", "[]", "()", "(]"))
      .map(([lower, upper, ends]) => PgRange.make(lower, upper, ends))
  )

  it.prop("gives back every range in both formats (TYP-010)", [range], ([value]) => {
    roundTrips(textrange, value)
    assert.strictEqual(value.toString(), valueOf(encodeText(textrange, value)))
  })

  it.prop(
    "gives back every multirange in both formats (TYP-010)",
    [fc.array(range, { maxLength: 5 })],
    ([ranges]) => {
      roundTrips(textmultirange, new PgMultirange(ranges))
    }
  )

  it.prop("answers any bytes with a value or a failure", [fc.uint8Array({ maxLength: 40 })], ([bytes]) => {
    for (const codec of Ranges.all) {
      decodeBinary<unknown>(codec, bytes)
      decodeText<unknown>(codec, Buffer.from(bytes).toString("latin1"))
    }
  })

  it("takes what the element takes, and strings as they are (TYP-006)", () => {
    assert.deepStrictEqual(encodeText(Ranges.int8range, PgRange.make<unknown>(1, "2")), { value: "[1,2)" })
    assert.deepStrictEqual(encodeText(Ranges.tstzrange, "[now,infinity]"), { value: "[now,infinity]" })
    assert.strictEqual(
      hexOf(valueOf(encodeBinary(Ranges.int4range, "[1,5)"))),
      "0200000004000000010000000400000005"
    )
    for (const value of [5, [1, 2], {}, true, PgRange.make("x", null)]) {
      assert.property(encodeText(Ranges.int4range, value), "failure")
      assert.property(encodeBinary(Ranges.int4range, value), "failure")
      assert.property(encodeText(Ranges.int4multirange, value), "failure")
      assert.property(encodeBinary(Ranges.int4multirange, value), "failure")
    }
    assert.property(encodeBinary(Ranges.int4range, "[now,)"), "failure")
    assert.property(encodeText(Ranges.int4multirange, PgMultirange.of(PgRange.make("x", null))), "failure")
    assert.property(encodeBinary(Ranges.int4multirange, PgMultirange.of(PgRange.make("x", null))), "failure")
  })

  it("comes in arrays, and as text in the familiar preset (TYP-072)", () => {
    const text = '{"[1,5)",NULL,empty}'
    const value = [PgRange.make(1, 5), null, PgRange.empty]
    assert.deepStrictEqual(decodeText(lossless.lookup(Oid.int4rangeArray)!, text), { value })
    roundTrips(lossless.lookup(Oid.int4rangeArray)!, value)
    assert.deepStrictEqual(decodeText(familiar.lookup(Oid.int4rangeArray)!, text), {
      value: ["[1,5)", null, "empty"]
    })
    assert.deepStrictEqual(decodeText(familiar.lookup(Oid.int4multirange)!, "{[1,5)}"), { value: "{[1,5)}" })
    assert.isUndefined(familiar.lookup(Oid.int4range)!.decodeBinary)
  })
})
