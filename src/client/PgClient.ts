/**
 * What an application asks of PostgreSQL. Safe to call from many fibers: each call takes a connection of the pool for
 * itself, and inside `withTransaction` every call of the fiber, and of fibers it forks, goes to the transaction's
 * connection.
 */
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { PgConfig } from "../config/PgConfig.js"
import type { PgConnection, StreamOptions } from "../connection/PgConnection.js"
import * as PgConnector from "../connection/PgConnector.js"
import * as RowOperations from "../connection/statement/RowOperations.js"
import type { SharedOperations } from "../connection/SharedOperations.js"
import { singleOf } from "../connection/SharedSession.js"
import type { SingleStatements } from "../connection/SharedSession.js"
import { withinTime } from "../connection/Transaction.js"
import type {
  TransactionMode as ConnectionTransactionOptions,
  WatchedOptions
} from "../connection/TransactionMode.js"
import { repeatsTransaction } from "../model/Judgement.js"
import type {
  PgCommitUnknownError,
  PgOpenError,
  PgPoolError,
  PgSessionError,
  PgTimeoutError
} from "../model/PgError.js"
import { PgUsageError } from "../model/PgError.js"
import type { Statement } from "../model/Statement.js"
import { make as statementOf } from "../model/Statement.js"
import * as CommitHooks from "./CommitHooks.js"
import * as Handle from "./Handle.js"
import { OpenTransaction } from "./OpenTransaction.js"
import { ConnectionPool } from "./pool/ConnectionPool.js"
import { PgPool, serviceOf } from "./pool/PgPool.js"
import { defaultPoolSettings, type PoolOptions } from "./pool/PoolOptions.js"
import { refusedBegin } from "./PlainBegin.js"
import * as Savepoint from "./Savepoint.js"
import * as StatementDeadline from "./StatementDeadline.js"

/** What a call can fail with: the pool, the way to the server, the statement. */
export type PgClientError = PgSessionError | PgOpenError | PgPoolError | PgTimeoutError

/** How a transaction runs. */
export interface TransactionOptions extends ConnectionTransactionOptions {
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
  /** A connection for the scope, for everything a session can do: COPY, pipelines, notifications. */
  readonly connection: Effect.Effect<PgConnection, PgClientError, Scope.Scope>
}

/**
 * The client as a service: a pool of connections, with queries, streams, transactions and COPY. `PgClient.layer` provides it.
 */
export class PgClient extends Context.Tag("effect-postgres/PgClient")<PgClient, PgClientService>() {}

const refusal = (operation: string, argument: string, reason: string): PgUsageError =>
  new PgUsageError({ operation, argument, reason, sql: "" })

const onlyOutermost = (argument: "prepare" | "snapshot"): PgUsageError =>
  refusal("withTransaction", argument, "must be given to the outermost transaction, got it for a nested one")

const neverCommitted = refusal(
  "afterCommit",
  "",
  "the transaction will be prepared and not committed here: run the effect behind PreparedTransaction.commit"
)

const noSnapshot = refusal(
  "exportSnapshot",
  "",
  "a snapshot lasts as long as a transaction, and there is none: call it inside withTransaction"
)

const snapshotStatement = statementOf("select pg_catalog.pg_export_snapshot()::text")

/** How sessions are opened, and every setting of the pool. */
export interface PgClientOptions extends PgConnector.ConnectorOptions, PoolOptions {}

/**
 * A client over the connector's sessions, in a pool. The scope drains and closes it. With invalid options of the pool, every call
 * fails with `PgUsageError`.
 */
export const make = (
  options: PgClientOptions = {}
): Effect.Effect<PgClientService, never, PgConnector.PgConnector | Scope.Scope> =>
  Effect.flatMap(PgConnector.PgConnector, (connector) =>
    Effect.flatMap(ConnectionPool.make(connector, options), (pool) => overPool(connector, pool, options))
  )

const overPool = (
  connector: PgConnector.PgConnector["Type"],
  pool: ConnectionPool,
  options: PgClientOptions
): Effect.Effect<PgClientService> =>
  Effect.gen(function* () {
    const patience = options.acquireTimeout ?? defaultPoolSettings.acquireTimeout
    /** The transaction that the fiber is in: of this client, and not brought along by a fiber that is joined. */
    const current = yield* Effect.sync(() =>
      FiberRef.unsafeMake<OpenTransaction | undefined>(undefined, { join: (mine) => mine })
    )

    /** In the open transaction that the fiber is in, or else outside. */
    const within = <A, E, R, A2, E2, R2>(
      inside: (transaction: OpenTransaction) => Effect.Effect<A, E, R>,
      outside: () => Effect.Effect<A2, E2, R2>
    ): Effect.Effect<A | A2, E | E2, R | R2> =>
      Effect.flatMap(FiberRef.get(current), (found): Effect.Effect<A | A2, E | E2, R | R2> => {
        const transaction = found?.open
        return transaction === undefined ? outside() : inside(transaction)
      })
    const connection: PgClientService["connection"] = Effect.suspend(() => {
      const lease = new Handle.Lease()
      return Effect.uninterruptibleMask((restore) =>
        Effect.zipLeft(
          within(
            (transaction) =>
              Effect.succeed(
                Handle.make(transaction.connection, Handle.inTransaction(transaction, current, lease))
              ),
            () =>
              Effect.map(restore(pool.lend(() => lease.running > 0)), (connection) =>
                Handle.make(connection, lease)
              )
          ),
          Effect.addFinalizer(() => Effect.sync(() => lease.end()))
        )
      )
    })
    const withConnection = <A, E, R>(
      use: (connection: PgConnection) => Effect.Effect<A, E, R>
    ): Effect.Effect<A, E | PgClientError, R> =>
      within(
        (transaction) => use(Handle.make(transaction.connection, Handle.turnsOf(transaction))),
        () => pool.use(use)
      )

    const singleIn = (transaction: OpenTransaction): SingleStatements =>
      (transaction.single ??= Handle.single(transaction.connection, Handle.turnsOf(transaction)))
    /** A statement by itself: outside a transaction it may share a connection. */
    const single = <A, E, R>(
      use: (statements: SingleStatements) => Effect.Effect<A, E, R>,
      operation: string,
      statement: Statement
    ): Effect.Effect<A, E | PgClientError, R> =>
      within(
        (transaction): Effect.Effect<A, E | PgClientError, R> =>
          transaction.settings.autosave === true
            ? Savepoint.run(transaction, (inner) => use(singleIn(inner)))
            : use(singleIn(transaction)),
        (): Effect.Effect<A, E | PgClientError, R> => {
          const refused = refusedBegin(operation, statement)
          if (refused !== undefined) return Effect.fail(refused)
          return pool.mayShare(statement.sql)
            ? pool.share(use)
            : pool.use((connection) => use(singleOf(connection)))
        }
      )

    const begin = <A, E, R>(
      body: Effect.Effect<A, E, R>,
      transaction: TransactionOptions
    ): Effect.Effect<A, E | PgClientError | PgCommitUnknownError, R> => {
      const { autosave, prepare, retry, statementTimeout } = transaction
      const settings = { autosave, isPrepared: prepare !== undefined }
      const once = Effect.suspend(() => {
        let opened: OpenTransaction | undefined
        const running = pool.use((connection) => {
          const timed =
            statementTimeout === undefined ? connection : StatementDeadline.make(connection, statementTimeout)
          const mine = OpenTransaction.make(timed, patience, settings)
          opened = mine
          const watched: WatchedOptions = { ...transaction, onCommit: () => (mine.isCommitted = true) }
          return connection.withTransaction(mine.whole(body, current), watched)
        })
        return Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(Effect.exit(restore(running)), (exit) =>
            opened?.isCommitted === true && opened.hooks !== undefined
              ? Effect.zipRight(CommitHooks.runAll(opened.hooks), exit)
              : exit
          )
        )
      })
      return retry === undefined ? once : Effect.retry(once, { schedule: retry, while: repeatsTransaction })
    }

    /** Inside another transaction: a savepoint. */
    const nest = <A, E, R>(
      outer: OpenTransaction,
      body: Effect.Effect<A, E, R>,
      { prepare, savepoint, snapshot, timeout }: TransactionOptions
    ): Effect.Effect<A, E | PgClientError, R> => {
      if (prepare !== undefined) return Effect.fail(onlyOutermost("prepare"))
      if (snapshot !== undefined) return Effect.fail(onlyOutermost("snapshot"))
      const name = savepoint === undefined ? undefined : Savepoint.nameOf(savepoint)
      if (name !== undefined && Either.isLeft(name)) return Effect.fail(name.left)
      const limited = timeout === undefined ? body : withinTime(body, timeout)
      return Savepoint.run(outer, (inner) => Effect.locally(limited, current, inner), name?.right)
    }

    const withStream = <A, R>(
      use: (connection: PgConnection) => Stream.Stream<A, PgSessionError, R>,
      statement: Statement,
      stream?: StreamOptions
    ): Stream.Stream<A, PgClientError, R> =>
      Stream.unwrapScoped(
        within(
          (transaction) => {
            const rows = use(transaction.connection)
            const admission = Handle.inTransaction(transaction, current)
            return Effect.succeed(
              Handle.isWhole(stream) ? Handle.held(admission, rows) : Handle.pulled(admission, rows)
            )
          },
          () => {
            const refused = refusedBegin("stream", statement)
            return refused === undefined ? Effect.map(pool.lease, use) : Effect.fail(refused)
          }
        )
      )

    const rows = RowOperations.make<PgClientError>(
      {
        query: (statement, query) => single((each) => each.query(statement, query), "query", statement),
        execute: (statement, query) => single((each) => each.execute(statement, query), "execute", statement),
        stream: (statement, stream) => withStream((each) => each.stream(statement, stream), statement, stream)
      },
      {
        query: (statement, schema, query) =>
          single((each) => each.through.query(statement, schema, query), "query", statement),
        execute: (statement, schema, query) =>
          single((each) => each.through.execute(statement, schema, query), "execute", statement),
        stream: (statement, schema, stream) =>
          withStream((each) => each.stream(statement, schema, stream), statement, stream)
      }
    )

    return {
      ...rows,
      values: (statement, query) => single((each) => each.values(statement, query), "values", statement),
      compare: (statement, schema, query) =>
        withConnection((connection) => connection.compare(statement, schema, query)),
      withTransaction: <A, E, R>(body: Effect.Effect<A, E, R>, transaction: TransactionOptions = {}) =>
        within(
          (outer): Effect.Effect<A, E | PgClientError, R> => nest(outer, body, transaction),
          () => begin(body, transaction)
        ),
      afterCommit: (effect) =>
        within(
          (transaction) =>
            transaction.settings.isPrepared === true
              ? Effect.fail(neverCommitted)
              : Effect.map(CommitHooks.hookOf(effect), (hook) => transaction.afterCommit([hook])),
          () => Effect.flatten(CommitHooks.hookOf(effect))
        ),
      inTransaction: Effect.map(FiberRef.get(current), (found) => found?.open !== undefined),
      exportSnapshot: within(
        (transaction) =>
          Effect.map(singleIn(transaction).values(snapshotStatement), ([row]) => String(row?.[0])),
        () => Effect.fail(noSnapshot)
      ),
      learnTypes: (types, query) => withConnection((connection) => connection.learnTypes(types, query)),
      refreshTypes: connector.refreshTypes,
      connection
    }
  })

const withConnector = (
  options: PgClientOptions
): Layer.Layer<PgClient | PgPool, never, PgConnector.PgConnector> =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const connector = yield* PgConnector.PgConnector
      const pool = yield* ConnectionPool.make(connector, options)
      const client = yield* overPool(connector, pool, options)
      return Context.make(PgClient, client).pipe(Context.add(PgPool, serviceOf(pool)))
    })
  )

/**
 * One pool per layer; it closes with the layer's scope. Connections are opened when they are needed, unless `min` keeps some open.
 * The pool's numbers and its size are in `PgPool`, which the layer provides too.
 */
export const layer = (
  config: PgConfig,
  options: PgClientOptions = {}
): Layer.Layer<PgClient | PgPool | PgConnector.PgConnector> =>
  Layer.provideMerge(withConnector(options), PgConnector.layer(config, options))

/** Like `layer`, with the configuration read from a `Config`, such as `PgConfig.fromEnv`. */
export const layerConfig = (
  config: Config.Config<PgConfig>,
  options: PgClientOptions = {}
): Layer.Layer<PgClient | PgPool | PgConnector.PgConnector, ConfigError.ConfigError> =>
  Layer.provideMerge(withConnector(options), PgConnector.layerConfig(config, options))

/** Over a connector of the caller's. */
export const layerFromConnector = (
  options: PgClientOptions = {}
): Layer.Layer<PgClient | PgPool, never, PgConnector.PgConnector> => withConnector(options)
