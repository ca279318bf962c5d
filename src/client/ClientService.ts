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

/** What a call can fail with: the pool, the way to the server, the statement. */
export type PgClientError = PgSessionError | PgOpenError | PgPoolError | PgTimeoutError

/** How a transaction runs. */
export interface TransactionOptions extends TransactionMode {
  /**
   * Runs the whole transaction again, as the schedule allows, after errors that `PgError.isRetryable` names: a serialization failure (`40001`), a
   * deadlock (`40P01`), a plan that a change of a table has made void (`0A000`), a server that was away, a connection that was lost
   * before anything was sent. Deadlines and an unknown COMMIT are not repeated. Unless given, it is not repeated.
   */
  readonly retry?: Schedule.Schedule<unknown, unknown>
  /** Deadline of each statement of the transaction that gives none itself. Unless given, the configuration's `statementTimeout`. */
  readonly statementTimeout?: Duration.DurationInput
  /**
   * Gives each statement of the client a savepoint, so that one that fails does not fail the transaction. Costs two round trips for each
   * statement, and statements of the transaction take turns. Not for streams, COPY and what is run on `connection`. Default false.
   */
  readonly autosave?: boolean
  /** Inside another transaction: the name of the savepoint. Unless given, a name of the client's. */
  readonly savepoint?: string
}

/**
 * What a client offers. Each call borrows a connection and gives it back; inside `withTransaction` all use its connection.
 */
export interface PgClientService extends SharedOperations<PgClientError> {
  /**
   * BEGIN, the body, COMMIT; ROLLBACK when the body fails or is interrupted. Inside another transaction: a savepoint,
   * which is released on success and rolled back to on failure. Of the options, `savepoint` and `timeout` count there, `prepare` and
   * `snapshot` are refused with `PgUsageError`, and the others have no effect.
   */
  readonly withTransaction: <A, E, R>(
    body: Effect.Effect<A, E, R>,
    options?: TransactionOptions
  ) => Effect.Effect<A, E | PgClientError | PgCommitUnknownError, R>
  /**
   * Runs the effect once the transaction that the fiber is in has been committed, after those registered before it, in the fiber of
   * `withTransaction` and outside the transaction. It does not run when the transaction, or the nested one in which it was registered, is rolled
   * back, nor when it is unknown whether COMMIT took effect. It runs when the fiber was interrupted during COMMIT, and is not interrupted: keep it
   * short, or fork. A failure is logged as a warning and changes nothing. Outside a transaction it runs at once. In a transaction that will be
   * prepared it is refused with `PgUsageError`.
   */
  readonly afterCommit: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<void, PgUsageError, R>
  /** Whether the fiber is in a transaction of this client that is open. */
  readonly inTransaction: Effect.Effect<boolean>
  /**
   * Exports the snapshot of the transaction, for `snapshot` of other transactions as long as this one is open. Fails with `PgUsageError`
   * outside a transaction.
   */
  readonly exportSnapshot: Effect.Effect<string, PgClientError>
  /** Whether the server answers: one round trip, which runs no statement. Interrupting gives the connection back. */
  readonly ping: Effect.Effect<void, PgClientError>
  /** A connection for the scope, for everything a session can do: COPY, pipelines, notifications. */
  readonly connection: Effect.Effect<PgConnection, PgClientError, Scope.Scope>
}

/**
 * The client as a service: a pool of connections, with queries, streams, transactions and COPY. `PgClient.layer` provides it.
 */
export class PgClient extends Context.Tag("effect-postgres/PgClient")<PgClient, PgClientService>() {}
