/** IEEE 754 numbers of 16 bits: 10 bits of fraction, 5 of exponent, a sign. */

/** The number that the bits are, exactly. */
export const read = (bits: number): number => {
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 0x1f
        ? fraction === 0
          ? Infinity
          : NaN
        : (0x400 + fraction) * 2 ** (exponent - 25)
  return bits & 0x8000 ? -size : size
}

/** Half of the way from the largest half to the next one there would be: from here on rounding gives infinity. */
const overflow = 65520

/**
 * The bits of the nearest half, of two as near the even one. A finite number beyond the range becomes infinity: to refuse
 * that, call `fits` first.
 */
export const write = (value: number): number => {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (Number.isNaN(size)) return 0x7e00
  if (size >= overflow) return sign | 0x7c00
  // The distance between two halves of this size, 2^-24 for the smallest.
  const exponent = Math.max(Math.floor(Math.log2(size)), -14)
  const step = 2 ** (exponent - 10)
  // Steps counted from zero: the carry of a rounding runs into the exponent by itself.
  const steps = roundToEven(size / step)
  return sign | (exponent === -14 ? steps : ((exponent + 14) << 10) + steps)
}

/** Whether the number is within the range of halves. */
export const fits = (value: number): boolean => Math.abs(value) < overflow

const roundToEven = (value: number): number => {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
