/** The decimal digits of double-precision numbers, as the server prints them. */

/** Within these sizes the server prints no exponent. */
const smallestPlain = 1e-4
const largestPlain = 1e15

/** Beyond these sizes no text of 17 digits lies halfway between two doubles. */
const smallestHalfway = 2 ** 53
const largestHalfway = 1e40

const exactly = (text: string): bigint => {
  const [mantissa = "", exponent = "0"] = text.split("e")
  const [whole = "", fraction = ""] = mantissa.split(".")
  return BigInt(`${whole}${fraction}`) * 10n ** BigInt(Number(exponent) - fraction.length)
}

/** Whether the text of a positive number lies half way to the next number. The server does not print such texts. */
const isHalfway = (text: string, size: number): boolean => {
  if (size < smallestHalfway || size > largestHalfway) return false
  const distance = (exactly(text) - BigInt(size)) * 4n
  if (distance === 0n) return false
  let gap = 1n
  while (BigInt(size) >= gap << 53n) gap <<= 1n
  const below = gap << 52n === BigInt(size) ? gap / 2n : gap
  return distance === gap * 2n || distance === -below * 2n
}

const withExponent = (size: number): string => {
  let text = size.toExponential()
  for (let digits = 1; digits <= 16 && isHalfway(text, size); digits++) {
    const longer = size.toExponential(digits)
    if (Number(longer) === size) text = longer
  }
  const [mantissa, sign, exponent] = /^(.+)e([+-])(\d+)$/.exec(text)!.slice(1)
  return `${mantissa}e${sign}${exponent!.padStart(2, "0")}`
}

/** The fewest digits that read back as the same number, the sign of zero included. */
export const printed = (value: number): string => {
  if (Object.is(value, -0)) return "-0"
  const size = Math.abs(value)
  if (!Number.isFinite(value) || size === 0 || (size >= smallestPlain && size < largestPlain))
    return String(value)
  return `${value < 0 ? "-" : ""}${withExponent(size)}`
}
