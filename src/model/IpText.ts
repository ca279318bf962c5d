/**
 * Addresses of the Internet as text, as the server prints them: IPv4 with points; IPv6 in lower case, the longest run of
 * zero words (the first of equals) left out, the end with points where the server takes it for an IPv4 address.
 */

const decimal = /^(?:0|[1-9]\d{0,2})$/
const word = /^[0-9A-Fa-f]{1,4}$/

const parse4 = (text: string): ReadonlyArray<number> | undefined => {
  const parts = text.split(".")
  return parts.length === 4 && parts.every((part) => decimal.test(part) && Number(part) < 256)
    ? parts.map(Number)
    : undefined
}

/** The bytes of some words; the last may be an IPv4 address. No text has no words. */
const parseWords = (text: string): ReadonlyArray<number> | undefined => {
  if (text === "") return []
  const bytes: Array<number> = []
  const parts = text.split(":")
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]!
    const tail = index === parts.length - 1 && part.includes(".") ? parse4(part) : undefined
    if (tail !== undefined) bytes.push(...tail)
    else if (word.test(part)) bytes.push(Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 0xff)
    else return undefined
  }
  return bytes
}

/** The 4 or 16 bytes of an address; `undefined` when the text is no address. */
export const parse = (text: string): ReadonlyArray<number> | undefined => {
  if (!text.includes(":")) return parse4(text)
  const [before = "", after, more] = text.split("::")
  if (more !== undefined) return undefined
  const head = parseWords(before)
  const tail = parseWords(after ?? "")
  if (head === undefined || tail === undefined) return undefined
  const missing = 16 - head.length - tail.length
  if (after === undefined ? missing !== 0 : missing < 2 || before.includes(".")) return undefined
  return [...head, ...new Array<number>(missing).fill(0), ...tail]
}

/** First index and length of the longest run of two or more zero words. */
const longestRun = (words: ReadonlyArray<number>): readonly [at: number, length: number] => {
  let best: readonly [number, number] = [-1, 0]
  for (let at = 0; at < words.length; at++) {
    let end = at
    while (words[end] === 0) end++
    if (end - at >= 2 && end - at > best[1]) best = [at, end - at]
    if (end > at) at = end
  }
  return best
}

/** The server's text of 4 or 16 bytes. */
export const print = (bytes: ArrayLike<number>, from = 0, length = bytes.length): string => {
  if (length === 4) return print4(bytes, from)
  return print6(Array.from({ length }, (_, index) => bytes[from + index]!))
}

const print4 = (bytes: ArrayLike<number>, from: number): string =>
  `${bytes[from]}.${bytes[from + 1]}.${bytes[from + 2]}.${bytes[from + 3]}`

const print6 = (bytes: ReadonlyArray<number>): string => {
  const words = Array.from({ length: 8 }, (_, index) => (bytes[2 * index]! << 8) | bytes[2 * index + 1]!)
  const [at, length] = longestRun(words)
  const isIpv4 = at === 0 && (length === 6 || (length === 5 && words[5] === 0xffff))
  const parts = words.map((value) => value.toString(16))
  if (isIpv4) parts.splice(6, 2, print4(bytes, 12))
  if (at < 0) return parts.join(":")
  return `${parts.slice(0, at).join(":")}::${parts.slice(at + length).join(":")}`
}
