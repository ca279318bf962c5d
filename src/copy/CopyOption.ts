/**
 * The options of COPY: what each goes with, and since when servers know it. What the types of a copy do not let through is
 * refused here, by name and before anything is sent.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import type { Statement } from "../model/Statement.js"
import type { CsvSettings, WayCsv } from "../wire/copy/LineFormat.js"

/** Every option, whether or not it goes with the others. */
export interface Options extends CsvSettings, WayCsv {
  readonly format: "binary" | "text" | "csv"
  readonly encoding?: string
  readonly freeze?: boolean
  readonly where?: Statement
  readonly onError?: "stop" | "ignore"
  readonly rejectLimit?: number
  readonly logVerbosity?: "default" | "verbose" | "silent"
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
  /** The server's version as a number; `undefined` when there is none, or it is not known. */
  readonly version: number | undefined
  /** Whether the columns are known by name. */
  readonly named: boolean
}

interface Rule {
  readonly formats: ReadonlyArray<Options["format"]>
  readonly uses: ReadonlyArray<Use>
  /** The first major version that knows it. */
  readonly since?: number
}

const lines = ["text", "csv"] as const
const csv = ["csv"] as const
const everywhere = ["into", "from", "encode", "decode"] as const

export type OptionName = Exclude<keyof Options, "format">

/** All supported versions know an option that says nothing else. */
export const rules: { readonly [N in OptionName]: Rule } = {
  delimiter: { formats: lines, uses: everywhere },
  nullText: { formats: lines, uses: everywhere },
  header: { formats: lines, uses: everywhere },
  quote: { formats: csv, uses: everywhere },
  escape: { formats: csv, uses: everywhere },
  encoding: { formats: lines, uses: everywhere },
  defaultText: { formats: lines, uses: ["into", "encode"], since: 16 },
  forceQuote: { formats: csv, uses: ["from", "encode"] },
  forceNotNull: { formats: csv, uses: ["into", "decode"] },
  forceNull: { formats: csv, uses: ["into", "decode"] },
  freeze: { formats: ["binary", ...lines], uses: ["into"] },
  where: { formats: ["binary", ...lines], uses: ["into"] },
  onError: { formats: lines, uses: ["into"], since: 17 },
  rejectLimit: { formats: lines, uses: ["into"], since: 18 },
  logVerbosity: { formats: lines, uses: ["into"], since: 17 }
}

/** The same, for those who walk over them. */
const names = Object.keys(rules) as ReadonlyArray<OptionName>

const useNames: { readonly [U in Use]: string } = {
  into: "a copy into a table",
  from: "a copy from the server",
  encode: "the writing of data",
  decode: "the reading of data"
}

const both = (words: ReadonlyArray<string>): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`

const isUtf8 = (encoding: string): boolean => /^(?:utf-?8|unicode)$/i.test(encoding)

/** What a value of an option needs beyond the option itself: words for it, and the first major version. */
const further = (
  name: OptionName,
  options: Options,
  { named, use }: Situation
): readonly [what: string, since: number] | undefined => {
  switch (name) {
    case "header":
      if (options.header === "match" && use === "into") return [`header: "match"`, 15]
      return options.header !== false && options.format === "text"
        ? ["header in the text format", 15]
        : undefined
    case "logVerbosity":
      return options.logVerbosity === "silent" ? [`logVerbosity: "silent"`, 18] : undefined
    case "forceNotNull":
    case "forceNull":
      // Named columns can be listed to any server.
      return options[name] === "*" && !named ? [`${name}: "*" without columns by name`, 17] : undefined
    default:
      return undefined
  }
}

const tooOld = (what: string, since: number | undefined, version: number | undefined): string | undefined =>
  since === undefined || version === undefined || Math.floor(version / 10_000) >= since
    ? undefined
    : `${what} needs PostgreSQL ${since} or later, and the server has ${Math.floor(version / 10_000)}.${version % 10_000}`

/** Why these options do not go together, or not with the server; `undefined` when they do. */
export const refusal = (
  asked: Omit<Options, "format"> & { readonly format?: Options["format"] | undefined },
  situation: Situation
): string | undefined => {
  const { data, use, version } = situation
  const options = { ...asked, format: asked.format ?? "binary" }
  for (const name of names) {
    if (options[name] === undefined) continue
    const { formats, since, uses } = rules[name]
    if (!uses.includes(use)) {
      return `${name} is for ${both(uses.map((each) => useNames[each]))}, and this is ${useNames[use]}`
    }
    if (!formats.includes(options.format)) {
      const is = asked.format === undefined ? "none is stated" : `this is ${asked.format}`
      return `${name} is for the format ${formats.join(" or ")}, and ${is}`
    }
    const old = tooOld(name, since, version)
    if (old !== undefined) return old
    const more = further(name, options, situation)
    const oldValue = more === undefined ? undefined : tooOld(...more, version)
    if (oldValue !== undefined) return oldValue
  }
  if (data === "rows" && options.encoding !== undefined && !isUtf8(options.encoding))
    return `rows are read and written as UTF-8, and not as ${options.encoding}: copy bytes`
  if (data === "bytes" && use === "from" && options.header === "match")
    return `header: "match" is for who reads: the server writes the names where header is true`
  if (options.rejectLimit !== undefined) {
    if (options.onError !== "ignore") return `rejectLimit needs onError: "ignore"`
    if (!Number.isSafeInteger(options.rejectLimit) || options.rejectLimit < 1)
      return "rejectLimit must be a whole number above 0"
  }
  return undefined
}
