import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"

/**
 * A value that is its text: JSON and Node's inspector show the text, and values of one class are equal when their texts
 * are. A class has its own equality and hash when several texts mean the same value, or when comparing its parts is faster.
 */
export abstract class Printed implements Equal.Equal {
  abstract toString(): string

  [Equal.symbol](that: Equal.Equal): boolean {
    return (
      that instanceof Printed && that.constructor === this.constructor && that.toString() === this.toString()
    )
  }

  [Hash.symbol](): number {
    return Hash.cached(this, Hash.string(this.toString()))
  }

  toJSON(): string {
    return this.toString()
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString()
  }
}
