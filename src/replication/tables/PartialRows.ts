/**
 * Rows of which not every column is there, through the Schema of whole rows: each field that can be decoded from what is
 * there is, and the others are left out. For Structs and what is made of them: Classes, renamings, further conditions are
 * those of whole rows and are not asked.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as Rows from "../../schema/Rows.js"
import * as ExpectedRow from "../../schema/ExpectedRow.js"

/** A field of the decoded row, and the columns that it is made of. */
interface Field {
  readonly key: PropertyKey
  readonly columns: ReadonlyArray<string>
}

/** Sets of columns that are kept compiled. */
const maxCompiled = 64

export class PartialRows<A, R> {
  /** `undefined` when the Schema does not define its fields. */
  private readonly fields: ReadonlyArray<Field> | undefined
  private readonly compiled = new Map<string, Rows.RowSchema<Partial<A>, R>>()

  constructor(private readonly schema: Schema.Schema<A, unknown, R>) {
    this.fields = fieldsOf(schema.ast)
  }

  /** The decoder for rows that have these columns; `undefined` when the Schema does not define its fields. */
  of(columns: ReadonlySet<string>): Rows.RowSchema<Partial<A>, R> | undefined {
    const keys = this.fields
      ?.filter((field) => field.columns.every((name) => columns.has(name)))
      .map(({ key }) => key)
    if (keys === undefined) return undefined
    const name = keys.map(String).join("\0")
    const known = this.compiled.get(name)
    if (known !== undefined) return known
    if (this.compiled.size >= maxCompiled) this.compiled.clear()
    const made = Rows.compile(Schema.make<Partial<A>, unknown, R>(AST.pick(this.schema.ast, keys)))
    this.compiled.set(name, made)
    return made
  }
}

const fieldsOf = (ast: AST.AST): ReadonlyArray<Field> | undefined => {
  if (Either.isLeft(ExpectedRow.of(ast))) return undefined
  const inside = AST.typeAST(surrogate(ast))
  // No field of a Record names its columns, so they would be left out silently.
  if (AST.isTypeLiteral(inside) && inside.indexSignatures.length > 0) return undefined
  // Picking is not defined for every Schema, and throws then.
  return Either.getOrUndefined(
    Either.try(() =>
      AST.getPropertySignatures(inside).map(({ name: key }) => ({
        key,
        columns: Either.match(ExpectedRow.of(AST.pick(ast, [key])), {
          onLeft: () => [],
          onRight: ({ columns }) => columns.map(({ name }) => name)
        })
      }))
    )
  )
}

/** The Struct behind a Class. */
const surrogate = (ast: AST.AST): AST.AST => {
  const found = AST.getSurrogateAnnotation(ast)
  if (found._tag === "Some") return surrogate(found.value)
  return AST.isRefinement(ast) ? surrogate(ast.from) : ast
}
