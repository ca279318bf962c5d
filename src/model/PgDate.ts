import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as order from "effect/Order"
import * as Calendar from "./Calendar.js"
import { Printed } from "./Printed.js"

const last = 0x7fffffff
const first = -0x80000000
const largestDate = 8.64e15

/**
 * A calendar day of PostgreSQL's `date`: from 4714 BC to the year 5874897, with `infinity` and `-infinity`. A day is not an
 * instant: conversions to and from `Date` use UTC on both sides and never the host's time zone.
 *
 * @see https://www.postgresql.org/docs/current/datatype-datetime.html
 */
export class PgDate extends Printed {
  static readonly infinity: PgDate = new PgDate(last)
  static readonly negativeInfinity: PgDate = new PgDate(first)

  /** Earlier first; the infinities are the ends. */
  static readonly Order: order.Order<PgDate> = order.make((self, that) =>
    self.days < that.days ? -1 : self.days > that.days ? 1 : 0
  )

  /** `days`: from 2000-01-01, 32 bits with sign, as on the wire; the ends of that range are the infinities. */
  constructor(readonly days: number) {
    super()
  }

  /** The day of a year (astronomical: 0 is 1 BC), month (1 to 12) and day of the month; none when there is no such day. */
  static make(year: number, month: number, day: number): Option.Option<PgDate> {
    if (!Calendar.isDay(year, month, day)) return Option.none()
    return within(Calendar.daysOf(year, month, day))
  }

  /** The day that the `Date` falls on in UTC; none when it is invalid. */
  static fromDateUtc(date: Date): Option.Option<PgDate> {
    return within(Math.floor((date.getTime() - Calendar.millisTo2000) / Calendar.millisPerDay))
  }

  /** From `YYYY-MM-DD`, with ` BC` before AD 1, or an infinity. */
  static fromText(text: string): Option.Option<PgDate> {
    if (text === "infinity") return Option.some(PgDate.infinity)
    if (text === "-infinity") return Option.some(PgDate.negativeInfinity)
    const parsed = Calendar.parse(text)
    return parsed === undefined || parsed.micros !== undefined ? Option.none() : within(parsed.days)
  }

  /** False for `infinity` and `-infinity`. */
  get isFinite(): boolean {
    return this.days !== last && this.days !== first
  }

  /** Year (astronomical), month and day; none for the infinities. */
  toCivil(): Option.Option<Calendar.Civil> {
    return this.isFinite ? Option.some(Calendar.civilOf(this.days)) : Option.none()
  }

  /** Midnight of this day in UTC; none for the infinities and beyond `Date`'s range. */
  toDateUtc(): Option.Option<Date> {
    const millis = this.days * Calendar.millisPerDay + Calendar.millisTo2000
    return this.isFinite && Math.abs(millis) <= largestDate ? Option.some(new Date(millis)) : Option.none()
  }

  /** ISO text, as the server prints it: `2024-02-29`, `0044-03-15 BC`, `infinity`. */
  toString(): string {
    if (!this.isFinite) return this.days < 0 ? "-infinity" : "infinity"
    const civil = Calendar.civilOf(this.days)
    return Calendar.dateText(civil) + Calendar.eraText(civil)
  }

  override [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof PgDate && that.days === this.days
  }

  override [Hash.symbol](): number {
    return Hash.number(this.days)
  }
}

const within = (days: number): Option.Option<PgDate> =>
  days > first && days < last ? Option.some(new PgDate(days)) : Option.none()
