/**
 * The Schema of a flat row, compiled: a Struct or a Class, with fields that are optional, renamed or have defaults, and with
 * conditions. Each row is one pass over its columns. `undefined` for any other Schema, which Effect's parser reads.
 */
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"
import * as RowShape from "../types/RowShape.js"
import { refused, undecided } from "./Steps.js"
import type { Step } from "./Steps.js"
import * as Steps from "./Steps.js"

type Row = Readonly<Record<string, unknown>>

/** A field of the decoded row. */
interface Field {
  readonly name: string
  /** The column; `undefined` where the field is made of nothing. */
  readonly column: string | undefined
  /** Whether the column may be missing. */
  readonly isOptional: boolean
  /** Whether every object answers to the column's name. */
  readonly isGuarded: boolean
  readonly step: Step
  /** From the column's decoded value to the field's, where it is not the same. */
  readonly change: ((value: Option.Option<unknown>) => Option.Option<unknown>) | undefined
  /** What the changed value has to pass; `undefined` when it is known to. */
  readonly check: Step | undefined
  /** Whether the field may be left out. */
  readonly mayMiss: boolean
}

/** Stands for a field that is left out. */
const absent: unique symbol = Symbol.for("effect-postgres/PgSchema/absent")

const read = (row: Row, field: Field): unknown => {
  const { change, check, column, isGuarded, isOptional, step } = field
  let decoded: unknown = absent
  if (column !== undefined) {
    const value = isGuarded && !Object.hasOwn(row, column) ? undefined : row[column]
    if (value !== undefined || !isOptional || Object.hasOwn(row, column)) {
      decoded = step(value)
      if (decoded === refused || decoded === undecided) return decoded
    }
  }
  if (change !== undefined) {
    const changed = change(decoded === absent ? Option.none() : Option.some(decoded))
    decoded = changed._tag === "None" ? absent : changed.value
  }
  if (decoded === absent) return field.mayMiss || check === undefined ? absent : check(undefined)
  return check === undefined ? decoded : check(decoded)
}

const partial = (fields: ReadonlyArray<Field>, values: ReadonlyArray<unknown>): RowShape.Row => {
  const present = fields.filter((_, at) => values[at] !== absent)
  return RowShape.object(present.map(({ name }) => name))(values.filter((value) => value !== absent))
}

const pass = (fields: ReadonlyArray<Field>): Step => {
  const build = RowShape.object(fields.map(({ name }) => name))
  const width = fields.length
  return (row) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) return refused
    // Of this row alone: code of the application's may have another one decoded meanwhile.
    const values = new Array<unknown>(width)
    let isWhole = true
    for (let at = 0; at < width; at++) {
      const value = read(row as Row, fields[at]!)
      if (value === refused || value === undecided) return value
      if (value === absent) isWhole = false
      values[at] = value
    }
    return isWhole ? build(values) : partial(fields, values)
  }
}

const isFlat = (ast: AST.AST): ast is AST.TypeLiteral =>
  AST.isTypeLiteral(ast) &&
  Steps.isPlain(ast) &&
  ast.indexSignatures.length === 0 &&
  ast.propertySignatures.length > 0 &&
  ast.propertySignatures.every(({ name }) => typeof name === "string")

const isGuarded = (column: string): boolean => column in Object.prototype

const plainFields = (ast: AST.TypeLiteral): ReadonlyArray<Field> =>
  ast.propertySignatures.map(({ isOptional, name, type }) => ({
    name: String(name),
    column: String(name),
    isOptional,
    isGuarded: isGuarded(String(name)),
    step: Steps.of(type),
    change: undefined,
    check: undefined,
    mayMiss: isOptional
  }))

/** Fields of a Struct that renames some, or gives them defaults; `undefined` where the order of the changes counts. */
const changedFields = (ast: AST.Transformation): ReadonlyArray<Field> | undefined => {
  const { from, to, transformation } = ast
  if (!isFlat(from) || !isFlat(to) || transformation._tag !== "TypeLiteralTransformation") return undefined
  const columns = new Map(from.propertySignatures.map((signature) => [String(signature.name), signature]))
  const changes = new Map(transformation.propertySignatureTransformations.map((each) => [each.to, each]))
  if (changes.size !== transformation.propertySignatureTransformations.length) return undefined
  const sources = new Set<PropertyKey>()
  for (const each of changes.values()) {
    if (sources.has(each.from) || (each.to !== each.from && columns.has(String(each.to)))) return undefined
    sources.add(each.from)
  }
  const fields: Array<Field> = []
  for (const { isOptional, name, type } of to.propertySignatures) {
    const change = changes.get(name)
    // A column that is renamed away is there under no other name.
    const key = change?.from ?? (sources.has(name) ? undefined : name)
    const column = key === undefined ? undefined : columns.get(String(key))
    if (column === undefined && change === undefined) return undefined
    const decode = change === undefined || change.decode === identity ? undefined : change.decode
    if (decode === undefined && column?.isOptional !== isOptional) return undefined
    fields.push({
      name: String(name),
      column: column === undefined ? undefined : String(column.name),
      isOptional: column?.isOptional ?? false,
      isGuarded: column !== undefined && isGuarded(String(column.name)),
      step: column === undefined ? (value) => value : Steps.of(column.type),
      change: decode,
      check:
        decode === undefined && column !== undefined && AST.typeAST(column.type) === type
          ? undefined
          : Steps.of(type),
      mayMiss: isOptional
    })
  }
  // Every column is decoded, also one that no field shows: such a Schema is left to Effect's parser.
  return from.propertySignatures.every(({ name }) => fields.some(({ column }) => column === name))
    ? fields
    : undefined
}

/** The step of a row; `undefined` where the Schema is none of these. */
export const of = (ast: AST.AST): Step | undefined => {
  if (isFlat(ast)) return pass(plainFields(ast))
  if (!Steps.isPlain(ast)) return undefined
  if (AST.isRefinement(ast)) {
    const from = of(ast.from)
    return from && Steps.condition(ast, from)
  }
  if (!AST.isTransformation(ast)) return undefined
  if (ast.transformation._tag === "TypeLiteralTransformation") {
    const fields = changedFields(ast)
    return fields && pass(fields)
  }
  const from = of(ast.from)
  return from && Steps.transformation(ast, from)
}
