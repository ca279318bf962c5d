/**
 * The text form of ranges and multiranges: brackets, quotes, escapes, `empty`, and nothing where there is no bound.
 *
 * @see https://www.postgresql.org/docs/current/rangetypes.html#RANGETYPES-IO
 */
import { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import { type Ends, PgRange } from "../model/PgRange.js"
import type { Codec, Encode } from "./Codec.js"

const quote = 34
const backslash = 92
const comma = 44
const roundOpen = 40
const roundClose = 41
const squareOpen = 91
const squareClose = 93
const curlyOpen = 123
const curlyClose = 125
const word = [101, 109, 112, 116, 121]

const isSpace = (byte: number | undefined): boolean =>
  byte === 32 || (byte !== undefined && byte >= 9 && byte <= 13)

/** A walk over one value's text. The reader's failure is the only outcome besides the ranges. */
class Walk<A> {
  constructor(
    private readonly reader: ByteReader,
    private readonly element: Codec<A>,
    private at: number,
    private readonly end: number
  ) {}

  private peek(): number | undefined {
    return this.at < this.end ? this.reader.bytes[this.at] : undefined
  }

  private space(): void {
    while (isSpace(this.peek())) this.at++
  }

  private bad(reason: string): undefined {
    this.reader.fail(`malformed range: ${reason}`)
    return undefined
  }

  /** True when nothing but space is left. */
  done(): boolean {
    this.space()
    if (this.at === this.end) return true
    this.bad("text behind its end")
    return false
  }

  private isEmpty(): boolean {
    if (this.end - this.at < word.length) return false
    if (!word.every((letter, index) => (this.reader.bytes[this.at + index]! | 32) === letter)) return false
    this.at += word.length
    return true
  }

  range(): PgRange<A> | undefined {
    this.space()
    if (this.isEmpty()) return PgRange.empty
    const opening = this.peek()
    if (opening !== squareOpen && opening !== roundOpen) return this.bad("an opening bracket is missing")
    this.at++
    const lower = this.bound()
    if (lower === undefined) return undefined
    if (this.peek() !== comma) return this.bad("a comma between the bounds is missing")
    this.at++
    const upper = this.bound()
    if (upper === undefined) return undefined
    const closing = this.peek()
    if (closing !== squareClose && closing !== roundClose) return this.bad("a closing bracket is missing")
    this.at++
    const ends: Ends =
      opening === squareOpen ? (closing === squareClose ? "[]" : "[)") : closing === squareClose ? "(]" : "()"
    return PgRange.make(lower.value, upper.value, ends)
  }

  ranges(): ReadonlyArray<PgRange<A>> | undefined {
    this.space()
    if (this.peek() !== curlyOpen) return this.bad("an opening brace is missing")
    this.at++
    const ranges: Array<PgRange<A>> = []
    this.space()
    if (this.peek() === curlyClose) {
      this.at++
      return ranges
    }
    for (;;) {
      const range = this.range()
      if (range === undefined) return undefined
      ranges.push(range)
      this.space()
      const next = this.peek()
      this.at++
      if (next === curlyClose) return ranges
      if (next !== comma) return this.bad("a comma between ranges is missing")
    }
  }

  /** One bound, up to the comma or bracket behind it. */
  private bound(): { readonly value: A | null } | undefined {
    const bytes = this.reader.bytes
    const start = this.at
    let isQuoted = false
    let isPlain = true
    for (; this.at < this.end; this.at++) {
      const byte = bytes[this.at]!
      if (byte === backslash) {
        isPlain = false
        this.at++
      } else if (byte === quote) {
        isPlain = false
        isQuoted = !isQuoted
      } else if (
        !isQuoted &&
        (byte === comma ||
          byte === roundOpen ||
          byte === roundClose ||
          byte === squareOpen ||
          byte === squareClose)
      ) {
        break
      }
    }
    if (this.at >= this.end) return this.bad("a bound that does not end")
    if (this.at === start) return { value: null }
    return isPlain ? this.plain(start) : this.escaped(start)
  }

  private plain(start: number): { readonly value: A } | undefined {
    const value = this.element.decodeText(this.reader, start, this.at - start)
    return this.reader.failure === null ? { value } : undefined
  }

  /** Reads a bound out of bytes of its own, without quotes and escapes. A quote doubled within quotes is one. */
  private escaped(start: number): { readonly value: A } | undefined {
    const bytes = this.reader.bytes
    const plain = new Uint8Array(this.at - start)
    let to = 0
    let isQuoted = false
    for (let from = start; from < this.at; from++) {
      const byte = bytes[from]!
      if (byte === backslash) plain[to++] = bytes[++from]!
      else if (byte !== quote) plain[to++] = byte
      else if (isQuoted && bytes[from + 1] === quote) plain[to++] = bytes[++from]!
      else isQuoted = !isQuoted
    }
    const inner = new ByteReader(plain, 0, to)
    const value = this.element.decodeText(inner, 0, to)
    if (inner.failure !== null) this.reader.fail(inner.failure)
    return inner.failure === null ? { value } : undefined
  }
}

/** Reads one range of `element`'s values; `undefined` after recording the failure. */
export const decodeRange = <A>(
  element: Codec<A>,
  reader: ByteReader,
  at: number,
  length: number
): PgRange<A> | undefined => {
  const walk = new Walk(reader, element, at, at + length)
  const range = walk.range()
  return range !== undefined && walk.done() ? range : undefined
}

/** Reads one multirange; `undefined` after recording the failure. */
export const decodeRanges = <A>(
  element: Codec<A>,
  reader: ByteReader,
  at: number,
  length: number
): ReadonlyArray<PgRange<A>> | undefined => {
  const walk = new Walk(reader, element, at, at + length)
  const ranges = walk.ranges()
  return ranges !== undefined && walk.done() ? ranges : undefined
}

const isSpecial = (byte: number): boolean =>
  byte === quote ||
  byte === backslash ||
  byte === comma ||
  byte === roundOpen ||
  byte === roundClose ||
  byte === squareOpen ||
  byte === squareClose ||
  isSpace(byte)

const encodeBound = (writer: ByteWriter, encode: Encode, value: unknown): void => {
  const start = writer.offset
  encode(writer, value)
  if (writer.failure !== null) return
  const text = writer.bytes.slice(start, writer.offset)
  if (text.length > 0 && !text.some(isSpecial)) return
  writer.offset = start
  writer.uint8(quote)
  for (const byte of text) {
    if (byte === quote || byte === backslash) writer.uint8(backslash)
    writer.uint8(byte)
  }
  writer.uint8(quote)
}

/** Writes one range; bounds are quoted where they must be. */
export const encodeRange = (writer: ByteWriter, encode: Encode, range: PgRange<unknown>): void => {
  if (range.isEmpty) return writer.text("empty")
  writer.uint8(range.lowerInclusive ? squareOpen : roundOpen)
  if (range.lower !== null) encodeBound(writer, encode, range.lower)
  writer.uint8(comma)
  if (range.upper !== null) encodeBound(writer, encode, range.upper)
  writer.uint8(range.upperInclusive ? squareClose : roundClose)
}

export const encodeRanges = (
  writer: ByteWriter,
  encode: Encode,
  ranges: ReadonlyArray<PgRange<unknown>>
): void => {
  writer.uint8(curlyOpen)
  for (let index = 0; index < ranges.length && writer.failure === null; index++) {
    if (index > 0) writer.uint8(comma)
    encodeRange(writer, encode, ranges[index]!)
  }
  writer.uint8(curlyClose)
}
