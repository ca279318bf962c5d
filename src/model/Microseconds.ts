/**
 * Microseconds since 2000-01-01 00:00:00 in 64 bits, with both infinities: what `timestamp` and `timestamptz` share.
 * The halves are kept as received, so that making one from a row costs two small numbers; everything else is
 * worked out when asked for. All of the type's range is exact.
 */
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as Calendar from "./Calendar.js"
import * as Int64 from "./Int64.js"
import { Printed } from "./Printed.js"

const perDay = BigInt(Calendar.microsPerDay)
const to1970 = BigInt(Calendar.millisTo2000) * 1000n
const largestDate = 8.64e15

export abstract class Microseconds extends Printed {
  /** `high`, `low`: signed halves of the 64-bit number, as on the wire. */
  constructor(
    readonly high: number,
    readonly low: number
  ) {
    super()
  }

  /** False for `infinity` and `-infinity`. */
  get isFinite(): boolean {
    return this.high === 0x7fffffff ? this.low !== -1 : this.high !== -0x80000000 || this.low !== 0
  }

  /** Microseconds since 2000-01-01; for the infinities the ends of the 64-bit range. */
  get micros(): bigint {
    return Int64.toBigInt(this.high, this.low)
  }

  /** Days from 2000-01-01 to the day this falls on, rounded down; ±Infinity for the infinities. */
  get days(): number {
    if (Int64.isSafe(this.high)) {
      return Math.floor(Int64.toNumber(this.high, this.low) / Calendar.microsPerDay)
    }
    if (!this.isFinite) return this.high < 0 ? -Infinity : Infinity
    const micros = this.micros
    const days = micros / perDay
    return Number(micros < 0n && days * perDay !== micros ? days - 1n : days)
  }

  /** Microseconds since midnight, 0 to 86,399,999,999; 0 for the infinities. */
  get microsOfDay(): number {
    if (Int64.isSafe(this.high)) {
      const rest = Int64.toNumber(this.high, this.low) % Calendar.microsPerDay
      return rest < 0 ? rest + Calendar.microsPerDay : rest === 0 ? 0 : rest
    }
    return this.isFinite ? Number(((this.micros % perDay) + perDay) % perDay) : 0
  }

  /** Milliseconds since 1970-01-01, rounded down; ±Infinity for the infinities. Exact up to the year 287396. */
  protected get millis(): number {
    if (Int64.isSafe(this.high)) {
      return Math.floor(Int64.toNumber(this.high, this.low) / 1000) + Calendar.millisTo2000
    }
    return this.days * Calendar.millisPerDay + Math.floor(this.microsOfDay / 1000) + Calendar.millisTo2000
  }

  protected date(): Option.Option<Date> {
    const millis = this.millis
    return Math.abs(millis) <= largestDate ? Option.some(new Date(millis)) : Option.none()
  }

  protected epochMicros(): Option.Option<bigint> {
    return this.isFinite ? Option.some(this.micros + to1970) : Option.none()
  }

  protected text(zone: string): string {
    if (!this.isFinite) return this.high < 0 ? "-infinity" : "infinity"
    const civil = Calendar.civilOf(this.days)
    return `${Calendar.dateText(civil)} ${Calendar.timeText(this.microsOfDay)}${zone}${Calendar.eraText(civil)}`
  }

  override [Equal.symbol](that: Equal.Equal): boolean {
    return (
      that instanceof Microseconds &&
      that.constructor === this.constructor &&
      that.high === this.high &&
      that.low === this.low
    )
  }

  override [Hash.symbol](): number {
    return Hash.cached(this, Hash.combine(Hash.number(this.high))(Hash.number(this.low)))
  }
}

/** Earlier first; the infinities are the ends. */
export const compare = (self: Microseconds, that: Microseconds): -1 | 0 | 1 =>
  Int64.compare(self.high, self.low, that.high, that.low)

/** Builds a value from its halves. */
export type MakeTimestamp<A> = (high: number, low: number) => A

/** From microseconds since 2000-01-01; `undefined` beyond 64 bits or where an infinity has its place. */
export const fromMicros = <A>(make: MakeTimestamp<A>, micros: bigint): A | undefined =>
  micros > Int64.minimum && micros < Int64.maximum
    ? make(Int64.highOfBigInt(micros), Int64.lowOfBigInt(micros))
    : undefined

/** From microseconds since 1970-01-01. */
export const fromEpochMicros = <A>(make: MakeTimestamp<A>, micros: bigint): A | undefined =>
  fromMicros(make, micros - to1970)

/** From whole milliseconds since 1970-01-01, of at most 8.64e15 in size; `undefined` for NaN. */
export const fromMillis = <A>(make: MakeTimestamp<A>, millis: number): A | undefined => {
  if (!Number.isInteger(millis) || Math.abs(millis) > largestDate) return undefined
  const since2000 = (millis - Calendar.millisTo2000) * 1000
  return Number.isSafeInteger(since2000)
    ? make(Int64.highOf(since2000), Int64.lowOf(since2000))
    : fromMicros(make, BigInt(millis - Calendar.millisTo2000) * 1000n)
}

/** From days since 2000-01-01 and microseconds of the day, moved by an offset in seconds east of UTC. */
export const fromDays = <A>(
  make: MakeTimestamp<A>,
  days: number,
  micros: number,
  offset: number
): A | undefined => {
  const total = days * Calendar.microsPerDay + micros - offset * 1_000_000
  return Number.isSafeInteger(total)
    ? make(Int64.highOf(total), Int64.lowOf(total))
    : fromMicros(make, BigInt(days) * perDay + BigInt(micros - offset * 1_000_000))
}

/** From ISO text or an infinity; `zone`: whether an offset must be there or is ignored, as the server does. */
export const fromText = <A>(
  make: MakeTimestamp<A>,
  text: string,
  zone: "required" | "ignored"
): A | undefined => {
  const parsed = Calendar.parse(text)
  if (parsed === undefined) {
    return text === "infinity"
      ? make(0x7fffffff, -1)
      : text === "-infinity"
        ? make(-0x80000000, 0)
        : undefined
  }
  if (parsed.micros === undefined || (zone === "required" && parsed.offset === undefined)) return undefined
  return fromDays(make, parsed.days, parsed.micros, zone === "required" ? parsed.offset! : 0)
}
