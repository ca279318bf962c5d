/**
 * What an application asks of PostgreSQL. Safe to call from many fibers: each call takes a connection of the pool for
 * itself, and inside `withTransaction` every call of the fiber, and of fibers it forks, goes to the transaction's
 * connection.
 */
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
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
import type { TransactionMode as ConnectionTransactionOptions } from "../connection/Transaction.js"
import { isConflict } from "../model/Judgement.js"
import type {
  PgCommitUnknownError,
  PgOpenError,
  PgPoolError,
  PgSessionError,
  PgTimeoutError
} from "../model/PgError.js"
import type { Statement } from "../model/Statement.js"
import * as Handle from "./Handle.js"
import { OpenTransaction } from "./OpenTransaction.js"
import { ConnectionPool } from "./pool/ConnectionPool.js"
import { PgPool, serviceOf } from "./pool/PgPool.js"
import { defaultPoolSettings, type PoolOptions } from "./pool/PoolOptions.js"
import { refusedBegin } from "./PlainBegin.js"
import * as Savepoint from "./Savepoint.js"

/** What a call can fail with: the pool, the way to the server, the statement. */
export type PgClientError = PgSessionError | PgOpenError | PgPoolError | PgTimeoutError

/** How a transaction runs. */
export interface TransactionOptions extends ConnectionTransactionOptions {
  /**
   * Runs the whole transaction again after a serialization failure (`40001`) or a deadlock (`40P01`), as the schedule
   * allows. Unless given, it is not repeated.
   */
  readonly retry?: Schedule.Schedule<unknown, unknown>
}

/**
 * What a client offers. Each call borrows a connection and gives it back; inside `withTransaction` all use its connection.
 */
export interface PgClientService extends SharedOperations<PgClientError> {
  /**
   * BEGIN, the body, COMMIT; ROLLBACK when the body fails or is interrupted. Inside another transaction: a savepoint,
   * which is released on success and rolled back to on failure; `options` then have no effect.
   */
  readonly withTransaction: <A, E, R>(
    body: Effect.Effect<A, E, R>,
    options?: TransactionOptions
  ) => Effect.Effect<A, E | PgClientError | PgCommitUnknownError, R>
  /** A connection for the scope, for everything a session can do: COPY, pipelines, notifications. */
  readonly connection: Effect.Effect<PgConnection, PgClientError, Scope.Scope>
}

/**
 * The client as a service: a pool of connections, with queries, streams, transactions and COPY. `PgClient.layer` provides it.
 */
export class PgClient extends Context.Tag("effect-postgres/PgClient")<PgClient, PgClientService>() {}

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

    /** A statement by itself: outside a transaction it may share a connection. */
    const single = <A, E, R>(
      use: (statements: SingleStatements) => Effect.Effect<A, E, R>,
      operation: string,
      statement: Statement
    ): Effect.Effect<A, E | PgClientError, R> =>
      within(
        (transaction) =>
          use((transaction.single ??= Handle.single(transaction.connection, Handle.turnsOf(transaction)))),
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
      const once = pool.use((connection) => {
        const opened = OpenTransaction.make(connection, patience)
        return connection.withTransaction(opened.whole(body, current), transaction)
      })
      return transaction.retry === undefined
        ? once
        : Effect.retry(once, { schedule: transaction.retry, while: isConflict })
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
      withTransaction: (body, transaction = {}) =>
        within(
          (outer) => Savepoint.run(outer, (inner) => Effect.locally(body, current, inner)),
          () => begin(body, transaction)
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
