/**
 * `tsvector` and `tsquery`.
 *
 * As parameters they take `PgTsVector` or `PgTsQuery`, and strings, which go to the server as they are: for their sake, and
 * because the server takes no empty query in binary, parameters of these types travel as text. In the familiar preset
 * they are the server's text.
 *
 * @see https://www.postgresql.org/docs/current/datatype-textsearch.html
 */
import * as Option from "effect/Option"
import { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Oid from "../model/Oid.js"
import { join, maxLevels, PgTsQuery, type TsNode } from "../model/PgTsQuery.js"
import { PgTsVector, type TsLexeme, type TsWeight } from "../model/PgTsVector.js"
import type { Codec } from "./Codec.js"
import * as Values from "./Values.js"

const weights: ReadonlyArray<TsWeight> = ["D", "C", "B", "A"]

const readLexeme = (reader: ByteReader): TsLexeme => {
  const lexeme = reader.cstring()
  const count = reader.uint16()
  const positions: Array<TsLexeme["positions"][number]> = []
  for (let index = 0; index < count && reader.failure === null; index++) {
    const word = reader.uint16()
    positions.push({ position: word & 0x3fff, weight: weights[word >> 14]! })
  }
  return { lexeme, positions }
}

export const tsvector: Codec<PgTsVector> = Values.make({
  name: "tsvector",
  oid: Oid.tsvector,
  arrayOid: Oid.tsvectorArray,
  noun: "a tsvector",
  takes: "PgTsVector",
  blank: new PgTsVector([]),
  parse: (text) => Option.getOrUndefined(PgTsVector.fromText(text)),
  of: (value) => (value instanceof PgTsVector ? value : undefined),
  read: (outer, at, length) => {
    const reader = new ByteReader(outer.bytes, at, at + length)
    const count = reader.int32()
    if (count < 0) reader.fail(`a tsvector of ${count} lexemes`)
    const lexemes: Array<TsLexeme> = []
    for (let index = 0; index < count && reader.failure === null; index++) lexemes.push(readLexeme(reader))
    reader.finish()
    if (reader.failure === null) return new PgTsVector(lexemes)
    outer.fail(`malformed tsvector: ${reader.failure}`)
    return undefined
  },
  write: (writer, value) => {
    writer.int32(value.lexemes.length)
    for (const { lexeme, positions } of value.lexemes) {
      writer.cstring(lexeme)
      writer.int16(positions.length)
      for (const { position, weight } of positions) {
        writer.int16((weights.indexOf(weight) << 14) | (position & 0x3fff))
      }
    }
  }
})

const operand = 1
const operator = 2
const operators = { Not: 1, And: 2, Or: 3, Phrase: 4 } as const
const letters: ReadonlyArray<readonly [letter: string, bit: number]> = [
  ["A", 8],
  ["B", 4],
  ["C", 2],
  ["D", 1]
]

type Item =
  Extract<TsNode, { readonly _tag: "Lexeme" }> | { readonly operator: number; readonly distance: number }

const readItem = (reader: ByteReader): Item | undefined => {
  const kind = reader.uint8()
  if (kind === operand) {
    const mask = reader.uint8()
    const prefix = reader.uint8()
    if (mask > 15 || prefix > 1) reader.fail("an operand with unknown flags")
    const allowed = letters.filter(([, bit]) => (mask & bit) !== 0).map(([letter]) => letter)
    return { _tag: "Lexeme", lexeme: reader.cstring(), prefix: prefix === 1, weights: allowed.join("") }
  }
  const sign = reader.uint8()
  if (kind !== operator || sign < 1 || sign > 4) {
    reader.fail(`an item of the kind ${kind}, ${sign}`)
    return undefined
  }
  return { operator: sign, distance: sign === operators.Phrase ? reader.uint16() : 0 }
}

/** Node and number of its levels. */
type Built = readonly [node: TsNode, levels: number]

const combine = (sign: number, distance: number, left: Built, right: Built): Built => {
  if (sign === operators.Phrase) {
    const levels = Math.max(left[1] + (left[0]._tag === "Phrase" ? 0 : 1), right[1] + 1)
    return [{ _tag: "Phrase", left: left[0], right: right[0], distance }, levels]
  }
  const tag = sign === operators.And ? "And" : "Or"
  const levels = ([node, below]: Built) => (node._tag === tag ? below : below + 1)
  return [join(tag, left[0], right[0]), Math.max(levels(left), levels(right))]
}

/** Builds the tree from items in prefix order, the right operand first: from the last item back, with a stack. */
const build = (items: ReadonlyArray<Item>): TsNode | undefined => {
  const stack: Array<Built> = []
  for (let index = items.length - 1; index >= 0; index--) {
    const item = items[index]!
    if ("_tag" in item) {
      stack.push([item, 1])
      continue
    }
    const first = stack.pop()
    if (first === undefined) return undefined
    if (item.operator === operators.Not) {
      stack.push([{ _tag: "Not", operand: first[0] }, first[1] + 1])
    } else {
      const second = stack.pop()
      if (second === undefined) return undefined
      stack.push(combine(item.operator, item.distance, second, first))
    }
    if (stack[stack.length - 1]![1] > maxLevels) return undefined
  }
  return stack.length === 1 ? stack[0]![0] : undefined
}

/** Writes a node's items and returns their number. */
const writeNode = (writer: ByteWriter, node: TsNode): number => {
  switch (node._tag) {
    case "Lexeme":
      writer.uint8(operand)
      writer.uint8(
        letters.reduce((mask, [letter, bit]) => (node.weights.includes(letter) ? mask | bit : mask), 0)
      )
      writer.uint8(node.prefix ? 1 : 0)
      writer.cstring(node.lexeme)
      return 1
    case "Not":
      writer.uint8(operator)
      writer.uint8(operators.Not)
      return 1 + writeNode(writer, node.operand)
    case "And":
    case "Or": {
      let items = 0
      for (let index = node.operands.length - 1; index >= 0; index--) {
        if (index > 0) {
          writer.uint8(operator)
          writer.uint8(operators[node._tag])
          items++
        }
        items += writeNode(writer, node.operands[index]!)
      }
      return items
    }
    case "Phrase": {
      let items = 0
      let left: TsNode = node
      for (; left._tag === "Phrase"; left = left.left) {
        writer.uint8(operator)
        writer.uint8(operators.Phrase)
        writer.int16(left.distance)
        items += 1 + writeNode(writer, left.right)
      }
      return items + writeNode(writer, left)
    }
  }
}

export const tsquery: Codec<PgTsQuery> = Values.make({
  name: "tsquery",
  oid: Oid.tsquery,
  arrayOid: Oid.tsqueryArray,
  noun: "a tsquery",
  takes: "PgTsQuery",
  blank: PgTsQuery.empty,
  parse: (text) => Option.getOrUndefined(PgTsQuery.fromText(text)),
  of: (value) => (value instanceof PgTsQuery ? value : undefined),
  read: (outer, at, length) => {
    const reader = new ByteReader(outer.bytes, at, at + length)
    const count = reader.int32()
    if (count < 0) reader.fail(`a tsquery of ${count} items`)
    const items: Array<Item> = []
    for (let index = 0; index < count && reader.failure === null; index++) {
      const item = readItem(reader)
      if (item !== undefined) items.push(item)
    }
    reader.finish()
    if (reader.failure === null && count === 0) return PgTsQuery.empty
    const root = reader.failure === null ? build(items) : undefined
    if (root !== undefined) return new PgTsQuery(root)
    outer.fail(
      `malformed tsquery: ${reader.failure ?? "operators and operands do not match, or nest too deeply"}`
    )
    return undefined
  },
  write: (writer, value) => {
    if (value.root === null)
      return writer.fail("expected a tsquery with operands: an empty tsquery cannot be sent in binary")
    const start = writer.offset
    writer.int32(0)
    const items = writeNode(writer, value.root)
    if (writer.failure === null) writer.patchInt32(start, items)
  }
})

export const all = [tsvector, tsquery] as const
