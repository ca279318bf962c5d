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

/** Columns by name, or all of them. */
export type Chosen = "*" | ReadonlyArray<string>

/** What only a writer or only a reader has. */
export interface WayText {
  /** What the writer puts for a column's default. */
  readonly defaultText?: string
}

export interface WayCsv extends WayText {
  /** Columns whose values the writer always puts in quotes, except NULL. */
  readonly forceQuote?: Chosen
  /** Columns in which a reader takes the text for NULL for a value. */
  readonly forceNotNull?: Chosen
  /** Columns in which a reader takes the text for NULL for NULL, in quotes too. */
  readonly forceNull?: Chosen
}

/** Settings as bytes. */
export interface LineFormat {
  readonly delimiter: number
  readonly nullText: Uint8Array
  /** `undefined` when there is no mark for a default. */
  readonly defaultText: Uint8Array | undefined
  readonly header: boolean | "match"
}

/** For each column whether it is chosen; `undefined` when none is. */
export type Flags = ReadonlyArray<boolean> | undefined

export interface CsvFormat extends LineFormat {
  readonly quote: number
  readonly escape: number
  readonly forceQuote: Flags
  readonly forceNotNull: Flags
  readonly forceNull: Flags
}

/** The length of a field that stands for its column's default, beside −1 for NULL. */
export const defaultLength = -2

/** What a backslash gives a meaning to, as the server has it. */
const notInText = /[\\.a-z0-9]/
/** A backslash that would take away the meaning of the delimiter behind it. */
const openBackslash = /(?<!\\)(?:\\\\)*\\$/
/** The mark that ends the data. */
const mark = "\\."

const byteOf = (what: string, text: string): Either.Either<number, string> => {
  const code = text.length === 1 ? text.charCodeAt(0) : 128
  if (code === 0 || code > 127) return Either.left(`${what} must be one character of ASCII`)
  return code === 10 || code === 13
    ? Either.left(`${what} must not be a line feed or a carriage return`)
    : Either.right(code)
}

/** A text that stands for something, as bytes. */
const markOf = (
  what: string,
  text: string,
  excluded: ReadonlyArray<string>
): Either.Either<Uint8Array, string> => {
  if (/[\r\n\0]/.test(text) || !text.isWellFormed())
    return Either.left(`${what} must not contain line ends, zero bytes or lone surrogates`)
  return excluded.some((one) => text.includes(one))
    ? Either.left(`${what} must not contain any of ${excluded.map((one) => JSON.stringify(one)).join(" ")}`)
    : Either.right(Utf8.encode(text))
}

const marksOf = (
  nullText: string,
  defaultText: string | undefined,
  excluded: ReadonlyArray<string>
): Either.Either<Pick<LineFormat, "nullText" | "defaultText">, string> => {
  if (nullText === defaultText) return Either.left("nullText and defaultText must be different")
  return Either.all({
    nullText: markOf("nullText", nullText, excluded),
    defaultText:
      defaultText === undefined ? Either.right(undefined) : markOf("defaultText", defaultText, excluded)
  })
}

/** Left is the reason why there can be no such format. */
export const text = (settings: TextSettings & WayText = {}): Either.Either<LineFormat, string> => {
  const { defaultText, delimiter = "\t", header = false, nullText = "\\N" } = settings
  if (delimiter.length === 1 && notInText.test(delimiter))
    return Either.left(
      "delimiter of the format text must not be a backslash, a dot, a small letter or a digit"
    )
  if (openBackslash.test(nullText)) return Either.left("nullText must not end in a backslash")
  if (defaultText !== undefined && openBackslash.test(defaultText))
    return Either.left("defaultText must not end in a backslash")
  return Either.all({
    delimiter: byteOf("delimiter", delimiter),
    marks: marksOf(nullText, defaultText, [delimiter, mark])
  }).pipe(Either.map(({ delimiter, marks }) => ({ delimiter, ...marks, header })))
}

/** Which columns are chosen, or the name of one that is not among them. */
const flagsOf = (
  what: string,
  chosen: Chosen | undefined,
  names: ReadonlyArray<string>
): Either.Either<Flags, string> => {
  if (chosen === undefined) return Either.right(undefined)
  if (chosen === "*") return Either.right(names.map(() => true))
  const stranger = chosen.find((name) => !names.includes(name))
  return stranger === undefined
    ? Either.right(names.map((name) => chosen.includes(name)))
    : Either.left(`${what} must name columns that are copied, got "${stranger}"`)
}

/** `names`: the columns, which some settings choose among. Left is the reason why there can be no such format. */
export const csv = (
  settings: CsvSettings & WayCsv = {},
  names: ReadonlyArray<string> = []
): Either.Either<CsvFormat, string> => {
  const {
    defaultText,
    delimiter = ",",
    header = false,
    nullText = "",
    quote = '"',
    escape = quote
  } = settings
  if (delimiter === quote) return Either.left("delimiter and quote must be different")
  // Servers before 18 take the line of one column with it for the end of the data.
  if (nullText === mark || defaultText === mark)
    return Either.left("nullText and defaultText must not be \\., which ends the data")
  return Either.all({
    delimiter: byteOf("delimiter", delimiter),
    quote: byteOf("quote", quote),
    escape: byteOf("escape", escape),
    marks: marksOf(nullText, defaultText, [delimiter, quote]),
    forceQuote: flagsOf("forceQuote", settings.forceQuote, names),
    forceNotNull: flagsOf("forceNotNull", settings.forceNotNull, names),
    forceNull: flagsOf("forceNull", settings.forceNull, names)
  }).pipe(Either.map(({ marks, ...rest }) => ({ ...rest, ...marks, header })))
}

/** Whether this text stands at `[at, stop)`. */
const stands = (expected: Uint8Array, bytes: Uint8Array, at: number, stop: number): boolean => {
  if (stop - at !== expected.length) return false
  for (let index = 0; index < expected.length; index++) {
    if (bytes[at + index] !== expected[index]) return false
  }
  return true
}

/** Whether the text for NULL stands at `[at, stop)`. */
export const isNull = (format: LineFormat, bytes: Uint8Array, at: number, stop: number): boolean =>
  stands(format.nullText, bytes, at, stop)

/** Whether a text that is no value stands at `[at, stop)`: that for NULL or that for a default. */
export const isMeant = (format: LineFormat, bytes: Uint8Array, at: number, stop: number): boolean =>
  stands(format.nullText, bytes, at, stop) ||
  (format.defaultText !== undefined && stands(format.defaultText, bytes, at, stop))

/** What is written for a field without bytes: `length` −1 is NULL, `defaultLength` a default. */
export const standIn = (format: LineFormat, length: number): Uint8Array =>
  length === defaultLength && format.defaultText !== undefined ? format.defaultText : format.nullText
