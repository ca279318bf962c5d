/**
 * The Schema of a row with columns of any name, compiled: a Record, or a Struct with an index signature. A column called
 * `__proto__` is one like others, which Effect's parser loses.
 */
import * as AST from "effect/SchemaAST"
import * as RowShape from "../types/RowShape.js"
import { refused, undecided } from "./ParseSteps.js"
import type { ParseStep } from "./ParseSteps.js"
import * as ParseSteps from "./ParseSteps.js"

interface Signature {
  readonly key: ParseStep
  readonly value: ParseStep
}

const isText = (ast: AST.Parameter): boolean =>
  ast._tag === "StringKeyword" || (ast._tag === "Refinement" && isText(ast.from as AST.Parameter))

export const isRecord = (ast: AST.AST): ast is AST.TypeLiteral =>
  AST.isTypeLiteral(ast) &&
  ParseSteps.isPlain(ast) &&
  ast.indexSignatures.length > 0 &&
  ast.indexSignatures.every(({ parameter }) => isText(parameter)) &&
  ast.propertySignatures.every(({ name }) => typeof name === "string")

/** What a row of these columns is read by: for each field its column and steps. */
interface Plan {
  readonly keys: ReadonlyArray<string>
  readonly names: ReadonlyArray<string>
  readonly steps: ReadonlyArray<ReadonlyArray<ParseStep>>
  readonly build: RowShape.Build
}

const isSame = (self: ReadonlyArray<string>, that: ReadonlyArray<string>): boolean =>
  self.length === that.length && self.every((key, at) => key === that[at])

/** The step of a row. A row without one of the columns that are named is left to Effect's parser. */
export const of = (ast: AST.TypeLiteral): ParseStep => {
  const signatures: ReadonlyArray<Signature> = ast.indexSignatures.map(({ parameter, type }) => ({
    key: ParseSteps.of(parameter),
    value: ParseSteps.of(type)
  }))
  const named = new Map(ast.propertySignatures.map(({ name, type }) => [String(name), ParseSteps.of(type)]))
  const planOf = (keys: ReadonlyArray<string>): Plan | undefined => {
    if ([...named.keys()].some((name) => !keys.includes(name))) return undefined
    const found = keys.map((key) => {
      const own = named.get(key)
      const others = signatures.filter((signature) => signature.key(key) === key)
      // A named column has to pass the signatures too; its value is its field's. Of several signatures the last one's counts.
      return [key, [...others.map(({ value }) => value), ...(own === undefined ? [] : [own])]] as const
    })
    const taken = found.filter(([, steps]) => steps.length > 0)
    // Effect's parser gives the fields that are named before the others.
    const ordered = [
      ...[...named.keys()].flatMap((name) => taken.filter(([key]) => key === name)),
      ...taken.filter(([key]) => !named.has(key))
    ]
    const names = ordered.map(([key]) => key)
    return { keys, names, steps: ordered.map(([, steps]) => steps), build: RowShape.object(names) }
  }
  // Rows of one result have the same columns.
  let last: Plan | undefined
  return (row) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) return refused
    const keys = Object.keys(row)
    if (last === undefined || !isSame(last.keys, keys)) {
      const plan = planOf(keys)
      if (plan === undefined) return undecided
      last = plan
    }
    const { build, names, steps } = last
    const values = new Array<unknown>(names.length)
    for (let at = 0; at < names.length; at++) {
      const value = (row as Readonly<Record<string, unknown>>)[names[at]!]
      let decoded: unknown = value
      for (const step of steps[at]!) {
        decoded = step(value)
        if (decoded === refused || decoded === undecided) return decoded
      }
      values[at] = decoded
    }
    return build(values)
  }
}
