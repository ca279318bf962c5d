/**
 * The statements of a text, each by its first words: enough to see which commands a text has, without parsing them. Quoted texts and
 * names, comments, parentheses and the bodies of SQL functions are passed over as the server's own lexer does.
 *
 * @see https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
import { afterComment, afterDollar, afterQuoted, afterWord, isWordStart } from "./SqlLexer.js"

/** Words kept of each statement: more than any command has before its first name. */
const kept = 6

const routine = /^create (?:or replace )?(?:function|procedure)\b/

class Reader {
  readonly statements: Array<string> = []
  private words: Array<string> = []
  private parentheses = 0
  /** Depth of BEGIN ATOMIC and CASE in the body of an SQL routine. */
  private blocks = 0

  word(word: string): void {
    if (this.words.length < kept) this.words.push(word)
    if (word === "begin" || word === "case") {
      if (this.blocks > 0 || (word === "begin" && routine.test(this.words.join(" ")))) this.blocks++
    } else if (word === "end" && this.blocks > 0) this.blocks--
  }

  sign(sign: string): void {
    if (sign === "(") this.parentheses++
    else if (sign === ")" && this.parentheses > 0) this.parentheses--
    if (sign === ";" && this.parentheses === 0 && this.blocks === 0) this.end()
    else if (this.words.length < kept) this.words.push(sign)
  }

  end(): void {
    if (this.words.length > 0) this.statements.push(this.words.join(" "))
    this.words = []
    this.parentheses = 0
    this.blocks = 0
  }
}

/**
 * The first words of each statement in lower case, joined by spaces; a sign or a quoted name counts as a word. Empty statements are
 * left out. `escapes`: the session's `standard_conforming_strings` is off.
 */
export const of = (sql: string, escapes = false): ReadonlyArray<string> => {
  const reader = new Reader()
  let at = 0
  while (at < sql.length) {
    const code = sql.charCodeAt(at)
    if (isWordStart(code)) {
      const from = at
      at = afterWord(sql, at)
      const word = sql.slice(from, at).toLowerCase()
      if (word === "e" && sql[at] === "'") at = afterQuoted(sql, at, true)
      reader.word(word)
      continue
    }
    const behindComment = afterComment(sql, at)
    if (behindComment > at) {
      at = behindComment
      continue
    }
    const sign = sql[at]!
    const behind =
      sign === "'" || sign === '"'
        ? afterQuoted(sql, at, sign === "'" && escapes)
        : sign === "$"
          ? afterDollar(sql, at)
          : at
    at = behind > at ? behind : at + 1
    if (sign.trim() !== "") reader.sign(sign)
  }
  reader.end()
  return reader.statements
}

const ends = /^(?:commit|end|rollback|abort|prepare transaction)\b/
const goesOn = /^(?:(?:rollback|abort)(?: work| transaction)? to|(?:commit|rollback) prepared)\b/

/** Whether a statement, by its first words, ends the transaction block that it runs in. */
export const endsBlock = (words: string): boolean => ends.test(words) && !goesOn.test(words)

/** Whether a statement, by its first words, rolls back: to a savepoint, or the whole. */
export const rollsBack = (words: string): boolean => /^(?:rollback|abort)\b/.test(words)
