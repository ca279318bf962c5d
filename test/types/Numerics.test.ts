import { assert, describe, it } from "@effect/vitest"
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import fc from "fast-check"
import { Numeric } from "../../src/model/Numeric.js"
import * as Oid from "../../src/model/Oid.js"
import * as Numerics from "../../src/types/Numerics.js"
import * as Registry from "../../src/types/Registry.js"
import {
  bytesOf,
  decodeBinary,
  decodeText,
  encodeBinary,
  encodeText,
  golden,
  refusesOtherSizes,
  valueOf
} from "./codecs.js"

const numeric = (text: string): Numeric => Option.getOrThrow(Numeric.fromText(text))

const vectors = [
  ["0", "0000 0000 0000 0000"],
  ["0.00", "0000 0000 0000 0002", "TYP-033"],
  ["-1", "0001 0000 4000 0000 0001"],
  ["10000", "0001 0001 0000 0000 0001", "TYP-035"],
  ["12345.678", "0003 0001 0000 0003 0001 0929 1a7c"],
  ["-0.0001", "0001 ffff 4000 0004 0001", "TYP-035"],
  ["0.00010000", "0001 ffff 0000 0008 0001", "TYP-033, TYP-035"],
  ["0.10", "0001 ffff 0000 0002 03e8", "TYP-033, TRP-085"],
  ["123456789012345678901234567890.12", "0009 0007 0000 0002 000c 0d80 1ed2 04d2 162e 2334 0d80 1ed2 04b0"],
  ["NaN", "0000 0000 c000 0000"]
] as const satisfies ReadonlyArray<readonly [text: string, hex: string, ids?: string]>

const infinities = [
  ["Infinity", "0000 0000 d000 0020"],
  ["-Infinity", "0000 0000 f000 0020"]
] as const

describe("Numerics", () => {
  golden(
    Numerics.numeric,
    { ids: "TYP-034, TRP-080" },
    infinities.map(([text, hex]) => [text, hex, numeric(text)])
  )
  golden(
    Numerics.numeric,
    { ids: "TYP-032" },
    vectors.map(([text, hex, ids]) => [text, hex, numeric(text), ids])
  )
  golden(
    Numerics.numericAsString,
    { ids: "TYP-038" },
    vectors.map(([text, hex]) => [text, hex, text, text === "0.10" ? "TRP-085" : undefined])
  )

  it("comes as no number by default, in either preset, so that no digit is lost (TYP-038)", () => {
    const digits = "90071992547409931234.5000"
    for (const [registry, expected] of [
      [Registry.lossless, numeric(digits)],
      [Registry.familiar, digits]
    ] as const) {
      const codec = registry.lookup(Oid.numeric)
      assert.deepStrictEqual(codec && decodeText(codec, digits), { value: expected })
    }
  })

  it.each([
    ["1.5e3", "1500"],
    ["-12E-4", "-0.0012"]
  ])("takes %s with its exponent, and gives %s without one", (written, digits) => {
    assert.strictEqual(String(numeric(written)), digits)
  })

  it("reads the infinities with any scale (TYP-034, TRP-080)", () => {
    for (const [text, hex] of infinities) {
      assert.deepStrictEqual(decodeBinary(Numerics.numeric, bytesOf(hex)), { value: numeric(text) })
      assert.deepStrictEqual(decodeText(Numerics.numeric, text), { value: numeric(text) })
      const written = valueOf(encodeBinary(Numerics.numeric, numeric(text)))
      assert.deepStrictEqual(decodeBinary(Numerics.numericAsString, written), { value: text })
      assert.strictEqual(valueOf(decodeBinary(Numerics.numericAsNumber, written)), Number(text))
    }
  })

  it("refuses other sizes (F16)", () => {
    refusesOtherSizes(Numerics.numeric, "0003 0001 0000 0003 0001 0929 1a7c")
  })

  it.each([
    ["a group of 10000", "0001 0000 0000 0000 2710"],
    ["a negative group", "0001 0000 0000 0000 ffff"],
    ["an unknown sign", "0001 0000 1234 0000 0001"],
    ["a scale beyond the type", "0001 0000 0000 4000 0001"],
    ["a negative count of groups", "ffff 0000 0000 0000"],
    ["more groups than bytes", "7fff 0000 0000 0000 0001"]
  ])("refuses %s (TYP-036, F18)", (_, hex) => {
    assert.property(decodeBinary(Numerics.numeric, bytesOf(hex)), "failure")
  })

  it("reads the extremes of weight and scale (TYP-035, TYP-037, F18)", () => {
    const most = valueOf(decodeBinary(Numerics.numericAsString, bytesOf("0001 7fff 0000 0000 0001")))
    assert.isTrue(most === `1${"0".repeat(131_068)}`)
    const least = valueOf(decodeBinary(Numerics.numericAsString, bytesOf("0001 f000 0000 3fff 000a")))
    assert.isTrue(least === `0.${"0".repeat(16_382)}1`)
    assert.strictEqual(
      valueOf(decodeBinary(Numerics.numericAsString, bytesOf("0001 8000 0000 0002 0001"))),
      "0.00"
    )
    assert.strictEqual(
      valueOf(decodeBinary(Numerics.numericAsString, bytesOf("0001 7fff 0000 3fff 0001"))).length,
      147_453
    )
  })

  it("shows no digits beyond the scale (TYP-036)", () => {
    assert.deepStrictEqual(decodeBinary(Numerics.numericAsString, bytesOf("0001 ffff 0000 0001 04d2")), {
      value: "0.1"
    })
  })

  it.prop(
    "gives back digits and scale in both formats (TYP-010)",
    [fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }), fc.integer({ min: 0, max: 40 })],
    ([coefficient, scale]) => {
      const value = Option.getOrThrow(Numeric.make(coefficient, scale))
      const text = value.toString()
      assert.strictEqual(valueOf(decodeText(Numerics.numeric, text)).toString(), text)
      const binary = valueOf(encodeBinary(Numerics.numeric, value))
      assert.deepStrictEqual(decodeBinary(Numerics.numeric, binary), { value })
      assert.deepStrictEqual(decodeBinary(Numerics.numericAsString, binary), { value: text })
    }
  )

  it.each([
    [5, "5"],
    [0.1, "0.1"],
    [1e-7, "0.0000001"],
    [-0, "0"],
    [NaN, "NaN"],
    [-Infinity, "-Infinity"],
    [12n, "12"],
    [BigDecimal.unsafeFromString("1.50"), "1.50"],
    ["1e3", "1e3"]
  ])("takes %s (TYP-006)", (value, text) => {
    assert.deepStrictEqual(encodeText(Numerics.numeric, value), { value: text })
  })

  it.each([2 ** 53, 1.2345678901234567e300, true, {}, []])("refuses %s (TYP-006)", (value) => {
    assert.property(encodeText(Numerics.numeric, value), "failure")
    assert.property(encodeBinary(Numerics.numeric, value), "failure")
  })
})
