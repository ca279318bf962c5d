import * as Duration from "effect/Duration"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as order from "effect/Order"
import * as Int64 from "./Int64.js"
import * as IntervalText from "./IntervalText.js"
import { Printed } from "./Printed.js"

const most = 0x7fffffff
const least = -0x80000000
const dayMicros = 86_400_000_000n

/**
 * A span of PostgreSQL's `interval`: months, days and microseconds, which are not converted into each other, because
 * months and days differ in length; with `infinity` and `-infinity` (PostgreSQL 17 and later).
 *
 * Equal when all three parts are. `Order` compares as the server does, a month as 30 days and a day as 24 hours, so
 * that it finds `1 mon` and `30 days` alike.
 *
 * @see https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-INTERVAL-INPUT
 */
export class PgInterval extends Printed {
  static readonly infinity: PgInterval = new PgInterval(most, most, most, -1)
  static readonly negativeInfinity: PgInterval = new PgInterval(least, least, least, 0)
  static readonly zero: PgInterval = new PgInterval(0, 0, 0, 0)

  /** Shorter first, by the server's rule. */
  static readonly Order: order.Order<PgInterval> = order.make((self, that) => {
    const a = spanOf(self)
    const b = spanOf(that)
    return a < b ? -1 : a > b ? 1 : 0
  })

  /** `months`, `days`: 32 bits with sign. `high`, `low`: signed halves of the microseconds, as on the wire. */
  constructor(
    readonly months: number,
    readonly days: number,
    readonly high: number,
    readonly low: number
  ) {
    super()
  }

  /** None when a part does not fit its bits, or where the infinities have their place. */
  static make(months: number, days: number, micros: bigint | number): Option.Option<PgInterval> {
    if (typeof micros === "number" && !Number.isSafeInteger(micros)) return Option.none()
    const exact = BigInt(micros)
    if (months !== (months | 0) || days !== (days | 0) || !Int64.fits(exact)) return Option.none()
    const made = new PgInterval(months | 0, days | 0, Int64.highOfBigInt(exact), Int64.lowOfBigInt(exact))
    return made.isFinite ? Option.some(made) : Option.none()
  }

  /** The duration as microseconds, without days; an infinite one is `infinity`. Below a microsecond is cut off. */
  static fromDuration(duration: Duration.Duration): Option.Option<PgInterval> {
    const nanos = Duration.toNanos(duration)
    return Option.isNone(nanos)
      ? Option.some(PgInterval.infinity)
      : PgInterval.make(0, 0, nanos.value / 1000n)
  }

  /** From the server's text in any IntervalStyle: `postgres`, `postgres_verbose`, `sql_standard`, `iso_8601`. */
  static fromText(text: string): Option.Option<PgInterval> {
    if (text === "infinity") return Option.some(PgInterval.infinity)
    if (text === "-infinity") return Option.some(PgInterval.negativeInfinity)
    const parsed = IntervalText.parse(text)
    return parsed === undefined ? Option.none() : PgInterval.make(parsed.months, parsed.days, parsed.micros)
  }

  /** False for `infinity` and `-infinity`. */
  get isFinite(): boolean {
    const { months, days, high, low } = this
    if (months === most && days === most && high === most && low === -1) return false
    return !(months === least && days === least && high === least && low === 0)
  }

  /** The microseconds, beside the months and days. */
  get micros(): bigint {
    return Int64.toBigInt(this.high, this.low)
  }

  /**
   * `infinity` is the infinite duration. None when there are months or days, whose length is not known, and for negative spans.
   * Whole milliseconds are a duration of milliseconds, as `Duration.seconds` makes them.
   */
  toDuration(): Option.Option<Duration.Duration> {
    if (this.months === most && !this.isFinite) return Option.some(Duration.infinity)
    if (this.months !== 0 || this.days !== 0 || this.high < 0) return Option.none()
    const { micros } = this
    const millis = Number(micros / 1000n)
    return Option.some(
      micros % 1000n === 0n && Number.isSafeInteger(millis)
        ? Duration.millis(millis)
        : Duration.nanos(micros * 1000n)
    )
  }

  /** Text of IntervalStyle `postgres`: `1 year 2 mons -3 days +04:05:06.789`. */
  toString(): string {
    if (!this.isFinite) return this.months < 0 ? "-infinity" : "infinity"
    return IntervalText.print(this.months, this.days, this.micros)
  }

  override [Equal.symbol](that: Equal.Equal): boolean {
    return (
      that instanceof PgInterval &&
      that.months === this.months &&
      that.days === this.days &&
      that.high === this.high &&
      that.low === this.low
    )
  }

  override [Hash.symbol](): number {
    return Hash.cached(this, Hash.array([this.months, this.days, this.high, this.low]))
  }
}

const spanOf = (interval: PgInterval): bigint =>
  (BigInt(interval.months) * 30n + BigInt(interval.days)) * dayMicros + interval.micros
