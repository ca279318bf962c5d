import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as order from "effect/Order"
import { Printed } from "./Printed.js"

/**
 * A string of bits, PostgreSQL's `bit` and `varbit`. Equal when length and bits are.
 *
 * @see https://www.postgresql.org/docs/current/datatype-bit.html
 */
export class BitString extends Printed {
  /** The server's order: bit by bit from the left, and then the shorter first. */
  static readonly Order: order.Order<BitString> = order.make((self, that) => {
    const common = Math.min(self.bytes.length, that.bytes.length)
    for (let index = 0; index < common; index++) {
      const difference = self.bytes[index]! - that.bytes[index]!
      if (difference !== 0) return difference < 0 ? -1 : 1
    }
    return order.number(self.length, that.length)
  })

  static readonly empty: BitString = new BitString(new Uint8Array(0), 0)

  /**
   * `bytes`: eight bits each, the most significant first; they are kept and not to be changed. `length`: number of bits.
   * The bits behind the last one are zero. Not checked: `make` does.
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly length: number
  ) {
    super()
  }

  /** The first `length` bits of a copy of the bytes; none when there are fewer. */
  static make(bytes: Uint8Array, length: number): Option.Option<BitString> {
    if (!Number.isInteger(length) || length < 0 || length > bytes.length * 8) return Option.none()
    const copy = new Uint8Array(Math.ceil(length / 8))
    copy.set(bytes.subarray(0, copy.length))
    if (length % 8 !== 0) copy[copy.length - 1]! &= 0xff00 >> (length % 8)
    return Option.some(new BitString(copy, length))
  }

  /** From `10101`. */
  static fromText(text: string): Option.Option<BitString> {
    const bytes = new Uint8Array(Math.ceil(text.length / 8))
    for (let index = 0; index < text.length; index++) {
      const bit = text.charCodeAt(index) - 48
      if (bit !== 0 && bit !== 1) return Option.none()
      bytes[index >> 3]! |= bit << (7 - (index & 7))
    }
    return Option.some(new BitString(bytes, text.length))
  }

  /** The bit at `index`, counted from the left and from 0, as `get_bit` does; `undefined` outside. */
  at(index: number): 0 | 1 | undefined {
    if (!(Number.isInteger(index) && index >= 0 && index < this.length)) return undefined
    return (this.bytes[index >> 3]! >> (7 - (index & 7))) & 1 ? 1 : 0
  }

  /** `10101` */
  toString(): string {
    let text = ""
    for (const byte of this.bytes) text += byte.toString(2).padStart(8, "0")
    return text.slice(0, this.length)
  }

  override [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof BitString && BitString.Order(this, that) === 0
  }

  override [Hash.symbol](): number {
    return Hash.cached(this, Hash.combine(Hash.number(this.length))(Hash.array([...this.bytes])))
  }
}
