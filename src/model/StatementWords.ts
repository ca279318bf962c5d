/**
 * The statements of a text, each by its first words: enough to see which commands a text has, without parsing them. Quoted texts and
 * names, comments, parentheses and the bodies of SQL functions are passed over as the server's own lexer does.
 *
 * @see https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */

/** Words kept of each statement: more than any command has before its first name. */
const kept = 6

const isStart = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code >= 128

const isPart = (code: number): boolean => isStart(code) || (code >= 48 && code <= 57) || code === 36

/** Index behind a quoted text whose opening quote is at `at`; `escapes`: a backslash quotes what follows it. */
const afterQuoted = (sql: string, at: number, escapes: boolean): number => {
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
const afterComment = (sql: string, at: number): number => {
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

const dollar = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y

/** Index behind a text in dollar quotes; `at` itself when none begins there. */
const afterDollar = (sql: string, at: number): number => {
  dollar.lastIndex = at
  const tag = dollar.exec(sql)?.[0]
  if (tag === undefined) return at
  const end = sql.indexOf(tag, at + tag.length)
  return end < 0 ? sql.length : end + tag.length
}

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
    if (isStart(code)) {
      const from = at
      while (at < sql.length && isPart(sql.charCodeAt(at))) at++
      const word = sql.slice(from, at).toLowerCase()
      if (word === "e" && sql[at] === "'") at = afterQuoted(sql, at, true)
      reader.word(word)
    } else if (sql.startsWith("--", at)) {
      const line = /[\n\r]/g
      line.lastIndex = at
      at = line.exec(sql)?.index ?? sql.length
    } else if (sql.startsWith("/*", at)) at = afterComment(sql, at)
    else {
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
