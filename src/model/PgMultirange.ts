import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import type { PgRange } from "./PgRange.js"
import { Printed } from "./Printed.js"

/**
 * Several ranges as one value, PostgreSQL's `int4multirange` and the like. From the server they come in order, without
 * overlaps and without empty ones; what is sent need not be so. Equal when all ranges are.
 *
 * @see https://www.postgresql.org/docs/current/rangetypes.html
 */
export class PgMultirange<out A> extends Printed {
  constructor(readonly ranges: ReadonlyArray<PgRange<A>>) {
    super()
  }

  static of<A>(...ranges: ReadonlyArray<PgRange<A>>): PgMultirange<A> {
    return new PgMultirange(ranges)
  }

  [Symbol.iterator](): Iterator<PgRange<A>> {
    return this.ranges[Symbol.iterator]()
  }

  /** `{[1,3),[5,7)}` */
  toString(): string {
    return `{${this.ranges.join(",")}}`
  }

  override [Equal.symbol](that: Equal.Equal): boolean {
    return (
      that instanceof PgMultirange &&
      that.ranges.length === this.ranges.length &&
      this.ranges.every((range, index) => Equal.equals(range, that.ranges[index]))
    )
  }

  override [Hash.symbol](): number {
    return Hash.array(this.ranges)
  }
}
