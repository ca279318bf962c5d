/**
 * Schemas compiled to plain functions: what Effect's parser does for one value, without an `Either` for each part of it. A
 * step decides only what it is sure of. A row that a step refuses is given to Effect's own parser, whose answer counts, so that
 * a failure is Effect's own.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as Guard from "./Guard.js"

/** The value does not pass. */
export const refused: unique symbol = Symbol.for("effect-postgres/PgSchema/refused")
/** Only Effect's parser can decide this, for example when an effect has to run. */
export const undecided: unique symbol = Symbol.for("effect-postgres/PgSchema/undecided")

/** The decoded value, `refused` or `undecided`. */
export type ParseStep = (value: unknown) => unknown

/** The options that Effect's parser hands on by default. */
export const options: AST.ParseOptions = Object.assign<AST.ParseOptions, object>(
  {},
  { isEffectAllowed: true }
)

/** Whether annotations change how the Schema is parsed. */
export const isPlain = (ast: AST.AST): boolean =>
  Option.isNone(AST.getAnnotation(ast, AST.ParseOptionsAnnotationId)) &&
  Option.isNone(AST.getAnnotation(ast, AST.DecodingFallbackAnnotationId))

/** The content of a result of Effect's parser. */
export const settle = (answer: unknown): unknown => {
  if (!Either.isEither(answer)) return undecided
  return Either.isRight(answer) ? answer.right : refused
}

/** By Effect's own parser, for what is not worth compiling. */
const interpreted = (ast: AST.AST): ParseStep => {
  const parser = ParseResult.decodeUnknown(Schema.make<unknown>(ast))
  return (value) => settle(parser(value))
}

/** Steps that answer with the value itself or not at all. */
const identities = new WeakSet<ParseStep>()

const identical = (step: ParseStep): ParseStep => {
  identities.add(step)
  return step
}

/** Whether the step leaves each value as it is. */
export const isIdentity = (step: ParseStep): boolean => identities.has(step)

const checked = (is: (value: unknown) => boolean): ParseStep =>
  identical((value) => (is(value) ? value : refused))

const refinement = (ast: AST.Refinement, from: ParseStep): ParseStep => {
  const { filter } = ast
  const step: ParseStep = (value) => {
    const inner = from(value)
    if (inner === refused || inner === undecided) return inner
    return filter(inner, options, ast)._tag === "None" ? inner : refused
  }
  return isIdentity(from) ? identical(step) : step
}

/** A final or composing transformation, behind what decodes its other side. */
export const transformation = (ast: AST.Transformation, from: ParseStep): ParseStep | undefined => {
  const kind = ast.transformation
  const to = of(ast.to)
  if (kind._tag === "TypeLiteralTransformation") return undefined
  if (kind._tag === "ComposeTransformation")
    return (value) => {
      const inner = from(value)
      return inner === refused || inner === undecided ? inner : to(inner)
    }
  const { decode } = kind
  return (value) => {
    const inner = from(value)
    if (inner === refused || inner === undecided) return inner
    const decoded = settle(decode(inner, options, ast, value))
    return decoded === refused || decoded === undecided ? decoded : to(decoded)
  }
}

/** Whether Effect tries the member in the order of the union, whatever the value: it sorts objects by their literals. */
const isScalar = (ast: AST.AST): boolean => {
  switch (ast._tag) {
    case "TypeLiteral":
    case "TupleType":
    case "Suspend":
      return false
    case "Declaration":
      return Option.isNone(AST.getSurrogateAnnotation(ast))
    case "Refinement":
    case "Transformation":
      return isScalar(ast.from)
    case "Union":
      return ast.types.every(isScalar)
    default:
      return true
  }
}

const union = (ast: AST.Union): ParseStep => {
  if (!ast.types.every((member) => isScalar(member) || isList(member))) return interpreted(ast)
  const steps = ast.types.map(of)
  const [first, second] = steps
  const isPair = steps.length === 2
  const step: ParseStep = (value) => {
    if (isPair) {
      const decoded = first!(value)
      return decoded === refused ? second!(value) : decoded
    }
    for (let at = 0; at < steps.length; at++) {
      const decoded = steps[at]!(value)
      if (decoded !== refused) return decoded
    }
    return refused
  }
  return steps.every(isIdentity) ? identical(step) : step
}

const isList = (ast: AST.AST): ast is AST.TupleType =>
  AST.isTupleType(ast) && ast.elements.length === 0 && ast.rest.length === 1

const list = (element: ParseStep): ParseStep => {
  return (value) => {
    if (!Array.isArray(value)) return refused
    const decoded = new Array<unknown>(value.length)
    for (let at = 0; at < value.length; at++) {
      const one = element(value[at])
      if (one === refused || one === undecided) return one
      decoded[at] = one
    }
    return decoded
  }
}

const compile = (ast: AST.AST): ParseStep => {
  if (!isPlain(ast)) return interpreted(ast)
  const guard = AST.getAnnotation<Guard.Guard>(ast, Guard.GuardId)
  if (guard._tag === "Some") return checked(guard.value)
  switch (ast._tag) {
    case "AnyKeyword":
    case "UnknownKeyword":
    case "VoidKeyword":
      return identical((value) => value)
    case "StringKeyword":
      return identical((value) => (typeof value === "string" ? value : refused))
    case "NumberKeyword":
      return identical((value) => (typeof value === "number" ? value : refused))
    case "BooleanKeyword":
      return identical((value) => (typeof value === "boolean" ? value : refused))
    case "BigIntKeyword":
      return identical((value) => (typeof value === "bigint" ? value : refused))
    case "UndefinedKeyword":
      return checked((value) => value === undefined)
    case "Literal": {
      const { literal } = ast
      return identical((value) => (value === literal ? value : refused))
    }
    case "Refinement":
      return refinement(ast, of(ast.from))
    case "Declaration": {
      const decode = ast.decodeUnknown(...ast.typeParameters)
      return (value) => settle(decode(value, options, ast))
    }
    case "Transformation":
      return transformation(ast, of(ast.from)) ?? interpreted(ast)
    case "Union":
      return union(ast)
    case "TupleType":
      return isList(ast) ? list(of(ast.rest[0]!.type)) : interpreted(ast)
    default:
      return interpreted(ast)
  }
}

const compiled = new WeakMap<AST.AST, ParseStep>()

/** The step of one value. */
export const of = (ast: AST.AST): ParseStep => {
  const known = compiled.get(ast)
  if (known !== undefined) return known
  const made = compile(ast)
  compiled.set(ast, made)
  return made
}

/** The step of a row that has a condition of its own. */
export const condition = refinement
