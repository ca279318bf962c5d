import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as order from "effect/Order"
import { Printed } from "./Printed.js"
import { same } from "./Same.js"

/** Which ends belong to a range, written as the server writes them. */
export type Ends = "[)" | "[]" | "()" | "(]"

/**
 * A range of values, PostgreSQL's `int4range`, `tstzrange` and the like. A missing bound is `null`, and is another thing
 * than a bound of the value `infinity`. Equal when all parts are, NaN to itself and arrays and objects by what they hold; `[1,4]` and `[1,5)` differ here, though the server
 * makes the second of the first where the values are discrete.
 *
 * @see https://www.postgresql.org/docs/current/rangetypes.html
 */
export class PgRange<out A> extends Printed {
  /** The range without any value. */
  static readonly empty: PgRange<never> = new PgRange<never>(null, null, false, false, true)

  /**
   * The server's order: the empty range first, then by the lower and at last by the upper bound.
   */
  static order<A>(bound: order.Order<A>): order.Order<PgRange<A>> {
    return order.make((self, that) => {
      if (self.isEmpty || that.isEmpty) return self.isEmpty === that.isEmpty ? 0 : self.isEmpty ? -1 : 1
      return compareLower(bound, self, that) || compareUpper(bound, self, that)
    })
  }

  /**
   * From bounds, `null` for none on that side. `ends` is `[)` by default: the lower bound belongs to the range, the upper
   * does not. An end without a bound is never inclusive.
   */
  static make<A>(lower: A | null, upper: A | null, ends: Ends = "[)"): PgRange<A> {
    return new PgRange(
      lower,
      upper,
      lower !== null && ends[0] === "[",
      upper !== null && ends[1] === "]",
      false
    )
  }

  /** From bounds and whether they belong to the range, as the server sends them: nothing is checked. */
  static unsafeMake<A>(
    lower: A | null,
    upper: A | null,
    lowerInclusive: boolean,
    upperInclusive: boolean
  ): PgRange<A> {
    return new PgRange(lower, upper, lowerInclusive, upperInclusive, false)
  }

  private constructor(
    readonly lower: A | null,
    readonly upper: A | null,
    readonly lowerInclusive: boolean,
    readonly upperInclusive: boolean,
    readonly isEmpty: boolean
  ) {
    super()
  }

  /** The same range over other values. */
  map<B>(change: (value: A) => B): PgRange<B> {
    if (this.isEmpty) return PgRange.empty
    return new PgRange(
      this.lower === null ? null : change(this.lower),
      this.upper === null ? null : change(this.upper),
      this.lowerInclusive,
      this.upperInclusive,
      false
    )
  }

  /** `[lower,upper)`, or `empty`; bounds are quoted where the server needs it. */
  toString(): string {
    if (this.isEmpty) return "empty"
    const bound = (value: A | null): string => (value === null ? "" : quoted(textOf(value)))
    const { lower, lowerInclusive, upper, upperInclusive } = this
    return `${lowerInclusive ? "[" : "("}${bound(lower)},${bound(upper)}${upperInclusive ? "]" : ")"}`
  }

  override [Equal.symbol](that: Equal.Equal): boolean {
    return (
      that instanceof PgRange &&
      that.isEmpty === this.isEmpty &&
      that.lowerInclusive === this.lowerInclusive &&
      that.upperInclusive === this.upperInclusive &&
      same(that.lower, this.lower) &&
      same(that.upper, this.upper)
    )
  }

  override [Hash.symbol](): number {
    return Hash.combine(hashOf(this.lower))(
      Hash.combine(hashOf(this.upper))(
        Hash.number((this.isEmpty ? 4 : 0) + (this.lowerInclusive ? 2 : 0) + (this.upperInclusive ? 1 : 0))
      )
    )
  }
}

/** What is the same has one hash: of bytes, arrays and plain objects that is not what `Hash` gives. */
const hashOf = (bound: unknown): number =>
  typeof bound !== "object" || bound === null || Equal.isEqual(bound) ? Hash.hash(bound) : 0

const textOf = (bound: unknown): string => (Object.is(bound, -0) ? "-0" : String(bound))

const quoted = (text: string): string =>
  /^$|[ \t-\r"\\()[\],]/.test(text) ? `"${text.replaceAll(/["\\]/g, "\\$&")}"` : text

const compareLower = <A>(bound: order.Order<A>, self: PgRange<A>, that: PgRange<A>): -1 | 0 | 1 => {
  if (self.lower === null || that.lower === null) {
    return self.lower === that.lower ? 0 : self.lower === null ? -1 : 1
  }
  return bound(self.lower, that.lower) || order.boolean(that.lowerInclusive, self.lowerInclusive)
}

const compareUpper = <A>(bound: order.Order<A>, self: PgRange<A>, that: PgRange<A>): -1 | 0 | 1 => {
  if (self.upper === null || that.upper === null) {
    return self.upper === that.upper ? 0 : self.upper === null ? 1 : -1
  }
  return bound(self.upper, that.upper) || order.boolean(self.upperInclusive, that.upperInclusive)
}
