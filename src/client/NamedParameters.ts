/**
 * Statements whose parameters have names: `:id` in a text, and statements that are written in files.
 *
 * A name is found as the server's lexer would find a sign: not in quoted texts and names, dollar quotes and comments. `::` is a cast, and a
 * colon behind a name, a number, a bracket or a quote is not a parameter's: `ranges[1:n]` is a slice.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import * as SqlLexer from "../model/SqlLexer.js"
import { Builder, isFragment, partBy, refuse, Typed } from "./Fragment.js"
import type { Fragment } from "./Fragment.js"

/** The text before each name, and behind the last one. */
interface Template {
  readonly pieces: ReadonlyArray<string>
  readonly names: ReadonlyArray<string>
  readonly refused: string | undefined
}

const isBehindValue = (sql: string, at: number): boolean =>
  at > 0 && /[\w$\])"':\u0080-\uffff]/.test(sql[at - 1]!)

const scan = (sql: string, escapes: boolean): Template => {
  const pieces: Array<string> = []
  const names: Array<string> = []
  let behind = 0
  let refused: string | undefined
  let colon = -2
  SqlLexer.tokens(
    sql,
    (kind, from, to) => {
      if (kind === "parameter")
        refused ??= `Sql.named: the text has ${sql.slice(from, to)}: parameters have names, and no numbers`
      else if (kind === "sign" && sql[from] === ":" && !isBehindValue(sql, from)) colon = from
      else if (kind === "word" && colon === from - 1) {
        pieces.push(sql.slice(behind, colon))
        names.push(sql.slice(from, to))
        behind = to
      }
    },
    escapes
  )
  pieces.push(sql.slice(behind))
  return { pieces, names, refused }
}

const templates = new Map<string, Template>()
const maxTemplates = 512

/** Texts are mostly the same few. */
const templateOf = (sql: string): Template => {
  const known = templates.get(sql)
  if (known !== undefined) return known
  const found = scan(sql, false)
  const escaped = scan(sql, true)
  const template =
    found.pieces.join("\0") === escaped.pieces.join("\0")
      ? found
      : {
          ...found,
          refused:
            "Sql.named: a backslash before a quote means another thing when standard_conforming_strings is off: write the text as E'...'"
        }
  if (templates.size === maxTemplates) templates.clear()
  templates.set(sql, template)
  return template
}

/**
 * A text whose parameters have names: `Sql.named("select * from people where id = :id", { id: 1 })`. Each name must have a value, and each value
 * a name in the text; fragments and `Sql.typed` are values too. The text is sent as it is: never give it anything a user has typed.
 */
export const named = (text: string, values: Readonly<Record<string, unknown>> = {}): Fragment => {
  const { names, pieces, refused } = templateOf(text)
  if (refused !== undefined) return refuse(refused)
  const unused = Object.keys(values).find((name) => !names.includes(name))
  if (unused !== undefined) return refuse(`Sql.named: there is no :${unused} in the text`)
  const missing = names.find((name) => !Object.hasOwn(values, name))
  if (missing !== undefined) return refuse(`Sql.named: there is no value for :${missing}`)
  const builder = new Builder(pieces[0]!)
  names.forEach((name, at) => {
    const value = values[name]
    if (isFragment(value)) builder.fragment(value)
    else if (value instanceof Typed) builder.value(value.value, value.oid)
    else builder.value(value, 0)
    builder.text(pieces[at + 1]!)
  })
  return builder.done((how) =>
    named(text, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, partBy(value, how)])))
  )
}

/**
 * A statement from a file of one statement, read as UTF-8, with its parameters by name: the effect reads the file once and gives a function from
 * values to the statement. Fails with the platform's error when the file cannot be read.
 *
 * ```ts
 * const byId = yield* Sql.fromFile("people/byId.sql")
 * yield* pg.query(byId({ id: 1 }))
 * ```
 */
export const fromFile = (
  path: string
): Effect.Effect<
  (values?: Readonly<Record<string, unknown>>) => Fragment,
  PlatformError,
  FileSystem.FileSystem
> =>
  Effect.map(
    Effect.flatMap(FileSystem.FileSystem, (files) => files.readFileString(path)),
    (content) => {
      const text = content.startsWith("\ufeff") ? content.slice(1) : content
      return (values) => named(text, values)
    }
  )
