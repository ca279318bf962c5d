import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as Calendar from "../../src/model/Calendar.js"

const days = fc.integer({ min: -2_451_545, max: 2_145_031_948 })

describe("Calendar", () => {
  it.prop(
    "counts days as Date does, where Date reaches",
    [fc.integer({ min: -99_000_000, max: 99_000_000 })],
    ([at]) => {
      const date = new Date(at * 86_400_000 + Calendar.millisTo2000)
      assert.deepStrictEqual(Calendar.civilOf(at), {
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate()
      })
    }
  )

  it.prop("is its own inverse over the whole range of date (TYP-045)", [days], ([at]) => {
    const { day, month, year } = Calendar.civilOf(at)
    assert.isTrue(Calendar.isDay(year, month, day))
    assert.strictEqual(Calendar.daysOf(year, month, day), at)
  })

  it("knows the ends of the type and the year without a number (TYP-045, TRP-081)", () => {
    assert.deepStrictEqual(Calendar.civilOf(2_145_031_948), { year: 5_874_897, month: 12, day: 31 })
    assert.deepStrictEqual(Calendar.civilOf(-2_451_545), { year: -4713, month: 11, day: 24 })
    assert.deepStrictEqual(Calendar.parse("0001-01-01 BC"), {
      days: -730_485,
      micros: undefined,
      offset: undefined
    })
    assert.isTrue(Calendar.isDay(0, 2, 29))
    assert.isFalse(Calendar.isDay(1900, 2, 29))
    assert.isFalse(Calendar.isDay(2024, 2, 30))
    assert.isFalse(Calendar.isDay(2024, 1.5, 1))
  })

  it.each([
    [0, ""],
    [500_000, ".5"],
    [1, ".000001"],
    [120, ".00012"]
  ])("shows %i µs of a second as %j, and reads it back (TYP-052)", (micros, text) => {
    assert.strictEqual(Calendar.fractionText(micros), text)
    assert.strictEqual(Calendar.fractionOf(text === "" ? undefined : text.slice(1)), micros)
  })

  it.each([
    ["+00", 0],
    ["+02", 7200],
    ["-05:30", -19_800],
    ["+05:53:28", 21_208],
    ["-00:00:01", -1]
  ])("reads and shows the offset %s (TYP-052, TRP-077, TRP-078)", (text, seconds) => {
    assert.strictEqual(Calendar.offsetOf(text), seconds)
    assert.strictEqual(Calendar.offsetText(seconds), text)
  })

  it("refuses invalid offsets", () => {
    for (const text of ["", "+", "+2", "02", "+02:60", "+02:00:60", "IST", "+02:0"]) {
      assert.isUndefined(Calendar.offsetOf(text))
    }
    assert.strictEqual(Calendar.offsetOf("+0530"), 19_800)
    assert.strictEqual(Calendar.offsetOf("Z"), 0)
  })
})
