import * as BigDecimal from "effect/BigDecimal"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as order from "effect/Order"
import { Printed } from "./Printed.js"

const decimal = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?\s*$/
const special = /^\s*(?:(nan)|(-?)\+?inf(?:inity)?)\s*$/i

/** Most digits behind the point that the type holds. */
const maxScale = 16_383
/** Most digits before the point that the type holds. */
const maxWhole = 131_072

/**
 * A value of PostgreSQL's `numeric`: exact digits with their scale, so that `0.10` stays `0.10`, NaN and both
 * infinities. Text is the server's own.
 *
 * Equal and ordered by value, as the server does: `0.1` equals `0.10`, NaN equals itself and is the greatest.
 *
 * @see https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-NUMERIC-DECIMAL
 */
export class Numeric extends Printed {
  static readonly NaN: Numeric = new Numeric(NaN, 0)
  static readonly infinity: Numeric = new Numeric(Infinity, 0)
  static readonly negativeInfinity: Numeric = new Numeric(-Infinity, 0)
  static readonly zero: Numeric = new Numeric(0, 0)

  /** Least first: `-Infinity`, the numbers, `Infinity`, NaN. */
  static readonly Order: order.Order<Numeric> = order.make((self, that) => compare(self, that))

  /**
   * The value is `coefficient` × 10^−`scale`; `scale` is the number of digits shown behind the point. The coefficient
   * is a number while it is safe (also NaN and ±Infinity, with scale 0), and a bigint beyond.
   */
  private constructor(
    readonly coefficient: number | bigint,
    readonly scale: number
  ) {
    super()
  }

  /**
   * For decoders, unchecked: a number coefficient is safe and not −0, a bigint one is beyond that, the scale is 0 to
   * 16383.
   */
  static unsafeMake(coefficient: number | bigint, scale: number): Numeric {
    return new Numeric(coefficient, scale)
  }

  /** `coefficient` × 10^−`scale`; none when `scale` is not 0 to 16383. */
  static make(coefficient: bigint, scale: number): Option.Option<Numeric> {
    if (!Number.isInteger(scale) || scale < 0 || scale > maxScale) return Option.none()
    return Option.some(ofBigInt(coefficient, scale))
  }

  static fromBigInt(value: bigint): Numeric {
    return ofBigInt(value, 0)
  }

  /**
   * From the shortest decimal text of the number, so that 0.1 is `0.1` and 1e21 is a one with 21 zeros. None for whole numbers
   * beyond 2^53 of more than 15 digits: their text is also that of their neighbours.
   */
  static fromNumber(value: number): Option.Option<Numeric> {
    const text = String(value)
    if (Number.isInteger(value) && !Number.isSafeInteger(value) && digitsOf(text) > surestDigits)
      return Option.none()
    return Numeric.fromText(text)
  }

  /** Exact; none when the scale is beyond the type's. A negative scale becomes trailing zeros. */
  static fromBigDecimal(value: BigDecimal.BigDecimal): Option.Option<Numeric> {
    if (value.scale >= 0) return Numeric.make(value.value, value.scale)
    return value.scale < -maxWhole
      ? Option.none()
      : Option.some(ofBigInt(value.value * 10n ** BigInt(-value.scale), 0))
  }

  /** From decimal text, with an exponent or without, `NaN`, `Infinity` or `-Infinity`. */
  static fromText(text: string): Option.Option<Numeric> {
    const match = decimal.exec(text)
    if (match === null || (match[2] === "" && (match[3] ?? "") === "")) return fromSpecial(text)
    const fraction = match[3] ?? ""
    const exponent = match[4] === undefined ? 0 : Number(match[4])
    const scale = Math.max(0, fraction.length - exponent)
    if (scale > maxScale || match[2]!.length + exponent > maxWhole) return Option.none()
    const zeros = exponent > fraction.length ? "0".repeat(exponent - fraction.length) : ""
    return Option.some(Numeric.fromDigits(match[1] === "-", match[2]! + fraction + zeros, scale))
  }

  /** From decimal digits without sign or point; no digits are zero. For decoders; nothing is checked. */
  static fromDigits(negative: boolean, digits: string, scale: number): Numeric {
    if (digits.length <= 15) {
      const value = Number(digits)
      return new Numeric(negative && value !== 0 ? -value : value, scale)
    }
    const value = BigInt(digits)
    return ofBigInt(negative ? -value : value, scale)
  }

  /** False for NaN and the infinities. */
  get isFinite(): boolean {
    return typeof this.coefficient === "bigint" || Number.isFinite(this.coefficient)
  }

  get isNaN(): boolean {
    return Number.isNaN(this.coefficient)
  }

  /** The nearest double. */
  toNumber(): number {
    return this.scale === 0 ? Number(this.coefficient) : Number(this.toString())
  }

  /** None when there is a fraction, and for NaN and the infinities. */
  toBigInt(): Option.Option<bigint> {
    if (!this.isFinite) return Option.none()
    const unit = 10n ** BigInt(this.scale)
    const coefficient = BigInt(this.coefficient)
    return coefficient % unit === 0n ? Option.some(coefficient / unit) : Option.none()
  }

  /** Exact, with the same scale; none for NaN and the infinities. */
  toBigDecimal(): Option.Option<BigDecimal.BigDecimal> {
    return this.isFinite ? Option.some(BigDecimal.make(BigInt(this.coefficient), this.scale)) : Option.none()
  }

  /** The server's text: every digit of the scale, never an exponent. */
  toString(): string {
    const text = String(this.coefficient)
    if (this.scale === 0) return text
    const whole = text.length - this.scale
    if (whole > (this.coefficient < 0 ? 1 : 0)) return `${text.slice(0, whole)}.${text.slice(whole)}`
    const sign = text.startsWith("-") ? "-" : ""
    const digits = text.slice(sign.length).padStart(this.scale + 1, "0")
    const point = digits.length - this.scale
    return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
  }

  override [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof Numeric && compare(this, that) === 0
  }

  override [Hash.symbol](): number {
    const text = this.toString()
    return Hash.cached(this, Hash.string(this.scale === 0 ? text : text.replace(/\.?0*$/, "")))
  }
}

/** As many decimal digits every double keeps. */
const surestDigits = 15

/** Digits of a whole number's text, without zeros behind them. */
const digitsOf = (text: string): number =>
  text.replace(/e.*$/, "").replace(/[-.]/g, "").replace(/0+$/, "").length

const fromSpecial = (text: string): Option.Option<Numeric> => {
  const match = special.exec(text)
  if (match === null) return Option.none()
  if (match[1] !== undefined) return Option.some(Numeric.NaN)
  return Option.some(match[2] === "-" ? Numeric.negativeInfinity : Numeric.infinity)
}

const ofBigInt = (value: bigint, scale: number): Numeric => {
  const number = Number(value)
  return Numeric.unsafeMake(Number.isSafeInteger(number) ? number : value, scale)
}

const compare = (self: Numeric, that: Numeric): -1 | 0 | 1 => {
  const a = self.coefficient
  const b = that.coefficient
  if (self.isNaN || that.isNaN) return self.isNaN ? (that.isNaN ? 0 : 1) : -1
  if (self.scale === that.scale || !self.isFinite || !that.isFinite) return a < b ? -1 : a > b ? 1 : 0
  const x = BigInt(a) * 10n ** BigInt(Math.max(0, that.scale - self.scale))
  const y = BigInt(b) * 10n ** BigInt(Math.max(0, self.scale - that.scale))
  return x < y ? -1 : x > y ? 1 : 0
}
