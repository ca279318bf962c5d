/**
 * A Schema behind a copy of rows: its columns beside those of the copy before anything is copied, and rows of its values on
 * either side.
 */
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import type { Column } from "../model/Column.js"
import type { CodecPlace } from "../model/CodecPlace.js"
import { PgCodecError, PgCopyRowError } from "../model/PgError.js"
import * as Statement from "../model/Statement.js"
import type * as Compare from "../schema/Compare.js"
import * as RowEncoder from "../schema/RowEncoder.js"
import * as OptionalColumns from "../schema/OptionalColumns.js"
import * as Rows from "../schema/Rows.js"
import type { ExpectedRow } from "../schema/ExpectedRow.js"
import type { Registry } from "../types/Registry.js"
import type * as Row from "../types/Row.js"
import type { CopyDirection } from "./CopyFormat.js"
import type { RowInput } from "./CopyRowEncoder.js"
import type { PgConnection } from "../connection/PgConnection.js"

/** What the columns of a copy are known to be. */
export interface KnownColumns {
  readonly columns: ReadonlyArray<Column>
  readonly registry: Registry
  /** The query that the server was asked to describe; `undefined` when all types were stated. */
  readonly sql: string | undefined
  readonly direction: CopyDirection
}

/** What a plan asks of a Schema. */
export interface CopySchema {
  /** The columns that the Schema wants; left when no row goes through it. */
  readonly wanted: Either.Either<ExpectedRow, string>
  readonly codecs: (
    columns: ReadonlyArray<Column>,
    registry: Registry,
    direction: CopyDirection
  ) => Row.ColumnCodecs | undefined
  /** The columns that an encoded row may be without. */
  readonly optional: () => ReadonlyArray<string>
  /** Fails when the columns do not fit. */
  readonly hold: (seen: KnownColumns) => Effect.Effect<void, PgCodecError>
  /**
   * The same, telling of columns to be read what the catalogue knows besides, as far as it answers: names of types, and
   * which may be NULL.
   */
  readonly compare: (connection: PgConnection, seen: KnownColumns) => Effect.Effect<void, PgCodecError>
}

/** Longest wait for what the catalogue knows. */
const catalogueDeadline = "5 seconds"

const mismatch = (comparison: Compare.Comparison, { direction, sql = "" }: KnownColumns): PgCodecError =>
  new PgCodecError({
    direction,
    place: { _tag: "Columns", of: "copy" },
    type: "record",
    reason: `\n${comparison.toString().replaceAll(/^/gm, "  ")}`,
    sql,
    nothingSent: true
  })

export const ofSchema = <A, I extends object, R>(schema: Schema.Schema<A, I, R>): CopySchema => {
  const rows = Rows.compile(schema)
  return {
    wanted: rows.wanted,
    codecs: (columns, registry, direction) => rows.codecs(columns, registry, direction),
    optional: () => OptionalColumns.of(schema.ast),
    hold: (seen) =>
      Effect.suspend(() => {
        const comparison = rows.refuses(seen.columns, seen.registry)
        return comparison === undefined ? Effect.void : Effect.fail(mismatch(comparison, seen))
      }),
    compare: (connection, seen) =>
      Effect.suspend(() => {
        const comparison = rows.refuses(seen.columns, seen.registry)
        if (comparison === undefined) return Effect.void
        // What is written is not NULL because the column may be.
        if (seen.sql === undefined || seen.direction === "encode")
          return Effect.fail(mismatch(comparison, seen))
        const asked = connection.compare(Statement.make(seen.sql), schema, { timeout: catalogueDeadline })
        return Effect.matchEffect(asked, {
          onFailure: () => Effect.fail(mismatch(comparison, seen)),
          onSuccess: (known) => Effect.fail(mismatch(known.refuses ? known : comparison, seen))
        })
      })
  }
}

/** Values to rows, chunk by chunk, counting them: a new one for each run. */
export const encoding = <A, I, R>(
  { columns, registry, showsValues = false, sql }: Rows.ResultFacts,
  schema: Schema.Schema<A, I, R>
): ((values: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<RowInput>, PgCopyRowError, R>) => {
  const encoder = RowEncoder.make(schema, showsValues ? "values" : "shapes")
  let next = 1
  return (values) => {
    const first = next
    next += values.length
    return Effect.mapError(encoder.encode(values, first), ({ cause, column, reason, rowNumber }) => {
      const index = columns.findIndex(({ name }) => name === column)
      return new PgCopyRowError({
        direction: "encode",
        place: { _tag: "CopyRow", row: rowNumber, column, index: index < 0 ? undefined : index },
        type: index < 0 ? "row" : registry.nameOf(columns[index]!.typeOid),
        reason,
        sql,
        cause
      })
    }) as Effect.Effect<ReadonlyArray<RowInput>, PgCopyRowError, R>
  }
}

/** What came of a chunk: the values of the rows before a fault, and the fault. */
export interface DecodedChunk<A> {
  readonly values: ReadonlyArray<A>
  readonly failure: PgCopyRowError | undefined
}

/** Rows to values, chunk by chunk, counting them: a new one for each run. */
export const decoding = <A, I, R>(
  origin: Rows.ResultFacts,
  schema: Schema.Schema<A, I, R>
): ((rows: ReadonlyArray<Row.Row>) => Effect.Effect<DecodedChunk<A>, never, R>) => {
  const compiled = Rows.compile(schema)
  const own: Rows.ResultFacts = { ...origin, own: true }
  let next = 1
  return (rows) => {
    const first = next
    next += rows.length
    return Effect.map(compiled.decodeSome(rows, first, own), ({ failure, values }) => ({
      values,
      failure: failure && ofRow(failure)
    }))
  }
}

const rowOf = (place: CodecPlace): number => (place._tag === "Row" ? (place.row ?? 1) : 1)

const ofRow = ({ cause, place, reason, sql, type }: PgCodecError): PgCopyRowError =>
  new PgCopyRowError({
    direction: "decode",
    place:
      place._tag === "RowColumn"
        ? { _tag: "CopyRow", row: place.row, column: place.column, index: place.index }
        : { _tag: "CopyRow", row: rowOf(place), column: undefined, index: undefined },
    type,
    reason,
    sql,
    cause
  })
