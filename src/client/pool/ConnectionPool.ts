/**
 * Connections for exclusive use, kept for the next user. A connection goes back clean or not at all: an open transaction is rolled back,
 * and what cannot be cleaned is closed.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { PgConnection } from "../../connection/PgConnection.js"
import * as DispatchStatements from "../../connection/DispatchStatements.js"
import type { SingleStatements } from "../../connection/SharedSession.js"
import { PgTimeoutError } from "../../model/PgError.js"
import type { PgUsageError } from "../../model/PgError.js"
import * as Conventions from "../telemetry/Conventions.js"
import { Telemetry } from "../telemetry/Telemetry.js"
import type { LeaseError } from "./LeaseError.js"
import { outsideLease } from "./LeaseError.js"
import * as PoolClosing from "./PoolClosing.js"
import type { PoolConnector, Turn } from "./PoolConnector.js"
import { PoolConnections } from "./PoolConnections.js"
import { PooledConnection } from "./PooledConnection.js"
import * as Policy from "./Policy.js"
import * as PoolMetrics from "./PoolMetrics.js"
import type { PoolOptions } from "./PoolOptions.js"
import * as Settings from "./PoolOptions.js"
import type { PoolStatistics } from "./PoolStatistics.js"
import * as QueuedStatement from "./QueuedStatement.js"
import * as Return from "./Return.js"
import { afterFailure } from "./Sharing.js"
import * as Tidying from "./Tidying.js"
import { WaitQueue } from "./WaitQueue.js"

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export class ConnectionPool {
  /** Whether statements share connections at all. */
  readonly shares: boolean
  /** Single statements, each sent on the connection that is free first. */
  readonly single: SingleStatements<LeaseError>
  /** The same, each by its fiber on a connection that it takes: where something is reported of that. */
  readonly taken: SingleStatements<LeaseError>

  private constructor(
    private readonly all: PoolConnections,
    /** Why the options are invalid: then no call gets a connection. */
    private readonly invalid: PgUsageError | undefined
  ) {
    this.shares = all.sharing.isUsed
    const taken = <A, R>(run: (statements: SingleStatements) => Effect.Effect<A, LeaseError, R>) =>
      this.use((_, statements) => run(statements))
    const isAlone = invalid === undefined && !this.shares
    this.taken = DispatchStatements.taking(taken)
    this.single = isAlone
      ? DispatchStatements.make(
          QueuedStatement.dispatcher(all, () => this.late()),
          this.taken
        )
      : this.taken
  }

  /**
   * A pool over the connector's sessions. When the scope closes, it waits for the connections in use for `closeTimeout`, logs after
   * the first second what it waits for, then closes those that are left. With invalid options, every call fails with `PgUsageError`.
   */
  static make(
    connector: PoolConnector,
    options: PoolOptions = {}
  ): Effect.Effect<ConnectionPool, never, Scope.Scope> {
    return Effect.gen(function* () {
      const decided = Settings.decidePool(options, connector.config.maxConnections)
      const settings = Either.getOrElse(decided, () => ({ ...Settings.defaultPoolSettings, max: 1 }))
      const invalid = Option.getOrUndefined(Either.getLeft(decided))
      const tickets = { next: 0 }
      const queue = yield* WaitQueue.make<Turn>(settings.acquireTimeout, tickets)
      const statements = yield* WaitQueue.make<Turn>(settings.acquireTimeout, tickets)
      const clock = yield* Effect.clock
      const runtime = yield* Effect.runtime<never>()
      const write = PoolMetrics.writerFor(options.metrics, Telemetry.make(options, connector.config))
      const pool = yield* Effect.acquireRelease(
        Effect.sync(() => {
          const all = new PoolConnections(connector, options, settings, queue, statements, clock, runtime)
          if (invalid === undefined) all.serve()
          return new ConnectionPool(all, invalid)
        }),
        (pool) =>
          Effect.zipRight(
            pool.drain(settings.closeTimeout),
            Effect.suspend(() => write?.(pool.statistics) ?? Effect.void)
          )
      )
      if (write !== undefined)
        yield* Effect.suspend(() => write(pool.statistics)).pipe(
          Effect.zipRight(Effect.sleep(Duration.seconds(1))),
          Effect.forever,
          Effect.forkScoped
        )
      return pool
    })
  }

  /**
   * A connection for as long as the effect runs. Interrupting the wait for one gives up the place in the queue. `place`: where in the
   * program it is taken.
   */
  use<A, E, R>(
    body: (connection: PgConnection, statements: SingleStatements) => Effect.Effect<A, E, R>,
    place?: string
  ): Effect.Effect<A, E | LeaseError, R> {
    const isHooked = this.all.options.onAcquire !== undefined
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(this.take(restore), (slot) => {
        slot.place = place
        const used = Effect.suspend(() =>
          isHooked
            ? this.acquired(slot, (connection) => body(connection, slot.single))
            : body(slot.connection, slot.single)
        )
        return Effect.flatMap(Effect.exit(restore(used)), (exit) =>
          Effect.zipRight(
            Return.fromUser(this.all, slot),
            Exit.isSuccess(exit) ? exit : Effect.failCause(Cause.map(exit.cause, outsideLease))
          )
        )
      })
    )
  }

  /** A connection until the scope closes. */
  get lease(): Effect.Effect<PgConnection, LeaseError, Scope.Scope> {
    return this.lend(() => false, false)
  }

  /**
   * The same; one that `isUsed` still when the scope closes is closed, and not lent again. `isFree`: the user may do anything with the
   * session, so that it is reset afterwards.
   */
  lend(
    isUsed: () => boolean,
    isFree = true,
    place?: string
  ): Effect.Effect<PgConnection, LeaseError, Scope.Scope> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.scope, (scope) =>
        Effect.flatMap(this.take(restore), (slot) => {
          slot.isLeased = isFree
          slot.place = place
          return Effect.zipRight(
            Scope.addFinalizer(
              scope,
              Effect.suspend(() =>
                isUsed() ? this.all.discard(slot, "broken") : Return.fromUser(this.all, slot)
              )
            ),
            restore(Effect.suspend(() => this.acquired(slot, Effect.succeed)))
          )
        })
      )
    )
  }

  /** Whether the statement is sent on a connection that other calls use at the same time. */
  mayShare(sql: string): boolean {
    return this.all.sharing.mayShare(sql)
  }

  /**
   * Runs a statement on a connection that other calls may use at the same time. Interrupted, it is cancelled on the server when it is alone
   * there; otherwise the fiber goes on at once.
   */
  share<A, E, R>(
    run: (statements: SingleStatements) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | LeaseError, R> {
    return Effect.suspend(() => {
      const refused = this.refusal
      if (refused !== undefined) return Effect.fail(refused)
      const { sharing } = this.all
      const slot = sharing.pick()
      return slot === undefined
        ? Effect.flatMap(this.shareLater(run), (exit) => this.afterStatement(exit, run))
        : this.afterStatement(
            Effect.withFiberRuntime<A, E, R>(({ currentSpan }) => {
              if (currentSpan !== undefined) Conventions.locate(currentSpan, slot.connection)
              return run(sharing.statementsOf(slot))
            }),
            run
          )
    })
  }

  /** What a statement does next that has failed. A failed wait for a connection is the caller's. */
  private afterStatement<A, E, R>(
    done: Effect.Effect<A, E, R>,
    run: (statements: SingleStatements) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | LeaseError, R> {
    return Effect.catchAll(done, (error): Effect.Effect<A, E | LeaseError, R> => {
      switch (afterFailure(error as { readonly _tag?: unknown })) {
        case "again":
          return this.share(run)
        case "alone":
          return this.use((_, statements) => run(statements))
        case "fail":
          return Effect.fail(error)
      }
    })
  }

  /** Waits for room on a shared connection, and gives what became of the statement. */
  private shareLater<A, E, R>(
    run: (statements: SingleStatements) => Effect.Effect<A, E, R>
  ): Effect.Effect<Exit.Exit<A, E>, LeaseError, R> {
    const { sharing } = this.all
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(
        this.wait(sharing.queue, restore, (slot) => Effect.sync(() => sharing.left(slot))),
        (slot) =>
          Effect.map(Effect.exit(restore(Effect.suspend(() => run(slot.single)))), (exit) => {
            sharing.left(slot)
            return exit
          })
      )
    )
  }

  /** Whether the server answers, by a round trip on one connection of the pool. */
  get ping(): Effect.Effect<void, LeaseError> {
    return Effect.asVoid(this.use((connection) => connection.simple("")))
  }

  /** The pool at this moment, and what it has done. */
  get statistics(): PoolStatistics {
    return this.all.statistics
  }

  /** Another size. Connections that are too many are closed, those in use when they come back. */
  resize(max: number, min: number = Math.min(this.all.min, max)): Effect.Effect<void, PgUsageError> {
    return Effect.suspend(() => {
      const fault =
        Settings.countFault("max", max, 1, Settings.maxPoolSize) ?? Settings.countFault("min", min, 0, max)
      if (fault !== undefined) return Effect.fail(fault)
      this.all.max = max
      this.all.min = min
      this.all.sharing.retire(this.all.size - this.all.idle.length - max)
      const surplus = this.all.idle.splice(
        0,
        Math.max(0, Math.min(this.all.idle.length, this.all.size - max))
      )
      return Effect.zipRight(
        this.all.discardAll(surplus, "surplus"),
        Effect.sync(() => this.all.serve())
      )
    })
  }

  /** Closes every connection that there is now, those in use when they come back. New ones take their place. */
  get expire(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.all.generation++
      this.all.openings.reset()
      return Effect.zipRight(
        this.all.discardAll(this.all.idle.splice(0), "worn"),
        Effect.sync(() => this.all.serve())
      )
    })
  }

  /**
   * Lends no more, waits for the connections in use, for at most so many milliseconds, and closes all. Calls that wait fail with
   * `PgPoolError`.
   */
  drain(millis: number): Effect.Effect<void> {
    return PoolClosing.drain(this.all, millis)
  }

  private acquired<A, E, R>(
    slot: PooledConnection,
    body: (connection: PgConnection) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | LeaseError, R> {
    const { onAcquire } = this.all.options
    return onAcquire === undefined
      ? body(slot.connection)
      : Effect.zipRight(Tidying.hooked(slot, onAcquire), body(slot.connection))
  }

  private take(restore: Restore): Effect.Effect<PooledConnection, LeaseError> {
    return Effect.withFiberRuntime((fiber) => {
      const { all } = this
      if (all.drained !== undefined || this.invalid !== undefined) return Effect.fail(this.refusal!)
      const last = all.queue.waiting === 0 ? all.idle.at(-1) : undefined
      const slot = last === undefined || Policy.needsCheck(last, all.now, all.settings) ? undefined : last
      if (slot !== undefined && all.telemetry.countsConnections) all.telemetry.waited(0)
      if (slot === undefined) {
        const waited = this.wait(all.queue, restore, (handed) => all.give(handed))
        return Effect.map(waited, (handed) => this.lent(handed, fiber))
      }
      all.idle.pop()
      slot.where = "away"
      if (slot.session?.isFree === true) {
        all.counts.acquired++
        slot.lend(all.now, fiber)
        return Effect.succeed(slot)
      }
      return Effect.flatMap(slot.connection.status, ({ fits, state }) => {
        if (state !== "broken" && fits) return Effect.succeed(this.lent(slot, fiber))
        return Effect.zipRight(all.discard(slot, fits ? "broken" : "role"), this.take(restore))
      })
    })
  }

  /** Why no call gets a connection. */
  private get refusal(): LeaseError | undefined {
    return this.all.isClosed ? this.all.closedFailure : this.invalid
  }

  private lent(slot: PooledConnection, fiber: Fiber.RuntimeFiber<unknown, unknown>): PooledConnection {
    this.all.counts.acquired++
    slot.lend(this.all.now, fiber)
    return slot
  }

  /** A connection from a queue. `back`: takes one that was handed over in the moment of an interruption. */
  private wait(
    queue: WaitQueue<Turn>,
    restore: Restore,
    back: (slot: PooledConnection) => Effect.Effect<void>
  ): Effect.Effect<PooledConnection, LeaseError> {
    const { all } = this
    const { openings, settings } = all
    if (openings.lastFailure !== undefined && this.all.size === 0 && openings.delay(this.all.now) > 0) {
      this.all.counts.refused++
      return Effect.fail(openings.lastFailure)
    }
    const place = queue.join()
    this.all.serve()
    if (this.all.waiting - openings.running - this.all.checking > settings.maxWaiting && !place.isOver) {
      queue.quit(place)
      this.all.counts.refused++
      return Effect.fail(this.all.failure(`as many calls wait for a connection as maxWaiting allows`))
    }
    const returned = (turn: Turn): Effect.Effect<void> =>
      turn instanceof PooledConnection ? back(turn) : Effect.void
    return Effect.flatMap(
      all.telemetry.acquire(queue.waitIn(place, restore, returned, () => this.late())),
      (turn) => (turn instanceof PooledConnection ? Effect.succeed(turn) : Effect.fail(turn))
    )
  }

  private late(): PgTimeoutError {
    this.all.counts.timedOut++
    const { inUse, max, opening, waiting } = this.statistics
    return new PgTimeoutError({
      deadline: "acquire",
      millis: this.all.settings.acquireTimeout,
      sent: false,
      during: `waiting for a connection: max ${max}, in use ${inUse}, being opened ${opening}, ${waiting} others wait`,
      detail: this.all.advice
    })
  }
}
