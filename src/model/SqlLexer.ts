/**
 * Where the tokens of an SQL text end, by the rules of the server's own lexer: quoted texts and names, dollar quotes, comments.
 *
 * @see https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */

export const isWordStart = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code >= 128

const isDigit = (code: number): boolean => code >= 48 && code <= 57

const isWordPart = (code: number): boolean => isWordStart(code) || isDigit(code) || code === 36

/** Index behind the word that begins at `at`. */
export const afterWord = (sql: string, at: number): number => {
  let next = at + 1
  while (next < sql.length && isWordPart(sql.charCodeAt(next))) next++
  return next
}

/** Index behind a quoted text whose opening quote is at `at`; `escapes`: a backslash quotes what follows it. */
export const afterQuoted = (sql: string, at: number, escapes: boolean): number => {
  const quote = sql[at]!
  for (let next = at + 1; next < sql.length; next++) {
    if (escapes && sql[next] === "\\") next++
    else if (sql[next] === quote) {
      if (sql[next + 1] !== quote) return next + 1
      next++
    }
  }
  return sql.length
}

/** Index behind a block comment; comments nest. */
const afterBlock = (sql: string, at: number): number => {
  let depth = 1
  let next = at + 2
  for (; next < sql.length && depth > 0; next++) {
    if (sql.startsWith("*/", next)) depth--
    else if (sql.startsWith("/*", next)) depth++
    else continue
    next++
  }
  return next
}

/** Index behind a comment; `at` itself when none begins there. */
export const afterComment = (sql: string, at: number): number => {
  if (sql.startsWith("/*", at)) return afterBlock(sql, at)
  if (!sql.startsWith("--", at)) return at
  const line = /[\n\r]/g
  line.lastIndex = at
  return line.exec(sql)?.index ?? sql.length
}

const dollar = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y

/** Index behind a text in dollar quotes; `at` itself when none begins there. */
export const afterDollar = (sql: string, at: number): number => {
  dollar.lastIndex = at
  const tag = dollar.exec(sql)?.[0]
  if (tag === undefined) return at
  const end = sql.indexOf(tag, at + tag.length)
  return end < 0 ? sql.length : end + tag.length
}

/** `word`: a keyword or a name without quotes. `name`: a quoted name. `literal`: a text or a number. `parameter`: `$1`. */
export type SqlTokenKind = "word" | "name" | "literal" | "parameter" | "sign"

const number =
  /(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?|\.\d[\d_]*(?:[eE][+-]?\d+)?)/y

/** Prefixes of a text in quotes: escapes, Unicode escapes, bits, national characters. */
const prefixes: ReadonlySet<string> = new Set(["e", "b", "x", "n"])

const afterNumber = (sql: string, at: number): number => {
  number.lastIndex = at
  return number.exec(sql) === null ? at : number.lastIndex
}

/** Calls `take` with every token but white space and comments, in order. `escapes`: the session's `standard_conforming_strings` is off. */
export const tokens = (
  sql: string,
  take: (kind: SqlTokenKind, from: number, to: number) => void,
  escapes = false
): void => {
  let at = 0
  while (at < sql.length) {
    const code = sql.charCodeAt(at)
    const from = at
    if (isWordStart(code)) {
      at = afterWord(sql, at)
      const word = sql.slice(from, at).toLowerCase()
      if (sql[at] === "'" && prefixes.has(word)) {
        at = afterQuoted(sql, at, escapes || word === "e")
        take("literal", from, at)
      } else if (word === "u" && sql[at] === "&" && (sql[at + 1] === "'" || sql[at + 1] === '"')) {
        const kind = sql[at + 1] === "'" ? "literal" : "name"
        at = afterQuoted(sql, at + 1, false)
        take(kind, from, at)
      } else take("word", from, at)
      continue
    }
    const behindComment = afterComment(sql, at)
    if (behindComment > at) {
      at = behindComment
      continue
    }
    const sign = sql[at]!
    if (sign === "'" || sign === '"') {
      at = afterQuoted(sql, at, sign === "'" && escapes)
      take(sign === "'" ? "literal" : "name", from, at)
      continue
    }
    if (sign === "$") {
      at = afterDollar(sql, at)
      if (at > from) {
        take("literal", from, at)
        continue
      }
      at++
      while (at < sql.length && isDigit(sql.charCodeAt(at))) at++
      take("parameter", from, at)
      continue
    }
    at = afterNumber(sql, at)
    if (at > from) {
      take("literal", from, at)
      continue
    }
    at++
    if (sign.trim() !== "") take("sign", from, at)
  }
}
