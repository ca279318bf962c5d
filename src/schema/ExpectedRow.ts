/**
 * The columns that a Schema wants of a result, read from the side it decodes from: names as they are before a renaming,
 * types as they are before a transformation.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as PgType from "./PgType.js"

/** What a Schema expects of one column of a result. */
export interface ExpectedColumn {
  readonly name: string
  /** The column may have any of these types; `undefined` when the Schema names no type and accepts any. */
  readonly types: ReadonlyArray<PgType.SchemaType> | undefined
  /** Whether NULL may be decoded. */
  readonly nullable: boolean
  /** Whether the column may be missing. */
  readonly optional: boolean
}

/** Columns without a field of their own, by an index signature such as that of a Record. */
interface Others extends Omit<ExpectedColumn, "name" | "optional"> {
  readonly takes: (name: string) => boolean
}

/** What a Schema wants of a row. */
export class ExpectedRow {
  private readonly named: ReadonlyMap<string, ExpectedColumn>

  constructor(
    /** Columns that the Schema names. */
    readonly columns: ReadonlyArray<ExpectedColumn>,
    /** What it takes of all other columns. */
    private readonly others: ReadonlyArray<Others> = [],
    /** Whether a column that is not wanted is refused (`onExcessProperty: "error"`). */
    readonly exact = false
  ) {
    this.named = new Map(columns.map((column) => [column.name, column]))
  }

  /** Whether columns are wanted that are not in `columns`. */
  get isOpen(): boolean {
    return this.others.length > 0
  }

  /** What is wanted of a column of this name. */
  get(name: string): ExpectedColumn | undefined {
    const named = this.named.get(name)
    if (named !== undefined) return named
    const found = this.others.filter(({ takes }) => takes(name))
    return found.length === 0
      ? undefined
      : found.map(({ nullable, types }) => ({ name, types, nullable, optional: true })).reduce(either)
  }

  /** What rows of one of several forms want: a column is needed when all forms need it. */
  static ofForms(forms: ReadonlyArray<ExpectedRow>): ExpectedRow {
    const names = new Set(forms.flatMap(({ columns }) => columns.map(({ name }) => name)))
    return new ExpectedRow(
      [...names].map((name) => {
        const found = forms.map((form) => form.get(name))
        const column = found.filter((each) => each !== undefined).reduce(either)
        return found.includes(undefined) ? { ...column, optional: true } : column
      }),
      forms.flatMap(({ others }) => others),
      forms.every(({ exact }) => exact)
    )
  }
}

/** Whether null can be decoded; true when the Schema does not decide it. */
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

const takesUndefined = (ast: AST.AST, within: ReadonlySet<AST.AST> = new Set()): boolean => {
  if (within.has(ast)) return false
  switch (ast._tag) {
    case "UndefinedKeyword":
      return true
    case "Union":
      return ast.types.some((member) => takesUndefined(member, within))
    case "Refinement":
    case "Transformation":
      return takesUndefined(ast.from, within)
    case "Suspend":
      return takesUndefined(ast.f(), new Set([...within, ast]))
    default:
      return false
  }
}

const isText = (ast: AST.Parameter): boolean =>
  ast._tag === "Refinement" ? isText(ast.from as AST.Parameter) : ast._tag !== "SymbolKeyword"

const ofStruct = (ast: AST.TypeLiteral, exact: boolean): Either.Either<ExpectedRow, string> => {
  const columns: Array<ExpectedColumn> = []
  for (const { isOptional, name, type } of ast.propertySignatures) {
    const optional = isOptional || takesUndefined(type)
    if (typeof name === "string")
      columns.push({ name, types: PgType.of(type), nullable: takesNull(type), optional })
    else if (!optional) return Either.left(`must have fields named as columns, got ${String(name)}`)
  }
  const others = ast.indexSignatures.flatMap(({ parameter, type }) =>
    isText(parameter)
      ? [
          {
            takes: Schema.is(Schema.make<string>(parameter)),
            types: PgType.of(type),
            nullable: takesNull(type)
          }
        ]
      : []
  )
  return Either.right(new ExpectedRow(columns, others, exact))
}

const either = (self: ExpectedColumn, that: ExpectedColumn): ExpectedColumn => ({
  name: self.name,
  types:
    self.types === undefined || that.types === undefined
      ? undefined
      : PgType.merge([...self.types, ...that.types]),
  nullable: self.nullable || that.nullable,
  optional: self.optional || that.optional
})

/** Longest name of a Schema shown. */
const longest = 200

const nameOf = (ast: AST.AST): string => {
  const name = String(ast)
  return name.length > longest ? `${name.slice(0, longest)}...` : name
}

/** What a Schema of a row must be. */
const demand =
  "must decode from an object whose fields are columns: a Struct, a Class, a Record or a union of these"

/** Why no row goes through the Schema. */
const refusal = (ast: AST.AST): string =>
  AST.isDeclaration(ast) && AST.getSurrogateAnnotation(ast)._tag === "Some"
    ? `must be the Class itself, because a row is a plain object, got a Schema of instances of ${nameOf(ast)}`
    : `${demand}, got ${nameOf(ast)}`

const search = (
  ast: AST.AST,
  exact: boolean,
  within: ReadonlySet<AST.AST>
): Either.Either<ExpectedRow, string> => {
  const told = AST.getAnnotation<AST.ParseOptions>(ast, AST.ParseOptionsAnnotationId)
  const excess = told._tag === "Some" ? told.value.onExcessProperty : undefined
  const inside = excess === undefined ? exact : excess === "error"
  switch (ast._tag) {
    case "TypeLiteral":
      return ofStruct(ast, inside)
    case "Refinement":
    case "Transformation":
      return search(ast.from, inside, within)
    case "Suspend":
      return within.has(ast)
        ? Either.left(`${demand}, got a Schema that refers only to itself`)
        : search(ast.f(), inside, new Set([...within, ast]))
    case "Union":
      return Either.map(
        Either.all(ast.types.map((type) => search(type, inside, within))),
        ExpectedRow.ofForms
      )
    default:
      return Either.left(refusal(ast))
  }
}

/**
 * The columns wanted by the Schema of a row: a Struct, a Class, a Record, a union of them, or what is made from them. Left is
 * what the Schema must be instead.
 */
export const of = (ast: AST.AST): Either.Either<ExpectedRow, string> => search(ast, false, new Set())
