/**
 * The text format: a line for each record, a delimiter between fields, backslashes before what would mean something
 * else.
 *
 * A line of `\.` alone ends the data, as in files made by `pg_dump`; it is never written.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import type { ByteWriter } from "../../bytes/ByteWriter.js"
import { isMeant, isNull, standIn, type LineFormat } from "./LineFormat.js"
import { LineReader } from "./LineReader.js"
import { tooWide } from "./RecordReader.js"

const lf = 10
const cr = 13
const point = 46
const backslash = 92
const letterX = 120

/** What a letter after a backslash stands for; 0 for those that stand for themselves. */
const meanings = new Uint8Array(256)
/** The letter that stands for a byte after a backslash; 0 when none does. */
const letters = new Uint8Array(256)
for (const [letter, byte] of Object.entries({ b: 8, f: 12, n: lf, r: cr, t: 9, v: 11 })) {
  meanings[letter.charCodeAt(0)] = byte
  letters[byte] = letter.charCodeAt(0)
}
letters[backslash] = backslash

const isOctal = (byte: number | undefined): byte is number => byte !== undefined && byte >= 48 && byte <= 55

const hexOf = (byte: number | undefined): number => {
  if (byte === undefined) return -1
  if (byte >= 48 && byte <= 57) return byte - 48
  const letter = byte | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}

export class Reader extends LineReader<LineFormat> {
  protected scan(bytes: Uint8Array, p: number, end: number): number {
    while (p < end) {
      const byte = bytes[p]!
      // The byte behind a backslash is part of the line, whatever it is.
      if (byte === backslash) p += 2
      else if (byte === lf || byte === cr) return p
      else p++
    }
    return p
  }

  protected isMark(bytes: Uint8Array, at: number, stop: number): boolean {
    return stop - at === 2 && bytes[at] === backslash && bytes[at + 1] === point
  }

  protected split(bytes: Uint8Array, at: number, stop: number, to: number): number | string {
    const width = this.width
    if (width === 0 && at === stop) return this.count(to, 0, to + 2)
    const delimiter = this.format.delimiter
    const out = this.out.bytes
    const view = this.out.view
    let o = to + 2
    let p = at
    for (let fields = 1; ; fields++) {
      if (fields > width) return tooWide(width)
      const field = p
      const start = o + 4
      o = start
      let byte: number
      while (p < stop && (byte = bytes[p]!) !== delimiter) {
        p++
        if (byte !== backslash) {
          out[o++] = byte
          continue
        }
        if (p === stop) return "a backslash ends the data"
        byte = bytes[p++]!
        if (isOctal(byte)) {
          let value = byte - 48
          if (p < stop && isOctal(bytes[p])) value = value * 8 + bytes[p++]! - 48
          if (p < stop && isOctal(bytes[p])) value = value * 8 + bytes[p++]! - 48
          byte = value & 0xff
        } else if (byte === letterX && p < stop && hexOf(bytes[p]) >= 0) {
          let value = hexOf(bytes[p++])
          if (p < stop && hexOf(bytes[p]) >= 0) value = value * 16 + hexOf(bytes[p++])
          byte = value
        } else if (byte === point) return "the end mark \\. is not alone on its line"
        else byte = meanings[byte]! || byte
        out[o++] = byte
      }
      if (isNull(this.format, bytes, field, p)) {
        view.setInt32(start - 4, -1)
        o = start
      } else view.setInt32(start - 4, o - start)
      if (p === stop) return this.count(to, fields, o)
      p++
    }
  }
}

/**
 * Appends a record as a line. `fields` holds `count` fields from `at` on, each as its 32-bit length and its bytes. A
 * value whose text would be read as NULL or as a default is written in octal; an empty one cannot be, and is a failure of
 * the writer.
 */
export const write = (
  writer: ByteWriter,
  format: LineFormat,
  fields: ByteWriter,
  at: number,
  count: number
): void => {
  const { delimiter } = format
  for (let index = 0; index < count; index++) {
    if (index > 0) writer.uint8(delimiter)
    const length = fields.view.getInt32(at)
    at += 4
    if (length < 0) {
      writer.raw(standIn(format, length))
      continue
    }
    const stop = at + length
    // Each byte becomes two at most.
    if (!writer.reserve(length * 2 + 2)) return
    const out = writer.bytes
    const start = writer.offset
    let o = start
    for (let p = at; p < stop; p++) {
      const byte = fields.bytes[p]!
      const letter = letters[byte]!
      if (letter !== 0) {
        out[o++] = backslash
        out[o++] = letter
      } else {
        if (byte === delimiter) out[o++] = backslash
        out[o++] = byte
      }
    }
    writer.offset = o
    if (isMeant(format, out, start, o)) {
      writer.offset = start
      if (length === 0) {
        const isNull = format.nullText.length === 0
        return writer.fail(
          isNull
            ? "an empty text would be read as NULL: set another nullText"
            : "an empty text would be read as a default: set another defaultText"
        )
      }
      writeOctal(writer, fields.bytes, at, stop)
      if (isMeant(format, writer.bytes, start, writer.offset))
        return writer.fail(
          "the value equals nullText or defaultText, and would be read as NULL or a default: set another text"
        )
    }
    at = stop
  }
  writer.uint8(lf)
}

const writeOctal = (writer: ByteWriter, bytes: Uint8Array, at: number, stop: number): void => {
  for (let p = at; p < stop; p++) writer.text(`\\${bytes[p]!.toString(8).padStart(3, "0")}`)
}
