/**
 * The columns that an encoded row may be without: its fields are optional, or may be `undefined`. Found from the Schema alone, by
 * encoding what stands for nothing: `undefined`, null and `Option.none()`. A transformation whose encoding depends on other
 * values is not followed.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"

/** Values that stand for nothing. */
const empties: ReadonlyArray<unknown> = [undefined, null, Option.none()]

const attempt = <A>(run: () => A): A | undefined => Either.getOrUndefined(Either.try(run))

/** Whether the type names `undefined`, which `unknown` does not. */
const namesUndefined = (ast: AST.AST): boolean =>
  AST.isUndefinedKeyword(ast) || (AST.isUnion(ast) && ast.types.some(namesUndefined))

/** Whether a value that stands for nothing is encoded to `undefined`. */
const encodesToUndefined = (ast: AST.AST): boolean => {
  if (!namesUndefined(AST.encodedAST(ast))) return false
  const encode = attempt(() => ParseResult.encodeUnknownEither(Schema.make<unknown>(ast)))
  return (
    encode !== undefined &&
    empties.some((value) => {
      const encoded = attempt(() => encode(value))
      return encoded !== undefined && Either.isRight(encoded) && encoded.right === undefined
    })
  )
}

/** Whether a property's transformation leaves the property out of the encoded row, for a field that is missing or empty. */
const leavesOut = (
  { encode }: AST.PropertySignatureTransformation,
  to: AST.PropertySignature | undefined
): boolean => {
  const accepts = to === undefined ? () => false : Schema.is(Schema.make<unknown>(to.type))
  const given = [
    ...(to === undefined || to.isOptional ? [Option.none()] : []),
    ...empties.filter((value) => attempt(() => accepts(value)) === true).map((value) => Option.some(value))
  ]
  return given.some((value) => {
    const encoded = attempt(() => encode(value))
    return encoded !== undefined && (Option.isNone(encoded) || encoded.value === undefined)
  })
}

const isEmptyAllowed = ({ isOptional, type }: AST.PropertySignature): boolean =>
  isOptional || encodesToUndefined(type)

const ofStruct = ({ propertySignatures }: AST.TypeLiteral): ReadonlyArray<PropertyKey> =>
  propertySignatures.filter(isEmptyAllowed).map(({ name }) => name)

/** A Struct with fields that are renamed or have defaults. */
const ofChanged = (
  from: AST.TypeLiteral,
  to: AST.TypeLiteral,
  changes: ReadonlyArray<AST.PropertySignatureTransformation>
): ReadonlyArray<PropertyKey> => {
  const fields = new Map(to.propertySignatures.map((signature) => [signature.name, signature]))
  return from.propertySignatures
    .filter((signature) => {
      const change = changes.find(({ from }) => from === signature.name)
      if (change === undefined)
        return encodesToUndefined(signature.type) || (signature.isOptional && isOptional(fields, signature))
      return signature.isOptional
        ? leavesOut(change, fields.get(change.to))
        : encodesToUndefined(signature.type)
    })
    .map(({ name }) => name)
}

const isOptional = (
  fields: ReadonlyMap<PropertyKey, AST.PropertySignature>,
  { name }: AST.PropertySignature
): boolean => fields.get(name)?.isOptional !== false

const search = (ast: AST.AST, within: ReadonlySet<AST.AST>): ReadonlyArray<PropertyKey> => {
  switch (ast._tag) {
    case "TypeLiteral":
      return ofStruct(ast)
    case "Refinement":
      return search(ast.from, within)
    case "Transformation": {
      const { from, to, transformation } = ast
      if (transformation._tag === "TypeLiteralTransformation")
        return AST.isTypeLiteral(from) && AST.isTypeLiteral(to)
          ? ofChanged(from, to, transformation.propertySignatureTransformations)
          : []
      // A Class encodes each of its fields; what another transformation encodes is not known.
      return AST.isDeclaration(to) ? search(from, within) : []
    }
    case "Suspend":
      return within.has(ast) ? [] : search(ast.f(), new Set([...within, ast]))
    case "Union":
      return ast.types.flatMap((type) => search(type, within))
    default:
      return []
  }
}

/** Names of the columns, as they are in the database. */
export const of = (ast: AST.AST): ReadonlyArray<string> => [
  ...new Set(search(ast, new Set()).flatMap((name) => (typeof name === "string" ? [name] : [])))
]
