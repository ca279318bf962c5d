/**
 * The options of COPY: what each goes with, and since when servers know it. What the types of a copy do not let through is
 * refused here, by name and before anything is sent.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import type { Statement } from "../model/Statement.js"
import type { CsvSettings, WayCsv } from "../wire/copy/LineFormat.js"

/** What the server does with values that do not have their column's type; PostgreSQL 17 or later. */
interface Lenient {
  /**
   * `ignore` passes over the row; `set_null`, which takes PostgreSQL 19, stores NULL in place of the value; `stop`, the default, fails the copy.
   * PostgreSQL 17 or later.
   */
  readonly onError?: "stop" | "ignore" | "set_null"
  /** Most rows passed over before the copy fails; with `onError: "ignore"`. PostgreSQL 18 or later. */
  readonly rejectLimit?: number
  /**
   * `silent` reports nothing, which needs PostgreSQL 18; `verbose` makes a notice for each row that is skipped; `default`
   * makes one at the end with their number.
   */
  readonly logVerbosity?: "default" | "verbose" | "silent"
}

/** A limit is only for rows that are passed over. */
export type LenientSettings =
  | (Omit<Lenient, "onError" | "rejectLimit"> & {
      readonly onError?: "stop" | "set_null"
      readonly rejectLimit?: Misplaced<'rejectLimit needs onError: "ignore"'>
    })
  | (Lenient & { readonly onError: "ignore" })

/** What only a copy into a table has. */
export interface IntoSettings {
  /** Rows appear frozen; the table must have been made or emptied in the same transaction. */
  readonly freeze?: boolean
  /** Only rows for which this holds are stored. */
  readonly where?: Statement
}

export type FormatName = "binary" | "text" | "csv"

/** Every option, whether or not it goes with the others. */
export interface Options extends CsvSettings, WayCsv, Lenient, IntoSettings {
  readonly format: FormatName
  readonly encoding?: string
}

/**
 * What the options are for: a copy into the server or from it, or data that no server is asked about, to be written or
 * to be read.
 */
export type Use = "into" | "from" | "encode" | "decode"

export interface Situation {
  readonly use: Use
  /** Whether rows are written or read here, or bytes passed on as they are. */
  readonly data: "rows" | "bytes"
  /** The server's version as a number; `undefined` when there is no server, or its version is not known. */
  readonly version: number | undefined
  /** Whether the columns are known by name. */
  readonly named: boolean
}

interface Rule {
  readonly formats: ReadonlyArray<FormatName>
  readonly uses: ReadonlyArray<Use>
  /** The first major version that knows it. */
  readonly since?: number
}

const everyFormat = ["binary", "text", "csv"] as const
const lines = ["text", "csv"] as const
const csv = ["csv"] as const
const everyUse = ["into", "from", "encode", "decode"] as const
const into = ["into"] as const
const written = ["into", "encode"] as const
const quoted = ["from", "encode"] as const
const read = ["into", "decode"] as const

export type OptionName = Exclude<keyof Options, "format">

/**
 * The rules of the options, for the compiler and at run time. Without a version in its rule an option exists in all
 * supported versions.
 */
export const rules = {
  delimiter: { formats: lines, uses: everyUse },
  nullText: { formats: lines, uses: everyUse },
  header: { formats: lines, uses: everyUse },
  quote: { formats: csv, uses: everyUse },
  escape: { formats: csv, uses: everyUse },
  encoding: { formats: lines, uses: everyUse },
  defaultText: { formats: lines, uses: written, since: 16 },
  forceQuote: { formats: csv, uses: quoted },
  forceNotNull: { formats: csv, uses: read },
  forceNull: { formats: csv, uses: read },
  freeze: { formats: everyFormat, uses: into },
  where: { formats: everyFormat, uses: into },
  onError: { formats: lines, uses: into, since: 17 },
  rejectLimit: { formats: lines, uses: into, since: 18 },
  logVerbosity: { formats: lines, uses: into, since: 17 }
} as const satisfies { readonly [N in OptionName]: Rule }

type Rules = typeof rules
type FormatOf<N extends OptionName> = Rules[N]["formats"][number]
type UseOf<N extends OptionName> = Rules[N]["uses"][number]

declare const reason: unique symbol

/** Stands in the place of an option that does not go with the others: the compiler shows the reason. */
export interface Misplaced<Reason extends string> {
  readonly [reason]: Reason
}

/** The words for a use, for the compiler and at run time. */
const useNames = {
  into: "a copy into a table",
  from: "a copy from the server",
  encode: "the writing of data",
  decode: "the reading of data"
} as const satisfies { readonly [U in Use]: string }

type Why<N extends OptionName, U extends Use> = [U] extends [UseOf<N>]
  ? `${N} is for the format ${FormatOf<N> extends "csv" ? "csv" : "text or csv"}`
  : `${N} is not for ${(typeof useNames)[Exclude<U, UseOf<N>>]}`

type Taken<N extends OptionName, F, U extends Use> = [F, U] extends [FormatOf<N>, UseOf<N>] ? true : false

/** What goes with every use has to go with each: there nothing stands in the place of an option. */
type Refused<N extends OptionName, U extends Use> = [Use] extends [U] ? never : Misplaced<Why<N, U>>

type Place<V, F, U extends Use> = {
  [N in keyof V]: N extends OptionName ? (Taken<N, F, U> extends true ? V[N] : Refused<N, U>) : V[N]
}

/** The values of options where rows are written or read: as UTF-8, which is the encoding that the server is sent. */
interface RowValues extends Omit<Options, "format" | "encoding" | keyof Lenient> {
  /**
   * Rows are read and written as UTF-8; another encoding is for copies of bytes. State it only where the session has changed
   * `client_encoding`.
   */
  readonly encoding?: "UTF8"
}

/** The values of options where bytes are passed on. */
interface ByteValues extends Omit<Options, "format" | keyof Lenient> {}

/** A server writes a header, and compares none. */
interface ServedValues extends Omit<ByteValues, "header"> {
  readonly header?: boolean
}

/** What goes with one of the formats `F` in every one of the uses `U`. */
type Settings<V, F extends FormatName, U extends Use> = Place<V, F, U> &
  (Taken<"onError", F, U> extends true ? LenientSettings : Place<Lenient, F, U>)

type Stated<V, F extends FormatName, U extends Use> = { readonly format: F } & Settings<V, F, U>

/**
 * The format when the caller gives none: binary if every type has a binary form, else text. For a variable: that of its
 * value if that has one. Options of formats cannot be set then.
 */
type Unnamed<U extends Use> = { readonly format?: FormatName | undefined } & Settings<
  RowValues,
  FormatName,
  U
>

type OfLines<V, U extends Use> = Stated<V, "text" | "csv", U> | Stated<V, "csv", U>

/** A format of rows, and its options in that use. */
export type RowOptions<U extends Use> = Unnamed<U> | OfLines<RowValues, U>

type OfBytes<V, U extends Use> = Stated<V, FormatName, U> | OfLines<V, U>

/** A format of bytes, and its options in that use. */
export type ByteOptions<U extends "into" | "from"> = OfBytes<U extends "from" ? ServedValues : ByteValues, U>

/** Lines of text, as `psql` and `pg_dump` write them. */
export type AsText = Stated<RowValues, "text", Use>
/** Comma-separated values. */
export type AsCsv = Stated<RowValues, "csv", Use>
/** The server's own form: the fastest, and the only one in which no value is printed. */
export type AsBinary = Stated<RowValues, "binary", Use>
/** Text or CSV, chosen at run time, with the options that both have. */
export type AsLines = Stated<RowValues, "text" | "csv", Use>
/** Any format, chosen at run time. It has no further options. */
export type AsAny = Stated<RowValues, FormatName, Use>
/** A format with the options that go with it in every use. */
export type CopyFormat = AsBinary | AsText | AsCsv
/** The format left to us, or to a variable, which may be unset. */
export type Unstated = Unnamed<Use>

/** The options as the run time sees them: a program without types may give any. */
export type RequestedOptions = Omit<Options, "format"> & { readonly format?: FormatName | undefined }

/** The options of any copy. */
export type AnyOptions =
  { readonly [U in Use]: RowOptions<U> }[Use] | ByteOptions<"into"> | ByteOptions<"from">

/** The options of a copy, to be looked at by the rules. */
export const asked = (options: AnyOptions): RequestedOptions => options as unknown as RequestedOptions

const names = Object.keys(rules) as ReadonlyArray<OptionName>

const both = (words: ReadonlyArray<string>): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`

const isUtf8 = (encoding: string): boolean => /^(?:utf-?8|unicode)$/i.test(encoding)

/** What a value of an option needs beyond the option itself: words for it, and the first major version, if there is one. */
const further = (
  name: OptionName,
  options: Options,
  { named, use }: Situation
): readonly [what: string, since?: number] => {
  const value = options[name]
  switch (name) {
    case "header":
      if (value === "match" && use === "into") return [`header: "match"`, 15]
      return value !== false && options.format === "text" ? ["header in the text format", 15] : [name]
    case "onError":
      return value === "set_null" ? [`onError: "set_null"`, 19] : [name]
    case "logVerbosity":
      return value === "silent" ? [`logVerbosity: "silent"`, 18] : [name]
    case "forceNotNull":
    case "forceNull":
      // Named columns can be listed to any server.
      return value === "*" && !named ? [`${name}: "*" without columns by name`, 17] : [name]
    default:
      return [name]
  }
}

const tooOld = (version: number | undefined, what: string, since?: number): string | undefined =>
  since === undefined || version === undefined || Math.floor(version / 10_000) >= since
    ? undefined
    : `${what} needs PostgreSQL ${since} or later, and the server has ${Math.floor(version / 10_000)}.${version % 10_000}`

/** Why these options do not go together, or not with the server; `undefined` when they do. */
export const refusal = (asked: RequestedOptions, situation: Situation): string | undefined => {
  const { data, use, version } = situation
  const options = { ...asked, format: asked.format ?? "binary" }
  for (const name of names) {
    if (options[name] === undefined) continue
    const { formats, since, uses }: Rule = rules[name]
    if (!uses.includes(use)) {
      return `${name} is an option of ${both(uses.map((each) => useNames[each]))}, not of ${useNames[use]}`
    }
    if (!formats.includes(options.format)) {
      const is = asked.format === undefined ? "and no format is given" : `got ${asked.format}`
      return `${name} is an option of the format ${formats.join(" or ")}, ${is}`
    }
    const old = tooOld(version, name, since) ?? tooOld(version, ...further(name, options, situation))
    if (old !== undefined) return old
  }
  if (data === "rows" && options.encoding !== undefined && !isUtf8(options.encoding))
    return `encoding must be UTF8 for rows, got ${options.encoding}: for another encoding copy bytes`
  if (data === "bytes" && use === "from" && options.header === "match")
    return `header: "match" is an option of COPY FROM; COPY TO writes the names with header: true`
  if (options.rejectLimit !== undefined) {
    if (options.onError !== "ignore") return `rejectLimit needs onError: "ignore"`
    if (!Number.isSafeInteger(options.rejectLimit) || options.rejectLimit < 1)
      return `rejectLimit must be a whole number from 1, got ${options.rejectLimit}`
  }
  return undefined
}
