import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Float4 from "./Float4.js"
import { Printed } from "./Printed.js"

/**
 * A vector of pgvector's types `vector` and `halfvec`. Equal when all numbers are: 0 and −0 are one, as for the server.
 *
 * @see https://github.com/pgvector/pgvector
 */
export class PgVector extends Printed {
  /** The numbers are kept and not to be changed. */
  constructor(readonly values: Float32Array) {
    super()
  }

  /** Of any numbers, each rounded to the nearest float4. */
  static of(...values: ReadonlyArray<number>): PgVector {
    return new PgVector(Float32Array.from(values))
  }

  get dimensions(): number {
    return this.values.length
  }

  [Symbol.iterator](): Iterator<number> {
    return this.values[Symbol.iterator]()
  }

  /** `[1,2.5,3]` */
  toString(): string {
    return `[${Array.from(this.values, Float4.textOf).join(",")}]`
  }

  override [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof PgVector && sameNumbers(this.values, that.values)
  }

  override [Hash.symbol](): number {
    return Hash.cached(this, Hash.array(Array.from(this.values, (value) => value + 0)))
  }
}

/** Whether two lists hold the same numbers; NaN is itself here. */
export const sameNumbers = (self: ArrayLike<number>, that: ArrayLike<number>): boolean => {
  if (self.length !== that.length) return false
  for (let index = 0; index < self.length; index++) {
    const [a, b] = [self[index]!, that[index]!]
    if (a !== b && !(Number.isNaN(a) && Number.isNaN(b))) return false
  }
  return true
}
