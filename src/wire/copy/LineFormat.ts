/**
 * The settings of the two formats of lines, checked as the server checks them, so that what is written can be read.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import * as Either from "effect/Either"
import * as Utf8 from "../../bytes/Utf8.js"

/** Settings of the text format. */
export interface TextSettings {
  /** Between fields: one character of ASCII. Default tab, in CSV a comma. */
  readonly delimiter?: string
  /**
   * What stands for NULL. Default `\N`, in CSV nothing without quotes. In text the server does not mark a value that
   * looks the same, so that only one with a backslash is safe to read; what we write is marked.
   */
  readonly nullText?: string
  /**
   * A first line with the names of the columns. Reading: `true` passes over it, `"match"` refuses other names. A byte
   * order mark before it is passed over; where there is no header it belongs to the first value.
   */
  readonly header?: boolean | "match"
}

/** Settings of CSV. */
export interface CsvSettings extends TextSettings {
  /** Around values: one character of ASCII. Default a double quote. */
  readonly quote?: string
  /** Before a quote inside a value: one character of ASCII. Default the quote itself. */
  readonly escape?: string
}

/** Settings as bytes. */
export interface LineFormat {
  readonly delimiter: number
  readonly nullText: Uint8Array
  readonly header: boolean | "match"
}

export interface CsvFormat extends LineFormat {
  readonly quote: number
  readonly escape: number
}

/** What a backslash gives a meaning to, as the server has it. */
const notInText = /[\\.a-z0-9]/
/** A backslash that would take away the meaning of the delimiter behind it. */
const openBackslash = /(?<!\\)(?:\\\\)*\\$/
/** The mark that ends the data. */
const mark = "\\."

const byteOf = (what: string, text: string): Either.Either<number, string> => {
  const code = text.length === 1 ? text.charCodeAt(0) : 128
  if (code === 0 || code > 127) return Either.left(`the ${what} must be one character of ASCII`)
  return code === 10 || code === 13
    ? Either.left(`the ${what} cannot be a line feed or a carriage return`)
    : Either.right(code)
}

const nullOf = (text: string, excluded: ReadonlyArray<string>): Either.Either<Uint8Array, string> => {
  if (/[\r\n\0]/.test(text) || !text.isWellFormed())
    return Either.left("the text for NULL cannot contain line ends, zero bytes or lone surrogates")
  return excluded.some((one) => text.includes(one))
    ? Either.left(
        `the text for NULL cannot contain any of ${excluded.map((one) => JSON.stringify(one)).join(" ")}`
      )
    : Either.right(Utf8.encode(text))
}

/** Left is the reason why there can be no such format. */
export const text = (settings: TextSettings = {}): Either.Either<LineFormat, string> => {
  const { delimiter = "\t", header = false, nullText = "\\N" } = settings
  if (delimiter.length === 1 && notInText.test(delimiter))
    return Either.left("the delimiter of text cannot be a backslash, a point, a small letter or a digit")
  if (openBackslash.test(nullText)) return Either.left("the text for NULL cannot end in a backslash")
  return Either.all({
    delimiter: byteOf("delimiter", delimiter),
    nullText: nullOf(nullText, [delimiter, mark]),
    header: Either.right(header)
  })
}

/** Left is the reason why there can be no such format. */
export const csv = (settings: CsvSettings = {}): Either.Either<CsvFormat, string> => {
  const { delimiter = ",", header = false, nullText = "", quote = '"', escape = quote } = settings
  if (delimiter === quote) return Either.left("the delimiter and the quote must be different")
  return Either.all({
    delimiter: byteOf("delimiter", delimiter),
    nullText: nullOf(nullText, [delimiter, quote]),
    quote: byteOf("quote", quote),
    escape: byteOf("escape", escape),
    header: Either.right(header)
  })
}

/** Whether the text for NULL stands at `[at, stop)`. */
export const isNull = (format: LineFormat, bytes: Uint8Array, at: number, stop: number): boolean => {
  const expected = format.nullText
  if (stop - at !== expected.length) return false
  for (let index = 0; index < expected.length; index++) {
    if (bytes[at + index] !== expected[index]) return false
  }
  return true
}
