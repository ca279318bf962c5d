/**
 * From a Schema's values to rows by column name: the other way of `Rows`. A value that the Schema refuses is told by its
 * row, its column and its shape. A Schema that runs effects keeps its requirements; its rows are encoded one after the other.
 */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as InTurn from "./InTurn.js"
import * as Issue from "./Issue.js"
import * as Place from "./Place.js"

/** Why a row could not be encoded. */
export interface RowRefusal {
  /** Counted from 1. */
  readonly rowNumber: number
  /** The column, by the name that it has in the database; `undefined` when the row as a whole is wrong. */
  readonly column: string | undefined
  /** What was expected and the shape of what was there, never the value. */
  readonly reason: string
}

/** The names that properties have before a renaming, where that is another. */
const columnNames = (ast: AST.AST): ReadonlyMap<PropertyKey, PropertyKey> => {
  if (AST.isRefinement(ast)) return columnNames(ast.from)
  if (!AST.isTransformation(ast)) return new Map()
  const earlier = columnNames(ast.from)
  if (!AST.isTypeLiteralTransformation(ast.transformation)) return earlier
  const renamed = ast.transformation.propertySignatureTransformations.map(
    ({ from, to }) => [to, earlier.get(from) ?? from] as const
  )
  return new Map([...earlier, ...renamed])
}

export class RowEncoder<A, R> {
  private readonly parse: (row: A) => Effect.Effect<unknown, ParseResult.ParseIssue, R>
  private readonly names: ReadonlyMap<PropertyKey, PropertyKey>

  constructor(schema: Schema.Schema<A, unknown, R>) {
    this.names = columnNames(schema.ast)
    this.parse = ParseResult.encodeUnknown(schema)
  }

  /** `first`: number of the first row, counted from 1. */
  encode(rows: ReadonlyArray<A>, first: number): Effect.Effect<ReadonlyArray<unknown>, RowRefusal, R> {
    return Effect.flatMap(InTurn.parse(rows, this.parse), ({ issue, values }) =>
      issue === undefined ? Effect.succeed(values) : Effect.fail(this.refusal(issue, first + values.length))
    )
  }

  private refusal(issue: ParseResult.ParseIssue, rowNumber: number): RowRefusal {
    const { expected, path, received } = Issue.of(issue)
    const key = path[0] === undefined ? undefined : (this.names.get(path[0]) ?? path[0])
    const column = typeof key === "string" ? key : undefined
    const place = Place.before(column === undefined ? path : path.slice(1))
    return { rowNumber, column, reason: `${place}expected ${expected}, got ${received}` }
  }
}

export const make = <A, I, R>(schema: Schema.Schema<A, I, R>): RowEncoder<A, R> =>
  new RowEncoder<A, R>(schema as Schema.Schema<A, unknown, R>)
