/** The operations of a client over a pool: each call borrows a connection, and inside a transaction all use its connection. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { PgConfig } from "../config/PgConfig.js"
import type { PgConnection, StreamOptions } from "../connection/PgConnection.js"
import type { PgConnector } from "../connection/PgConnector.js"
import type { SingleStatements } from "../connection/SharedSession.js"
import * as RowOperations from "../connection/statement/RowOperations.js"
import { withinTime } from "../connection/Transaction.js"
import type { WatchedOptions } from "../connection/TransactionMode.js"
import { repeatsTransaction } from "../model/Judgement.js"
import type { PgCommitUnknownError, PgSessionError } from "../model/PgError.js"
import { PgUsageError } from "../model/PgError.js"
import type { Statement } from "../model/Statement.js"
import { make as statementOf } from "../model/Statement.js"
import type { PgClientError, PgClientService, TransactionOptions } from "./ClientService.js"
import * as CommitHooks from "./CommitHooks.js"
import * as CurrentTransaction from "./CurrentTransaction.js"
import * as Handle from "./Handle.js"
import { OpenTransaction } from "./OpenTransaction.js"
import type { ConnectionPool } from "./pool/ConnectionPool.js"
import type { PoolOptions } from "./pool/PoolOptions.js"
import { defaultPoolSettings } from "./pool/PoolOptions.js"
import { refusedBegin } from "./PlainBegin.js"
import * as Savepoint from "./Savepoint.js"
import * as StatementDeadline from "./StatementDeadline.js"
import * as CallSite from "./telemetry/CallSite.js"
import * as Conventions from "./telemetry/Conventions.js"
import { Telemetry } from "./telemetry/Telemetry.js"
import * as TracedConnection from "./telemetry/TracedConnection.js"
import { none, rowsIn } from "./telemetry/TracedConnection.js"

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** Sets in the fiber's span where its transaction runs. */
const located = ({ currentSpan }: AnyFiber, { connection }: OpenTransaction): void => {
  if (currentSpan !== undefined) Conventions.locate(currentSpan, connection)
}

/** Elements of a stream of rows are one row each, and a snapshot is one row. */
const one = (): number => 1

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
  "a snapshot lasts as long as its transaction, and no transaction is open: call it inside withTransaction"
)

const snapshotStatement = statementOf("select pg_catalog.pg_export_snapshot()::text")

/** The client of a pool. `connector`: where the pool's connections are opened. */
export const overPool = (
  connector: Pick<PgConnector["Type"], "refreshTypes"> & { readonly config?: PgConfig },
  pool: ConnectionPool,
  options: PoolOptions
): Effect.Effect<PgClientService> =>
  Effect.gen(function* () {
    const telemetry = Telemetry.make(options, connector.config)
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
      Effect.withFiberRuntime<A | A2, E | E2, R | R2>((fiber) => {
        const transaction = fiber.getFiberRef(current)?.open
        if (transaction === undefined) return outside()
        located(fiber, transaction)
        return inside(transaction)
      })
    /** Where in the program a connection is taken, when the pool reports leases that last too long. */
    const placeOf: () => string | undefined =
      options.leakAfter === undefined ? () => undefined : CallSite.current
    const connection = (place: string | undefined): PgClientService["connection"] =>
      Effect.suspend(() => {
        const lease = new Handle.Lease()
        return Effect.uninterruptibleMask((restore) =>
          Effect.zipLeft(
            within(
              (transaction) =>
                Effect.succeed(
                  Handle.make(transaction.connection, Handle.inTransaction(transaction, current, lease))
                ),
              () =>
                Effect.map(restore(pool.lend(() => lease.running > 0, true, place)), (connection) =>
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
      use: (statements: SingleStatements<PgClientError>, sent: Statement) => Effect.Effect<A, E, R>,
      operation: "query" | "execute" | "values",
      statement: Statement,
      rowsOf: (value: A) => number
    ): Effect.Effect<A, E | PgClientError, R> => {
      const run = (fiber: AnyFiber, isHeard: boolean): Effect.Effect<A, E | PgClientError, R> => {
        const sent = telemetry.comments ? telemetry.sent(statement, fiber) : statement
        const transaction = fiber.getFiberRef(current)?.open
        if (transaction !== undefined) {
          located(fiber, transaction)
          return transaction.settings.autosave === true
            ? Savepoint.run(transaction, (inner) => use(singleIn(inner), sent))
            : use(singleIn(transaction), sent)
        }
        const refused = refusedBegin(operation, statement)
        if (refused !== undefined) return Effect.fail(refused)
        return pool.shares && pool.mayShare(statement.sql)
          ? pool.share((statements) => use(statements, sent))
          : use(isHeard ? pool.taken : pool.single, sent)
      }
      return telemetry.statement(run, operation, statement, rowsOf)
    }

    const begin = <A, E, R>(
      body: Effect.Effect<A, E, R>,
      transaction: TransactionOptions,
      place: string | undefined
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
        }, place)
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
    ): Stream.Stream<A, PgClientError, R> => {
      const place = placeOf()
      const opening: Effect.Effect<Stream.Stream<A, PgClientError, R>, PgClientError, Scope.Scope> = within(
        (transaction): Effect.Effect<Stream.Stream<A, PgClientError, R>> => {
          const rows = use(transaction.connection)
          const admission = Handle.inTransaction(transaction, current)
          return Effect.succeed(
            Handle.isWhole(stream) ? Handle.held(admission, rows) : Handle.pulled(admission, rows)
          )
        },
        () => {
          const refused = refusedBegin("stream", statement)
          return refused === undefined
            ? Effect.map(
                pool.lend(() => false, false, place),
                use
              )
            : Effect.fail(refused)
        }
      )
      return Stream.unwrapScoped(telemetry.stream(opening, "stream", statement, one))
    }

    const rows = RowOperations.make<PgClientError>(
      {
        query: (statement, query) =>
          single((each, sent) => each.query(sent, query), "query", statement, rowsIn),
        execute: (statement, query) =>
          single((each, sent) => each.execute(sent, query), "execute", statement, TracedConnection.rowsOf),
        stream: (statement, stream) => withStream((each) => each.stream(statement, stream), statement, stream)
      },
      {
        query: (statement, schema, query) =>
          single((each, sent) => each.through.query(sent, schema, query), "query", statement, rowsIn),
        execute: (statement, schema, query) =>
          single(
            (each, sent) => each.through.execute(sent, schema, query),
            "execute",
            statement,
            TracedConnection.rowsOf
          ),
        stream: (statement, schema, stream) =>
          withStream((each) => each.stream(statement, schema, stream), statement, stream)
      }
    )

    /** Reports the operations on a connection that is taken while there is an observer. */
    const reported = (taken: PgClientService["connection"]): PgClientService["connection"] =>
      Effect.withFiberRuntime((fiber) =>
        telemetry.isHeard(fiber)
          ? Effect.map(taken, (connection) => TracedConnection.make(connection, telemetry))
          : taken
      )

    const snapshot = within(
      (transaction) =>
        Effect.map(singleIn(transaction).values(snapshotStatement), ([row]) => String(row?.[0])),
      () => Effect.fail(noSnapshot)
    )

    const client: PgClientService = {
      ...rows,
      values: (statement, query) =>
        single((each, sent) => each.values(sent, query), "values", statement, rowsIn),
      batch: (sets, statement, query) =>
        telemetry.batch(sets, statement, (each, statementOf) =>
          withConnection((connection) => connection.batch(each, statementOf, query))
        ),
      compare: (statement, schema, query) =>
        telemetry.operation(
          withConnection((connection) => connection.compare(statement, schema, query)),
          "compare",
          [statement],
          none
        ),
      withTransaction: <A, E, R>(body: Effect.Effect<A, E, R>, transaction: TransactionOptions = {}) => {
        const place = placeOf()
        return within(
          (outer): Effect.Effect<A, E | PgClientError, R> =>
            telemetry.transaction(nest(outer, body, transaction), "savepoint"),
          () => telemetry.transaction(begin(body, transaction, place), "transaction")
        )
      },
      afterCommit: (effect) =>
        within(
          (transaction) =>
            transaction.settings.isPrepared === true
              ? Effect.fail(neverCommitted)
              : Effect.map(CommitHooks.hookOf(effect), (hook) => transaction.afterCommit([hook])),
          () => Effect.flatten(CommitHooks.hookOf(effect))
        ),
      inTransaction: Effect.map(FiberRef.get(current), (found) => found?.open !== undefined),
      get exportSnapshot() {
        return telemetry.operation(snapshot, "values", [snapshotStatement], one)
      },
      learnTypes: (types, query) =>
        telemetry.operation(
          withConnection((connection) => connection.learnTypes(types, query)),
          "learnTypes",
          [],
          none
        ),
      refreshTypes: connector.refreshTypes,
      get ping() {
        return telemetry.operation(
          Effect.suspend(() => pool.ping),
          "ping",
          [],
          none
        )
      },
      get connection() {
        return reported(connection(placeOf()))
      }
    }
    return CurrentTransaction.register(client, current)
  })
