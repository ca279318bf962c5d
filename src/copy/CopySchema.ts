/**
 * A Schema behind a copy of rows: its columns beside those of the copy before anything is copied, and rows of its values on
 * either side, and a value that stands for its column's default.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Column } from "../model/Column.js"
import { PgCodecError, PgCopyRowError } from "../model/PgError.js"
import * as Statement from "../model/Statement.js"
import type * as Compare from "../schema/Compare.js"
import * as RowEncoder from "../schema/RowEncoder.js"
import * as PgType from "../schema/PgType.js"
import * as OptionalColumns from "../schema/OptionalColumns.js"
import * as Rows from "../schema/Rows.js"
import type { Registry } from "../types/Registry.js"
import type * as Row from "../types/Row.js"
import type { CopyDirection } from "./CopyFormat.js"
import type { RowInput } from "./CopyTarget.js"
import type { PgConnection } from "../connection/PgConnection.js"

const DefaultTypeId: unique symbol = Symbol.for("effect-postgres/Copy/Default")

/** The type of `Default`, of which there is one value. */
export interface Default {
  readonly [DefaultTypeId]: true
}

/**
 * In place of a value: the column's default, as if the row were inserted without it. It needs the text or the CSV format
 * with `defaultText`, and PostgreSQL 16 or later. A column without a default is refused by the server.
 */
export const Default: Default = Object.freeze({ [DefaultTypeId]: true as const })

const isDefault = (value: unknown): value is Default => value === Default

/** A Schema for a column that may also be left to its default. */
export const orDefault = <A, I, R>(
  schema: Schema.Schema<A, I, R>
): Schema.Schema<A | Default, I | Default, R> => {
  const either = Schema.Union(schema, Schema.declare(isDefault, { title: "Copy.Default" }))
  const types = PgType.of(schema.ast)
  return types === undefined ? either : PgType.annotate(either, types)
}

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
  /** The columns that the Schema wants, and the codecs that it has for them. */
  readonly rows: Rows.RowSchema<unknown, unknown>
  /** The columns that an encoded row may be without. */
  readonly optional: () => ReadonlyArray<string>
  /**
   * Fails when the columns do not fit. With a connection it is by the facts of the catalogue about columns to be read, as far as it
   * answers: names of types, and which may be NULL.
   */
  readonly compare: (seen: KnownColumns, connection?: PgConnection) => Effect.Effect<void, PgCodecError>
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

/** What the plan asks of the Schema, where there is one. */
export const ofSchema = <A, I extends object, R>(
  schema: Schema.Schema<A, I, R> | undefined
): CopySchema | undefined => {
  if (schema === undefined) return undefined
  const rows = Rows.compile(schema)
  return {
    rows,
    optional: () => OptionalColumns.of(schema.ast),
    compare: (seen, connection) =>
      Effect.suspend(() => {
        const comparison = rows.refuses(seen.columns, seen.registry)
        if (comparison === undefined) return Effect.void
        const refused = Effect.fail(mismatch(comparison, seen))
        // What is written is not NULL because the column may be.
        if (connection === undefined || seen.sql === undefined || seen.direction === "encode") return refused
        const asked = connection.compare(Statement.make(seen.sql), schema, { timeout: catalogueDeadline })
        return Effect.matchEffect(asked, {
          onFailure: () => refused,
          onSuccess: (known) => (known.refuses ? Effect.fail(mismatch(known, seen)) : refused)
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
      const at = columns.findIndex(({ name }) => name === column)
      const index = at < 0 ? undefined : at
      const place = { _tag: "CopyRow", row: rowNumber, column, index } as const
      const type = at < 0 ? "row" : registry.nameOf(columns[at]!.typeOid)
      return new PgCopyRowError({ direction: "encode", place, type, reason, sql, cause })
    }) as Effect.Effect<ReadonlyArray<RowInput>, PgCopyRowError, R>
  }
}

/** Rows to values, chunk by chunk, counting them: a new one for each run. A chunk gives the values of the rows before a fault, and the fault. */
export const decoding = <A, I, R>(origin: Rows.ResultFacts, schema: Schema.Schema<A, I, R>) => {
  const compiled = Rows.compile(schema)
  const own: Rows.ResultFacts = { ...origin, own: true }
  let next = 1
  return (rows: ReadonlyArray<Row.Row>) => {
    const first = next
    next += rows.length
    return Effect.map(compiled.decodeSome(rows, first, own), ({ failure, values }) => ({
      values,
      failure: failure && ofRow(failure)
    }))
  }
}

const ofRow = ({ cause, place, reason, sql, type }: PgCodecError): PgCopyRowError => {
  const { column, index } = place._tag === "RowColumn" ? place : { column: undefined, index: undefined }
  const row = place._tag === "RowColumn" || place._tag === "Row" ? (place.row ?? 1) : 1
  const at = { _tag: "CopyRow", row, column, index } as const
  return new PgCopyRowError({ direction: "decode", place: at, type, reason, sql, cause })
}
