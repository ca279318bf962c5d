/**
 * JSON read without loss: a number stays its digits. `JSON.parse` would make 9007199254740993 another number and 2.50
 * another text.
 */
import * as Option from "effect/Option"

/** The digits of a number. */
export class JsonNumber {
  constructor(readonly digits: string) {}
}

export type Json = null | boolean | string | JsonNumber | ReadonlyArray<Json> | JsonObject
export interface JsonObject {
  readonly [name: string]: Json
}

/** Deeper nesting is refused: it is no output of a plugin, and reading it would exhaust the stack. */
const deepest = 64

const parseLiteral = Option.liftThrowable((literal: string) => JSON.parse(literal) as string)

/** What of JSON is not meant as such. */
export interface Lenient {
  /** A name as SQL has it, `"Shop"."Mo""od"` or `"Mood"(3)`, may stand where a string may; it is the string. */
  readonly sqlNames?: boolean
}

const sqlName = /"(?:[^"]|"")*"(?:\.(?:"(?:[^"]|"")*"|[\p{L}\p{N}_$]+))?(?:\([^()"]*\))?/uy

class Reader {
  at = 0
  constructor(
    readonly text: string,
    private readonly lenient: Lenient
  ) {}

  space(): void {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at++
  }

  takes(word: string): boolean {
    this.space()
    if (!this.text.startsWith(word, this.at)) return false
    this.at += word.length
    return true
  }

  /** What a sticky pattern finds here. */
  match(pattern: RegExp): string | undefined {
    this.space()
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  /** `undefined` where there is no JSON. */
  value(depth: number): Json | undefined {
    if (depth > deepest) return undefined
    if (this.takes("{")) return this.object(depth)
    if (this.takes("[")) return this.array(depth)
    if (this.takes("null")) return null
    if (this.takes("true")) return true
    if (this.takes("false")) return false
    const digits = this.match(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y)
    return digits === undefined ? this.string() : new JsonNumber(digits)
  }

  private string(): string | undefined {
    this.space()
    if (this.text[this.at] !== '"') return undefined
    // The literal ends at the first quote with an even number of backslashes before it.
    let end = this.at
    let escapes: number
    do {
      end = this.text.indexOf('"', end + 1)
      if (end < 0) return undefined
      escapes = 0
      while (this.text[end - 1 - escapes] === "\\") escapes++
    } while (escapes % 2 === 1)
    // No string of JSON is followed by one of these.
    if (this.lenient.sqlNames === true && '".('.includes(this.text[end + 1] ?? "x")) {
      return this.match(sqlName)
    }
    const literal = parseLiteral(this.text.slice(this.at, end + 1))
    this.at = end + 1
    return Option.getOrUndefined(literal)
  }

  private array(depth: number): Json | undefined {
    const items: Array<Json> = []
    if (this.takes("]")) return items
    for (;;) {
      const item = this.value(depth + 1)
      if (item === undefined) return undefined
      items.push(item)
      if (this.takes("]")) return items
      if (!this.takes(",")) return undefined
    }
  }

  private object(depth: number): Json | undefined {
    // Without a prototype every name is an ordinary one.
    const members = Object.create(null) as Record<string, Json>
    if (this.takes("}")) return members
    for (;;) {
      const name = this.string()
      if (name === undefined || !this.takes(":")) return undefined
      const value = this.value(depth + 1)
      if (value === undefined) return undefined
      members[name] = value
      if (this.takes("}")) return members
      if (!this.takes(",")) return undefined
    }
  }
}

/** The value that all of the text is; `undefined` when it is no JSON. */
export const parse = (text: string, lenient: Lenient = {}): Json | undefined => {
  const reader = new Reader(text, lenient)
  const value = reader.value(0)
  reader.space()
  return reader.at === text.length ? value : undefined
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !(value instanceof JsonNumber) && !isArray(value)

export const isArray = (value: Json | undefined): value is ReadonlyArray<Json> => Array.isArray(value)
