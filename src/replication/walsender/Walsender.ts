/**
 * Sessions with the server's replication process: they take the commands of the replication protocol, and SQL by the
 * simple protocol alone.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { PgConnection } from "../../connection/PgConnection.js"
import { PgConnector } from "../../connection/PgConnector.js"
import * as Lsn from "../../model/Lsn.js"
import type { PgUsageError, PgOpenError, PgSessionError } from "../../model/PgError.js"
import { PgCodecError } from "../../model/PgError.js"
import type { ObjectRow } from "../../types/Row.js"
import * as Command from "./Command.js"

/**
 * How values appear as text in a stream of changes: in the only forms that can be read back on any server. And the server's
 * warnings, whatever the role's settings are: from 18 on a warning is all that it has for a missing publication.
 */
const readable = {
  client_min_messages: "notice",
  DateStyle: "ISO",
  IntervalStyle: "postgres",
  extra_float_digits: "3",
  bytea_output: "hex"
} as const

/** Opens a session for logical replication and for SQL. Needs the role attribute REPLICATION and a free walsender. */
export const open: Effect.Effect<PgConnection, PgOpenError, PgConnector | Scope.Scope> = Effect.flatMap(
  PgConnector,
  (connector) => connector.open({ replication: "database", parameters: readable })
)

/** Opens a session for physical replication: it takes no SQL and belongs to no database. */
export const openPhysical: Effect.Effect<PgConnection, PgOpenError, PgConnector | Scope.Scope> =
  Effect.flatMap(PgConnector, (connector) => connector.open({ replication: "true" }))

/** The rows that a command or a query of ours answers; of several results the last that has any. */
export const rows = (
  connection: PgConnection,
  text: string
): Effect.Effect<ReadonlyArray<ObjectRow>, PgSessionError> =>
  Effect.map(
    connection.simple(text),
    (results) => results.findLast((result) => result.columns.length > 0)?.rows ?? []
  )

/** Runs a command and gives its row; an empty one when it answers none. */
export const ask = (
  connection: PgConnection,
  command: Command.Command
): Effect.Effect<ObjectRow, PgSessionError | PgUsageError> =>
  Effect.flatMap(command, (text) => Effect.map(rows(connection, text), (all) => all[0] ?? {}))

/** A column as text, whatever the registry makes of its type; `undefined` for NULL. */
export const textOf = (row: ObjectRow, column: string): string | undefined => {
  const value = row[column]
  return value === null || value === undefined ? undefined : String(value)
}

/** Says that an answer is not what the manual promises. */
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

/** What a server says of itself. */
export interface System {
  /** The cluster's identifier: a copy has the same as its original, and no other cluster has. */
  readonly systemId: string
  readonly timeline: number
  /** Where the log ends: flushed, or on a standby replayed. */
  readonly end: Lsn.Lsn
  /** `undefined` on a session for physical replication. */
  readonly database: string | undefined
}

/** Asks the server who it is. */
export const identify = (connection: PgConnection): Effect.Effect<System, PgSessionError> =>
  Effect.gen(function* () {
    const row = (yield* rows(connection, Command.identifySystem))[0] ?? {}
    return {
      systemId: textOf(row, "systemid") ?? "",
      timeline: Number(textOf(row, "timeline")),
      end: yield* lsnOf(row, "xlogpos", Command.identifySystem),
      database: textOf(row, "dbname")
    }
  })

/** A setting of the server. */
export const setting = (
  connection: PgConnection,
  name: string
): Effect.Effect<string, PgSessionError | PgUsageError> =>
  Effect.map(ask(connection, Command.show(name)), (row) => String(Object.values(row)[0] ?? ""))
