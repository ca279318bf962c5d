/** Slots and publications of one's own on a server, gone with the scope, and the server's view of them from another session. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { PgConfigInput } from "../../../src/config/Input.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import type { ConnectorOptions } from "../../../src/connection/PgConnector.js"
import type { Target } from "../connection/sessions.js"
import { configOf } from "../connection/sessions.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"

export interface Options {
  readonly target?: Target
  readonly config?: PgConfigInput
  readonly connector?: ConnectorOptions
}

/** Gives the effect a connector to the server. */
export const connecting =
  (options: Options = {}) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, Exclude<R, PgConnector.PgConnector>> =>
    Effect.provide(effect, PgConnector.layer(configOf(options), options.connector))

let names = 0

/** A name that no other test has. */
export const fresh = (prefix: string): string => `${prefix}_${process.pid}_${++names}`

/** A name for a slot, which is dropped with the scope if it is there then. */
export const slotName = (target: Target = shared): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => fresh("slot")),
    (name) =>
      rawRows(
        target,
        `select pg_terminate_backend(active_pid, 5000) from pg_replication_slots
          where slot_name = '${name}' and active_pid is not null;
         select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '${name}'`
      ).pipe(Effect.retry({ times: 20 }), Effect.ignore)
  )

/** One row of the server's view of a slot. */
export const slotRow = (name: string, columns: string, target: Target = shared) =>
  Effect.map(
    rawRows(target, `select ${columns} from pg_replication_slots where slot_name = '${name}'`),
    (rows) => rows[0]
  )

/** A name of any characters as a list of names inside a string. */
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`.replaceAll("'", "''")

/**
 * Where the last transaction of a slot ends, by itself: others write to the log too, and `pg_current_wal_lsn()` may stand behind
 * records of theirs.
 */
export const lastEnd = (slot: string, publication: string, target: Target = shared) =>
  Effect.map(
    rawRows(
      target,
      `select (max(lsn) - '0/0'::pg_lsn)::text from pg_logical_slot_peek_binary_changes('${slot}', null, null,
        'proto_version', '1', 'publication_names', '${quoted(publication)}')`
    ),
    (rows) => BigInt(rows[0]![0]!)
  )
