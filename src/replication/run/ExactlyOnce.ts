/**
 * Changes written into PostgreSQL exactly once: the position is stored by the transaction that writes, so that the two are
 * there together or not at all, and what is stored decides where a feed begins.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { TransactionMode } from "../../connection/TransactionMode.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgOpenError } from "../../model/PgError.js"
import { isRetryable } from "../../model/Judgement.js"
import { PgClosedError, PgServerError } from "../../model/PgError.js"
import * as Statement from "../../model/Statement.js"
import type { ServerFailure, RunFailure } from "./RunFailure.js"
import { handlerFailure, serverFailure, timeoutCodes as codes } from "./RunFailure.js"
import * as OriginMark from "./OriginMark.js"
import * as PositionTable from "./PositionTable.js"
import type { RunError } from "./RunEvent.js"
import type { BatchLimits, Keeper, ExactlyOnceHandler } from "./RunHandler.js"
import type { ServerPlace } from "../feed/FeedPlace.js"
import type { TransactionEvent } from "../feed/TransactionAssembler.js"

/** Where the position is kept, and how many transactions are written together. */
export interface ExactlyOnceOptions {
  /**
   * A session of the database that is written to, such as another `PgConnector`'s `open()`. It is opened with each feed, and
   * belongs to this run alone.
   */
  readonly connection: Effect.Effect<PgConnection, PgOpenError, Scope.Scope>
  /** Under which the position is kept; every feed needs one of its own. Default: the slot's name. */
  readonly name?: string
  /**
   * The table that the position is kept in, its name as written in SQL: `app.positions`. It is made if it is not there.
   * Default `defaultPositionTable`. It must not itself be published to this feed: every position stored would be a change to
   * handle.
   */
  readonly table?: string
  /**
   * Marks what is written with this replication origin, which is made if it is not there: a feed of the target with
   * `origin: "none"` leaves it out. Needs a superuser, or the right to call the functions of origins.
   */
  readonly origin?: string
  /** How each transaction runs. */
  readonly transaction?: Omit<TransactionMode, "readOnly" | "prepare">
  /** Several transactions of the source in one of the target. Unless given, each has its own. */
  readonly batch?: BatchLimits
}

/** One transaction of the source in one of the target. */
const single: BatchLimits = { count: 1 }

/** A position that is safe must not be lost, and with it what was written, in a crash of the target. */
const durable =
  "select pg_catalog.set_config('synchronous_commit', 'local', false)" +
  " where pg_catalog.current_setting('synchronous_commit') = 'off'"

/** Why the session is no longer there. */
const lost = (connection: PgConnection): Effect.Effect<ServerFailure> =>
  Effect.map(connection.ended, (ended) => serverFailure(overtime(ended) ?? ended))

const overtimeHint =
  "The handler takes longer than idle_in_transaction_session_timeout or transaction_timeout of its session allows, and would do so again: " +
  'raise the setting for this session, such as target.open({ parameters: { idle_in_transaction_session_timeout: "0" } }), write less in one ' +
  "transaction, or do first what takes time and needs no transaction."

/** The server's words as an error that is not tried again, when it ended the session because the handler took too long. */
const overtime = (ended: { readonly _tag: string }): PgServerError | undefined =>
  ended instanceof PgClosedError && ended.server !== undefined && codes.has(ended.server.code)
    ? new PgServerError({ ...ended.server, severity: "ERROR", hint: overtimeHint, sql: ended.sql })
    : undefined

/**
 * What a failed handler's failure is: the loss of its session, a conflict with other transactions that the whole transaction
 * is to be repeated for, or its own.
 */
const endingOf = <E>(connection: PgConnection, ending: RunFailure<E>): Effect.Effect<RunFailure<E>> =>
  Effect.flatMap(connection.status, ({ state }) => {
    if (ending._tag === "ServerFailure") {
      if (state !== "broken") return Effect.succeed(ending)
      // A COMMIT fails by the loss of its session too, for whatever reason that was lost before.
      return Effect.map(connection.ended, (ended) => {
        const late = overtime(ended)
        return late === undefined ? ending : serverFailure(late)
      })
    }
    if (state === "broken") return lost(connection)
    const { error } = ending
    return Effect.succeed(
      error instanceof PgServerError && isRetryable(error) ? serverFailure(error) : ending
    )
  })

const keeper = <E, R>(
  options: ExactlyOnceOptions,
  name: string,
  handle: (event: TransactionEvent, connection: PgConnection) => Effect.Effect<unknown, E, R>
): Effect.Effect<Keeper<E, R>, RunError, Scope.Scope> =>
  Effect.gen(function* () {
    const store = yield* PositionTable.make(name, options.table ?? PositionTable.defaultTable)
    const connection = yield* options.connection
    yield* connection.query(Statement.make(durable))
    if (options.origin !== undefined) yield* OriginMark.mark(connection, options.origin)
    const found = yield* store.load(connection)
    const lock = yield* Effect.makeSemaphore(1)
    let at: PositionTable.StoredPosition | undefined = found
    let placeAt = (_position: Lsn): ServerPlace | undefined => found?.place
    const within = <E2, R2>(
      to: PositionTable.StoredPosition,
      body: Effect.Effect<unknown, RunFailure<E2>, R2>
    ) =>
      connection
        .withTransaction(
          // The position first: its row is ours from here to the end of the transaction.
          Effect.zipRight(
            Effect.mapError(
              Effect.suspend(() => store.move(connection, at?.position, to)),
              serverFailure
            ),
            body
          ),
          options.transaction
        )
        .pipe(
          Effect.mapError((error) =>
            error._tag === "ServerFailure" || error._tag === "HandlerFailure" ? error : serverFailure(error)
          ),
          Effect.catchAll((ending) => Effect.flatMap(endingOf(connection, ending), Effect.fail)),
          Effect.zipRight(
            Effect.sync(() => {
              at = to
            })
          )
        )
    /** Keeps a position behind which nothing more has been handled. */
    const bare = (position: Lsn): Effect.Effect<void, RunFailure<never>> =>
      Effect.suspend(() =>
        within<never, never>(
          { position, handled: at?.handled ?? at?.position, place: placeAt(position) },
          Effect.void
        )
      )
    return {
      position: found?.position,
      handled: found?.handled,
      place: found?.place,
      settle: (hereAt, start) =>
        lock.withPermits(1)(
          Effect.suspend(() => {
            const [kept, here] = [found?.place, hereAt(start)]
            const isKnown = kept?.systemId === here.systemId && kept.timeline === here.timeline
            placeAt = hereAt
            if (at === undefined || (isKnown && start >= at.position)) return Effect.void
            return bare(start < at.position ? start : at.position)
          })
        ),
      keep: (to) =>
        lock.withPermits(1)(
          Effect.suspend(() => (at !== undefined && to <= at.position ? Effect.void : bare(to)))
        ),
      handle: (events, to) =>
        lock.withPermits(1)(
          within(
            { position: to, handled: to, place: placeAt(to) },
            Effect.forEach(
              Chunk.toReadonlyArray(events),
              (event) =>
                Effect.mapError(
                  Effect.suspend(() => handle(event, connection)),
                  handlerFailure
                ),
              { discard: true }
            )
          )
        )
    }
  })

/**
 * A handler that writes into PostgreSQL, called inside a transaction that also stores how far it is: whatever fails, and
 * whenever, each transaction of the source takes effect in the target once.
 *
 * The transaction is rolled back when the handler fails, and the handler is called again, or not, by the run's `retry`. When
 * the session is lost, also at its COMMIT, or the transaction conflicts with others, feed and session are opened again by
 * `reconnect`, and the stored position decides what comes next. The handler must write by the connection it is given and by nothing
 * else, must not end the transaction, and must not hide a statement's failure.
 *
 * The run fails with `PgSlotError` (`recreated`, `diverged`) when what the slot has still to send begins behind what is
 * stored.
 */
export const exactlyOnce = <E, R>(
  options: ExactlyOnceOptions,
  handle: (event: TransactionEvent, connection: PgConnection) => Effect.Effect<unknown, E, R>
): ExactlyOnceHandler<E, R> => ({
  _tag: "ExactlyOnce",
  open: (slot) => keeper(options, options.name ?? slot, handle),
  limits: options.batch ?? single
})
