/**
 * The Schema of a flat row, compiled: a Struct or a Class, with fields that are optional, renamed or have defaults, and with
 * conditions. Each row is one pass over its columns. `undefined` for any other Schema, which Effect's parser reads.
 */
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"
import * as RowShape from "../types/RowShape.js"
import * as CompiledRecord from "./CompiledRecord.js"
import * as Instances from "./Instances.js"
import { refused, undecided } from "./ParseSteps.js"
import type { ParseStep } from "./ParseSteps.js"
import * as ParseSteps from "./ParseSteps.js"

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
  readonly step: ParseStep
  /** From the column's decoded value to the field's, where it is not the same. */
  readonly change: ((value: Option.Option<unknown>) => Option.Option<unknown>) | undefined
  /** What the changed value has to pass; `undefined` when it is known to. */
  readonly check: ParseStep | undefined
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

/** Whether a field is its column's value through one step. */
const isSimple = ({ change, check, column, isGuarded, name }: Field): boolean =>
  change === undefined && check === undefined && column === name && !isGuarded

/** The values of some columns, each read at a place of its own in the code: the engine remembers a name for each. */
const take = (row: Row, names: ReadonlyArray<string>): Array<unknown> => {
  const width = names.length
  const values = new Array<unknown>(width)
  if (width > 0) values[0] = row[names[0]!]
  if (width > 1) values[1] = row[names[1]!]
  if (width > 2) values[2] = row[names[2]!]
  if (width > 3) values[3] = row[names[3]!]
  if (width > 4) values[4] = row[names[4]!]
  if (width > 5) values[5] = row[names[5]!]
  if (width > 6) values[6] = row[names[6]!]
  if (width > 7) values[7] = row[names[7]!]
  for (let at = 8; at < width; at++) values[at] = row[names[at]!]
  return values
}

const isRow = (row: unknown): row is Row => typeof row === "object" && row !== null && !Array.isArray(row)

interface How {
  /** What is made of the values. */
  readonly build: RowShape.Build
  /** The row itself is given where no value changes. */
  readonly keeps?: boolean
  /** A row in which a field is missing or `undefined` is not decided. */
  readonly isStrict?: boolean
}

const pass = (fields: ReadonlyArray<Field>, how: How): ParseStep => {
  const { build, keeps = false } = how
  const whole = full(fields, how)
  if (!fields.every(isSimple)) return whole
  const names = fields.map(({ name }) => name)
  const steps = fields.map(({ step }) => step)
  const width = names.length
  if (keeps && steps.every(ParseSteps.isIdentity)) return kept(names, steps)
  return (row) => {
    if (!isRow(row)) return refused
    const values = take(row, names)
    for (let at = 0; at < width; at++) {
      const value = values[at]
      // A column may be missing, or its name be inherited.
      if (value === undefined) return whole(row)
      const decoded = steps[at]!(value)
      if (decoded === refused || decoded === undecided) return decoded
      values[at] = decoded
    }
    return build(values)
  }
}

const isStop = (value: unknown): boolean => value === refused || value === undecided

/** The row itself, when its values pass; each is read at a place of its own, as in `take`. */
const kept = (names: ReadonlyArray<string>, steps: ReadonlyArray<ParseStep>): ParseStep => {
  const width = names.length
  return (row) => {
    if (!isRow(row)) return refused
    let value: unknown
    if (width > 0 && isStop((value = steps[0]!(row[names[0]!])))) return value
    if (width > 1 && isStop((value = steps[1]!(row[names[1]!])))) return value
    if (width > 2 && isStop((value = steps[2]!(row[names[2]!])))) return value
    if (width > 3 && isStop((value = steps[3]!(row[names[3]!])))) return value
    if (width > 4 && isStop((value = steps[4]!(row[names[4]!])))) return value
    if (width > 5 && isStop((value = steps[5]!(row[names[5]!])))) return value
    if (width > 6 && isStop((value = steps[6]!(row[names[6]!])))) return value
    if (width > 7 && isStop((value = steps[7]!(row[names[7]!])))) return value
    for (let at = 8; at < width; at++) if (isStop((value = steps[at]!(row[names[at]!])))) return value
    return row
  }
}

/** A pass for whatever fields. */
const full = (fields: ReadonlyArray<Field>, { build, isStrict = false }: How): ParseStep => {
  const width = fields.length
  return (row) => {
    if (!isRow(row)) return refused
    // Of this row alone: code of the application's may have another one decoded meanwhile.
    const values = new Array<unknown>(width)
    let isWhole = true
    for (let at = 0; at < width; at++) {
      const value = read(row, fields[at]!)
      if (value === refused || value === undecided) return value
      if (isStrict && (value === absent || value === undefined)) return undecided
      if (value === absent) isWhole = false
      values[at] = value
    }
    return isWhole ? build(values) : partial(fields, values)
  }
}

const objectOf = (fields: ReadonlyArray<Field>): RowShape.Build =>
  RowShape.object(fields.map(({ name }) => name))

/** Instances of a Class: the first row decides whether they can be made without the constructor that Effect gives it. */
const instances = (ast: AST.Transformation, fields: ReadonlyArray<Field>): ParseStep | undefined => {
  const general = ParseSteps.transformation(ast, pass(fields, { build: objectOf(fields) }))
  if (general === undefined) return undefined
  let quick: ParseStep | undefined
  let isKnown = false
  return (row) => {
    if (quick !== undefined) {
      const made = quick(row)
      if (made !== undecided) return made
    }
    const made = general(row)
    if (!isKnown && made !== refused && made !== undecided) {
      isKnown = true
      const build = Instances.of(
        ast,
        made,
        fields.map(({ name }) => name)
      )
      quick = build && pass(fields, { build, isStrict: true })
    }
    return made
  }
}

const isFlat = (ast: AST.AST): ast is AST.TypeLiteral =>
  AST.isTypeLiteral(ast) &&
  ParseSteps.isPlain(ast) &&
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
    step: ParseSteps.of(type),
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
      step: column === undefined ? (value) => value : ParseSteps.of(column.type),
      change: decode,
      check:
        decode === undefined && column !== undefined && AST.typeAST(column.type) === type
          ? undefined
          : ParseSteps.of(type),
      mayMiss: isOptional
    })
  }
  // Every column is decoded, also one that no field shows: such a Schema is left to Effect's parser.
  return from.propertySignatures.every(({ name }) => fields.some(({ column }) => column === name))
    ? fields
    : undefined
}

const fieldsOf = (ast: AST.AST): ReadonlyArray<Field> | undefined => {
  if (isFlat(ast)) return plainFields(ast)
  return AST.isTransformation(ast) && ParseSteps.isPlain(ast) ? changedFields(ast) : undefined
}

const search = (ast: AST.AST, keeps: boolean): ParseStep | undefined => {
  const fields = fieldsOf(ast)
  if (fields !== undefined) return pass(fields, { build: objectOf(fields), keeps })
  if (CompiledRecord.isRecord(ast)) return CompiledRecord.of(ast)
  if (!ParseSteps.isPlain(ast)) return undefined
  if (AST.isRefinement(ast)) {
    const from = search(ast.from, keeps)
    return from && ParseSteps.condition(ast, from)
  }
  if (!AST.isTransformation(ast) || ast.transformation._tag === "TypeLiteralTransformation") return undefined
  const inside = fieldsOf(ast.from)
  if (inside !== undefined) return instances(ast, inside)
  const from = search(ast.from, false)
  return from && ParseSteps.transformation(ast, from)
}

/** The step of a row, which gives a new object; `undefined` for other Schemas. */
export const of = (ast: AST.AST): ParseStep | undefined => search(ast, false)

/**
 * The same for rows that only this caller holds and that have exactly these columns. A Schema that does not change values
 * then gives the row itself.
 */
export const keeping = (ast: AST.AST): ParseStep | undefined => search(ast, true)
