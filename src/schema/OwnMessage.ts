/**
 * The message that an application wrote for what its Schema refuses: of a filter, of a `message` annotation, of a `Type` that
 * its transformation fails with. Shown unless the refused value is in it, because errors never show values unasked.
 */
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"

/** Whether the issue's own annotation counts for what is refused inside it: only when the application sets that. */
const isOuter = (issue: ParseResult.ParseIssue): boolean =>
  issue._tag === "Composite" ||
  (issue._tag === "Refinement" && issue.kind === "From") ||
  (issue._tag === "Transformation" && issue.kind !== "Transformation")

type Annotated = Exclude<ParseResult.ParseIssue, { readonly _tag: "Pointer" | "Unexpected" }>

const annotated = (issue: Annotated): string | undefined => {
  const annotation = Option.getOrUndefined(AST.getMessageAnnotation(issue.ast))
  if (annotation === undefined) return undefined
  const told = annotation(issue)
  const message = typeof told === "string" ? told : "override" in told ? told.message : undefined
  const overrides = typeof told !== "string" && "override" in told && told.override
  return typeof message === "string" && (overrides || !isOuter(issue)) ? message : undefined
}

const missing = ({ ast, message }: ParseResult.Missing): string | undefined => {
  const annotation = Option.getOrUndefined(AST.getMissingMessageAnnotation(ast))?.()
  return typeof annotation === "string" ? annotation : message
}

/** Texts that the value prints as, itself and what is in it. */
const leaves = (value: unknown, depth = 0): ReadonlyArray<string> => {
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
      return [String(value)]
    case "object": {
      if (value === null || depth > 4) return []
      if (value instanceof Date)
        return Number.isNaN(value.getTime()) ? [] : [value.toISOString(), String(value)]
      const inside = Object.values(value).slice(0, 1000)
      const printed = Object.hasOwn(Object.getPrototypeOf(value) ?? {}, "toString") ? [String(value)] : []
      return [...printed, ...inside.flatMap((each) => leaves(each, depth + 1))]
    }
    default:
      return []
  }
}

/** Shorter texts are looked for as words: a message mostly has each letter. */
const shortest = 4

const isIn = (message: string, leaf: string): boolean => {
  if (leaf === "") return false
  if (leaf.length >= shortest) return message.includes(leaf)
  const words = message.split(/[^\p{L}\p{N}.+-]+/u)
  return words.some((word) => word === leaf || word.replace(/[.]+$/, "") === leaf)
}

/** Parts in quotes, as parsers quote what they met. */
const quotations = (message: string): ReadonlyArray<string> =>
  [...message.matchAll(/"(.+)"|'([^']+)'|`([^`]+)`/gs)].map(([, ...parts]) => parts.find(Boolean) ?? "")

/** Whether the value, something in it or a part of it may be read in the message. */
const quotes = (message: string, value: unknown): boolean => {
  const folded = message.toLowerCase()
  const texts = leaves(value).map((leaf) => leaf.toLowerCase())
  return (
    texts.some((leaf) => isIn(folded, leaf)) ||
    quotations(folded).some((part) => texts.some((leaf) => leaf.includes(part)))
  )
}

/** Other values of the kind. */
const others = (value: unknown): ReadonlyArray<unknown> => {
  switch (typeof value) {
    case "number":
      return [value + 1, value - 1, -value - 1, 2 * value + 1]
    case "bigint":
      return [value + 1n, value - 1n, -value - 1n, 2n * value + 1n]
    case "string":
      return [`${value}~`, `~${value}`, value.slice(1), "~"]
    default:
      return []
  }
}

/** Whether a filter has the same message for another value: then the message does not contain the value. */
const isSaidOfOthers = (issue: ParseResult.ParseIssue, message: string): boolean => {
  if (issue._tag !== "Refinement" || issue.kind !== "Predicate") return false
  return others(issue.actual).some((value) => {
    try {
      const refused = Option.getOrUndefined(issue.ast.filter(value, AST.defaultParseOption, issue.ast))
      if (refused === undefined) return false
      return (annotated({ ...issue, actual: value }) ?? leafMessage(refused)) === message
    } catch {
      return false
    }
  })
}

const leafMessage = (issue: ParseResult.ParseIssue): string | undefined => {
  switch (issue._tag) {
    case "Pointer":
      return leafMessage(issue.issue)
    case "Type":
      return annotated(issue) ?? issue.message
    case "Forbidden":
      return issue.message
    case "Missing":
      return missing(issue)
    default:
      return undefined
  }
}

/**
 * The application's message of this issue, not of those inside it but for a filter's; `undefined` without one, or when it quotes
 * the value and values are not shown.
 */
export const of = (issue: ParseResult.ParseIssue, showsValues: boolean): string | undefined => {
  if (issue._tag === "Pointer" || issue._tag === "Unexpected") return undefined
  const inner =
    issue._tag === "Refinement" && issue.kind === "Predicate" && issue.issue._tag === "Type"
      ? issue.issue
      : issue
  const message = annotated(issue) ?? leafMessage(inner)
  if (message === undefined || message === "") return undefined
  if (showsValues) return message
  return quotes(message, issue.actual) && !isSaidOfOthers(issue, message) ? undefined : message
}
