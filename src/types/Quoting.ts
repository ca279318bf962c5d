/**
 * Quotes and escapes as ranges and composites share them in text: a piece may be quoted in part or whole, a quote doubled
 * within quotes is one, and a backslash makes the next byte plain everywhere.
 */
import { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import type { Codec, Encode } from "./Codec.js"

const quote = 34
const backslash = 92

/** Space to the server's text functions. */
export const isSpace = (byte: number | undefined): boolean =>
  byte === 32 || (byte !== undefined && byte >= 9 && byte <= 13)

/** A comma, quotes, escapes, space and brackets: what a piece cannot hold unquoted. */
export const isSpecial = (byte: number): boolean =>
  byte === quote ||
  byte === backslash ||
  byte === 44 ||
  byte === 40 ||
  byte === 41 ||
  byte === 91 ||
  byte === 93 ||
  isSpace(byte)

/**
 * Where the piece that begins at `from` ends: at a byte of `stops` outside quotes. −1 when no piece ends before `end`;
 * `plain`: whether the piece is without quotes and escapes.
 */
export const scan = (
  bytes: Uint8Array,
  from: number,
  end: number,
  stops: ReadonlyArray<number>
): { readonly at: number; readonly plain: boolean } => {
  let isQuoted = false
  let plain = true
  for (let at = from; at < end; at++) {
    const byte = bytes[at]!
    if (byte === backslash) {
      plain = false
      at++
    } else if (byte === quote) {
      plain = false
      isQuoted = !isQuoted
    } else if (!isQuoted && stops.includes(byte)) return { at, plain }
  }
  return { at: -1, plain }
}

/** Decodes the piece at `from` up to `stop`; one that is not plain is first copied without its quotes and escapes. */
export const decode = <A>(
  codec: Codec<A>,
  reader: ByteReader,
  from: number,
  stop: number,
  plain: boolean
): A => {
  if (plain) return codec.decodeText(reader, from, stop - from)
  const bytes = reader.bytes
  const copy = new Uint8Array(stop - from)
  let to = 0
  let isQuoted = false
  for (let at = from; at < stop; at++) {
    const byte = bytes[at]!
    if (byte === backslash) copy[to++] = bytes[++at]!
    else if (byte !== quote) copy[to++] = byte
    else if (isQuoted && bytes[at + 1] === quote) copy[to++] = bytes[++at]!
    else isQuoted = !isQuoted
  }
  const inner = new ByteReader(copy, 0, to)
  inner.writtenBy = reader.writtenBy
  const value = codec.decodeText(inner, 0, to)
  if (inner.failure !== null) reader.fail(inner.failure)
  return value
}

/** Writes a value, in quotes where it must be. */
export const encode = (writer: ByteWriter, write: Encode, value: unknown): void => {
  const start = writer.offset
  write(writer, value)
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
