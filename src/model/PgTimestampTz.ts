import * as Option from "effect/Option"
import * as order from "effect/Order"
import * as Calendar from "./Calendar.js"
import * as Microseconds from "./Microseconds.js"

const make: Microseconds.MakeTimestamp<PgTimestampTz> = (high, low) => new PgTimestampTz(high, low)

/**
 * An instant of PostgreSQL's `timestamptz`: microseconds, from 4713 BC to the year 294276, with `infinity` and
 * `-infinity`. The server stores no zone, so none is kept; text is in UTC.
 *
 * Equal and ordered by the instant (`Equal`, `Hash`, `PgTimestampTz.Order`). The host's time zone is never consulted.
 *
 * @see https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-TIMEZONES
 */
export class PgTimestampTz extends Microseconds.Microseconds {
  static readonly infinity: PgTimestampTz = new PgTimestampTz(0x7fffffff, -1)
  static readonly negativeInfinity: PgTimestampTz = new PgTimestampTz(-0x80000000, 0)

  /** Earlier first; `-infinity` and `infinity` are the ends. */
  static readonly Order: order.Order<PgTimestampTz> = order.make(Microseconds.compare)

  /** Exact; none when the `Date` is invalid. */
  static fromDate(date: Date): Option.Option<PgTimestampTz> {
    return Option.fromNullable(Microseconds.fromMillis(make, date.getTime()))
  }

  /** From microseconds since 1970-01-01 00:00:00 UTC; none when they do not fit the type. */
  static fromEpochMicros(micros: bigint): Option.Option<PgTimestampTz> {
    return Option.fromNullable(Microseconds.fromEpochMicros(make, micros))
  }

  /** From PostgreSQL's ISO text with its offset, such as `2024-02-29 12:34:56.789+05:30` or `infinity`. */
  static fromText(text: string): Option.Option<PgTimestampTz> {
    return Option.fromNullable(Microseconds.fromText(make, text, "required"))
  }

  /** Milliseconds since 1970-01-01 00:00:00 UTC, rounded down; ±Infinity for the infinities. Exact to the year 287396. */
  get epochMillis(): number {
    return this.millis
  }

  /** Microseconds below the millisecond, 0 to 999. */
  get microsOfMilli(): number {
    return this.microsOfDay % 1000
  }

  /** Microseconds since 1970-01-01 00:00:00 UTC; none for the infinities. */
  toEpochMicros(): Option.Option<bigint> {
    return this.epochMicros()
  }

  /** The `Date` at or before this instant, without its microseconds; none for the infinities and beyond `Date`'s range. */
  toDate(): Option.Option<Date> {
    return this.date()
  }

  /** ISO text in UTC, as the server prints it: `2024-02-29 12:34:56.789+00`. */
  override toString(): string {
    return this.text(Calendar.offsetText(0))
  }
}
