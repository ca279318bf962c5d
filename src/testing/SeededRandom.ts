/**
 * Numbers that look random and follow from a seed. Mulberry32: small, fast, the same on every engine, and good enough to choose
 * orders, places and times.
 */
export class SeededRandom {
  private state: number

  /** `stream` separates users of one seed: their numbers are independent. */
  constructor(seed: number, stream = 0) {
    this.state = (seed ^ Math.imul(stream, 0x9e3779b1)) | 0
  }

  /** From 0 up to, but not including, 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }

  /** True with this chance. Without a chance no number is drawn. */
  happens(chance: number): boolean {
    return chance > 0 && this.next() < chance
  }
}
