/**
 * The text of COPY statements. Names are quoted and settings are literals, so neither can become SQL; what is SQL by its
 * nature, a query or a condition, comes as a statement. COPY takes no parameters, so neither may they.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import * as Either from "effect/Either"
import * as Identifier from "../model/Identifier.js"
import type { Statement } from "../model/Statement.js"
import type { CopyFormat } from "./CopyFormat.js"

/** A table's name, or its path, such as schema and table. A point inside a part is part of the name. */
export type TableName = string | ReadonlyArray<string>

/** What only a copy into a table has. */
export interface IntoSettings {
  /** Rows appear frozen; the table must have been made or emptied in the same transaction. */
  readonly freeze?: boolean
  /** Only rows for which this holds are stored. */
  readonly where?: Statement
}

/** What the server is to do with values that are none of their type, in the formats of lines; PostgreSQL 17 or later. */
export interface LenientSettings {
  /** `ignore` passes over the row; a notice at the end tells how many. */
  readonly onError?: "stop" | "ignore"
  /** Most rows passed over before the copy fails; PostgreSQL 18 or later. */
  readonly rejectLimit?: number
  /** `verbose` makes a notice for each row passed over. */
  readonly logVerbosity?: "default" | "verbose" | "silent"
}

export type Text = Either.Either<string, string>

const quoteTable = (table: TableName): Text =>
  Identifier.quotePath(typeof table === "string" ? [table] : table)

const quoteNames = (names: ReadonlyArray<string>): Text =>
  Either.map(Either.all(names.map(Identifier.quote)), (quoted) => quoted.join(", "))

/** A literal that means the same whatever `standard_conforming_strings` is. */
const literal = (text: string): string => {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted
}

const withoutParameters = (what: string, { parameters, sql }: Statement): Text =>
  parameters.length === 0
    ? Either.right(sql)
    : Either.left(`COPY takes no parameters, and the ${what} has ${parameters.length}`)

type Direction = "into" | "from"

const optionsOf = (format: CopyFormat, direction: Direction): ReadonlyArray<string> => {
  const options = [`format ${format.format}`]
  if (format.format === "binary") return options
  const { delimiter, header = false, nullText } = format
  if (delimiter !== undefined) options.push(`delimiter ${literal(delimiter)}`)
  if (nullText !== undefined) options.push(`null ${literal(nullText)}`)
  // What we write for the server to match are the names it was given, so the same word goes both ways.
  if (header !== false) options.push(header === "match" && direction === "into" ? "header match" : "header")
  if (format.format === "text") return options
  if (format.quote !== undefined) options.push(`quote ${literal(format.quote)}`)
  if (format.escape !== undefined) options.push(`escape ${literal(format.escape)}`)
  return options
}

const lenientOf = ({
  logVerbosity,
  onError,
  rejectLimit
}: LenientSettings): Either.Either<ReadonlyArray<string>, string> => {
  const options: Array<string> = []
  if (onError !== undefined) options.push(`on_error ${onError}`)
  if (rejectLimit !== undefined) {
    if (!Number.isSafeInteger(rejectLimit) || rejectLimit < 1)
      return Either.left("rejectLimit must be a whole number above 0")
    options.push(`reject_limit ${rejectLimit}`)
  }
  if (logVerbosity !== undefined) options.push(`log_verbosity ${logVerbosity}`)
  return Either.right(options)
}

/** `COPY … FROM STDIN`. Left is the reason why there is no such statement. */
export const into = (
  table: TableName,
  names: ReadonlyArray<string>,
  format: CopyFormat,
  settings: IntoSettings & LenientSettings
): Text =>
  Either.gen(function* () {
    const options = [
      ...optionsOf(format, "into"),
      ...(settings.freeze === true ? ["freeze"] : []),
      ...(yield* lenientOf(settings))
    ]
    const where =
      settings.where === undefined ? "" : ` where ${yield* withoutParameters("condition", settings.where)}`
    return `copy ${yield* quoteTable(table)} (${yield* quoteNames(names)}) from stdin with (${options.join(", ")})${where}`
  })

/** What `COPY … TO STDOUT` reads: always a query, so that views, partitions and generated columns are read too. */
export const query = (table: TableName, names: ReadonlyArray<string> | undefined): Text =>
  Either.gen(function* () {
    const columns = names === undefined ? "*" : yield* quoteNames(names)
    return `select ${columns} from ${yield* quoteTable(table)}`
  })

/** The text of the caller's query. */
export const queryOf = (statement: Statement): Text => withoutParameters("query", statement)

/** `COPY (query) TO STDOUT`. */
export const from = (sql: string, format: CopyFormat): string =>
  // A comment at the query's end must not swallow what follows it.
  `copy (${sql}${sql.includes("--") ? "\n" : ""}) to stdout with (${optionsOf(format, "from").join(", ")})`
