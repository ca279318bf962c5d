/**
 * CSV as PostgreSQL has it: values in quotes where they must be, quotes inside doubled or escaped, line ends allowed
 * in quotes. The text for NULL counts only without quotes: by default nothing is NULL and `""` an empty value.
 *
 * A line of `\.` is a value like any other, as it is to servers from 18 on. Older ones take it, without quotes, for the
 * end of the data: it is always written in quotes.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import type { ByteWriter } from "../../bytes/ByteWriter.js"
import { isMeant, isNull, standIn, type CsvFormat } from "./LineFormat.js"
import { LineReader } from "./LineReader.js"
import { tooWide } from "./RecordReader.js"

const lf = 10
const cr = 13
const point = 46
const backslash = 92

export class Reader extends LineReader<CsvFormat> {
  private inQuotes = false
  private escaped = false

  protected scan(bytes: Uint8Array, p: number, end: number): number {
    const { escape, quote } = this.format
    // Where the two are the same, a doubled quote closes and opens again.
    const before = escape === quote ? -1 : escape
    let inQuotes = this.inQuotes
    let escaped = this.escaped
    for (; p < end; p++) {
      const byte = bytes[p]!
      if (!inQuotes) {
        if (byte === lf || byte === cr) break
        if (byte === quote) inQuotes = true
      } else if (byte === before) {
        escaped = !escaped
      } else {
        if (byte === quote && !escaped) inQuotes = false
        escaped = false
      }
    }
    this.inQuotes = inQuotes
    this.escaped = escaped
    return p
  }

  protected isMark(): boolean {
    return false
  }

  protected split(bytes: Uint8Array, at: number, stop: number, to: number): number | string {
    const width = this.width
    if (width === 0 && at === stop) return this.count(to, 0, to + 2)
    const { delimiter, escape, forceNotNull, forceNull, quote } = this.format
    const isHeader = this.headerLeft
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
        if (byte !== quote) {
          out[o++] = byte
          continue
        }
        for (;;) {
          if (p === stop) return "a quote is not closed"
          byte = bytes[p++]!
          if (byte === escape && p < stop && (bytes[p] === escape || bytes[p] === quote))
            out[o++] = bytes[p++]!
          else if (byte === quote) break
          else out[o++] = byte
        }
      }
      // Compared with its quotes, which the text for NULL has none of.
      const nothing = isNull(this.format, bytes, field, p)
        ? isHeader || forceNotNull?.[fields - 1] !== true
        : !isHeader && forceNull?.[fields - 1] === true && isNull(this.format, out, start, o)
      if (nothing) {
        view.setInt32(start - 4, -1)
        o = start
      } else view.setInt32(start - 4, o - start)
      if (p === stop) return this.count(to, fields, o)
      p++
    }
  }
}

/**
 * Appends a record as a line. `fields` holds `count` fields from `at` on, each as its 32-bit length and its bytes.
 * Quotes are forced on the values of records, as the server does, and not on the names of a header.
 */
export const write = (
  writer: ByteWriter,
  format: CsvFormat,
  fields: ByteWriter,
  at: number,
  count: number,
  isHeader = false
): void => {
  const { delimiter, escape, quote } = format
  const forceQuote = isHeader ? undefined : format.forceQuote
  for (let index = 0; index < count; index++) {
    if (index > 0) writer.uint8(delimiter)
    const length = fields.view.getInt32(at)
    at += 4
    if (length < 0) {
      writer.raw(standIn(format, length))
      continue
    }
    const stop = at + length
    // Each byte becomes two at most, and there are the quotes around.
    if (!writer.reserve(length * 2 + 4)) return
    const bytes = fields.bytes
    const out = writer.bytes
    let o = writer.offset
    if (forceQuote?.[index] === true || wantsQuotes(format, bytes, at, stop)) {
      out[o++] = quote
      for (let p = at; p < stop; p++) {
        const byte = bytes[p]!
        if (byte === quote || byte === escape) out[o++] = escape
        out[o++] = byte
      }
      out[o++] = quote
    } else {
      for (let p = at; p < stop; p++) out[o++] = bytes[p]!
    }
    writer.offset = o
    at = stop
  }
  writer.uint8(lf)
}

const wantsQuotes = (format: CsvFormat, bytes: Uint8Array, at: number, stop: number): boolean => {
  const { delimiter, quote } = format
  for (let p = at; p < stop; p++) {
    const byte = bytes[p]!
    if (byte === delimiter || byte === quote || byte === lf || byte === cr) return true
  }
  return (
    isMeant(format, bytes, at, stop) ||
    (stop - at === 2 && bytes[at] === backslash && bytes[at + 1] === point)
  )
}
