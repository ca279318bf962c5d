/**
 * A signed 64-bit number as its two 32-bit halves, both held as signed 32-bit integers. Halves cost nothing to
 * read from a wire and to keep, are exact over the whole range, and compare without a `bigint`.
 */

const twoTo32 = 4294967296
/** High halves from minus this to below this make numbers that a double holds exactly. */
const exactHigh = 0x200000

/** True when numbers with this high half are at most 2^53 in size, so that `toNumber` is exact. */
export const isSafe = (high: number): boolean => high < exactHigh && high >= -exactHigh

/** The nearest double; exact when `isSafe`. */
export const toNumber = (high: number, low: number): number => high * twoTo32 + (low >>> 0)

export const toBigInt = (high: number, low: number): bigint =>
  isSafe(high) ? BigInt(toNumber(high, low)) : (BigInt(high) << 32n) | BigInt(low >>> 0)

/** Decimal digits. */
export const toText = (high: number, low: number): string =>
  isSafe(high) ? String(toNumber(high, low)) : toBigInt(high, low).toString()

/** High half of a whole number of at most 2^53 in size. */
export const highOf = (value: number): number => Math.floor(value / twoTo32)

/** Low half of a whole number of at most 2^53 in size. */
export const lowOf = (value: number): number => (value - Math.floor(value / twoTo32) * twoTo32) | 0

/** High half; the value must fit 64 signed bits. */
export const highOfBigInt = (value: bigint): number => Number(value >> 32n)

/** Low half; the value must fit 64 signed bits. */
export const lowOfBigInt = (value: bigint): number => Number(BigInt.asIntN(32, value))

export const minimum = -(2n ** 63n)
export const maximum = 2n ** 63n - 1n

export const fits = (value: bigint): boolean => value >= minimum && value <= maximum

/** Signed order of two numbers given by halves. */
export const compare = (high: number, low: number, otherHigh: number, otherLow: number): -1 | 0 | 1 => {
  if (high !== otherHigh) return high < otherHigh ? -1 : 1
  if (low === otherLow) return 0
  return low >>> 0 < otherLow >>> 0 ? -1 : 1
}
