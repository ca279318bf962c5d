/**
 * Transactions of `@effect/sql` by those of the client: one notion of a transaction, whichever of the two APIs has begun it.
 *
 * `@effect/sql` carries the connection of a transaction in the context, the client carries the transaction in the fiber. Both are set.
 * A fiber that has the context of a transaction and not the fiber's setting, such as one that runs a batch of a resolver, is in it too.
 */
import { TransactionConnection } from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import type { SqlError } from "@effect/sql/SqlError"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { PgClientService } from "../client/ClientService.js"
import type { CurrentTransaction } from "../client/CurrentTransaction.js"
import * as Handle from "../client/Handle.js"
import type { OpenTransaction } from "../client/OpenTransaction.js"
import type { ValueSettings } from "./SqlConnection.js"
import { ofClient, ofConnection, ofTransaction, SqlConnection } from "./SqlConnection.js"
import { executing, failed } from "./SqlFailure.js"

/** A failure of the body, apart from those of the transaction around it. */
class OfBody<out E> {
  constructor(readonly error: E) {}
}

/** What the body has failed with, or the failure of the transaction as `SqlError`. */
const sorted = <E>(error: OfBody<E> | Parameters<typeof executing>[0]): E | SqlError =>
  error instanceof OfBody ? error.error : failed("transaction")(error)

/** The spans of a client: their attributes, in order. */
export type SpanAttributes = ReadonlyArray<readonly [string, unknown]>

/** Connections and transactions of one client. */
export class SqlTransactions {
  /** Statements outside of a transaction of this client. */
  private readonly shared: SqlConnection

  constructor(
    private readonly pg: PgClientService,
    private readonly current: CurrentTransaction,
    private readonly values: ValueSettings,
    private readonly attributes: SpanAttributes
  ) {
    this.shared = new SqlConnection(ofClient(pg), values, undefined)
  }

  /** The connections of transactions that this client has begun: those of another client are not used for its statements. */
  private readonly own = new WeakSet<Connection>()

  /** The connection of this client's transaction in a context, with its depth. */
  private found(
    context: Context.Context<never>
  ): readonly [connection: SqlConnection, depth: number] | undefined {
    const found = Option.getOrUndefined(Context.getOption(context, TransactionConnection))
    return found?.[0] instanceof SqlConnection && this.own.has(found[0]) ? [found[0], found[1]] : undefined
  }

  /** Where statements run: on the connection of the transaction in the context, or by the client. */
  readonly acquirer: Connection.Acquirer = Effect.withFiberRuntime<Connection>((fiber) => {
    const context = fiber.currentContext
    const tagged = Context.getOption(context, TransactionConnection)
    if (Option.isNone(tagged)) return Effect.succeed(this.shared)
    // What is not one of ours is a connection that the program has put there.
    return Effect.succeed(
      tagged.value[0] instanceof SqlConnection && !this.own.has(tagged.value[0])
        ? this.shared
        : tagged.value[0]
    )
  })

  /** A connection for the scope, outside of any transaction. */
  readonly reserve: Effect.Effect<Connection, SqlError, Scope.Scope> = Effect.suspend(() =>
    Effect.mapBoth(Effect.locally(this.pg.connection, this.current, undefined), {
      onFailure: executing,
      onSuccess: (connection) => new SqlConnection(ofConnection(connection), this.values, undefined)
    })
  )

  /** Runs an operation of the client in the transaction that the context has, also when the fiber does not know of it. */
  joined<A, E, R>(
    operation: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | ReturnType<typeof Handle.dead>, R> {
    return Effect.withFiberRuntime((fiber) => {
      const transaction = this.found(fiber.currentContext)?.[0].transaction
      if (transaction === undefined) return operation
      if (transaction.isOver) return Effect.fail(Handle.dead())
      const mine = fiber.getFiberRef(this.current)
      return mine?.isWithin(transaction) === true
        ? operation
        : Effect.locally(operation, this.current, transaction)
    })
  }

  private connectionOf(transaction: OpenTransaction): SqlConnection {
    const connection = new SqlConnection(ofTransaction(transaction, this.current), this.values, transaction)
    this.own.add(connection)
    return connection
  }

  /** `SqlClient.withTransaction`. */
  run<A, E, R>(body: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError, R> {
    return Effect.useSpan("sql.transaction", { kind: "client", captureStackTrace: false }, (span) => {
      for (const [key, value] of this.attributes) span.attribute(key, value)
      return Effect.withFiberRuntime<A, E | SqlError, R>((fiber) => {
        const outer = this.found(fiber.currentContext)
        const depth = outer === undefined ? 0 : outer[1] + 1
        const inside = Effect.flatMap(FiberRef.get(this.current), (transaction) => {
          const connection = this.connectionOf(transaction!)
          const isNested = transaction!.parent !== undefined
          return Effect.mapInputContext(body, (context: Context.Context<R>) =>
            Context.add(
              Context.add(context, TransactionConnection, [connection, depth]),
              Tracer.ParentSpan,
              span
            )
          ).pipe(
            Effect.onExit((exit) =>
              Effect.map(Effect.clock, (clock: Clock.Clock) =>
                span.event(eventOf(exit, isNested), clock.unsafeCurrentTimeNanos())
              )
            )
          )
        })
        return Effect.mapError(
          this.joined(this.pg.withTransaction(Effect.mapError(inside, (error) => new OfBody(error)))),
          sorted
        )
      })
    })
  }
}

const eventOf = (exit: Exit.Exit<unknown, unknown>, isNested: boolean): string =>
  Exit.isFailure(exit)
    ? "db.transaction.rollback"
    : isNested
      ? "db.transaction.savepoint"
      : "db.transaction.commit"
