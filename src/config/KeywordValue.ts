/**
 * Connection strings of the form `host=localhost dbname='my shop'`.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE
 */
import * as Either from "effect/Either"
import { PgConfigError } from "../model/PgError.js"
import * as Settings from "./Settings.js"
import type { Pairs } from "./Vocabulary.js"
import { shownKey } from "./Vocabulary.js"

const isSpace = (char: string | undefined): boolean => char !== undefined && " \t\n\v\f\r".includes(char)

const skipSpaces = (text: string, from: number): number => {
  let at = from
  while (isSpace(text[at])) at++
  return at
}

/**
 * Splits a connection string into keywords and texts. White space around `=` is allowed; a backslash takes the next
 * character as it is, within quotes and without. Which keywords exist is looked at behind a secret only: a word there that is
 * no keyword is the rest of a secret that was not quoted.
 *
 * Fails with `PgConfigError`, which names the place and never quotes: a piece out of place is often part of a password.
 */
export const parse = (conninfo: string, source = "conninfo"): Either.Either<Pairs, PgConfigError> => {
  const pairs: Array<readonly [string, string]> = []
  const refuse = (key: string, reason: string) => Either.left(new PgConfigError({ key, reason, source }))
  let at = skipSpaces(conninfo, 0)
  while (at < conninfo.length) {
    const start = at
    while (at < conninfo.length && conninfo[at] !== "=" && !isSpace(conninfo[at])) at++
    const keyword = conninfo.slice(start, at)
    at = skipSpaces(conninfo, at)
    if (conninfo[at] !== "=") {
      return refuse(
        "connection string",
        `expected postgresql:// at the beginning or keyword=value; the word at character ${start + 1} has no "=" after it`
      )
    }
    const before = pairs.at(-1)?.[0] ?? ""
    if (Settings.find(before)?.secret === true && !Settings.isName(keyword)) {
      return refuse(
        before,
        `the word at character ${start + 1}, behind its value, is not a keyword; a value with white space must be quoted`
      )
    }
    at = skipSpaces(conninfo, at + 1)
    const quoted = conninfo[at] === "'"
    if (quoted) at++
    let value = ""
    for (;;) {
      const char = conninfo[at]
      if (char === undefined) {
        if (quoted) return refuse(shownKey(keyword), "its quoted value has no closing quote")
        break
      }
      at++
      if (char === "\\") value += conninfo[at++] ?? ""
      else if (quoted ? char === "'" : isSpace(char)) break
      else value += char
    }
    pairs.push([keyword, value])
    at = skipSpaces(conninfo, at)
  }
  return Either.right(pairs)
}

const quote = (text: string): string =>
  /^[A-Za-z0-9_./,:@+-]+$/.test(text) ? text : `'${text.replace(/[\\']/g, "\\$&")}'`

/** A connection string that means these pairs. */
export const format = (pairs: Pairs): string =>
  pairs.map(([keyword, text]) => `${keyword}=${quote(text)}`).join(" ")
