import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import { same } from "./Same.js"

/**
 * An array of PostgreSQL that a plain JavaScript array cannot stand for: one whose dimensions do not all begin at 1, as
 * `[0:1]={1,2}`, or one of several dimensions over a type whose values are themselves arrays, as JSON.
 *
 * Equal when bounds and elements are: by `Equal`, with NaN itself, and bytes and JSON by what they hold.
 *
 * @see https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */
export class PgArray implements Equal.Equal {
  /**
   * `values`: arrays nested one level per dimension, rectangular; NULL is `null`. `lowerBounds`: the index of the first
   * element of each dimension, outermost first; their number is the number of dimensions.
   */
  constructor(
    readonly values: ReadonlyArray<unknown>,
    readonly lowerBounds: ReadonlyArray<number>
  ) {}

  /** The element at the given indices, one per dimension, counted as the server counts; `undefined` outside. */
  at(...indices: ReadonlyArray<number>): unknown {
    if (indices.length !== this.lowerBounds.length) return undefined
    let level: unknown = this.values
    for (let depth = 0; depth < indices.length; depth++) {
      if (!Array.isArray(level)) return undefined
      level = level[indices[depth]! - this.lowerBounds[depth]!]
    }
    return level
  }

  [Equal.symbol](that: Equal.Equal): boolean {
    return (
      that instanceof PgArray && same(this.lowerBounds, that.lowerBounds) && same(this.values, that.values)
    )
  }

  [Hash.symbol](): number {
    return Hash.combine(Hash.array(this.lowerBounds))(Hash.number(this.values.length))
  }

  toJSON(): unknown {
    return { lowerBounds: this.lowerBounds, values: this.values }
  }
}
