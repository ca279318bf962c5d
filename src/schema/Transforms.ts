/**
 * From what the lossless preset decodes to what an application would rather have, and back. Each is named as Effect
 * names its own: what it gives, and what it is made from. A value that has no such form fails its row.
 */
import type * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { Numeric } from "../model/Numeric.js"
import { PgDate } from "../model/PgDate.js"
import { PgInterval } from "../model/PgInterval.js"
import { PgTimestamp } from "../model/PgTimestamp.js"
import { PgTimestampTz } from "../model/PgTimestampTz.js"
import * as PgSchema from "./PgSchema.js"

/** Both directions as options, and a name for errors. */
const convert = <A, B>(
  title: string,
  from: Schema.Schema<A>,
  to: Schema.Schema<B>,
  decode: (value: A) => Option.Option<B>,
  encode: (value: B) => Option.Option<A>
): Schema.Schema<B, A> =>
  Schema.transformOrFail(from, to, {
    strict: true,
    decode: (value, _options, ast) =>
      Either.fromOption(decode(value), () => new ParseResult.Type(ast, value)),
    encode: (value, _options, ast) => Either.fromOption(encode(value), () => new ParseResult.Type(ast, value))
  }).annotations({ title })

/** `int8` as a number; 2^53 and what is beyond, where a number may have lost digits, fails. */
export const NumberFromInt8 = convert(
  "int8 below 2^53",
  PgSchema.Int8,
  Schema.Int,
  (value) => Option.liftPredicate(Number(value), Number.isSafeInteger),
  (value) => (Number.isSafeInteger(value) ? Option.some(BigInt(value)) : Option.none())
)

/** `numeric` as a `BigDecimal`; NaN and the infinities fail. */
export const BigDecimalFromNumeric = convert(
  "finite numeric",
  PgSchema.Numeric,
  Schema.BigDecimalFromSelf,
  (value) => value.toBigDecimal(),
  (value: BigDecimal.BigDecimal) => Numeric.fromBigDecimal(value)
)

/** `numeric` as the nearest number: digits may be lost, and are not missed. */
export const NumberFromNumeric = convert(
  "numeric",
  PgSchema.Numeric,
  Schema.Number,
  (value) => Option.some(value.toNumber()),
  (value) => Numeric.fromNumber(value)
)

/** `timestamptz` as a `DateTime.Utc`, rounded down to the millisecond; the infinities fail. */
export const DateTimeUtcFromTimestampTz = convert(
  "timestamptz within DateTime's range",
  PgSchema.TimestampTz,
  Schema.DateTimeUtcFromSelf,
  (value) => Option.flatMap(value.toDate(), DateTime.make),
  (value) => PgTimestampTz.fromDate(DateTime.toDateUtc(value))
)

/** `timestamptz` as a `Date`, rounded down to the millisecond; the infinities fail. */
export const DateFromTimestampTz = convert(
  "timestamptz within Date's range",
  PgSchema.TimestampTz,
  Schema.ValidDateFromSelf,
  (value) => value.toDate(),
  (value) => PgTimestampTz.fromDate(value)
)

/** `timestamp` as the `Date` at which a clock in UTC shows it, rounded down to the millisecond; the infinities fail. */
export const DateFromTimestampUtc = convert(
  "timestamp within Date's range",
  PgSchema.Timestamp,
  Schema.ValidDateFromSelf,
  (value) => value.toDateUtc(),
  (value) => PgTimestamp.fromDateUtc(value)
)

/** `date` as the `Date` of its midnight in UTC; the infinities fail. */
export const DateFromDateUtc = convert(
  "date within Date's range",
  PgSchema.Date,
  Schema.ValidDateFromSelf,
  (value) => value.toDateUtc(),
  (value) => PgDate.fromDateUtc(value)
)

/** Whether the server keeps all of it: an interval has microseconds. */
const isWhole = (value: Duration.Duration): boolean =>
  Option.getOrElse(Duration.toNanos(value), () => 0n) % 1000n === 0n

/**
 * `interval` as a `Duration`, infinity too; with months or days, whose length is not known, or below zero it fails. A duration with a
 * part of a microsecond is refused on the way to the server.
 */
export const DurationFromInterval = convert(
  "interval of hours and less, from zero on",
  PgSchema.Interval,
  Schema.DurationFromSelf,
  (value) => value.toDuration(),
  (value: Duration.Duration) => (isWhole(value) ? PgInterval.fromDuration(value) : Option.none())
)
