import * as Option from "effect/Option"
import { quoted, unquoted } from "./PgTsVector.js"
import { Printed } from "./Printed.js"

/** What a query asks for. Neighbouring `And`s and `Or`s are one with several operands. */
export type TsNode =
  | {
      readonly _tag: "Lexeme"
      readonly lexeme: string
      /** True when a lexeme that begins with it matches. */
      readonly prefix: boolean
      /** The weights that match, such as `AB`, in this order. Empty: all of them. */
      readonly weights: string
    }
  | { readonly _tag: "Not"; readonly operand: TsNode }
  | { readonly _tag: "And" | "Or"; readonly operands: ReadonlyArray<TsNode> }
  | { readonly _tag: "Phrase"; readonly left: TsNode; readonly right: TsNode; readonly distance: number }

/** How many levels a query may have; chains of one operator are one level. */
export const maxLevels = 500

/** `left` and `right` under one operator, joined with those below of the same kind. */
export const join = (tag: "And" | "Or", left: TsNode, right: TsNode): TsNode => ({
  _tag: tag,
  operands: [
    ...(left._tag === tag ? left.operands : [left]),
    ...(right._tag === tag ? right.operands : [right])
  ]
})

const priorities = { Or: 1, And: 2, Phrase: 3, Not: 4, Lexeme: 5 } as const

const print = (node: TsNode, parent: number, isRightOfPhrase: boolean): string => {
  const priority = priorities[node._tag]
  const text = inside(node)
  return priority < parent || (node._tag === "Phrase" && isRightOfPhrase) ? `( ${text} )` : text
}

const inside = (node: TsNode): string => {
  switch (node._tag) {
    case "Lexeme": {
      const flags = `${node.prefix ? "*" : ""}${node.weights}`
      return flags === "" ? quoted(node.lexeme) : `${quoted(node.lexeme)}:${flags}`
    }
    case "Not":
      return `!${print(node.operand, priorities.Not, false)}`
    case "And":
    case "Or":
      return node.operands
        .map((operand) => print(operand, priorities[node._tag], false))
        .join(node._tag === "And" ? " & " : " | ")
    case "Phrase": {
      const parts: Array<string> = []
      let left: TsNode = node
      for (; left._tag === "Phrase"; left = left.left) {
        const operator = left.distance === 1 ? "<->" : `<${left.distance}>`
        parts.push(`${operator} ${print(left.right, priorities.Phrase, true)}`)
      }
      return [print(left, priorities.Phrase, false), ...parts.reverse()].join(" ")
    }
  }
}

const token = / *(?:'((?:[^'\\]|''|\\\\)*)'(?::(\*?)(A?B?C?D?))?|<(-|\d{1,5})>|([!&|()]))/y

/** A walk over one query's text; `undefined` wherever it does not go on. */
class Walk {
  private at = 0
  private match: RegExpExecArray | null = null

  constructor(private readonly text: string) {
    this.next()
  }

  private next(): void {
    token.lastIndex = this.at
    this.match = token.exec(this.text)
    if (this.match !== null) this.at = token.lastIndex
  }

  get isDone(): boolean {
    return this.match === null && this.at === this.text.length
  }

  private takes(sign: string): boolean {
    if (this.match?.[5] !== sign) return false
    this.next()
    return true
  }

  or(level: number): TsNode | undefined {
    let left = this.and(level)
    while (left !== undefined && this.takes("|")) {
      const right = this.and(level)
      left = right === undefined ? undefined : join("Or", left, right)
    }
    return left
  }

  private and(level: number): TsNode | undefined {
    let left = this.phrase(level)
    while (left !== undefined && this.takes("&")) {
      const right = this.phrase(level)
      left = right === undefined ? undefined : join("And", left, right)
    }
    return left
  }

  private phrase(level: number): TsNode | undefined {
    let left = this.operand(level)
    for (;;) {
      const distance = this.match?.[4]
      if (left === undefined || distance === undefined) return left
      this.next()
      const right = this.operand(level)
      if (right === undefined) return undefined
      left = { _tag: "Phrase", left, right, distance: distance === "-" ? 1 : Number(distance) }
    }
  }

  private operand(level: number): TsNode | undefined {
    if (level > maxLevels) return undefined
    if (this.takes("!")) {
      const operand = this.operand(level + 1)
      return operand === undefined ? undefined : { _tag: "Not", operand }
    }
    if (this.takes("(")) {
      const inner = this.or(level + 1)
      return this.takes(")") ? inner : undefined
    }
    const lexeme = this.match?.[1]
    if (lexeme === undefined) return undefined
    const node: TsNode = {
      _tag: "Lexeme",
      lexeme: unquoted(lexeme),
      prefix: this.match![2] === "*",
      weights: this.match![3] ?? ""
    }
    this.next()
    return node
  }
}

/**
 * A text search, PostgreSQL's `tsquery`. Equal when the server's texts are, which leave out brackets that do not matter.
 *
 * @see https://www.postgresql.org/docs/current/datatype-textsearch.html#DATATYPE-TSQUERY
 */
export class PgTsQuery extends Printed {
  /** The query that asks for nothing, and finds nothing. */
  static readonly empty: PgTsQuery = new PgTsQuery(null)

  constructor(readonly root: TsNode | null) {
    super()
  }

  /** From `'fat':*A & !( 'cat' <-> 'rat' )`, quoted as the server prints it; none when nested too deeply. */
  static fromText(text: string): Option.Option<PgTsQuery> {
    if (text === "") return Option.some(PgTsQuery.empty)
    const walk = new Walk(text)
    const root = walk.or(1)
    return root !== undefined && walk.isDone ? Option.some(new PgTsQuery(root)) : Option.none()
  }

  /** `'fat':*A & !( 'cat' <-> 'rat' )` */
  toString(): string {
    return this.root === null ? "" : inside(this.root)
  }
}
