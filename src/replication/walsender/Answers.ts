/** What a walsender answers: the rows of a command or a query, and the columns of a row. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { PgConnection, SimpleOptions } from "../../connection/PgConnection.js"
import * as Lsn from "../../model/Lsn.js"
import type { PgSessionError, PgUsageError } from "../../model/PgError.js"
import { PgCodecError } from "../../model/PgError.js"
import type { ObjectRow } from "../../types/Row.js"
import { isTimeline } from "../../wire/replication/TimelineHistory.js"
import type { Command } from "./Command.js"

/** The rows that a command or a query of ours answers; of several results the last that has any. */
export const rows = (
  connection: PgConnection,
  text: string,
  options?: SimpleOptions
): Effect.Effect<ReadonlyArray<ObjectRow>, PgSessionError> =>
  Effect.map(
    connection.simple(text, options),
    (results) => results.findLast((result) => result.columns.length > 0)?.rows ?? []
  )

/** Runs a command and gives its row; an empty one when it answers none. */
export const ask = (
  connection: PgConnection,
  command: Command,
  options?: SimpleOptions
): Effect.Effect<ObjectRow, PgSessionError | PgUsageError> =>
  Effect.flatMap(command, (text) => Effect.map(rows(connection, text, options), (all) => all[0] ?? {}))

/** A column as text, whatever the registry makes of its type; `undefined` for NULL. */
export const textOf = (row: ObjectRow, column: string): string | undefined => {
  const value = row[column]
  return value === null || value === undefined ? undefined : String(value)
}

/** The error of an answer that does not have the manual's form. */
export const unreadable = (column: string, sql: string, wanted: string): PgCodecError =>
  new PgCodecError({
    direction: "decode",
    place: { _tag: "Row", row: undefined },
    type: wanted,
    reason: `its column "${column}" holds no ${wanted}`,
    sql,
    nothingSent: false
  })

/** A column that holds a position. */
export const lsnOf = (row: ObjectRow, column: string, sql: string): Effect.Effect<Lsn.Lsn, PgCodecError> =>
  Effect.mapError(Effect.fromNullable(Option.getOrUndefined(Lsn.fromText(textOf(row, column) ?? ""))), () =>
    unreadable(column, sql, "pg_lsn")
  )

/** A column that holds the number of a timeline. */
export const timelineOf = (
  row: ObjectRow,
  column: string,
  sql: string
): Effect.Effect<number, PgCodecError> => {
  const timeline = Number(textOf(row, column))
  return isTimeline(timeline) ? Effect.succeed(timeline) : Effect.fail(unreadable(column, sql, "timeline"))
}
