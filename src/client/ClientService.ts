/** The service that an application holds: its operations, and what they can fail with. */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { PgConnection } from "../connection/PgConnection.js"
import type { SharedOperations } from "../connection/SharedOperations.js"
import type { TransactionMode } from "../connection/TransactionMode.js"
import type {
  PgCommitUnknownError,
  PgOpenError,
  PgPoolError,
  PgSessionError,
  PgTimeoutError,
  PgUsageError
} from "../model/PgError.js"

/** The errors of a call: of the pool, of opening a connection, of the statement. */
export type PgClientError = PgSessionError | PgOpenError | PgPoolError | PgTimeoutError

/** How a transaction runs. */
export interface TransactionOptions extends TransactionMode {
  /**
   * Runs the whole transaction again, as the schedule allows, after errors for which `PgError.isRetryable` is true: a serialization failure (`40001`), a
   * deadlock (`40P01`), a plan that a change of a table has invalidated (`0A000`), a server that cannot be reached, a connection that was lost
   * before anything was sent. It is not repeated after a deadline or an unknown COMMIT. Default: not repeated.
   */
  readonly retry?: Schedule.Schedule<unknown, unknown>
  /** Deadline of each statement of the transaction that has no `timeout` of its own. Default: the configuration's `statementTimeout`. */
  readonly statementTimeout?: Duration.DurationInput
  /**
   * Gives each statement of the client a savepoint, so that a failed statement does not fail the transaction. It costs two round trips for each
   * statement, and statements of the transaction take turns. It has no effect on streams, COPY and operations of `connection`. Default false.
   */
  readonly autosave?: boolean
  /** Inside another transaction: the name of the savepoint. Unless given, a name of the client's. */
  readonly savepoint?: string
}

/**
 * The operations of a client. Each call takes a connection from the pool and returns it. Inside `withTransaction` every call uses the transaction's connection. Interrupting a
 * call stops its statement on the server.
 */
export interface PgClientService extends SharedOperations<PgClientError> {
  /**
   * Runs the body in a transaction: BEGIN, the body, COMMIT. When the body fails or is interrupted, ROLLBACK runs, and the call fails as the body did.
   * Every call of this client in the body, also in fibers that it forks, uses the transaction's connection.
   *
   * Inside another transaction it is a savepoint, released on success and rolled back to on failure. There the options `savepoint` and `timeout`
   * apply, `prepare` and `snapshot` are refused with `PgUsageError`, and the others have no effect.
   *
   * Fails with `PgCommitUnknownError` when the connection is lost after COMMIT was sent, and with `PgServerError` `25P02` when a failed statement of the
   * body had its error handled, so that the server answered COMMIT with ROLLBACK.
   *
   * ```ts
   * const transfer = pg.withTransaction(
   *   Effect.zipRight(pg.query(sql`update accounts set …`), pg.query(sql`insert into entries …`)),
   *   { isolation: "serializable", retry: Schedule.recurs(5) }
   * )
   * ```
   *
   * @see https://www.postgresql.org/docs/current/tutorial-transactions.html
   */
  readonly withTransaction: <A, E, R>(
    body: Effect.Effect<A, E, R>,
    options?: TransactionOptions
  ) => Effect.Effect<A, E | PgClientError | PgCommitUnknownError, R>
  /**
   * Runs the effect after the COMMIT of the fiber's transaction: after effects that were registered before it, in the fiber of `withTransaction`, outside
   * the transaction. Outside a transaction it runs at once.
   *
   * It does not run when the transaction, or the nested one in which it was registered, is rolled back, nor when it is unknown whether COMMIT took
   * effect. It runs when the fiber was interrupted during COMMIT, and is not interrupted: keep it short, or fork. A failure is logged as a warning
   * and changes nothing. In a transaction that will be prepared it is refused with `PgUsageError`.
   */
  readonly afterCommit: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<void, PgUsageError, R>
  /** Whether the fiber is in a transaction of this client that is open. */
  readonly inTransaction: Effect.Effect<boolean>
  /**
   * The name of the transaction's snapshot. Other transactions see the same data with the option `snapshot`, as long as this one is open. Fails with
   * `PgUsageError` outside a transaction.
   */
  readonly exportSnapshot: Effect.Effect<string, PgClientError>
  /** Whether the server answers: one round trip, which runs no statement. Interrupting gives the connection back. */
  readonly ping: Effect.Effect<void, PgClientError>
  /**
   * A connection of the pool for the scope, or inside a transaction the transaction's: for pipelines, notifications and other operations of one
   * session. After the scope has closed, each operation on it fails with `PgUsageError` and sends nothing.
   */
  readonly connection: Effect.Effect<PgConnection, PgClientError, Scope.Scope>
}

/** The client as a service: queries, streams and transactions over a pool of connections. `PgClient.layer` and the other layers provide it. It is safe to
 * use from many fibers.
 *
 * ```ts
 * const program = Effect.gen(function* () {
 *   const pg = yield* PgClient.PgClient
 *   const rows = yield* pg.query(sql`select name from people where age > ${40}`)
 * })
 *
 * program.pipe(Effect.provide(PgClient.layerUri("postgres://ada:secret@localhost:5432/shop")))
 * ```
 */
export class PgClient extends Context.Tag("effect-postgres/PgClient")<PgClient, PgClientService>() {}
