/**
 * Rows through a Schema: what it wants of the columns, and a decoder, compiled once per Schema.
 *
 * A row that does not fit fails with `PgCodecError`, which names the column, the row, what was expected and the shape of
 * the value. A Schema that runs effects keeps its requirements; its rows are decoded one after the other.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import type { Column } from "../model/Column.js"
import * as CodecPlace from "../model/CodecPlace.js"
import { PgCodecError } from "../model/PgError.js"
import type { Registry } from "../types/Registry.js"
import type * as Row from "../types/Row.js"
import * as ColumnCodecs from "./ColumnCodecs.js"
import * as Compare from "./Compare.js"
import * as CompiledRow from "./CompiledRow.js"
import * as RowParser from "./RowParser.js"
import * as Issue from "./Issue.js"
import * as Renamed from "./Renamed.js"
import * as ExpectedRow from "./ExpectedRow.js"

/** The result that rows belong to, for errors. */
export interface ResultFacts {
  readonly columns: ReadonlyArray<Column>
  readonly registry: Registry
  readonly sql: string
  /** Whether only this caller holds the rows, and they have exactly these columns, so that they may be returned unchanged. */
  readonly own?: boolean
  /** Whether errors show the values that the Schema refuses. */
  readonly showsValues?: boolean
}

/** The values of the rows before a fault, and the fault. */
export interface DecodedRows<A> {
  readonly values: ReadonlyArray<A>
  readonly failure: PgCodecError | undefined
}

export class RowSchema<A, R> {
  /** The columns that the Schema wants; left when no row goes through it. */
  readonly wanted: Either.Either<ExpectedRow.ExpectedRow, string>
  private readonly columnNames: ReadonlyMap<PropertyKey, PropertyKey>
  private readonly compiled: RowParser.CompiledParser
  /** For rows of the very columns that the Schema has. */
  private readonly keeping: RowParser.CompiledParser
  /** Whether a list of columns is that. */
  private readonly exact = new WeakMap<ReadonlyArray<Column>, boolean>()
  private readonly parse: (row: unknown) => Effect.Effect<A, ParseResult.ParseIssue, R>
  /** Results that were found to fit. Their columns are one list for as long as their statement is prepared. */
  private readonly fitting = new WeakSet<ReadonlyArray<Column>>()

  constructor(schema: Schema.Schema<A, unknown, R>) {
    this.wanted = ExpectedRow.of(schema.ast)
    this.columnNames = Renamed.columnNames(schema.ast)
    this.parse = ParseResult.decodeUnknown(schema)
    this.compiled = { step: CompiledRow.of(schema.ast) }
    this.keeping = { step: CompiledRow.keeping(schema.ast) }
  }

  /** The comparison, when it refuses the result; it is made once for a list of columns that fits. */
  refuses(columns: ReadonlyArray<Column>, registry: Registry): Compare.Comparison | undefined {
    if (Either.isLeft(this.wanted) || this.fitting.has(columns)) return undefined
    const comparison = Compare.compare(this.wanted.right, columns, registry)
    if (comparison.refuses) return comparison
    this.fitting.add(columns)
    return undefined
  }

  /** A codec for each column that the client's is not to read; `undefined` when it is to read them all. */
  codecs(
    columns: ReadonlyArray<Column>,
    registry: Registry,
    direction: "decode" | "encode" = "decode"
  ): Row.ColumnCodecs | undefined {
    return Either.isLeft(this.wanted)
      ? undefined
      : ColumnCodecs.of(this.wanted.right, columns, registry, direction)
  }

  private isExact(columns: ReadonlyArray<Column>): boolean {
    const known = this.exact.get(columns)
    if (known !== undefined) return known
    const names = new Set(columns.map(({ name }) => name))
    const wanted = Either.match(this.wanted, { onLeft: () => [], onRight: (row) => row.columns })
    const isExact =
      names.size === columns.length &&
      names.size === wanted.length &&
      wanted.every(({ name }) => names.has(name))
    this.exact.set(columns, isExact)
    return isExact
  }

  /** `first`: number of the first row, counted from 1. */
  decode(
    rows: ReadonlyArray<Row.Row>,
    first: number,
    origin: ResultFacts
  ): Effect.Effect<ReadonlyArray<A>, PgCodecError, R> {
    return Effect.flatMap(this.decodeSome(rows, first, origin), ({ failure, values }) =>
      failure === undefined ? Effect.succeed(values) : Effect.fail(failure)
    )
  }

  /** The same, with the values of the rows before a refused one. */
  decodeSome(
    rows: ReadonlyArray<Row.Row>,
    first: number,
    origin: ResultFacts
  ): Effect.Effect<DecodedRows<A>, never, R> {
    return Effect.map(
      RowParser.parse(
        rows,
        this.parse,
        origin.own === true && this.isExact(origin.columns) ? this.keeping : this.compiled
      ),
      ({ fault, values }) => ({
        values,
        failure: fault === undefined ? undefined : this.failure(fault, first + values.length, origin)
      })
    )
  }

  private failure(fault: RowParser.RowFault, rowNumber: number, origin: ResultFacts): PgCodecError {
    const indexOf = (key: PropertyKey) => origin.columns.findLastIndex(({ name }) => name === key)
    const { cause, key, reason } = Issue.describeFault(
      fault,
      (key) => (indexOf(key) >= 0 ? key : this.columnNames.get(key)),
      origin.showsValues === true ? "values" : "shapes"
    )
    const index = key === undefined ? -1 : indexOf(key)
    const column = origin.columns[index]
    return new PgCodecError({
      direction: "decode",
      place: CodecPlace.inRow(rowNumber, column?.name, index),
      type: column === undefined ? "record" : origin.registry.nameOf(column.typeOid),
      reason,
      sql: origin.sql,
      nothingSent: false,
      cause
    })
  }
}

const compiled = new WeakMap<AST.AST, RowSchema<unknown, unknown>>()

/** Compiles a Schema, at its first use. */
export const compile = <A, I, R>(schema: Schema.Schema<A, I, R>): RowSchema<A, R> => {
  const known = compiled.get(schema.ast)
  if (known !== undefined) return known as RowSchema<A, R>
  const made = new RowSchema<A, R>(schema as Schema.Schema<A, unknown, R>)
  compiled.set(schema.ast, made)
  return made
}
