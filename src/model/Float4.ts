/** The decimal digits of single-precision numbers, as the server prints them. */

/** Normal float4 numbers keep any six digits; below this size they keep fewer. */
const smallestNormal = 2 ** -126

/** Powers of ten that a double holds exactly. */
const powers = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent)

/**
 * The same for sizes of daily life without making text, in a tenth of the time: a whole number divided by an exact power of
 * ten is rounded as the text of its digits would be. `undefined` when this method cannot decide.
 */
const shortestByArithmetic = (single: number): number | undefined => {
  const size = Math.abs(single)
  if (!(size >= 1e-10 && size < 1e15)) return undefined
  const exponent = Math.floor(Math.log10(size))
  for (let digits = 6; digits < 9; digits++) {
    const shift = digits - 1 - exponent
    const scaled = shift >= 0 ? size * powers[shift]! : size / powers[-shift]!
    const whole = Math.round(scaled)
    // Almost half way, and at a power of ten, the product does not decide which digits are nearest.
    if (Math.abs(Math.abs(scaled - whole) - 0.5) < 1e-5 || whole >= powers[digits]!) return undefined
    const value = shift >= 0 ? whole / powers[shift]! : whole * powers[-shift]!
    if (isNearest(value, size)) return single < 0 ? -value : value
  }
  return undefined
}

/** The number with the fewest decimal digits that is nearest to this float4: as in the server's text. */
export const shortest = (single: number): number => {
  if (Number.isInteger(single) && Math.abs(single) < 1_000_000) return single
  return shortestByArithmetic(single) ?? shortestByText(single)
}

/** The plain twin, for all sizes. */
export const shortestByText = (single: number): number => {
  for (let digits = Math.abs(single) < smallestNormal ? 1 : 6; digits < 9; digits++) {
    const text = single.toPrecision(digits)
    if (isNearest(Number(text), single)) return Number(halfToEven(single, digits, text))
  }
  return Number.isFinite(single) ? Number(single.toPrecision(9)) : single
}

/** True when no other float4 is as near to `value`; the server does not print a number halfway to its neighbour. */
const isNearest = (value: number, single: number): boolean => {
  const twice = single + 2 * (value - single)
  return Math.fround(value) === single && (value === single || Math.fround(twice) !== twice)
}

const significant = (text: string): string => text.replace(/e.*$/, "").replace(/^-?0*\.?0*|\./g, "")

/** JavaScript rounds a half away from zero, the server to the even digit: 34342.0625 is 34342.062. */
const halfToEven = (single: number, digits: number, text: string): string => {
  const exact = significant(single.toPrecision(digits + 30)).replace(/0+$/, "")
  if (exact.length !== digits + 1 || !exact.endsWith("5")) return text
  const last = Number(significant(text).charAt(digits - 1))
  return last % 2 === 0 ? text : text.replace(/\d(?=e|$)/, String(last - 1))
}

/** Its digits as text; `String` would lose the sign of zero. */
export const textOf = (single: number): string => (Object.is(single, -0) ? "-0" : String(shortest(single)))
