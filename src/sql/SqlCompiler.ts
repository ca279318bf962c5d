/** Statements of `@effect/sql` as text for PostgreSQL, and JSON as a parameter. */
import type { Compiler, Custom, Fragment } from "@effect/sql/Statement"
import * as Statement from "@effect/sql/Statement"
import { JsonText } from "../model/JsonText.js"

/** A value that is sent as JSON, whatever it is. */
interface Json extends Custom<"PgJson", unknown> {}

const custom = Statement.custom<Json>("PgJson")

/** A value as a parameter of `json` or `jsonb`. `null` and `undefined` are NULL, as everywhere. */
export const json = (value: unknown): Fragment => custom(value, undefined, undefined)

/** Texts, arrays and dates would be parameters of another kind by themselves. */
const parameterOf = (value: unknown): unknown => {
  if (value === null || value === undefined) return null
  const isPlain = typeof value === "object" && !Array.isArray(value) && !(value instanceof Date)
  return isPlain ? value : new JsonText(JSON.stringify(value))
}

const quote = Statement.defaultEscape('"')

/**
 * The compiler. `transform`: from names in the program to names in the database. `nested`: also for the keys of `json` values.
 */
export const make = (transform?: (name: string) => string, nested = true): Compiler => {
  const renamed = nested && transform !== undefined ? Statement.defaultTransforms(transform).value : undefined
  return Statement.makeCompiler<Json>({
    dialect: "pg",
    placeholder: (index) => `$${index}`,
    onIdentifier:
      transform === undefined
        ? quote
        : (name, withoutTransform) => quote(withoutTransform ? name : transform(name)),
    onRecordUpdate: (placeholders, alias, columns, values, returning) => {
      const source = `(values ${placeholders}) AS ${alias}${columns}`
      const parameters = values.flat()
      return returning === undefined
        ? [source, parameters]
        : [`${source} RETURNING ${returning[0]}`, [...parameters, ...returning[1]]]
    },
    onCustom: ({ i0 }, placeholder, withoutTransform) => [
      placeholder(undefined),
      [parameterOf(withoutTransform || renamed === undefined ? i0 : renamed(i0))]
    ]
  })
}
