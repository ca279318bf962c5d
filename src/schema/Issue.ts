/** What a Schema found wrong with a row, in the words of our errors: where, what was expected, and the shape of what was there. */
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"
import { describe } from "../types/Shape.js"
import type { RowFault } from "./RowParser.js"
import * as OwnMessage from "./OwnMessage.js"
import * as Place from "./Place.js"
import { PgTypeId } from "./PgType.js"

export interface IssueDescription {
  /** From the row inwards: the column first. Empty when the row as a whole is refused. */
  readonly path: ReadonlyArray<PropertyKey>
  readonly expected: string
  /** A shape; the value only where errors show values. */
  readonly received: string
  /** The application's own words, where it has some and they do not quote the value. */
  readonly message?: string
}

/** What is wrong, without the place. */
export const reasonOf = ({ expected, message, received }: IssueDescription): string =>
  message ?? `expected ${expected}, got ${received}`

/** Longest name of a Schema shown. */
const longest = 200

const shortened = (name: string): string => (name.length > longest ? `${name.slice(0, longest)}...` : name)

const nameOf = (ast: AST.AST | { readonly type: AST.AST }): string =>
  shortened(String("type" in ast ? ast.type : ast))

/** A condition's description, such as `a positive number`, is clearer than its title. */
const conditionOf = (ast: AST.Refinement): string =>
  Option.match(AST.getDescriptionAnnotation(ast), {
    onNone: () => nameOf(ast),
    onSome: (description) =>
      Option.isSome(AST.getAnnotation(ast, PgTypeId)) ? nameOf(ast) : shortened(description)
  })

/** How much of a refused value errors show: its shape unless values are asked for. */
export type Shows = "shapes" | "values"

const printed = (actual: unknown, shows: Shows): string =>
  shows === "shapes" ? describe(actual) : shortened(valueOf(actual))

const valueOf = (actual: unknown): string => {
  if (typeof actual === "string") return JSON.stringify(actual)
  return typeof actual === "bigint" ? `${actual}n` : Inspectable.toStringUnknown(actual, 0)
}

const leaf = (expected: string, actual: unknown, shows: Shows): IssueDescription => ({
  path: [],
  expected,
  received: printed(actual, shows)
})

const behind = (path: ParseResult.Path, found: IssueDescription): IssueDescription => ({
  ...found,
  path: [
    ...(Array.isArray(path) ? (path as ReadonlyArray<PropertyKey>) : [path as PropertyKey]),
    ...found.path
  ]
})

/** The same, in the words of the Schema around it, when that is one for a type. */
const named = (ast: AST.AST, found: IssueDescription): IssueDescription =>
  found.path.length === 0 && Option.isSome(AST.getAnnotation(ast, PgTypeId))
    ? { ...found, expected: nameOf(ast) }
    : found

/** The one further in; of two at one place the one that the application has words for. */
const better = (best: IssueDescription | undefined, each: IssueDescription): IssueDescription =>
  best === undefined ||
  each.path.length > best.path.length ||
  (each.path.length === best.path.length && best.message === undefined && each.message !== undefined)
    ? each
    : best

const deepest = (found: ReadonlyArray<IssueDescription>): IssueDescription | undefined =>
  found.reduce<IssueDescription | undefined>(better, undefined)

const composite = (issue: ParseResult.Composite, shows: Shows): IssueDescription => {
  const issues = Array.isArray(issue.issues)
    ? (issue.issues as ReadonlyArray<ParseResult.ParseIssue>)
    : [issue.issues as ParseResult.ParseIssue]
  const found = deepest((AST.isUnion(issue.ast) ? issues : issues.slice(0, 1)).map((each) => of(each, shows)))
  // None of several forms fits. One form is shown alone only when it fits further in, or has a message of its own.
  return found === undefined || (found.path.length === 0 && found.message === undefined)
    ? leaf(nameOf(issue.ast), issue.actual, shows)
    : found
}

export const of = (issue: ParseResult.ParseIssue, shows: Shows = "shapes"): IssueDescription => {
  const found = withoutMessage(issue, shows)
  const message = found.path.length === 0 ? OwnMessage.of(issue, shows === "values") : undefined
  return message === undefined ? found : { ...found, message: shortened(message) }
}

const withoutMessage = (issue: ParseResult.ParseIssue, shows: Shows): IssueDescription => {
  switch (issue._tag) {
    case "Pointer":
      return behind(issue.path, of(issue.issue, shows))
    case "Composite":
      return named(issue.ast, composite(issue, shows))
    case "Refinement": {
      const found = of(issue.issue, shows)
      if (issue.kind === "From") return named(issue.ast, found)
      return found.path.length > 0 ? found : leaf(conditionOf(issue.ast), issue.actual, shows)
    }
    case "Transformation": {
      const found = of(issue.issue, shows)
      return issue.kind === "Transformation" && found.path.length === 0 && found.message === undefined
        ? leaf(nameOf(issue.ast), issue.actual, shows)
        : found
    }
    case "Missing":
      return { path: [], expected: nameOf(issue.ast), received: "nothing" }
    case "Unexpected":
      return { path: [], expected: "nothing", received: printed(issue.actual, shows) }
    case "Forbidden":
      return {
        path: [],
        expected: "a Schema without asynchronous transformations",
        received: printed(issue.actual, shows)
      }
    case "Type":
      return leaf(nameOf(issue.ast), issue.actual, shows)
  }
}

/** A fault, for an error. */
export interface FaultDescription {
  /** The column, or the field, whose value is at fault; `undefined` when the row as a whole is. */
  readonly key: PropertyKey | undefined
  /** `expected …, got …`, the application's own words, or what was thrown; with the place inside the column. */
  readonly reason: string
  readonly cause: unknown
}

/** `nameOf`: the column that a key is of; without one, the key is part of the reason. */
export const describeFault = (
  fault: RowFault,
  nameOf: (key: PropertyKey) => PropertyKey | undefined,
  shows: Shows = "shapes"
): FaultDescription => {
  if (fault._tag === "Thrown") {
    const { cause } = fault
    const what = cause instanceof Error ? cause.name : typeof cause
    return { key: undefined, reason: `the Schema threw ${what}`, cause }
  }
  const found = of(fault, shows)
  const key = found.path[0] === undefined ? undefined : nameOf(found.path[0])
  const place = Place.before(key === undefined ? found.path : found.path.slice(1))
  return { key, reason: `${place}${reasonOf(found)}`, cause: asCause(fault) }
}

/** The issue as the cause of an error. It holds the refused values. Printing it, as a log does with causes, shows none of them. */
export const asCause = (issue: ParseResult.ParseIssue): ParseResult.ParseIssue => {
  const text = `ParseIssue (${issue._tag}): ${reasonOf(of(issue))}`
  for (const key of ["toString", "toJSON", Inspectable.NodeInspectSymbol])
    Object.defineProperty(issue, key, { value: () => text, enumerable: false, configurable: true })
  return issue
}
