import { assert, describe, it } from "@effect/vitest"
import * as BigDecimal from "effect/BigDecimal"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import fc from "fast-check"
import { Numeric } from "../../src/model/Numeric.js"

const of = (text: string): Numeric => Option.getOrThrow(Numeric.fromText(text))
const coefficient = fc.oneof(
  fc.maxSafeInteger().map(BigInt),
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n })
)
const scale = fc.integer({ min: 0, max: 30 })

describe("Numeric", () => {
  it.each(["0", "0.00", "-0.10", "12345678901234567890.12", "NaN", "Infinity", "-Infinity", "0.0001", "100"])(
    "keeps %s digit by digit (TYP-033, TRP-085, TRP-080)",
    (text) => {
      assert.strictEqual(String(of(text)), text)
      assert.strictEqual(JSON.stringify({ text: of(text) }), JSON.stringify({ text }))
    }
  )

  it.each([
    ["1e3", "1000"],
    ["1.50e1", "15.0"],
    ["1.5e-3", "0.0015"],
    [".5", "0.5"],
    ["5.", "5"],
    ["+7", "7"],
    [" 7 ", "7"],
    ["-0", "0"],
    ["inf", "Infinity"],
    ["nan", "NaN"]
  ])("reads %j as %s", (text, shown) => {
    assert.strictEqual(String(of(text)), shown)
  })

  it.each(["", ".", "e5", "1e", "0x10", "1_000", "1 2", "--1", "1e999999", "1e-999999", "infinit"])(
    "refuses %j",
    (text) => {
      assert.isTrue(Option.isNone(Numeric.fromText(text)))
    }
  )

  it.prop(
    "is equal by value, with equal hashes, whatever the scale",
    [coefficient, scale, fc.integer({ min: 0, max: 9 })],
    ([c, s, zeros]) => {
      const a = Option.getOrThrow(Numeric.make(c, s))
      const b = Option.getOrThrow(Numeric.make(c * 10n ** BigInt(zeros), s + zeros))
      assert.isTrue(Equal.equals(a, b))
      assert.strictEqual(Hash.hash(a), Hash.hash(b))
      assert.strictEqual(Numeric.Order(a, b), 0)
      assert.isFalse(Equal.equals(a, Option.getOrThrow(Numeric.make(c + 1n, s))))
    }
  )

  it.prop("orders as exact decimals do", [coefficient, scale, coefficient, scale], ([c, s, d, t]) => {
    const order = Numeric.Order(Option.getOrThrow(Numeric.make(c, s)), Option.getOrThrow(Numeric.make(d, t)))
    assert.strictEqual(order, BigDecimal.Order(BigDecimal.make(c, s), BigDecimal.make(d, t)))
  })

  it("orders as the server does: NaN equals itself and is the greatest", () => {
    const texts = ["NaN", "1", "Infinity", "-Infinity", "-1.5", "0.0"]
    const sorted = texts.map(of).sort(Numeric.Order).map(String)
    assert.deepStrictEqual(sorted, ["-Infinity", "-1.5", "0.0", "1", "Infinity", "NaN"])
    assert.isTrue(Equal.equals(of("NaN"), Numeric.NaN))
    assert.isFalse(Equal.equals(of("NaN"), of("0")))
  })

  it.prop("goes to BigDecimal and back without loss", [coefficient, scale], ([c, s]) => {
    const value = Option.getOrThrow(Numeric.make(c, s))
    const decimal = Option.getOrThrow(value.toBigDecimal())
    assert.strictEqual(String(Option.getOrThrow(Numeric.fromBigDecimal(decimal))), String(value))
  })

  it("converts only what stays what it was", () => {
    assert.deepStrictEqual(of("12.00").toBigInt(), Option.some(12n))
    assert.deepStrictEqual(of("12.01").toBigInt(), Option.none())
    assert.deepStrictEqual(Numeric.NaN.toBigDecimal(), Option.none())
    assert.strictEqual(of("0.1").toNumber(), 0.1)
    assert.strictEqual(Numeric.infinity.toNumber(), Infinity)
    assert.strictEqual(String(Option.getOrThrow(Numeric.fromNumber(0.1))), "0.1")
    assert.isTrue(Option.isNone(Numeric.fromNumber(2 ** 53)))
    assert.isTrue(Option.isNone(Numeric.make(1n, 16_384)))
    assert.isTrue(Option.isNone(Numeric.make(1n, -1)))
    assert.strictEqual(String(Option.getOrThrow(Numeric.fromBigDecimal(BigDecimal.make(5n, -3)))), "5000")
  })
})
