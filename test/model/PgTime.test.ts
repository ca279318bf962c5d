import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import fc from "fast-check"
import { PgTime } from "../../src/model/PgTime.js"
import { PgTimeTz } from "../../src/model/PgTimeTz.js"

const micros = fc.integer({ min: 0, max: 86_400_000_000 })

describe("PgTime", () => {
  it.prop("reads its own text (TYP-049)", [micros], ([value]) => {
    assert.deepStrictEqual(PgTime.fromText(String(new PgTime(value))), Option.some(new PgTime(value)))
  })

  it("distinguishes the end of a day from its beginning (TYP-049)", () => {
    const end = Option.getOrThrow(PgTime.fromText("24:00:00"))
    assert.isFalse(Equal.equals(end, new PgTime(0)))
    assert.strictEqual(PgTime.Order(new PgTime(0), end), -1)
    assert.deepStrictEqual(PgTime.fromText("08:30"), Option.some(new PgTime(30_600_000_000)))
  })

  it("refuses what is no time of day", () => {
    for (const text of ["24:00:01", "25:00:00", "12:60:00", "12:00:60", "1:00:00", "", "12:00:00+00"]) {
      assert.isTrue(Option.isNone(PgTime.fromText(text)))
    }
    for (const value of [-1, 86_400_000_001, 0.5, NaN]) assert.isTrue(Option.isNone(PgTime.make(value)))
  })
})

describe("PgTimeTz", () => {
  it.prop(
    "reads its own text (TYP-050)",
    [micros, fc.integer({ min: -57_599, max: 57_599 })],
    ([value, offset]) => {
      const time = new PgTimeTz(value, offset)
      assert.deepStrictEqual(PgTimeTz.fromText(String(time)), Option.some(time))
    }
  )

  it("counts seconds east of UTC, and orders by UTC (TYP-050, TRP-089)", () => {
    const east = Option.getOrThrow(PgTimeTz.fromText("12:00:00+02"))
    const west = Option.getOrThrow(PgTimeTz.fromText("08:00:00-02"))
    assert.strictEqual(east.offset, 7200)
    assert.strictEqual(PgTimeTz.Order(east, west), -1)
    assert.strictEqual(PgTimeTz.Order(west, east), 1)
    assert.isFalse(Equal.equals(east, west))
    assert.strictEqual(PgTimeTz.Order(east, east), 0)
  })

  it("refuses offsets beyond the type", () => {
    assert.isTrue(Option.isNone(PgTimeTz.make(0, 57_600)))
    assert.isTrue(Option.isNone(PgTimeTz.fromText("12:00:00")))
    assert.isTrue(Option.isNone(PgTimeTz.fromText("12:00:00+16")))
  })
})
