import * as Option from "effect/Option"
import * as order from "effect/Order"
import * as Calendar from "./Calendar.js"
import * as Microseconds from "./Microseconds.js"
import { PgDate } from "./PgDate.js"

const make: Microseconds.MakeTimestamp<PgTimestamp> = (high, low) => new PgTimestamp(high, low)

/**
 * What a calendar and a clock on the wall show: PostgreSQL's `timestamp` without time zone, in microseconds, with
 * `infinity` and `-infinity`. It is not an instant: conversions to and from `Date` have `Utc` in their names, because they take the
 * clock to stand in UTC on both sides. The host's time zone is never consulted.
 *
 * @see https://www.postgresql.org/docs/current/datatype-datetime.html
 */
export class PgTimestamp extends Microseconds.Microseconds {
  static readonly infinity: PgTimestamp = new PgTimestamp(0x7fffffff, -1)
  static readonly negativeInfinity: PgTimestamp = new PgTimestamp(-0x80000000, 0)

  /** Earlier first; `-infinity` and `infinity` are the ends. */
  static readonly Order: order.Order<PgTimestamp> = order.make(Microseconds.compare)

  /** A day and microseconds since its midnight; none for an infinite day or microseconds outside the day. */
  static make(date: PgDate, microsOfDay: number): Option.Option<PgTimestamp> {
    if (
      !date.isFinite ||
      !Number.isInteger(microsOfDay) ||
      microsOfDay < 0 ||
      microsOfDay > Calendar.microsPerDay
    ) {
      return Option.none()
    }
    return Option.fromNullable(Microseconds.fromDays(make, date.days, microsOfDay, 0))
  }

  /** What a clock in UTC shows at the `Date`; none when it is invalid. */
  static fromDateUtc(date: Date): Option.Option<PgTimestamp> {
    return Option.fromNullable(Microseconds.fromMillis(make, date.getTime()))
  }

  /** From microseconds since 1970-01-01 00:00:00 on the same clock; none when they do not fit the type. */
  static fromEpochMicros(micros: bigint): Option.Option<PgTimestamp> {
    return Option.fromNullable(Microseconds.fromEpochMicros(make, micros))
  }

  /** From PostgreSQL's ISO text, such as `2024-02-29 12:34:56.789`; an offset in it is ignored, as the server does. */
  static fromText(text: string): Option.Option<PgTimestamp> {
    return Option.fromNullable(Microseconds.fromText(make, text, "ignored"))
  }

  /** Microseconds since 1970-01-01 00:00:00 on the same clock; none for the infinities. */
  toEpochMicros(): Option.Option<bigint> {
    return this.epochMicros()
  }

  /** The `Date` at which a clock in UTC shows this, without its microseconds; none for the infinities and beyond `Date`'s range. */
  toDateUtc(): Option.Option<Date> {
    return this.date()
  }

  /** The day alone; the infinities stay infinite. */
  toPgDate(): PgDate {
    if (!this.isFinite) return this.high < 0 ? PgDate.negativeInfinity : PgDate.infinity
    return new PgDate(this.days)
  }

  /** ISO text, as the server prints it: `2024-02-29 12:34:56.789`, `4713-01-01 00:00:00 BC`. */
  override toString(): string {
    return this.text("")
  }
}
