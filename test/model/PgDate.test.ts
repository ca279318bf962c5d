import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import fc from "fast-check"
import { PgDate } from "../../src/model/PgDate.js"

const of = (text: string): PgDate => Option.getOrThrow(PgDate.fromText(text))

describe("PgDate", () => {
  it.prop(
    "reads its own text, over the whole range (TYP-045)",
    [fc.integer({ min: -2_451_545, max: 2_145_031_948 })],
    ([days]) => {
      const date = new PgDate(days)
      assert.deepStrictEqual(PgDate.fromText(String(date)), Option.some(date))
      const { day, month, year } = Option.getOrThrow(date.toCivil())
      assert.deepStrictEqual(PgDate.make(year, month, day), Option.some(date))
    }
  )

  it("knows the year before AD 1 as 0, as astronomers do (TRP-081)", () => {
    assert.deepStrictEqual(Option.getOrThrow(of("0001-01-01 BC").toCivil()), { year: 0, month: 1, day: 1 })
    assert.strictEqual(String(Option.getOrThrow(PgDate.make(0, 1, 1))), "0001-01-01 BC")
  })

  it("converts to and from Date in UTC, rounding down (TRP-082)", () => {
    assert.deepStrictEqual(of("2024-03-31").toDateUtc(), Option.some(new Date("2024-03-31T00:00:00Z")))
    assert.strictEqual(String(Option.getOrThrow(PgDate.fromDateUtc(new Date(-1)))), "1969-12-31")
    assert.isTrue(Option.isNone(PgDate.fromDateUtc(new Date(NaN))))
    assert.isTrue(Option.isNone(of("5874897-12-31").toDateUtc()))
  })

  it("holds both infinities (TRP-079)", () => {
    for (const [text, value] of [
      ["infinity", PgDate.infinity],
      ["-infinity", PgDate.negativeInfinity]
    ] as const) {
      assert.isTrue(Equal.equals(of(text), value))
      assert.strictEqual(String(value), text)
      assert.isFalse(value.isFinite)
      assert.isTrue(Option.isNone(value.toDateUtc()))
      assert.isTrue(Option.isNone(value.toCivil()))
    }
    const order = [PgDate.infinity, of("2000-01-01"), PgDate.negativeInfinity].sort(PgDate.Order).map(String)
    assert.deepStrictEqual(order, ["-infinity", "2000-01-01", "infinity"])
  })

  it("refuses days that do not exist", () => {
    for (const text of [
      "2023-02-29",
      "2024-00-01",
      "24-01-01",
      "2024-1-1",
      "0000-01-01",
      "2024-01-01 00:00:00",
      "now"
    ]) {
      assert.isTrue(Option.isNone(PgDate.fromText(text)))
    }
    assert.isTrue(Option.isNone(PgDate.make(6_000_000, 1, 1)))
  })

  it("is equal by value", () => {
    assert.isTrue(Equal.equals(of("2024-01-01"), new PgDate(8766)))
    assert.strictEqual(Hash.hash(of("2024-01-01")), Hash.hash(new PgDate(8766)))
    assert.strictEqual(JSON.stringify(of("2024-01-01")), '"2024-01-01"')
  })
})
