/**
 * The columns that a Schema wants of a result, read from the side it decodes from: names as they are before a renaming,
 * types as they are before a transformation.
 */
import * as AST from "effect/SchemaAST"
import * as PgType from "./PgType.js"

export interface WantedColumn {
  readonly name: string
  /** The column may have any of these types; `undefined` when the Schema tells none, and any type will do. */
  readonly types: ReadonlyArray<PgType.PgType> | undefined
  /** Whether NULL may be decoded. */
  readonly nullable: boolean
  /** Whether the column may be missing. */
  readonly optional: boolean
}

/** Whether null can be decoded; where a Schema does not tell, it can. */
const takesNull = (ast: AST.AST, within: ReadonlySet<AST.AST> = new Set()): boolean => {
  if (within.has(ast)) return false
  switch (ast._tag) {
    case "Literal":
      return ast.literal === null
    case "UnknownKeyword":
    case "AnyKeyword":
      return true
    case "Union":
      return ast.types.some((member) => takesNull(member, within))
    case "Refinement":
    case "Transformation":
      return takesNull(ast.from, within)
    case "Suspend":
      return takesNull(ast.f(), new Set([...within, ast]))
    default:
      return false
  }
}

const takesUndefined = (ast: AST.AST): boolean =>
  AST.isUndefinedKeyword(ast) || (AST.isUnion(ast) && ast.types.some(takesUndefined))

const ofStruct = (ast: AST.TypeLiteral): ReadonlyArray<WantedColumn> =>
  ast.propertySignatures.flatMap(({ isOptional, name, type }) =>
    typeof name === "string"
      ? [
          {
            name,
            types: PgType.of(type),
            nullable: takesNull(type),
            optional: isOptional || takesUndefined(type)
          }
        ]
      : []
  )

/** What rows of one of several forms want: each column of each form, and all forms must want it for it to be needed. */
const ofForms = (forms: ReadonlyArray<ReadonlyArray<WantedColumn>>): ReadonlyArray<WantedColumn> => {
  const columns = new Map<string, WantedColumn>()
  for (const column of forms.flat()) {
    const other = columns.get(column.name)
    columns.set(column.name, other === undefined ? column : either(other, column))
  }
  return [...columns.values()].map((column) => {
    const inAll = forms.every((form) => form.some(({ name }) => name === column.name))
    return inAll ? column : { ...column, optional: true }
  })
}

const either = (self: WantedColumn, that: WantedColumn): WantedColumn => ({
  name: self.name,
  types:
    self.types === undefined || that.types === undefined
      ? undefined
      : PgType.merge([...self.types, ...that.types]),
  nullable: self.nullable || that.nullable,
  optional: self.optional || that.optional
})

/**
 * The columns wanted by the Schema of a row: a Struct, a Class, a union of them, or what is made from them.
 * `undefined` when the Schema does not tell its columns, as a declaration or `Schema.Unknown`.
 */
export const of = (ast: AST.AST): ReadonlyArray<WantedColumn> | undefined => {
  switch (ast._tag) {
    case "TypeLiteral":
      return ofStruct(ast)
    case "Refinement":
    case "Transformation":
      return of(ast.from)
    case "Union": {
      const forms = ast.types.map(of)
      return forms.every((form) => form !== undefined) ? ofForms(forms) : undefined
    }
    default:
      return undefined
  }
}
