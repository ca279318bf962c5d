/**
 * The text of COPY statements. Names are quoted and settings are literals, so neither can become SQL; what is SQL by its
 * nature, a query or a condition, comes as a statement. COPY takes no parameters, so neither may they.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import * as Either from "effect/Either"
import * as Identifier from "../model/Identifier.js"
import type { Statement } from "../model/Statement.js"
import type { Chosen } from "../wire/copy/LineFormat.js"
import type { Options } from "./CopyOption.js"

/** A table's name, or its path, such as schema and table. A point inside a part is part of the name. */
export type TableName = string | ReadonlyArray<string>

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

const withoutParameters = (what: string, { parameters, refused, sql }: Statement): Text =>
  refused !== undefined
    ? Either.left(`the ${what} cannot be sent: ${refused}`)
    : parameters.length === 0
      ? Either.right(sql)
      : Either.left(`COPY takes no parameters, and the ${what} has ${parameters.length}`)

/** What a copy is made of: a table with its columns, all unless named, or a query. */
type Names = ReadonlyArray<string> | undefined

const choiceOf = (keyword: string, choice: Chosen | undefined, names: Names): ReadonlyArray<Text> => {
  const listed = choice === "*" && names !== undefined ? names : choice
  if (listed === "*") return [Either.right(`${keyword} *`)]
  return listed === undefined || listed.length === 0
    ? []
    : [Either.map(quoteNames(listed), (quoted) => `${keyword} (${quoted})`)]
}

/**
 * The options that choose columns. `names`: all that there are, to be listed where all are chosen, because servers before
 * 17 do not know `*` where NULL is meant.
 */
const choicesOf = (options: Options, names?: Names): Either.Either<ReadonlyArray<string>, string> =>
  Either.all([
    ...choiceOf("force_quote", options.forceQuote, undefined),
    ...choiceOf("force_not_null", options.forceNotNull, names),
    ...choiceOf("force_null", options.forceNull, names)
  ])

const literalOf = (keyword: string, text: string | undefined): ReadonlyArray<string> =>
  text === undefined ? [] : [`${keyword} ${literal(text)}`]

const wordOf = (keyword: string, word: string | number | undefined): ReadonlyArray<string> =>
  word === undefined ? [] : [`${keyword} ${word}`]

type Direction = "into" | "from"

const headerOf = (header: Options["header"], direction: Direction): ReadonlyArray<string> =>
  header === undefined || header === false
    ? []
    : // What is written for the server to match are the names it was given, so the same word goes both ways.
      [header === "match" && direction === "into" ? "header match" : "header"]

const optionsOf = (options: Options, direction: Direction, choices: ReadonlyArray<string>): string =>
  [
    `format ${options.format}`,
    ...literalOf("delimiter", options.delimiter),
    ...literalOf("null", options.nullText),
    ...literalOf("default", options.defaultText),
    ...headerOf(options.header, direction),
    ...literalOf("quote", options.quote),
    ...literalOf("escape", options.escape),
    ...choices,
    ...(options.freeze === true ? ["freeze"] : []),
    ...wordOf("on_error", options.onError),
    ...wordOf("reject_limit", options.rejectLimit),
    ...wordOf("log_verbosity", options.logVerbosity),
    ...literalOf("encoding", options.encoding)
  ].join(", ")

/** `COPY … FROM STDIN`. Left is the reason why there is no such statement. */
export const into = (table: TableName, names: Names, options: Options): Text =>
  Either.gen(function* () {
    const columns = names === undefined ? "" : ` (${yield* quoteNames(names)})`
    const where =
      options.where === undefined ? "" : ` where ${yield* withoutParameters("condition", options.where)}`
    const settings = optionsOf(options, "into", yield* choicesOf(options, names))
    return `copy ${yield* quoteTable(table)}${columns} from stdin with (${settings})${where}`
  })

/** What `COPY … TO STDOUT` reads: always a query, so that views, partitions and generated columns are read too. */
export const query = (table: TableName, names: ReadonlyArray<string> | undefined): Text =>
  Either.gen(function* () {
    const columns = names === undefined ? "*" : yield* quoteNames(names)
    return `select ${columns} from ${yield* quoteTable(table)}`
  })

/** What a copy from the server reads: the caller's own query, or that of a table. */
export const source = (
  source: { readonly table: TableName } | { readonly query: Statement },
  names: ReadonlyArray<string> | undefined
): Text => ("query" in source ? withoutParameters("query", source.query) : query(source.table, names))

/** `COPY (query) TO STDOUT`, with options that choose no columns. */
export const from = (sql: string, options: Options, choices: ReadonlyArray<string> = []): string =>
  // A comment at the query's end must not swallow what follows it.
  `copy (${sql}${sql.includes("--") ? "\n" : ""}) to stdout with (${optionsOf(options, "from", choices)})`

/** The same with any options. Left is the reason why there is no such statement. */
export const fromChoosing = (sql: string, options: Options): Text =>
  Either.map(choicesOf(options), (choices) => from(sql, options, choices))
