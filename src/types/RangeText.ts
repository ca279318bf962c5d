/**
 * The text form of ranges and multiranges: brackets, quotes, escapes, `empty`, and nothing where there is no bound.
 *
 * @see https://www.postgresql.org/docs/current/rangetypes.html#RANGETYPES-IO
 */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import { type Ends, PgRange } from "../model/PgRange.js"
import type { Codec, Encode } from "./Codec.js"
import * as Fail from "./Fail.js"
import * as Quoting from "./Quoting.js"

const comma = 44
const roundOpen = 40
const roundClose = 41
const squareOpen = 91
const squareClose = 93
const curlyOpen = 123
const curlyClose = 125
const stops = [comma, roundOpen, roundClose, squareOpen, squareClose]
const word = [101, 109, 112, 116, 121]

/** Parts of ranges and multiranges, for failures. */
export const lowerPart = "lower bound"
export const upperPart = "upper bound"
export const partOf = (index: number): string => `range [${index}]`

/** A walk over one value's text. The reader's failure is the only outcome besides the ranges. */
class Walk<A> {
  /** A bound failed, and not the text around it. */
  private isUnread = false

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
    while (Quoting.isSpace(this.peek())) this.at++
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
    const lower = this.bound(lowerPart)
    if (lower === undefined) return undefined
    if (this.peek() !== comma) return this.bad("a comma between the bounds is missing")
    this.at++
    const upper = this.bound(upperPart)
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
      if (range === undefined) {
        if (this.isUnread) Fail.inside(this.reader, partOf(ranges.length))
        return undefined
      }
      ranges.push(range)
      this.space()
      const next = this.peek()
      this.at++
      if (next === curlyClose) return ranges
      if (next !== comma) return this.bad("a comma between ranges is missing")
    }
  }

  /** One bound, up to the comma or bracket behind it. */
  private bound(part: string): { readonly value: A | null } | undefined {
    const start = this.at
    const { at, plain } = Quoting.scan(this.reader.bytes, start, this.end, stops)
    if (at < 0) return this.bad("a bound that does not end")
    this.at = at
    if (at === start) return { value: null }
    const value = Quoting.decode(this.element, this.reader, start, at, plain)
    if (this.reader.failure === null) return { value }
    this.isUnread = true
    Fail.inside(this.reader, part)
    return undefined
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

/** Writes one range; bounds are quoted where they must be. */
export const encodeRange = (writer: ByteWriter, encode: Encode, range: PgRange<unknown>): void => {
  if (range.isEmpty) return writer.text("empty")
  writer.uint8(range.lowerInclusive ? squareOpen : roundOpen)
  if (range.lower !== null) encodeBound(writer, encode, range.lower, lowerPart)
  writer.uint8(comma)
  if (range.upper !== null && writer.failure === null) encodeBound(writer, encode, range.upper, upperPart)
  writer.uint8(range.upperInclusive ? squareClose : roundClose)
}

const encodeBound = (writer: ByteWriter, encode: Encode, bound: unknown, part: string): void => {
  Quoting.encode(writer, encode, bound)
  if (writer.failure !== null) Fail.inside(writer, part)
}

export const encodeRanges = (
  writer: ByteWriter,
  encode: Encode,
  ranges: ReadonlyArray<PgRange<unknown>>
): void => {
  writer.uint8(curlyOpen)
  for (let index = 0; index < ranges.length; index++) {
    if (index > 0) writer.uint8(comma)
    encodeRange(writer, encode, ranges[index]!)
    if (writer.failure !== null) return Fail.inside(writer, partOf(index))
  }
  writer.uint8(curlyClose)
}
