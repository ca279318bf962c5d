/**
 * From a Schema's values to rows by column name: the reverse of `Rows`. The error of a refused value names its row, its
 * column and its shape. A Schema that runs effects keeps its requirements; its rows are encoded one after the other.
 */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import * as RowParser from "./RowParser.js"
import * as Issue from "./Issue.js"
import * as Renamed from "./Renamed.js"

/** Why a row could not be encoded. */
export interface RowRefusal {
  /** Counted from 1. */
  readonly rowNumber: number
  /** The column, by the name that it has in the database; `undefined` when the row as a whole is wrong. */
  readonly column: string | undefined
  /** What was expected and the shape of what was there, or the application's own words; never the value. */
  readonly reason: string
  /** The `ParseIssue`, or what the Schema threw. */
  readonly cause: unknown
}

export class RowEncoder<A, R> {
  private readonly parse: (row: A) => Effect.Effect<unknown, ParseResult.ParseIssue, R>
  private readonly names: ReadonlyMap<PropertyKey, PropertyKey>

  constructor(
    schema: Schema.Schema<A, unknown, R>,
    private readonly shows: Issue.Shows
  ) {
    this.names = Renamed.columnNames(schema.ast)
    this.parse = ParseResult.encodeUnknown(schema)
  }

  /** `first`: number of the first row, counted from 1. */
  encode(rows: ReadonlyArray<A>, first: number): Effect.Effect<ReadonlyArray<unknown>, RowRefusal, R> {
    return Effect.flatMap(RowParser.parse(rows, this.parse), ({ fault, values }) =>
      fault === undefined ? Effect.succeed(values) : Effect.fail(this.refusal(fault, first + values.length))
    )
  }

  private refusal(fault: RowParser.RowFault, rowNumber: number): RowRefusal {
    const nameOf = (key: PropertyKey) => {
      const name = this.names.get(key) ?? key
      return typeof name === "string" ? name : undefined
    }
    const { cause, key, reason } = Issue.describeFault(fault, nameOf, this.shows)
    return { rowNumber, column: typeof key === "string" ? key : undefined, reason, cause }
  }
}

/** `shows`: how much of a refused value errors show. */
export const make = <A, I, R>(
  schema: Schema.Schema<A, I, R>,
  shows: Issue.Shows = "shapes"
): RowEncoder<A, R> => new RowEncoder<A, R>(schema as Schema.Schema<A, unknown, R>, shows)
