/**
 * Fragments that are made of values: lists, rows, conditions. Values are parameters; names are quoted. What cannot be put into a
 * statement makes a fragment that refuses it: the statement fails with `PgUsageError`, and nothing is sent.
 */
import * as Either from "effect/Either"
import * as Identifier from "../model/Identifier.js"
import * as TypeName from "../model/TypeName.js"
import type { Fragment } from "./Fragment.js"
import type { How } from "./Fragment.js"
import { refuse, rendered } from "./Fragment.js"
import { empty, join, sql, unsafe } from "./Sql.js"

/** A row as an object: the keys are names of columns. */
export type RowValues = Readonly<Record<string, unknown>>

/** What a value of `undefined` becomes; unless given, it is refused. */
export interface UndefinedAs<Word extends string> {
  readonly undefinedAs?: Word
}

const name = (helper: string, text: string, how?: How): Fragment => {
  const quoted = Identifier.quote(how?.toColumn?.(text) ?? text)
  return Either.isRight(quoted)
    ? unsafe(quoted.right)
    : refuse(`${helper}: ${JSON.stringify(text)} is not a column name: ${quoted.left}`)
}

const column = (helper: string, given: string | Fragment): Fragment =>
  typeof given === "string" ? rendered((how) => name(helper, given, how)) : given

const inParentheses = (fragment: Fragment): Fragment => sql`(${fragment})`

/** The conditions, each in parentheses, all of which must hold. Without any it is `true`. */
export const and = (conditions: ReadonlyArray<Fragment>): Fragment =>
  conditions.length === 0 ? unsafe("true") : join(" and ", conditions.map(inParentheses))

/** The conditions, each in parentheses, one of which must hold. Without any it is `false`. */
export const or = (conditions: ReadonlyArray<Fragment>): Fragment =>
  conditions.length === 0 ? unsafe("false") : inParentheses(join(" or ", conditions.map(inParentheses)))

/** The parts with commas between them, behind `prefix` such as `order by`; nothing at all without parts. */
export const csv = (prefix: string, parts: ReadonlyArray<Fragment>): Fragment =>
  parts.length === 0 ? empty : sql`${unsafe(`${prefix} `)}${join(", ", parts)}`

/**
 * Whether a column is one of the values: `"id" = any($1)`, with the values as one array. The text is the same for any number of
 * values, and none gives false. A string is the name of a column; for an expression give a fragment.
 *
 * ```ts
 * sql`select * from people where ${Sql.in("id", [1, 2, 3])}`
 * ```
 */
const isIn = (left: string | Fragment, values: ReadonlyArray<unknown>): Fragment =>
  sql`${column("Sql.in", left)} = any(${values as never})`

/** Whether a column is left out of the values. As `not in` of SQL it gives NULL where a value is NULL. */
export const notIn = (left: string | Fragment, values: ReadonlyArray<unknown>): Fragment =>
  sql`${column("Sql.notIn", left)} <> all(${values as never})`

/** Whether a column is one of the values, which are sent as one array; of none it is false. */
export { isIn as in }

/** Parameters of one statement: the protocol counts them in 16 bits. */
const maxParameters = 65535

const tooMany = (helper: string, count: number): Fragment | undefined =>
  count > maxParameters
    ? refuse(
        `${helper}: ${count} values are more than the ${maxParameters} parameters of a statement: use Sql.unnest or COPY`
      )
    : undefined

const list = (values: ReadonlyArray<unknown>): Fragment =>
  inParentheses(
    join(
      ", ",
      values.map((value) => sql`${value as never}`)
    )
  )

/** Rows of values, as VALUES takes them: `values ($1, $2), ($3, $4)`. All rows have as many values as the first. */
export const values = (rows: ReadonlyArray<ReadonlyArray<unknown>>): Fragment => {
  const width = rows[0]?.length ?? 0
  if (width === 0) return refuse("Sql.values: there must be at least one row with at least one value")
  const other = rows.findIndex((row) => row.length !== width)
  if (other > 0)
    return refuse(`Sql.values: row ${other + 1} has ${rows[other]!.length} values, the first has ${width}`)
  return tooMany("Sql.values", rows.length * width) ?? sql`values ${join(", ", rows.map(list))}`
}

/**
 * The columns and values of an INSERT, from one row or several: `("id", "name") values ($1, $2)`. The columns are the keys of all
 * rows; where a row has no such key it takes the column's default.
 *
 * ```ts
 * sql`insert into people ${Sql.insert({ name: "Ada", born: 1815 })} returning id`
 * ```
 */
export const insert = (
  rows: RowValues | ReadonlyArray<RowValues>,
  options: UndefinedAs<"null" | "default"> = {}
): Fragment => rendered((how) => inserted(rows, options.undefinedAs ?? how.undefinedAs, how))

const inserted = (
  rows: RowValues | ReadonlyArray<RowValues>,
  undefinedAs: "null" | "default" | undefined,
  how: How
): Fragment => {
  const all = (Array.isArray(rows) ? rows : [rows]) as ReadonlyArray<RowValues>
  if (all.length === 0) return refuse("Sql.insert: there must be at least one row")
  const columns = [...new Set(all.flatMap((row) => Object.keys(row)))]
  if (columns.length === 0)
    return all.length === 1
      ? unsafe("default values")
      : refuse("Sql.insert: of several rows at least one must have a column")
  const value = (row: RowValues, key: string, index: number): Fragment => {
    if (!Object.hasOwn(row, key)) return unsafe("default")
    const given = row[key]
    if (given !== undefined) return sql`${given as never}`
    return undefinedAs === undefined
      ? refuse(`Sql.insert: column ${JSON.stringify(key)} of row ${index + 1} is undefined: ${cures.insert}`)
      : unsafe(undefinedAs)
  }
  const tuples = all.map((row, index) =>
    inParentheses(
      join(
        ", ",
        columns.map((key) => value(row, key, index))
      )
    )
  )
  const names = columns.map((key) => name("Sql.insert", key, how))
  return (
    tooMany("Sql.insert", all.length * columns.length) ??
    sql`(${join(", ", names)}) values ${join(", ", tuples)}`
  )
}

const cures = {
  insert: `use null, leave the key out for the column's default, or set undefinedAs`,
  update: `use null, leave the key out, or set undefinedAs`
}

/**
 * The assignments of an UPDATE: `"name" = $1, "born" = $2`.
 *
 * ```ts
 * sql`update people set ${Sql.update({ name: "Ada" })} where id = ${1}`
 * ```
 */
export const update = (row: RowValues, options: UndefinedAs<"null" | "skip"> = {}): Fragment =>
  rendered((how) => updated(row, options.undefinedAs ?? how.undefinedAs, how))

const updated = (row: RowValues, undefinedAs: "null" | "skip" | undefined, how: How): Fragment => {
  const keys = Object.keys(row).filter((key) => row[key] !== undefined || undefinedAs !== "skip")
  if (keys.length === 0) return refuse("Sql.update: there must be at least one column")
  const assignment = (key: string): Fragment => {
    const value = row[key]
    if (value !== undefined) return sql`${name("Sql.update", key, how)} = ${value as never}`
    return undefinedAs === "null"
      ? sql`${name("Sql.update", key, how)} = null`
      : refuse(`Sql.update: column ${JSON.stringify(key)} is undefined: ${cures.update}`)
  }
  return join(", ", keys.map(assignment))
}

/**
 * Rows as a table in FROM, one array for each column: `unnest($1::"int4"[], $2::"text"[]) as "rows" ("id", "name")`. The text
 * is the same for any number of rows, none included, so that it suits upserts of thousands.
 *
 * `types` gives each column its type, as SQL writes it: `int4`, `double precision`, `shop.mood`, `"Mood"`. A key that a row does not
 * have is NULL. Columns of arrays cannot be given in this way, because the server takes arrays apart down to their elements.
 *
 * ```ts
 * sql`insert into people select * from ${Sql.unnest(people, { id: "int4", name: "text" })}
 *     on conflict (id) do update set name = excluded.name`
 * ```
 */
export const unnest = (
  rows: ReadonlyArray<RowValues>,
  types: Readonly<Record<string, string>>,
  alias = "rows"
): Fragment => rendered((how) => unnested(rows, types, alias, how))

const unnested = (
  rows: ReadonlyArray<RowValues>,
  types: Readonly<Record<string, string>>,
  alias: string,
  how: How
): Fragment => {
  const columns = Object.keys(types)
  if (columns.length === 0) return refuse("Sql.unnest: types must name at least one column")
  const unknown = rows.flatMap((row) => Object.keys(row)).find((key) => !Object.hasOwn(types, key))
  if (unknown !== undefined)
    return refuse(`Sql.unnest: column ${JSON.stringify(unknown)} of a row has no type in types`)
  const array = (key: string): Fragment => {
    const type = TypeName.toSql(types[key]!)
    if (type === undefined)
      return refuse(
        `Sql.unnest: the type of column ${JSON.stringify(key)} must be the name of a type, got ${JSON.stringify(types[key])}`
      )
    if (type.endsWith("[]"))
      return refuse(
        `Sql.unnest: column ${JSON.stringify(key)} has arrays, which unnest takes apart: use Sql.insert or COPY`
      )
    const column = rows.map((row) => row[key] ?? null)
    return sql`${column as never}::${unsafe(type)}[]`
  }
  const names = columns.map((key) => name("Sql.unnest", key, how))
  return sql`unnest(${join(", ", columns.map(array))}) as ${name("Sql.unnest", alias)} (${join(", ", names)})`
}

/**
 * A value as text of the statement, for statements that take no parameters: DDL, COPY of a query, SET. Strings, finite and other
 * numbers, bigints, booleans, null and bytes; the server reads the value unchanged, whether `standard_conforming_strings` is on or off.
 */
export const literal = (value: string | number | bigint | boolean | null | Uint8Array): Fragment => {
  switch (typeof value) {
    case "string":
      return text(value)
    case "boolean":
      return unsafe(value ? "true" : "false")
    case "bigint":
      return number(value.toString())
    case "number":
      // A zero with a sign is no number of SQL's own.
      if (Object.is(value, -0)) return unsafe("'-0'::float8")
      return Number.isFinite(value) ? number(value.toString()) : unsafe(`'${value}'::float8`)
    default:
      if (value === null) return unsafe("null")
      if (value instanceof Uint8Array) return unsafe(`${escaped(`\\x${hex(value)}`)}::bytea`)
      return refuse(
        `Sql.literal: takes a string, number, bigint, boolean, null or Uint8Array, got ${typeof value}`
      )
  }
}

/** In parentheses where a sign stands first: `-1` behind a minus would begin a comment. */
const number = (digits: string): Fragment => unsafe(digits.startsWith("-") ? `(${digits})` : digits)

const text = (value: string): Fragment => {
  if (value.includes("\0")) return refuse("Sql.literal: a text cannot contain a zero byte")
  if (!value.isWellFormed()) return refuse("Sql.literal: a text cannot contain a lone surrogate")
  return unsafe(escaped(value))
}

/** With a backslash in it the form that means the same under both settings; a space keeps the E from joining a word before it. */
const escaped = (value: string): string => {
  const doubled = value.replaceAll("'", "''")
  return doubled.includes("\\") ? ` E'${doubled.replaceAll("\\", "\\\\")}'` : `'${doubled}'`
}

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex")
