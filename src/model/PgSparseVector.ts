import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Float4 from "./Float4.js"
import { sameNumbers } from "./PgVector.js"
import { Printed } from "./Printed.js"

/**
 * A vector of which only the numbers other than 0 are kept, pgvector's `sparsevec`. Equal when dimensions, places and
 * numbers are.
 *
 * @see https://github.com/pgvector/pgvector
 */
export class PgSparseVector extends Printed {
  /**
   * `indices`: places of the numbers, from 0 and ascending; `values`: as many numbers. Both are kept and not to be changed.
   * Not checked: the codec does when it is sent.
   */
  constructor(
    readonly dimensions: number,
    readonly indices: ReadonlyArray<number>,
    readonly values: Float32Array
  ) {
    super()
  }

  /** What is not 0 of a list of numbers. */
  static fromDense(numbers: ArrayLike<number>): PgSparseVector {
    const all = Float32Array.from(numbers)
    const indices: Array<number> = []
    all.forEach((value, index) => {
      if (value !== 0) indices.push(index)
    })
    return new PgSparseVector(
      all.length,
      indices,
      Float32Array.from(indices, (index) => all[index]!)
    )
  }

  /** The number at a place counted from 0: 0 where none is kept, `undefined` outside. */
  at(index: number): number | undefined {
    if (!(Number.isInteger(index) && index >= 0 && index < this.dimensions)) return undefined
    const place = this.indices.indexOf(index)
    return place < 0 ? 0 : this.values[place]
  }

  /** `{1:0.5,3:2}/5`: here the places count from 1, as the server prints them. */
  toString(): string {
    const pairs = this.indices.map((index, place) => `${index + 1}:${Float4.textOf(this.values[place]!)}`)
    return `{${pairs.join(",")}}/${this.dimensions}`
  }

  override [Equal.symbol](that: Equal.Equal): boolean {
    return (
      that instanceof PgSparseVector &&
      that.dimensions === this.dimensions &&
      sameNumbers(this.indices, that.indices) &&
      sameNumbers(this.values, that.values)
    )
  }

  override [Hash.symbol](): number {
    return Hash.cached(
      this,
      Hash.combine(Hash.number(this.dimensions))(
        Hash.combine(Hash.array(this.indices))(Hash.array(Array.from(this.values, (value) => value + 0)))
      )
    )
  }
}
