/**
 * The connection as it is handed to an application: usable as long as its scope is open, and in a transaction in its turn. After
 * that every operation fails with `PgUsageError` and reaches no socket, because the connection may be another user's.
 */
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { Admission, TurnError } from "../connection/session/Admission.js"
import type { PgConnection, StreamOptions } from "../connection/PgConnection.js"
import * as ConnectionTypes from "../connection/ConnectionTypes.js"
import * as SharedSession from "../connection/SharedSession.js"
import type { SingleStatements } from "../connection/SharedSession.js"
import * as RowOperations from "../connection/statement/RowOperations.js"
import type { PgSessionError } from "../model/PgError.js"
import { PgUsageError } from "../model/PgError.js"
import { Lifetime } from "./Lifetime.js"
import type { OpenTransaction } from "./OpenTransaction.js"

/** Who may use a connection now, for everything that it can do. */
export interface Tenancy extends Admission {
  /** Uses the connection until the scope closes. */
  readonly hold: Effect.Effect<void, TurnError, Scope.Scope>
  /** Fails as soon as the connection cannot be used any more. */
  readonly over: Effect.Effect<never, PgUsageError>
}

/** Why a connection cannot be used any more. */
export const dead = (): PgUsageError =>
  new PgUsageError({
    operation: "connection",
    argument: "",
    reason:
      "the connection cannot be used any more, because the scope or the transaction that it was taken in has ended; nothing was sent",
    sql: ""
  })

/** A connection that was lent until a scope closes. */
export class Lease implements Tenancy {
  private readonly lifetime = new Lifetime()
  /** Operations under way: with any of them, the connection cannot be another user's. */
  running = 0
  private readonly left: () => void

  constructor() {
    // A name first, as everywhere: a function that is written into a property is allocated among the old objects.
    const left = (): void => void this.running--
    this.left = left
  }

  enter(): (() => void) | undefined {
    if (this.lifetime.isOver) return undefined
    this.running++
    return this.left
  }

  run<A, E, R, E2>(
    operation: Effect.Effect<A, E, R>,
    refused: (error: TurnError) => E2
  ): Effect.Effect<A, E | E2, R> {
    return Effect.uninterruptibleMask((restore): Effect.Effect<A, E | E2, R> => {
      if (this.isOver) return Effect.fail(refused(dead()))
      this.running++
      return Effect.ensuring(
        restore(operation),
        Effect.sync(() => this.running--)
      )
    })
  }

  get isOver(): boolean {
    return this.lifetime.isOver
  }

  end(): void {
    this.lifetime.end()
  }

  readonly over: Effect.Effect<never, PgUsageError> = Effect.suspend(() =>
    Effect.zipRight(this.lifetime.wait, Effect.fail(dead()))
  )

  readonly hold: Effect.Effect<void, TurnError, Scope.Scope> = Effect.acquireRelease(
    Effect.suspend(() => {
      if (this.isOver) return Effect.fail(dead())
      this.running++
      return Effect.void
    }),
    () => Effect.sync(() => this.running--)
  )
}

/**
 * The connection of an open transaction until `lease` is over: each operation in its turn. A fiber that is in a transaction nested
 * in that one has the turn of the nested one.
 */
export const inTransaction = (
  transaction: OpenTransaction,
  current: FiberRef.FiberRef<OpenTransaction | undefined>,
  lease?: Lease
): Tenancy => {
  const inTurn = (mine: OpenTransaction | undefined): OpenTransaction =>
    (mine?.isWithin(transaction) === true ? mine.open : undefined) ?? transaction
  const whose = Effect.flatMap(FiberRef.get(current), (mine) =>
    lease?.isOver === true || transaction.isOver ? Effect.fail(dead()) : Effect.succeed(inTurn(mine))
  )
  return {
    enter: (fiber) =>
      lease?.isOver === true || transaction.isOver
        ? undefined
        : inTurn(fiber.getFiberRef(current)).enterNow(),
    run: (operation, refused) =>
      Effect.flatMap(Effect.mapError(whose, refused), (found) => found.run(operation, refused)),
    hold: Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(whose, (found) =>
        Effect.zipRight(
          found.enter(restore) ?? Effect.void,
          Effect.addFinalizer(() => Effect.sync(() => found.leave()))
        )
      )
    ),
    over: Effect.suspend(() => {
      const ended = Effect.zipRight(transaction.lifetime.wait, Effect.fail(dead()))
      return lease === undefined ? ended : Effect.raceFirst(ended, lease.over)
    })
  }
}

/** The turns of one open transaction, for those that are known to be in it. */
export const turnsOf = (transaction: OpenTransaction): Tenancy => ({
  enter: () => transaction.enterNow(),
  run: (operation, refused) => transaction.run(operation, refused),
  hold: Effect.uninterruptibleMask((restore) =>
    Effect.zipRight(
      Effect.suspend(() => transaction.enter(restore) ?? Effect.void),
      Effect.addFinalizer(() => Effect.sync(() => transaction.leave()))
    )
  ),
  over: Effect.suspend(() => Effect.zipRight(transaction.lifetime.wait, Effect.fail(dead())))
})

/** A subscription to what the session reports: it fails when the connection cannot be used any more. */
const subscribed = <A>(
  admission: Tenancy,
  subscribe: Effect.Effect<Stream.Stream<A, PgSessionError>, never, Scope.Scope>
): Effect.Effect<Stream.Stream<A, PgSessionError>, never, Scope.Scope> =>
  Effect.map(subscribe, Stream.interruptWhen(admission.over))

/** A stream whose every pull is an operation of its own. */
export const pulled = <A, E extends PgSessionError, R>(
  admission: Tenancy,
  stream: Stream.Stream<A, E, R>
): Stream.Stream<A, E | TurnError, R> =>
  Stream.fromPull(
    Effect.map(Stream.toPull(stream), (pull) =>
      admission.run(pull, (error): Option.Option<E | TurnError> => Option.some(error))
    )
  )

/** A stream that is one operation from its beginning to its end. */
export const held = <A, E extends PgSessionError, R>(
  admission: Tenancy,
  stream: Stream.Stream<A, E, R>
): Stream.Stream<A, E | TurnError, R> => Stream.unwrapScoped(Effect.as(admission.hold, stream))

/** Whether a stream in a transaction has the connection for itself from its beginning to its end. */
export const isWhole = (options: StreamOptions | undefined): boolean => options?.straight === true

/** The single statements of a connection, each of which asks for admission. */
export const single = (connection: PgConnection, admission: Tenancy): SingleStatements =>
  SharedSession.of(connection)?.admitted(admission) ?? SharedSession.singleOf(make(connection, admission))

export const make = (connection: PgConnection, admission: Tenancy): PgConnection => {
  const run = <A, E, R>(operation: Effect.Effect<A, E, R>): Effect.Effect<A, E | TurnError, R> =>
    admission.run(operation, identity)
  const rows = <A, R>(
    stream: Stream.Stream<A, PgSessionError, R>,
    options: StreamOptions | undefined
  ): Stream.Stream<A, PgSessionError, R> =>
    isWhole(options) ? held(admission, stream) : pulled(admission, stream)
  const single = SharedSession.of(connection)?.admitted(admission)
  const operations = RowOperations.make<PgSessionError>(
    {
      query: single?.query ?? ((statement, options) => run(connection.query(statement, options))),
      execute: single?.execute ?? ((statement, options) => run(connection.execute(statement, options))),
      stream: (statement, options) => rows(connection.stream(statement, options), options)
    },
    {
      query:
        single?.through.query ??
        ((statement, schema, options) => run(connection.query(statement, schema, options))),
      execute:
        single?.through.execute ??
        ((statement, schema, options) => run(connection.execute(statement, schema, options))),
      stream: (statement, schema, options) => rows(connection.stream(statement, schema, options), options)
    }
  )
  return ConnectionTypes.over<Omit<PgConnection, "types">>(() => connection.types, {
    query: operations.query,
    execute: operations.execute,
    stream: operations.stream,
    streamResult: operations.streamResult,
    one: operations.one,
    option: operations.option,
    many: operations.many,
    scalar: operations.scalar,
    values: single?.values ?? ((statement, options) => run(connection.values(statement, options))),
    batch: single?.batch ?? ((sets, statement, options) => run(connection.batch(sets, statement, options))),
    compare: (statement, schema, options) => run(connection.compare(statement, schema, options)),
    simple: single?.simple ?? ((sql, options) => run(connection.simple(sql, options))),
    describe: single?.describe ?? ((statement, options) => run(connection.describe(statement, options))),
    prepare: single?.prepare ?? ((statement, options) => run(connection.prepare(statement, options))),
    pipeline: single?.pipeline ?? ((statements, options) => run(connection.pipeline(statements, options))),
    copyFrom: (sql, source, options) => run(connection.copyFrom(sql, source, options)),
    copySink: (sql, options) =>
      Sink.unwrapScoped(Effect.as(admission.hold, connection.copySink(sql, options))),
    copyTo: (sql, options) => held(admission, connection.copyTo(sql, options)),
    copyParts: (command, options) => held(admission, connection.copyParts(command, options)),
    copyPartsInto: (command, take, options) => run(connection.copyPartsInto(command, take, options)),
    copyBoth: (command, options) => run(connection.copyBoth(command, options)),
    callFunction: single?.callFunction ?? ((call, options) => run(connection.callFunction(call, options))),
    reset: (what) => run(connection.reset(what)),
    withTransaction: (body, options) => run(connection.withTransaction(body, options)),
    learnTypes: single?.learnTypes ?? ((types, options) => run(connection.learnTypes(types, options))),
    findTypes: (types) => Effect.orElseSucceed(run(connection.findTypes(types)), () => connection.types),
    refreshTypes: connection.refreshTypes,
    facts: connection.facts,
    showsValues: connection.showsValues,
    status: connection.status,
    ended: connection.ended,
    notices: subscribed(admission, connection.notices),
    notifications: subscribed(admission, connection.notifications),
    parameterChanges: subscribed(admission, connection.parameterChanges),
    losses: connection.losses,
    parameter: connection.parameter,
    parameters: connection.parameters,
    serverVersion: connection.serverVersion
  })
}
