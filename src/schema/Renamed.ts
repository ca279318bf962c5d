/** The names that fields have in the database, where a Schema renames them. */
import * as AST from "effect/SchemaAST"

/** The names that properties have before a renaming, where that is another. */
export const columnNames = (ast: AST.AST): ReadonlyMap<PropertyKey, PropertyKey> => {
  if (AST.isRefinement(ast)) return columnNames(ast.from)
  if (!AST.isTransformation(ast)) return new Map()
  const earlier = columnNames(ast.from)
  if (!AST.isTypeLiteralTransformation(ast.transformation)) return earlier
  const renamed = ast.transformation.propertySignatureTransformations.map(
    ({ from, to }) => [to, earlier.get(from) ?? from] as const
  )
  return new Map([...earlier, ...renamed])
}
