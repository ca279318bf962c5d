/**
 * Sessions with the server's replication process: they take the commands of the replication protocol, and SQL by the
 * simple protocol alone.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { PgConnection } from "../../connection/PgConnection.js"
import { PgConnector } from "../../connection/PgConnector.js"
import type * as Lsn from "../../model/Lsn.js"
import type { PgUsageError, PgOpenError, PgSessionError } from "../../model/PgError.js"
import * as WalSegment from "../../wire/replication/WalSegment.js"
import { ask, lsnOf, rows, textOf, timelineOf, unreadable } from "./Answers.js"
import * as Command from "./Command.js"

export { ask, lsnOf, rows, textOf, timelineOf, unreadable } from "./Answers.js"

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

/** What a server reports of itself. */
export interface System {
  /** The cluster's identifier: a copy has the same as its original, and no other cluster has. */
  readonly systemId: string
  readonly timeline: number
  /** Where the log ends: flushed, or on a standby replayed. */
  readonly end: Lsn.Lsn
  /** `undefined` on a session for physical replication. */
  readonly database: string | undefined
}

/** A number of 64 bits as text: a cluster's identifier. */
const isSystemId = (text: string): boolean => /^\d{1,20}$/.test(text)

/**
 * Asks the server who it is. PostgreSQL 14 wants this before a physical stream.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-IDENTIFY-SYSTEM
 */
export const identify = (connection: PgConnection): Effect.Effect<System, PgSessionError> =>
  Effect.gen(function* () {
    const row = (yield* rows(connection, Command.identifySystem))[0] ?? {}
    const systemId = textOf(row, "systemid") ?? ""
    if (!isSystemId(systemId)) {
      return yield* Effect.fail(unreadable("systemid", Command.identifySystem, "system identifier"))
    }
    return {
      systemId,
      timeline: yield* timelineOf(row, "timeline", Command.identifySystem),
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

/** The size of the server's segment files in bytes. */
export const segmentSize = (connection: PgConnection): Effect.Effect<number, PgSessionError | PgUsageError> =>
  Effect.flatMap(setting(connection, "wal_segment_size"), (shown) => {
    const size = WalSegment.sizeFromText(shown)
    return size === undefined
      ? Effect.fail(unreadable("wal_segment_size", "SHOW wal_segment_size", "size of a segment"))
      : Effect.succeed(size)
  })

export { history } from "./History.js"
export type { TimelineHistoryFile } from "./History.js"
export { createPhysicalSlot, dropSlot, readSlot } from "./PhysicalSlot.js"
export type { PhysicalSlotState } from "./PhysicalSlot.js"
