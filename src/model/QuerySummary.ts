/**
 * What a statement does and to which tables, in few words, such as `SELECT people` or `INSERT orders SELECT basket`: the name that
 * telemetry groups statements by. The words are found without parsing: a statement of an unusual form may have fewer of them.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/#generating-a-summary-of-the-query
 */
import * as SqlLexer from "./SqlLexer.js"

/** OpenTelemetry's longest summary. */
const longest = 255

/** Commands that may stand inside a statement too. */
const commands: ReadonlySet<string> = new Set(["select", "insert", "update", "delete", "merge", "values"])

/** Words that make UPDATE, DELETE or INSERT a part of another clause when they stand before it, as in FOR UPDATE. */
const beforeClause: ReadonlySet<string> = new Set(["for", "do", "on", "key", "then", "or", "before", "after"])

/** Words that may stand before the name of a table. */
const beforeName: ReadonlySet<string> = new Set([
  "only",
  "table",
  "if",
  "not",
  "exists",
  "lateral",
  "concurrently"
])

/** Commands of two words or more, behind which a name stands. */
const defining: ReadonlySet<string> = new Set(["create", "drop", "alter", "refresh"])

/** Words between CREATE and the kind of what is created. */
const modifiers: ReadonlySet<string> = new Set([
  "or",
  "replace",
  "temp",
  "temporary",
  "unlogged",
  "unique",
  "recursive",
  "materialized",
  "foreign"
])

/** Commands that name one object. */
const withObject: ReadonlySet<string> = new Set([
  "analyze",
  "call",
  "close",
  "copy",
  "execute",
  "listen",
  "lock",
  "notify",
  "refresh",
  "reindex",
  "reset",
  "set",
  "show",
  "truncate",
  "unlisten",
  "vacuum"
])

interface Token {
  /** In lower case; empty unless it is a word without quotes. */
  readonly word: string
  readonly text: string
  readonly isName: boolean
}

/** What is known inside one pair of parentheses. */
interface Nesting {
  /** The last command in it. */
  command: string
  /** A comma is followed by another table. */
  isList: boolean
}

const tokensOf = (sql: string): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  SqlLexer.tokens(sql, (kind, from, to) => {
    const text = sql.slice(from, to)
    tokens.push({
      text,
      word: kind === "word" ? text.toLowerCase() : "",
      isName: kind === "word" || kind === "name"
    })
  })
  return tokens
}

class Reader {
  readonly words: Array<string> = []
  private readonly nestings: Array<Nesting> = [{ command: "", isList: false }]
  private readonly ctes = new Set<string>()
  private isFirst = true

  constructor(private readonly tokens: ReadonlyArray<Token>) {}

  private word(at: number): string {
    return this.tokens[at]?.word ?? ""
  }

  read(): void {
    for (let at = 0; at < this.tokens.length; at++) this.token(this.tokens[at]!, at)
  }

  private token({ text, word }: Token, at: number): void {
    const nesting = this.nestings.at(-1)!
    if (word !== "") this.keyword(word, at, nesting)
    else if (text === "(") this.nestings.push({ command: "", isList: false })
    else if (text === ")") {
      if (this.nestings.length > 1) this.nestings.pop()
    } else if (text === "," && nesting.isList) this.table(at + 1)
    else if (text === ";") {
      this.nestings.splice(0, this.nestings.length, { command: "", isList: false })
      this.isFirst = true
    }
  }

  private keyword(word: string, at: number, nesting: Nesting): void {
    const isFirst = this.isFirst
    this.isFirst = false
    if (word === "as" && this.behindAs(at) === "(") this.cte(at)
    if (commands.has(word)) {
      if (!isFirst && (beforeClause.has(this.word(at - 1)) || isValuesOf(word, nesting))) return
      this.words.push(word.toUpperCase())
      nesting.command = word
      nesting.isList = false
      if (word === "update") this.table(at + 1)
    } else if (isFirst && word !== "with") this.command(word, at)
    else if (word === "from" || word === "join" || word === "using" || word === "into") {
      if (nesting.command === "" || this.isComparison(at)) return
      nesting.isList = word === "from"
      this.table(at + 1, word === "into")
    } else if (ends.has(word)) nesting.isList = false
  }

  /** IS DISTINCT FROM. */
  private isComparison(at: number): boolean {
    const before = this.word(at - 2)
    return this.word(at - 1) === "distinct" && (before === "is" || before === "not")
  }

  /** The token behind AS and what may stand between it and the parenthesis of a query of WITH. */
  private behindAs(at: number): string {
    let next = at + 1
    while (this.word(next) === "not" || this.word(next) === "materialized") next++
    return this.tokens[next]?.text ?? ""
  }

  /** The name before AS belongs to a query of WITH, and is no table. Columns may stand between. */
  private cte(at: number): void {
    let before = at - 1
    if (this.tokens[before]?.text === ")") while (before > 0 && this.tokens[before]?.text !== "(") before--
    const name = this.tokens[before]?.text === "(" ? this.tokens[before - 1] : this.tokens[before]
    if (name?.isName === true) this.ctes.add(name.text.toLowerCase())
  }

  /** A command that begins a statement and no query. */
  private command(word: string, at: number): void {
    this.words.push(word.toUpperCase())
    if (!defining.has(word)) {
      if (withObject.has(word)) this.table(at + 1, true)
      return
    }
    let kind = at + 1
    while (modifiers.has(this.word(kind))) kind++
    this.words.push(this.word(kind).toUpperCase())
    this.table(kind + 1, true)
  }

  /** The table whose name begins here, if one does. `isPlain`: a parenthesis behind it is no call. */
  private table(from: number, isPlain = false): void {
    let at = from
    while (beforeName.has(this.word(at))) at++
    const first = this.tokens[at]
    if (first?.isName !== true || commands.has(first.word)) return
    let name = first.text
    while (this.tokens[at + 1]?.text === "." && this.tokens[at + 2]?.isName === true) {
      name += `.${this.tokens[at + 2]!.text}`
      at += 2
    }
    if (!isPlain && this.tokens[at + 1]?.text === "(") return
    if (!this.ctes.has(name.toLowerCase())) this.words.push(name)
  }
}

/** VALUES of the INSERT before it. */
const isValuesOf = (word: string, { command }: Nesting): boolean =>
  word === "values" && (command === "insert" || command === "merge")

/** Words behind which a list of tables does not go on. */
const ends: ReadonlySet<string> = new Set([
  "where",
  "group",
  "order",
  "having",
  "window",
  "limit",
  "offset",
  "fetch",
  "for",
  "set",
  "union",
  "intersect",
  "except",
  "returning"
])

/** The summary of a text; empty for a text without a command. A text of several statements has the words of all of them. */
export const of = (sql: string): string => {
  const reader = new Reader(tokensOf(sql))
  reader.read()
  const summary = reader.words.join(" ")
  return summary.length <= longest ? summary : summary.slice(0, longest).replace(/ [^ ]*$/, "")
}
