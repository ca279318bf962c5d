/**
 * Replication slots: made, looked at, moved on, changed and dropped. Each operation opens a session for itself, except
 * where a slot or its snapshot lives no longer than one: those are scoped.
 *
 * @see https://www.postgresql.org/docs/current/warm-standby.html#STREAMING-REPLICATION-SLOTS
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { PgConnection } from "../../connection/PgConnection.js"
import * as OpenTransactions from "../../connection/OpenTransactions.js"
import { PgConnector } from "../../connection/PgConnector.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgOpenError, PgSessionError, PgSlotError } from "../../model/PgError.js"
import { PgServerError, PgUsageError } from "../../model/PgError.js"
import * as SqlState from "../../model/SqlState.js"
import * as Statement from "../../model/Statement.js"
import * as Command from "../walsender/Command.js"
import * as Quoting from "../walsender/Quoting.js"
import * as SlotFailure from "./SlotFailure.js"
import type { SlotState } from "./SlotState.js"
import * as Walsender from "../walsender/Walsender.js"

export type { SlotChanges } from "../walsender/Command.js"
export type { Invalidation, SlotState } from "./SlotState.js"

/** What an operation on slots can fail with. */
export type SlotError = PgOpenError | PgSessionError | PgSlotError

/** A slot that has just been made. */
export interface Created {
  readonly name: string
  /** Changes from here on are sent; `0/0` for a physical slot. */
  readonly consistentPoint: Lsn
  /** The name to import the snapshot by, when it was exported. */
  readonly snapshot: string | undefined
}

/** The options of a new slot. */
export type CreateOptions = Omit<Command.LogicalSlotOptions, "temporary" | "snapshot">

/** Makes a slot on a session that is open already. */
export const createOn = (
  connection: PgConnection,
  name: string,
  options: Command.LogicalSlotOptions
): Effect.Effect<Created, PgSessionError | PgUsageError | PgSlotError> =>
  Effect.gen(function* () {
    const version = yield* connection.serverVersion
    const command = Command.createLogicalSlot(name, options, version)
    if (Either.isRight(command)) yield* outside(connection)
    return yield* Effect.mapError(created(connection, name, command), withHint)
  })

/** Making a slot waits for every transaction that has written: inside one of one's own it would wait for itself. */
const outside = (connection: PgConnection): Effect.Effect<void, PgSessionError | PgUsageError> =>
  Effect.flatMap(OpenTransactions.get, (processes) =>
    processes.length === 0
      ? Effect.void
      : Effect.flatMap(
          Walsender.rows(
            connection,
            "select pid from pg_catalog.pg_stat_activity where backend_xid is not null" +
              ` and pid operator(pg_catalog.=) any ('{${processes.join(",")}}'::pg_catalog.int4[])`
          ),
          (writing) => (writing.length === 0 ? Effect.void : Effect.fail(insideOfOne))
        )
  )

const insideOfOne = new PgUsageError({
  operation: "Slot.create",
  argument: "",
  reason:
    "it is called inside a transaction that has written: making a slot waits until that has ended, and it would wait for itself. " +
    "Make the slot before the transaction, or after it",
  sql: ""
})

const lockHint =
  "Making a slot waits until every transaction that has written has ended, and lock_timeout bounds that wait: look for long " +
  'transactions in pg_stat_activity, or connect with parameters: { lock_timeout: "0" }.'

const withHint = <E>(error: E): E | PgServerError =>
  error instanceof PgServerError && error.code === SqlState.lockNotAvailable && error.hint === undefined
    ? new PgServerError({ ...error, hint: lockHint })
    : error

const created = (
  connection: PgConnection,
  name: string,
  command: Command.Command
): Effect.Effect<Created, PgSessionError | PgUsageError> =>
  Effect.gen(function* () {
    const row = yield* Walsender.ask(connection, command)
    return {
      name,
      consistentPoint: yield* Walsender.lsnOf(row, "consistent_point", "CREATE_REPLICATION_SLOT"),
      snapshot: Walsender.textOf(row, "snapshot_name")
    }
  })

/**
 * Makes a logical slot that stays until it is dropped. Waits until every transaction that runs now has ended; interrupting
 * it cancels that on the server, and there is no slot.
 *
 * Fails with `PgServerError`: `42710` when there is one of this name, `42602` for a name other than `[a-z0-9_]+`, `53400`
 * when the server has no room for one more, `55000` when `wal_level` is not `logical`, `55P03` when `lock_timeout` ended the wait.
 * Fails with `PgUsageError` inside a transaction that has written, for whose end it would wait. Fails with `PgUsageError`, before
 * anything is sent, when the server is too old for an option.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-CREATE-REPLICATION-SLOT
 */
export const create = (
  name: string,
  options: CreateOptions = {}
): Effect.Effect<Created, SlotError, PgConnector> =>
  Effect.scoped(Effect.flatMap(Walsender.open, (connection) => createOn(connection, name, options)))

/** The same, unless there is one of this name already: then none, and that one is left as it is. */
export const createIfMissing = (
  name: string,
  options: CreateOptions = {}
): Effect.Effect<Option.Option<Created>, SlotError, PgConnector> =>
  Effect.map(create(name, options), Option.some).pipe(
    Effect.catchIf(
      (error) => error._tag === "PgServerError" && error.code === SqlState.duplicateObject,
      () => Effect.succeedNone
    )
  )

/** How long the end of a scope waits for the session that uses its slot. */
const defaultFarewell: Duration.Duration = Duration.seconds(10)

/**
 * Makes a logical slot that is dropped when the scope closes, for consumers that come and go with the program: tests, caches, a
 * view of what happens now. Unlike a temporary slot, which is only for the feed that makes it (`create: { temporary: true }`) and
 * gone with its session, it can be read by any feed or run, one after the other.
 *
 * Closing the scope waits up to ten seconds for the session that uses the slot, and logs a warning when it could not be dropped: it keeps the log until it is dropped. So does the slot of a process that ends without closing its scopes. Interrupting the creation
 * cancels it. Fails as `create` does; a slot that was there before stays.
 */
export const createScoped = (
  name: string,
  options: CreateOptions = {}
): Effect.Effect<Created, SlotError, PgConnector | Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.tap(restore(create(name, options)), () =>
      Effect.flatMap(Effect.context<PgConnector>(), (context) =>
        Effect.addFinalizer(() => Effect.provide(dropLast(name), context))
      )
    )
  )

const dropLast = (name: string): Effect.Effect<void, never, PgConnector> =>
  Effect.interruptible(dropIfExists(name, { wait: true })).pipe(
    Effect.timeoutFail({ duration: defaultFarewell, onTimeout: () => "it is still in use" }),
    Effect.catchAll((error) =>
      Effect.logWarning(
        `slot ${name} could not be dropped: ${typeof error === "string" ? error : error.message}`
      )
    )
  )

/**
 * Makes a logical slot and exports the state of the database at the moment in which it begins: what other sessions read
 * under `SET TRANSACTION SNAPSHOT` together with what the slot sends is everything, without gap or overlap. The snapshot
 * can be imported as long as the scope is open; the slot stays.
 */
export const createWithSnapshot = (
  name: string,
  options: CreateOptions = {}
): Effect.Effect<Created & { readonly snapshot: string }, SlotError, PgConnector | Scope.Scope> =>
  Effect.gen(function* () {
    const connection = yield* Walsender.open
    const slot = yield* createOn(connection, name, { ...options, snapshot: "export" })
    const snapshot = slot.snapshot
    if (snapshot === undefined) {
      return yield* Effect.fail(Walsender.unreadable("snapshot_name", "CREATE_REPLICATION_SLOT", "snapshot"))
    }
    return { ...slot, snapshot }
  })

/** Makes a physical slot that stays until it is dropped. */
export const createPhysical = (
  name: string,
  options: Omit<Command.PhysicalSlotOptions, "temporary"> = {}
): Effect.Effect<Created, SlotError, PgConnector> =>
  Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* Walsender.openPhysical
      const version = yield* connection.serverVersion
      return yield* created(connection, name, Command.createPhysicalSlot(name, options, version))
    })
  )

const session: Effect.Effect<PgConnection, PgOpenError, PgConnector | Scope.Scope> = Effect.flatMap(
  PgConnector,
  (connector) => connector.open()
)

/** Every slot of the server, with what it costs and whether it can still be used. An ordinary role may ask. */
export const list: Effect.Effect<
  ReadonlyArray<SlotState>,
  PgOpenError | PgSessionError,
  PgConnector
> = Effect.scoped(Effect.flatMap(session, SlotFailure.list))

/** One slot; `None` when no slot has this name. */
export const get = (
  name: string
): Effect.Effect<Option.Option<SlotState>, PgOpenError | PgSessionError, PgConnector> =>
  Effect.scoped(
    Effect.map(
      Effect.flatMap(session, (connection) => SlotFailure.find(connection, name)),
      Option.fromNullable
    )
  )

/**
 * Moves a slot on without streaming: what lies before is never sent. The server does not go beyond the end of its log.
 * Gives where the slot stands then, which is `to` or less.
 *
 * Fails with `PgSlotError`: missing, in use, or invalidated with its reason. A position before the slot's own is refused
 * by the server.
 */
export const advance = (name: string, to: Lsn): Effect.Effect<Lsn, SlotError, PgConnector> =>
  Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* session
      if (!LsnText.isLsn(to)) {
        return yield* Effect.fail(
          Quoting.refusal("to", `must be a position from 0/0 to FFFFFFFF/FFFFFFFF, got ${String(to)}`)
        )
      }
      const sql =
        "select end_lsn::pg_catalog.text from pg_catalog.pg_replication_slot_advance" +
        "($1::pg_catalog.text::pg_catalog.name, $2::pg_catalog.text::pg_catalog.pg_lsn)"
      const rows = yield* SlotFailure.diagnosing(
        connection,
        name,
        connection.query(Statement.make(sql, [name, LsnText.toText(to)]))
      )
      return yield* Walsender.lsnOf(rows[0] ?? {}, "end_lsn", sql)
    })
  )

/** Changes a slot that is not in use. PostgreSQL 17; `twoPhase` 18. */
export const alter = (
  name: string,
  changes: Command.SlotChanges
): Effect.Effect<void, SlotError, PgConnector> =>
  Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* Walsender.open
      const command = Command.alterSlot(name, changes, yield* connection.serverVersion)
      yield* SlotFailure.diagnosing(connection, name, Walsender.ask(connection, command))
    })
  )

/** How a slot is dropped that may be in use. */
export interface DropOptions {
  /** Waits until the session that uses the slot has let it go, instead of failing. Default false. */
  readonly wait?: boolean
}

/** Drops a slot. Fails with `PgSlotError` when it is missing, or in use and `wait` is not set. */
export const drop = (name: string, options: DropOptions = {}): Effect.Effect<void, SlotError, PgConnector> =>
  Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* Walsender.open
      const command = Command.dropSlot(name, options.wait === true)
      yield* SlotFailure.diagnosing(connection, name, Walsender.ask(connection, command))
    })
  )

/** The same, and nothing when no slot has this name. */
export const dropIfExists = (
  name: string,
  options: DropOptions = {}
): Effect.Effect<void, SlotError, PgConnector> =>
  Effect.catchIf(
    drop(name, options),
    (error) => error._tag === "PgSlotError" && error.reason === "missing",
    () => Effect.void
  )
