import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import fc from "fast-check"
import { PgDate } from "../../src/model/PgDate.js"
import { PgTimestamp } from "../../src/model/PgTimestamp.js"
import { PgTimestampTz } from "../../src/model/PgTimestampTz.js"

const to1970 = 946_684_800_000_000n
const micros = fc.bigInt({
  min: -211_813_488_000_000_000n + to1970,
  max: 9_223_371_331_199_999_999n + to1970
})
const near = fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n })
const wall = (text: string): PgTimestamp => Option.getOrThrow(PgTimestamp.fromText(text))

describe("PgTimestamp", () => {
  it.prop(
    "keeps every microsecond, in numbers and in text (TYP-046)",
    [fc.oneof(micros, near)],
    ([value]) => {
      const stamp = Option.getOrThrow(PgTimestamp.fromEpochMicros(value))
      assert.deepStrictEqual(stamp.toEpochMicros(), Option.some(value))
      assert.deepStrictEqual(PgTimestamp.fromText(String(stamp)), Option.some(stamp))
      assert.strictEqual(BigInt(stamp.days) * 86_400_000_000n + BigInt(stamp.microsOfDay) + to1970, value)
      assert.isTrue(stamp.microsOfDay >= 0 && stamp.microsOfDay < 86_400_000_000)
    }
  )

  it("is a day and a time on it", () => {
    const stamp = Option.getOrThrow(PgTimestamp.make(Option.getOrThrow(PgDate.fromText("2024-02-29")), 1))
    assert.strictEqual(String(stamp), "2024-02-29 00:00:00.000001")
    assert.strictEqual(String(stamp.toPgDate()), "2024-02-29")
    assert.isTrue(Option.isNone(PgTimestamp.make(PgDate.infinity, 0)))
    assert.isTrue(Option.isNone(PgTimestamp.make(new PgDate(0), -1)))
    assert.isTrue(Equal.equals(PgTimestamp.infinity.toPgDate(), PgDate.infinity))
  })

  it("takes Date as a clock in UTC", () => {
    const date = new Date("2024-02-29T12:34:56.789Z")
    assert.strictEqual(String(Option.getOrThrow(PgTimestamp.fromDateUtc(date))), "2024-02-29 12:34:56.789")
    assert.deepStrictEqual(wall("2024-02-29 12:34:56.789999").toDateUtc(), Option.some(date))
    assert.isTrue(Option.isNone(PgTimestamp.fromDateUtc(new Date(NaN))))
  })

  it("is no instant, though it has the same halves", () => {
    assert.isFalse(Equal.equals(new PgTimestamp(0, 0), new PgTimestampTz(0, 0)))
    assert.isTrue(Equal.equals(new PgTimestamp(1, 2), new PgTimestamp(1, 2)))
    assert.strictEqual(Hash.hash(new PgTimestamp(1, 2)), Hash.hash(new PgTimestamp(1, 2)))
  })

  it("ignores an offset, as the server does", () => {
    assert.strictEqual(String(wall("2024-01-01 10:00:00+05")), "2024-01-01 10:00:00")
  })
})

describe("PgTimestampTz", () => {
  it.prop(
    "gives the Date at or before it (TYP-047, TRP-083)",
    [fc.bigInt({ min: -(2n ** 56n), max: 2n ** 56n })],
    ([value]) => {
      const stamp = Option.getOrThrow(PgTimestampTz.fromEpochMicros(value))
      const millis = stamp.epochMillis
      assert.strictEqual(BigInt(millis) * 1000n + BigInt(stamp.microsOfMilli), value)
      assert.deepStrictEqual(stamp.toDate(), Option.some(new Date(millis)))
    }
  )

  it.prop("takes every Date exactly", [fc.date({ noInvalidDate: true })], ([date]) => {
    assert.deepStrictEqual(Option.getOrThrow(PgTimestampTz.fromDate(date)).toDate(), Option.some(date))
  })

  it("holds both infinities at the ends of its order (TRP-079)", () => {
    const now = Option.getOrThrow(PgTimestampTz.fromEpochMicros(0n))
    const sorted = [PgTimestampTz.infinity, now, PgTimestampTz.negativeInfinity]
      .sort(PgTimestampTz.Order)
      .map(String)
    assert.deepStrictEqual(sorted, ["-infinity", "1970-01-01 00:00:00+00", "infinity"])
    assert.strictEqual(PgTimestampTz.infinity.epochMillis, Infinity)
    assert.strictEqual(PgTimestampTz.negativeInfinity.epochMillis, -Infinity)
    assert.isTrue(Option.isNone(PgTimestampTz.infinity.toDate()))
    assert.isTrue(Option.isNone(PgTimestampTz.infinity.toEpochMicros()))
    assert.isTrue(Option.isNone(PgTimestampTz.fromEpochMicros(2n ** 63n + to1970)))
  })

  it("has no Date beyond Date's range", () => {
    const far = Option.getOrThrow(PgTimestampTz.fromText("294276-12-31 23:59:59.999999+00"))
    assert.isTrue(Option.isNone(far.toDate()))
    assert.strictEqual(String(far), "294276-12-31 23:59:59.999999+00")
  })

  it("needs an offset in its text", () => {
    assert.isTrue(Option.isNone(PgTimestampTz.fromText("2024-01-01 00:00:00")))
    assert.isTrue(Option.isNone(PgTimestampTz.fromText("2024-01-01")))
  })
})
