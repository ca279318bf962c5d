/** What a Schema found wrong with a row, in the words of our errors: where, what was expected, and the shape of what was there. */
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"
import { describe } from "../types/Shape.js"
import { PgTypeId } from "./PgType.js"

export interface Found {
  /** From the row inwards: the column first. Empty when the row as a whole is refused. */
  readonly path: ReadonlyArray<PropertyKey>
  readonly expected: string
  /** A shape, never the value. */
  readonly received: string
}

/** Longest name of a Schema shown. */
const longest = 200

const shortened = (name: string): string => (name.length > longest ? `${name.slice(0, longest)}...` : name)

const nameOf = (ast: AST.AST | { readonly type: AST.AST }): string =>
  shortened(String("type" in ast ? ast.type : ast))

/** A condition is better told by its description, `a positive number`, than by its title. */
const conditionOf = (ast: AST.Refinement): string =>
  Option.match(AST.getDescriptionAnnotation(ast), {
    onNone: () => nameOf(ast),
    onSome: (description) =>
      Option.isSome(AST.getAnnotation(ast, PgTypeId)) ? nameOf(ast) : shortened(description)
  })

const leaf = (expected: string, actual: unknown): Found => ({
  path: [],
  expected,
  received: describe(actual)
})

const behind = (path: ParseResult.Path, found: Found): Found => ({
  ...found,
  path: [
    ...(Array.isArray(path) ? (path as ReadonlyArray<PropertyKey>) : [path as PropertyKey]),
    ...found.path
  ]
})

/** The same, in the words of the Schema around it, when that is one for a type. */
const named = (ast: AST.AST, found: Found): Found =>
  found.path.length === 0 && Option.isSome(AST.getAnnotation(ast, PgTypeId))
    ? { ...found, expected: nameOf(ast) }
    : found

const deepest = (found: ReadonlyArray<Found>): Found | undefined =>
  found.reduce<Found | undefined>(
    (best, each) => (best === undefined || each.path.length > best.path.length ? each : best),
    undefined
  )

const composite = (issue: ParseResult.Composite): Found => {
  const issues = Array.isArray(issue.issues)
    ? (issue.issues as ReadonlyArray<ParseResult.ParseIssue>)
    : [issue.issues as ParseResult.ParseIssue]
  const found = deepest(AST.isUnion(issue.ast) ? issues.map(of) : issues.slice(0, 1).map(of))
  // Of several forms none fits: one is only told of when it fits further in.
  return found === undefined || found.path.length === 0 ? leaf(nameOf(issue.ast), issue.actual) : found
}

export const of = (issue: ParseResult.ParseIssue): Found => {
  switch (issue._tag) {
    case "Pointer":
      return behind(issue.path, of(issue.issue))
    case "Composite":
      return named(issue.ast, composite(issue))
    case "Refinement": {
      const found = of(issue.issue)
      if (issue.kind === "From") return named(issue.ast, found)
      return found.path.length > 0 ? found : leaf(conditionOf(issue.ast), issue.actual)
    }
    case "Transformation": {
      const found = of(issue.issue)
      return issue.kind === "Transformation" && found.path.length === 0
        ? leaf(nameOf(issue.ast), issue.actual)
        : found
    }
    case "Missing":
      return { path: [], expected: nameOf(issue.ast), received: "nothing" }
    case "Unexpected":
      return { path: [], expected: "nothing", received: describe(issue.actual) }
    case "Forbidden":
      return { path: [], expected: "a Schema that needs no other effect", received: describe(issue.actual) }
    case "Type":
      return leaf(nameOf(issue.ast), issue.actual)
  }
}
