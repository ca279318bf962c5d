/**
 * Sessions that see the database as it was when a slot began. A snapshot can be imported only as long as the session that
 * exported it does nothing else; once imported it belongs to the sessions that have it, and the first may go.
 *
 * @see https://www.postgresql.org/docs/current/sql-set-transaction.html
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import type { PgConnection } from "../../connection/PgConnection.js"
import { PgConnector } from "../../connection/PgConnector.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgUsageError, PgSessionError } from "../../model/PgError.js"
import type { ServerVersionNumber } from "../walsender/Command.js"
import { atLeast } from "../walsender/Command.js"
import * as Quoting from "../walsender/Quoting.js"
import * as Slot from "../slots/Slot.js"
import * as Walsender from "../walsender/Walsender.js"

/**
 * What puts a session into the snapshot. Conditions for rows are printed and read with the same search path. Rows that
 * row-level security hides are an error and no gap. A consumer may take its time.
 */
export const beginSql = (
  snapshot: string,
  version: ServerVersionNumber
): Effect.Effect<string, PgUsageError> =>
  Effect.map(Quoting.literal("snapshot", snapshot), (name) =>
    [
      "begin isolation level repeatable read, read only",
      `set transaction snapshot ${name}`,
      "set local search_path to pg_catalog",
      "set local row_security to off",
      "set local statement_timeout to 0",
      "set local idle_in_transaction_session_timeout to 0",
      ...(atLeast(version, 17) ? ["set local transaction_timeout to 0"] : [])
    ].join("; ")
  )

const join = (
  connection: PgConnection,
  snapshot: string
): Effect.Effect<void, PgSessionError | PgUsageError> =>
  Effect.gen(function* () {
    yield* connection.simple(yield* beginSql(snapshot, yield* connection.serverVersion))
  })

/** Types are not looked up by these sessions, which see those of the snapshot; see `SnapshotCopy.FindTypes`. */
export const withoutTypes = { findTypes: false } as const

/** Most bytes of a slot's name, less those of `_copy_` and eight digits. */
const maxPrefix = 63 - 14

/** A name for a slot that is gone when the snapshot has been imported. */
const temporaryName = (slot: string): Effect.Effect<string> =>
  Effect.map(
    Random.nextIntBetween(0, 0x1_0000_0000),
    (number) => `${slot.slice(0, maxPrefix)}_copy_${number.toString(16).padStart(8, "0")}`
  )

export interface HeldSnapshot {
  /** What was committed before is seen, and nothing that was committed from here on. */
  readonly lsn: Lsn
  /** The slot, if it was made. */
  readonly created: Slot.Created | undefined
  /** The cluster that the snapshot is of. */
  readonly systemId: string
  readonly sessions: ReadonlyArray<PgConnection>
}

export interface SnapshotRequest<E> {
  readonly slot: string
  /** Makes the slot itself; otherwise a temporary one gives the snapshot. */
  readonly create: Slot.CreateOptions | undefined
  /** The first of the sessions. */
  readonly first: PgConnection
  /** How many there shall be, once the first sees the snapshot. */
  readonly count: (first: PgConnection) => Effect.Effect<number, E>
}

/**
 * Takes a snapshot and opens sessions that see it, until the scope closes. Waits until every transaction that runs now has
 * ended; interrupting it cancels that on the server.
 */
export const take = <E>(
  request: SnapshotRequest<E>
): Effect.Effect<HeldSnapshot, E | Slot.SlotError, PgConnector | Scope.Scope> =>
  Effect.flatMap(Effect.scope, (scope) =>
    Effect.scoped(
      Effect.gen(function* () {
        const connector = yield* PgConnector
        const { create, first, slot } = request
        const name = create === undefined ? yield* temporaryName(slot) : slot
        const exporter = yield* Walsender.open
        const { systemId } = yield* Walsender.identify(exporter)
        const made = yield* Slot.createOn(exporter, name, {
          ...create,
          temporary: create === undefined,
          snapshot: "export"
        })
        const { consistentPoint, snapshot } = made
        if (snapshot === undefined) {
          return yield* Walsender.unreadable("snapshot_name", "CREATE_REPLICATION_SLOT", "snapshot")
        }
        yield* join(first, snapshot)
        const more = (yield* request.count(first)) - 1
        const others = yield* Effect.forEach(
          Array.from({ length: Math.max(0, more) }),
          () =>
            Effect.tap(Scope.extend(connector.open(withoutTypes), scope), (session) =>
              join(session, snapshot)
            ),
          { concurrency: "unbounded" }
        )
        return {
          lsn: consistentPoint,
          created: create === undefined ? undefined : made,
          systemId,
          sessions: [first, ...others]
        }
      })
    )
  )
