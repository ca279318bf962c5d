/**
 * The text form of arrays: braces, quotes, escapes, `NULL`, and the bounds in front.
 *
 * @see https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */
import { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as ArrayShape from "./ArrayShape.js"
import type { Codec, Decode } from "./Codec.js"
import * as Fail from "./Fail.js"
import { isSpace } from "./Quoting.js"

const quote = 34
const backslash = 92
const open = 123
const close = 125

/** A walk over one array's text. The reader's failure is the only outcome besides the fields. */
class Walk {
  readonly elements: Array<unknown> = []
  /** Length of each dimension, −1 until the first array of that depth has closed. */
  readonly lengths: Array<number> = []
  lowerBounds: Array<number> | undefined
  private readonly delimiter: number
  /** A value failed, and not the text around it. */
  private isUnread = false

  constructor(
    private readonly reader: ByteReader,
    private readonly codec: Codec,
    private at: number,
    private readonly end: number
  ) {
    this.delimiter = codec.delimiter.charCodeAt(0)
  }

  run(): boolean {
    this.space()
    if (this.peek() === 91 && !this.bounds()) return false
    if (!this.level(0)) return false
    this.space()
    if (this.at !== this.end) return this.bad("text behind the closing brace")
    return true
  }

  private bad(reason: string): false {
    this.reader.fail(`malformed array: ${reason}`)
    return false
  }

  /** What stands at `index` could not be read: where, when it is a value. */
  private refused(index: number, depth: number): false {
    if (this.isUnread) Fail.insideElement(this.reader, index, depth, depth === this.lengths.length - 1)
    return false
  }

  private peek(): number | undefined {
    return this.at < this.end ? this.reader.bytes[this.at] : undefined
  }

  private space(): void {
    while (isSpace(this.peek())) this.at++
  }

  /** `[l:u][l:u]=` */
  private bounds(): boolean {
    const stop = this.reader.bytes.indexOf(61, this.at)
    if (stop < 0 || stop >= this.end || stop - this.at > 200) return this.bad("bounds without =")
    let text = ""
    for (let at = this.at; at < stop; at++) text += String.fromCharCode(this.reader.bytes[at]!)
    if (!/^(?:\[[+-]?\d{1,10}(?::[+-]?\d{1,10})?\]){1,6}\s*$/.test(text))
      return this.bad("bounds that cannot be read")
    this.lowerBounds = []
    for (const pair of text.trimEnd().slice(1, -1).split("][")) {
      const [lower, upper] = pair.split(":")
      this.lowerBounds.push(upper === undefined ? 1 : Number(lower))
      this.stated.push(upper === undefined ? Number(lower) : Number(upper) - Number(lower) + 1)
    }
    this.at = stop + 1
    this.space()
    return true
  }

  /** The lengths that the bounds state. */
  readonly stated: Array<number> = []

  private level(depth: number): boolean {
    if (this.peek() !== open) return this.bad("an opening brace is missing")
    if (depth >= ArrayShape.maxDimensions) return this.bad(`more than ${ArrayShape.maxDimensions} dimensions`)
    if (this.lengths.length === depth) {
      if (this.elements.length > 0) return this.bad("elements and arrays beside each other")
      this.lengths.push(-1)
    }
    this.at++
    let count = 0
    this.space()
    if (this.peek() === close) this.at++
    else {
      for (;;) {
        this.space()
        if (!(this.peek() === open ? this.level(depth + 1) : this.element(depth)))
          return this.refused(count, depth)
        count++
        this.space()
        const next = this.peek()
        this.at++
        if (next === close) break
        if (next !== this.delimiter) return this.bad("a delimiter is missing")
      }
    }
    const known = this.lengths[depth]!
    if (known >= 0 && known !== count) return this.bad("arrays of different lengths in one dimension")
    this.lengths[depth] = count
    return true
  }

  private element(depth: number): boolean {
    if (depth !== this.lengths.length - 1) return this.bad("elements and arrays beside each other")
    return this.peek() === quote ? this.quoted() : this.bare()
  }

  private quoted(): boolean {
    const bytes = this.reader.bytes
    const start = ++this.at
    let escapes = 0
    while (this.at < this.end && bytes[this.at] !== quote) {
      if (bytes[this.at] === backslash) {
        escapes++
        this.at++
      }
      this.at++
    }
    if (this.at >= this.end) return this.bad("a quote is not closed")
    const stop = this.at++
    return this.value(start, stop, escapes)
  }

  private bare(): boolean {
    const bytes = this.reader.bytes
    const start = this.at
    let escapes = 0
    let stop = start
    while (this.at < this.end) {
      const byte = bytes[this.at]!
      if (byte === this.delimiter || byte === close || byte === open || byte === quote) break
      if (byte === backslash) {
        escapes++
        this.at++
        if (this.at >= this.end) return this.bad("a backslash at the end")
      }
      this.at++
      if (byte === backslash || !isSpace(byte)) stop = this.at
    }
    if (stop === start) return this.bad("an element is missing")
    if (escapes === 0 && isNull(bytes, start, stop)) {
      this.elements.push(null)
      return true
    }
    return this.value(start, stop, escapes)
  }

  /** Reads one element; its escapes are taken out into bytes of their own. */
  private value(start: number, stop: number, escapes: number): boolean {
    const reader = this.reader
    if (escapes === 0) {
      this.elements.push(this.codec.decodeText(reader, start, stop - start))
      return this.isRead()
    }
    const plain = new Uint8Array(stop - start - escapes)
    for (let from = start, to = 0; from < stop; from++) {
      if (reader.bytes[from] === backslash) from++
      plain[to++] = reader.bytes[from]!
    }
    const inner = new ByteReader(plain)
    inner.writtenBy = reader.writtenBy
    this.elements.push(this.codec.decodeText(inner, 0, plain.length))
    if (inner.failure !== null) reader.fail(inner.failure)
    return this.isRead()
  }

  private isRead(): boolean {
    this.isUnread = this.reader.failure !== null
    return !this.isUnread
  }
}

const isNull = (bytes: Uint8Array, start: number, stop: number): boolean =>
  stop - start === 4 &&
  (bytes[start]! | 32) === 110 &&
  (bytes[start + 1]! | 32) === 117 &&
  (bytes[start + 2]! | 32) === 108 &&
  (bytes[start + 3]! | 32) === 108

/** What a text array holds: elements in row-major order and its dimensions. */
export interface ParsedArray {
  readonly elements: ReadonlyArray<unknown>
  readonly lengths: ReadonlyArray<number>
  readonly lowerBounds: ReadonlyArray<number>
}

/** Reads an array of `codec`'s elements; `undefined` after recording the failure. */
export const decode =
  (codec: Codec): Decode<ParsedArray | undefined> =>
  (reader, at, length) => {
    const walk = new Walk(reader, codec, at, at + length)
    if (!walk.run()) {
      reader.fail("malformed array")
      return undefined
    }
    if (walk.elements.length === 0) return { elements: [], lengths: [], lowerBounds: [] }
    const lengths = walk.lengths
    if (walk.lowerBounds !== undefined && walk.stated.some((stated, index) => stated !== lengths[index])) {
      reader.fail("malformed array: bounds that do not match the elements")
      return undefined
    }
    return { elements: walk.elements, lengths, lowerBounds: walk.lowerBounds ?? lengths.map(() => 1) }
  }

/** Writes an array's text. Every element is quoted, which is always right; the server prints only the quotes it needs. */
export const encode = (writer: ByteWriter, codec: Codec, shape: ArrayShape.Dimensions): void => {
  if (shape.lowerBounds.some((bound) => bound !== 1)) {
    const bounds = shape.lowerBounds.map((bound, index) => `[${bound}:${bound + shape.lengths[index]! - 1}]`)
    writer.text(`${bounds.join("")}=`)
  }
  if (shape.lengths.length === 0) writer.text("{}")
  else encodeLevel(writer, codec, shape.values, 0, shape.lengths.length - 1)
}

const encodeLevel = (
  writer: ByteWriter,
  codec: Codec,
  values: ReadonlyArray<unknown>,
  depth: number,
  deepest: number
): void => {
  writer.uint8(open)
  for (let index = 0; index < values.length; index++) {
    if (index > 0) writer.text(codec.delimiter)
    const value = values[index]
    if (depth < deepest) encodeLevel(writer, codec, value as ReadonlyArray<unknown>, depth + 1, deepest)
    else if (value === null) writer.text("NULL")
    else encodeElement(writer, codec, value)
    if (writer.failure !== null) return Fail.insideElement(writer, index, depth, depth === deepest)
  }
  writer.uint8(close)
}

const encodeElement = (writer: ByteWriter, codec: Codec, value: unknown): void => {
  if (value === undefined) return writer.fail(ArrayShape.undefinedElement)
  writer.uint8(quote)
  const start = writer.offset
  codec.encodeText(writer, value)
  if (writer.failure !== null) return
  let escapes = 0
  for (let at = start; at < writer.offset; at++) {
    if (writer.bytes[at] === quote || writer.bytes[at] === backslash) escapes++
  }
  if (escapes > 0 && writer.reserve(escapes)) {
    const bytes = writer.bytes
    let to = writer.offset + escapes
    for (let from = writer.offset - 1; to > from + 1; from--) {
      bytes[--to] = bytes[from]!
      if (bytes[from] === quote || bytes[from] === backslash) bytes[--to] = backslash
    }
    writer.offset += escapes
  }
  writer.uint8(quote)
}
