/** What makes a copy of published tables impossible, by the table it is about. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { PgServerError, PgSessionError } from "../../model/PgError.js"
import * as SqlState from "../../model/SqlState.js"

/** Why published tables could not be copied. */
export type SnapshotReason =
  /** There is no publication of this name. */
  | "no-publication"
  /** The publications come to no table. */
  | "no-tables"
  /** Publications publish different columns of one table; the server would refuse to stream it. */
  | "columns"
  /** The table may not be read, or not all of its rows because of row-level security. */
  | "forbidden"
  /**
   * The table was dropped, renamed, truncated or rewritten after the snapshot was taken, so that its rows of that moment
   * are gone. The next copy takes another snapshot.
   */
  | "changed"
  /** The feed was asked for before every table had been copied. */
  | "unfinished"
  /** The copy was read a second time. */
  | "taken"

/** Published tables could not be copied. Tables reported as copied before stay so. */
export class PgSnapshotError extends Data.TaggedError("PgSnapshotError")<{
  readonly reason: SnapshotReason
  /** The table, `undefined` when it is about none. */
  readonly table: { readonly schema: string; readonly name: string } | undefined
  readonly detail: string
  /** What the server said, when it was the server that refused. */
  readonly cause: PgServerError | undefined
}> {
  readonly nothingSent = false
  override get message(): string {
    const where =
      this.table === undefined ? "snapshot" : `snapshot of ${this.table.schema}.${this.table.name}`
    return `${where}: ${this.reason}: ${this.detail}`
  }
}

interface TableName {
  readonly schema: string
  readonly name: string
}

export const failure = (
  reason: SnapshotReason,
  detail: string,
  table?: TableName,
  cause?: PgServerError
): PgSnapshotError =>
  new PgSnapshotError({
    reason,
    table: table === undefined ? undefined : { schema: table.schema, name: table.name },
    detail,
    cause
  })

export const changed = (table: TableName, cause?: PgServerError): PgSnapshotError =>
  failure("changed", cause?.text ?? "its rows of the moment of the snapshot are gone", table, cause)

/** The effect's failure, whose refusals are told as what they say about the table. */
export const of = (table: TableName, error: PgSessionError): PgSessionError | PgSnapshotError => {
  if (error._tag !== "PgServerError") return error
  switch (error.code) {
    case SqlState.insufficientPrivilege:
      return failure("forbidden", error.text, table, error)
    case SqlState.undefinedTable:
    case SqlState.undefinedColumn:
      return changed(table, error)
    default:
      return error
  }
}

export const naming =
  (table: TableName) =>
  <A, R>(
    effect: Effect.Effect<A, PgSessionError, R>
  ): Effect.Effect<A, PgSessionError | PgSnapshotError, R> =>
    Effect.mapError(effect, (error) => of(table, error))
