/** Physical slots over a session that is open already, as a walsender's commands make, read and drop them. */
import * as Effect from "effect/Effect"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgSessionError } from "../../model/PgError.js"
import { PgUsageError } from "../../model/PgError.js"
import * as SqlState from "../../model/SqlState.js"
import * as Answers from "./Answers.js"
import * as Command from "./Command.js"

/** Where a physical slot stands. */
export interface PhysicalSlotState {
  /** From here on the log is kept; `undefined` while the slot keeps nothing. */
  readonly restart: Lsn | undefined
  /** The timeline that `restart` is on; `undefined` while the slot keeps nothing. */
  readonly timeline: number | undefined
}

const logical = (slot: string): PgUsageError =>
  new PgUsageError({
    operation: "Replication",
    argument: "slot",
    reason: `must be a physical slot, and ${slot} is a logical one`,
    sql: "",
    sent: true
  })

/**
 * Where a physical slot stands; `undefined` when no slot has this name. PostgreSQL 15. Fails with `PgUsageError` when the
 * server is older, or the slot is a logical one.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-READ-REPLICATION-SLOT
 */
export const readSlot = (
  connection: PgConnection,
  slot: string
): Effect.Effect<PhysicalSlotState | undefined, PgSessionError> =>
  Effect.gen(function* () {
    const sql = "READ_REPLICATION_SLOT"
    const row = yield* Effect.catchIf(
      Answers.ask(connection, Command.readSlot(slot, yield* connection.serverVersion)),
      (error) => error._tag === "PgServerError" && error.code === SqlState.featureNotSupported,
      () => Effect.fail(logical(slot))
    )
    if (Answers.textOf(row, "slot_type") === undefined) return undefined
    const isEmpty = Answers.textOf(row, "restart_lsn") === undefined
    return isEmpty
      ? { restart: undefined, timeline: undefined }
      : {
          restart: yield* Answers.lsnOf(row, "restart_lsn", sql),
          timeline: yield* Answers.timelineOf(row, "restart_tli", sql)
        }
  })

/**
 * Makes a physical slot on this session. A temporary one is gone with the session, and with the first error on it. With
 * `reserveWal` the log is kept from now on; otherwise from the first report of a stream that uses the slot.
 *
 * Fails with `PgServerError`: `42710` when there is a slot of this name, `53400` when the server has no room for one more.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-CREATE-REPLICATION-SLOT
 */
export const createPhysicalSlot = (
  connection: PgConnection,
  slot: string,
  options: Command.PhysicalSlotOptions = {}
): Effect.Effect<void, PgSessionError> =>
  Effect.gen(function* () {
    const version = yield* connection.serverVersion
    yield* Answers.ask(connection, Command.createPhysicalSlot(slot, options, version))
  })

/**
 * Drops a slot, physical or logical. Fails with `PgServerError`: `42704` when no slot has this name, `55006` when another
 * session uses it and `wait` is not set.
 */
export const dropSlot = (
  connection: PgConnection,
  slot: string,
  options: { readonly wait?: boolean } = {}
): Effect.Effect<void, PgSessionError> =>
  Effect.asVoid(Answers.ask(connection, Command.dropSlot(slot, options.wait === true)))
