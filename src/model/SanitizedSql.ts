/** A statement's text without its values: for spans, logs and traces. */
import * as SqlLexer from "./SqlLexer.js"

/** What stands in place of a value, as OpenTelemetry's database conventions have it. */
const hidden = "?"

/**
 * The text with `?` for every text, number and bit string in it, and without its comments. Names, `$1` and signs stay as they are. A
 * text that the server would refuse stays without its values too.
 */
export const of = (sql: string, escapes = false): string => {
  let out = ""
  let last = 0
  let isDone = true
  SqlLexer.tokens(
    sql,
    (kind, from, to) => {
      // Between two tokens stand white space and comments only.
      const between = sql.slice(last, from)
      out += between.trim() === "" ? between : last === 0 ? "" : between.includes("\n") ? "\n" : " "
      out += kind === "literal" ? hidden : sql.slice(from, to)
      last = to
      isDone = to === sql.length
    },
    escapes
  )
  return isDone ? out : out.trimEnd()
}
