import { assert, describe, it } from "@effect/vitest"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import fc from "fast-check"
import { Numeric } from "../../src/model/Numeric.js"
import { PgDate } from "../../src/model/PgDate.js"
import { PgInterval } from "../../src/model/PgInterval.js"
import { PgTimestamp } from "../../src/model/PgTimestamp.js"
import { PgTimestampTz } from "../../src/model/PgTimestampTz.js"
import * as Transforms from "../../src/schema/Transforms.js"

const get = Option.getOrThrow
const instant = get(PgTimestampTz.fromText("2024-02-29 12:34:56.789123+00"))
const wall = get(PgTimestamp.fromText("2024-02-29 12:34:56.789123"))
const milliseconds = new Date("2024-02-29T12:34:56.789Z")

const decodes = <A, I>(schema: Schema.Schema<A, I>, from: I, to: A): void => {
  const decoded = Schema.decodeSync(schema)(from)
  assert.isTrue(Schema.equivalence(schema)(decoded, to), `${String(decoded)} is not ${String(to)}`)
}

describe("a transformation", () => {
  it("gives what it is named after", () => {
    decodes(Transforms.NumberFromInt8, 9007199254740991n, 9007199254740991)
    decodes(
      Transforms.BigDecimalFromNumeric,
      get(Numeric.fromText("-0.10")),
      BigDecimal.unsafeFromString("-0.10")
    )
    decodes(Transforms.NumberFromNumeric, get(Numeric.fromText("0.1")), 0.1)
    decodes(Transforms.DateTimeUtcFromTimestampTz, instant, DateTime.unsafeMake(milliseconds))
    decodes(Transforms.DateFromTimestampTz, instant, milliseconds)
    decodes(Transforms.DateFromTimestampUtc, wall, milliseconds)
    decodes(Transforms.DateFromDateUtc, get(PgDate.fromText("2024-02-29")), new Date("2024-02-29T00:00:00Z"))
    decodes(
      Transforms.DurationFromInterval,
      get(PgInterval.fromText("01:00:00.000001")),
      Duration.nanos(3_600_000_001_000n)
    )
  })

  it.each<readonly [schema: Schema.Schema.AnyNoContext, value: unknown]>([
    [Transforms.NumberFromInt8, 2n ** 53n],
    [Transforms.BigDecimalFromNumeric, Numeric.NaN],
    [Transforms.BigDecimalFromNumeric, Numeric.infinity],
    [Transforms.DateTimeUtcFromTimestampTz, PgTimestampTz.infinity],
    [Transforms.DateFromTimestampTz, PgTimestampTz.negativeInfinity],
    [Transforms.DateFromTimestampUtc, PgTimestamp.infinity],
    [Transforms.DateFromDateUtc, PgDate.infinity],
    [Transforms.DurationFromInterval, get(PgInterval.fromText("1 mon"))],
    [Transforms.DurationFromInterval, PgInterval.negativeInfinity]
  ])("%s refuses what has no such form: %s", (schema, value) => {
    assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(schema)(value)))
  })

  it("gives the very duration that was written, infinity too, and refuses parts of a microsecond", () => {
    const through = (value: Duration.Duration) =>
      Schema.decodeSync(Transforms.DurationFromInterval)(
        Schema.encodeSync(Transforms.DurationFromInterval)(value)
      )
    for (const value of [
      Duration.zero,
      Duration.millis(5),
      Duration.seconds(90),
      Duration.days(400),
      Duration.millis(1.5),
      Duration.micros(7n),
      Duration.infinity
    ])
      assert.deepStrictEqual(through(value), value)
    fc.assert(
      fc.property(fc.integer({ min: 0 }), (millis) => {
        assert.strictEqual(Duration.toMillis(through(Duration.millis(millis))), millis)
      })
    )
    assert.isTrue(Either.isLeft(Schema.encodeEither(Transforms.DurationFromInterval)(Duration.nanos(1500n))))
  })

  it("goes back to what it came from", () => {
    const back = <A, I>(
      schema: Schema.Schema<A, I>,
      values: fc.Arbitrary<A>,
      same: (self: A, that: A) => boolean
    ) =>
      fc.assert(
        fc.property(values, (value) => {
          assert.isTrue(same(Schema.decodeSync(schema)(Schema.encodeSync(schema)(value)), value))
        })
      )
    const dates = fc.date({ noInvalidDate: true, min: new Date("0001-01-01"), max: new Date("9999-12-31") })
    const sameDate = (self: Date, that: Date) => self.getTime() === that.getTime()
    back(Transforms.NumberFromInt8, fc.maxSafeInteger(), Object.is)
    back(
      Transforms.BigDecimalFromNumeric,
      fc
        .tuple(fc.bigInt(), fc.integer({ min: 0, max: 40 }))
        .map(([value, scale]) => BigDecimal.make(value, scale)),
      BigDecimal.equals
    )
    back(Transforms.DateFromTimestampTz, dates, sameDate)
    back(Transforms.DateFromTimestampUtc, dates, sameDate)
    back(
      Transforms.DateTimeUtcFromTimestampTz,
      dates.map((date) => DateTime.unsafeMake(date)),
      DateTime.Equivalence
    )
    back(
      Transforms.DateFromDateUtc,
      dates.map((date) => new Date(Math.floor(date.getTime() / 86_400_000) * 86_400_000)),
      sameDate
    )
    back(
      Transforms.DurationFromInterval,
      fc.bigInt({ min: 0n, max: 10n ** 15n }).map((micros) => Duration.nanos(micros * 1000n)),
      Duration.equals
    )
  })
})
