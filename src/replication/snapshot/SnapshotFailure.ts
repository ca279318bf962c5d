/** What makes a copy of published tables impossible, by the table it is about. */
import * as Effect from "effect/Effect"
import type { PgCopyRowError, PgServerError, PgSessionError } from "../../model/PgError.js"
import { PgSnapshotError } from "../../model/SnapshotError.js"
import type { SnapshotReason } from "../../model/SnapshotError.js"
import * as SqlState from "../../model/SqlState.js"

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
  failure(
    "changed",
    cause?.text ??
      "it was dropped, truncated or rewritten after the snapshot, so the rows of the snapshot are gone: begin the copy anew",
    table,
    cause
  )

/** The effect's failure: a refusal is reported as one of the table. */
export const of = <E extends PgSessionError | PgCopyRowError>(
  table: TableName,
  error: E
): E | PgSnapshotError => {
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
