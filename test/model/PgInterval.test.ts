import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import fc from "fast-check"
import { PgInterval } from "../../src/model/PgInterval.js"

const of = (text: string): PgInterval => Option.getOrThrow(PgInterval.fromText(text))
const parts = [fc.integer(), fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })] as const

describe("PgInterval", () => {
  it.prop("reads its own text, and keeps its parts apart (TYP-051)", [...parts], ([months, days, micros]) => {
    const made = PgInterval.make(months, days, micros)
    if (Option.isNone(made)) return
    assert.deepStrictEqual(PgInterval.fromText(String(made.value)), made)
    assert.deepStrictEqual([made.value.months, made.value.days, made.value.micros], [months, days, micros])
  })

  it("is equal by its parts, and ordered as the server orders", () => {
    assert.isTrue(Equal.equals(of("1 mon"), of("P1M")))
    assert.strictEqual(Hash.hash(of("1 mon")), Hash.hash(of("@ 1 mon")))
    assert.isFalse(Equal.equals(of("1 mon"), of("30 days")))
    assert.strictEqual(PgInterval.Order(of("1 mon"), of("30 days")), 0)
    const sorted = ["infinity", "1 year", "-1 days", "-infinity", "00:00:00"]
      .map(of)
      .sort(PgInterval.Order)
      .map(String)
    assert.deepStrictEqual(sorted, ["-infinity", "-1 days", "00:00:00", "1 year", "infinity"])
  })

  it("converts to and from Duration where no month or day is in the way", () => {
    assert.deepStrictEqual(of("01:00:00.5").toDuration(), Option.some(Duration.millis(3_600_500)))
    assert.isTrue(Option.isNone(of("1 day").toDuration()))
    assert.isTrue(Option.isNone(of("-00:00:01").toDuration()))
    assert.deepStrictEqual(PgInterval.infinity.toDuration(), Option.some(Duration.infinity))
    assert.isTrue(Option.isNone(PgInterval.negativeInfinity.toDuration()))
    assert.strictEqual(String(Option.getOrThrow(PgInterval.fromDuration(Duration.minutes(90)))), "01:30:00")
    assert.deepStrictEqual(PgInterval.fromDuration(Duration.infinity), Option.some(PgInterval.infinity))
  })

  it("refuses parts that do not fit", () => {
    assert.isTrue(Option.isNone(PgInterval.make(2 ** 31, 0, 0)))
    assert.isTrue(Option.isNone(PgInterval.make(0, 0.5, 0)))
    assert.isTrue(Option.isNone(PgInterval.make(0, 0, 2 ** 53)))
    assert.isTrue(Option.isNone(PgInterval.make(0, 0, 2n ** 63n)))
  })
})
