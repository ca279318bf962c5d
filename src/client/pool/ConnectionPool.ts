/**
 * Connections for exclusive use, opened when they are needed and kept for the next user. A connection goes back clean or not
 * at all: an open transaction is rolled back, and what cannot be cleaned is closed, and another opened in its place.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Aftermath from "../../connection/session/Aftermath.js"
import type { ConnectionStatus, PgConnection } from "../../connection/PgConnection.js"
import type { PgConnector } from "../../connection/PgConnector.js"
import { rollbackDeadline } from "../../connection/Transaction.js"
import type { PgOpenError } from "../../model/PgError.js"
import { PgClosedError, PgPoolError, PgTimeoutError } from "../../model/PgError.js"
import * as Statement from "../../model/Statement.js"
import { WaitQueue } from "./WaitQueue.js"

/** Why there is no connection. */
export type LeaseError = PgOpenError | PgTimeoutError | PgPoolError

/** A connection and what the pool knows of it. */
interface Slot {
  readonly connection: PgConnection
  readonly scope: Scope.CloseableScope
  /** How often it was looked at since it was used last. */
  looks: number
  /** Closed, and its place given away. */
  isGone: boolean
}

/** What the next in the queue gets: a connection, the place of one, or the news that there will be none. */
type Turn = Slot | "place" | "closed"

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Idle connections are looked at so often, and are closed when that was so often without a use: after ten minutes. */
const lookEvery = Duration.minutes(1)
const mostLooks = 10

/** Outside the lease the same call is given another connection. */
const outside = <E>(error: E): E => {
  if (!(error instanceof PgClosedError) || error.ended !== true) return error
  const { reason, sent, server, sql } = error
  return new PgClosedError({ reason, sent, server, sql }) as E & PgClosedError
}

const rollback = Statement.make("rollback")

export const defaultCloseTimeout: Duration.DurationInput = "10 seconds"

/** A pool that closes says after so long what it waits for. */
const silentWait = Duration.seconds(1)

export class ConnectionPool {
  private readonly idle: Array<Slot> = []
  /** Those that are idle, and those in use. */
  private readonly slots = new Set<Slot>()
  /** Done when the last connection is closed; there from the moment in which the pool takes nobody any more. */
  private drained: Deferred.Deferred<void> | undefined
  /** Connections there are, and those being opened. */
  private size = 0

  private constructor(
    private readonly connector: PgConnector["Type"],
    private readonly acquireTimeout: Duration.DurationInput,
    private readonly closeTimeout: Duration.Duration,
    private readonly queue: WaitQueue<Turn>
  ) {}

  /**
   * Of at most `maxConnections`. When the scope closes, it waits for the connections in use for `closeTimeout`, logs after the first
   * second what it waits for, then closes those that are left.
   */
  static make(
    connector: PgConnector["Type"],
    acquireTimeout: Duration.DurationInput,
    closeTimeout: Duration.DurationInput = defaultCloseTimeout
  ): Effect.Effect<ConnectionPool, never, Scope.Scope> {
    return Effect.gen(function* () {
      const queue = yield* WaitQueue.make<Turn>(acquireTimeout)
      const pool = yield* Effect.acquireRelease(
        Effect.sync(
          () => new ConnectionPool(connector, acquireTimeout, Duration.decode(closeTimeout), queue)
        ),
        (pool) => pool.close
      )
      yield* Effect.forkScoped(Effect.interruptible(Effect.schedule(pool.look, Schedule.spaced(lookEvery))))
      return pool
    })
  }

  /** A connection for as long as the effect runs. Interrupting the wait for one gives up the turn. */
  use<A, E, R>(
    body: (connection: PgConnection) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | LeaseError, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(this.take(restore), (slot) =>
        Effect.flatMap(Effect.exit(restore(Effect.suspend(() => body(slot.connection)))), (exit) =>
          Effect.zipRight(
            this.release(slot),
            Exit.isSuccess(exit) ? exit : Effect.failCause(Cause.map(exit.cause, outside))
          )
        )
      )
    )
  }

  /** A connection until the scope closes. */
  get lease(): Effect.Effect<PgConnection, LeaseError, Scope.Scope> {
    return this.lend(() => false)
  }

  /** The same; one that `isUsed` still when the scope closes is closed, and not lent again. */
  lend(isUsed: () => boolean): Effect.Effect<PgConnection, LeaseError, Scope.Scope> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.scope, (scope) =>
        Effect.flatMap(this.take(restore), (slot) =>
          Effect.as(
            Scope.addFinalizer(
              scope,
              Effect.suspend(() => (isUsed() ? this.discard(slot) : this.release(slot)))
            ),
            slot.connection
          )
        )
      )
    )
  }

  private take(restore: Restore): Effect.Effect<Slot, LeaseError> {
    return Effect.suspend((): Effect.Effect<Slot, LeaseError> => {
      if (this.isClosed) return this.closed
      const slot = this.idle.pop()
      if (slot !== undefined) return this.checked(slot, restore)
      if (this.size < this.connector.config.maxConnections) {
        this.size++
        return this.open(restore)
      }
      return Effect.flatMap(this.inQueue(restore), (turn): Effect.Effect<Slot, LeaseError> =>
        turn === "closed" ? this.closed : turn === "place" ? this.open(restore) : Effect.succeed(turn)
      )
    })
  }

  /** It may have ended while nobody used it. */
  private checked(slot: Slot, restore: Restore): Effect.Effect<Slot, LeaseError> {
    return Effect.flatMap(slot.connection.status, ({ fits, state }) =>
      state === "broken" || !fits
        ? Effect.zipRight(this.discard(slot), this.take(restore))
        : Effect.succeed(slot)
    )
  }

  /** Opens one in a place that is counted already. */
  private open(restore: Restore): Effect.Effect<Slot, PgOpenError | PgPoolError> {
    return Effect.flatMap(Scope.make(), (scope) =>
      Effect.matchCauseEffect(restore(Scope.extend(this.connector.open(), scope)), {
        onFailure: (cause) =>
          Scope.close(scope, Exit.void).pipe(
            Effect.zipRight(Effect.sync(() => this.vacate())),
            Effect.zipRight(Effect.failCause(cause))
          ),
        onSuccess: (connection): Effect.Effect<Slot, PgPoolError> => {
          const slot: Slot = { connection, scope, looks: 0, isGone: false }
          this.slots.add(slot)
          return this.isClosed ? Effect.zipRight(this.discard(slot), this.closed) : Effect.succeed(slot)
        }
      })
    )
  }

  private inQueue(restore: Restore): Effect.Effect<Turn, PgTimeoutError> {
    const { acquireTimeout, connector, queue } = this
    const back = (turn: Turn): Effect.Effect<void> => {
      if (turn === "closed") return Effect.void
      return turn === "place" ? Effect.sync(() => this.vacate()) : this.give(turn)
    }
    const late = (): PgTimeoutError =>
      new PgTimeoutError({
        deadline: "acquire",
        millis: Duration.toMillis(acquireTimeout),
        sent: false,
        during: `waiting for a connection: all ${connector.config.maxConnections} of the pool are in use, ${queue.waiting} others wait`
      })
    return queue.wait(restore, back, late)
  }

  /** From its user to the next one, or to the idle ones. */
  private release(slot: Slot): Effect.Effect<void> {
    return Effect.flatMap(slot.connection.status, (status) =>
      status.state === "clean" && status.fits ? this.give(slot) : this.tidy(slot, status)
    )
  }

  private give(slot: Slot): Effect.Effect<void> {
    if (this.isClosed) return this.discard(slot)
    slot.looks = 0
    if (!this.queue.hand(slot)) this.idle.push(slot)
    return Effect.void
  }

  /** Makes the connection fit for the next user, or ends it. */
  private tidy(slot: Slot, before: ConnectionStatus): Effect.Effect<void> {
    const { connection } = slot
    return Effect.gen(this, function* () {
      if (before.state === "busy" && before.inFlight === 0 && before.transaction !== "I") {
        yield* Effect.logWarning(
          "a connection came back to the pool inside a transaction; it was rolled back"
        )
        yield* Effect.ignore(Aftermath.within(connection.query(rollback), rollbackDeadline))
      }
      const after = yield* connection.status
      yield* after.state === "clean" && after.fits ? this.give(slot) : this.discard(slot)
    })
  }

  private discard(slot: Slot): Effect.Effect<void> {
    return Effect.zipRight(
      Scope.close(slot.scope, Exit.void),
      Effect.sync(() => {
        if (slot.isGone) return
        slot.isGone = true
        this.slots.delete(slot)
        this.vacate()
      })
    )
  }

  /** There is one connection less: the next in the queue may open another. */
  private vacate(): void {
    this.size--
    if (this.drained !== undefined) {
      if (this.size === 0) Deferred.unsafeDone(this.drained, Exit.void)
    } else if (this.queue.hand("place")) this.size++
  }

  /** Ends what was idle for too long, has ended, or has another role than was asked for. The last used is used first, so that the others can age. */
  private get look(): Effect.Effect<void> {
    const lookAt = (slot: Slot): Effect.Effect<void> =>
      Effect.flatMap(slot.connection.status, ({ fits, state }) => {
        const at = this.idle.indexOf(slot)
        if (at === -1 || (state !== "broken" && fits && ++slot.looks < mostLooks)) return Effect.void
        this.idle.splice(at, 1)
        return this.discard(slot)
      })
    return Effect.suspend(() => Effect.forEach([...this.idle], lookAt, { discard: true })).pipe(
      Effect.uninterruptible
    )
  }

  private get close(): Effect.Effect<void> {
    return Effect.gen(this, function* () {
      const drained = yield* Deferred.make<void>()
      this.drained = drained
      while (this.queue.hand("closed"));
      const idle = this.idle.splice(0)
      yield* Effect.forEach(idle, (slot) => this.discard(slot), { concurrency: "unbounded", discard: true })
      if (this.size > 0) yield* this.waitFor(drained)
    })
  }

  private waitFor(drained: Deferred.Deferred<void>): Effect.Effect<void> {
    const { closeTimeout } = this
    const first = Duration.min(silentWait, closeTimeout)
    return Effect.gen(this, function* () {
      if (Option.isSome(yield* Aftermath.within(Deferred.await(drained), first))) return
      const limit = Duration.format(closeTimeout)
      yield* Effect.logWarning(
        `the pool is closing and waits for at most ${limit} for the connections in use: ${yield* this.inUse}`
      )
      const rest = Duration.subtract(closeTimeout, first)
      if (Option.isSome(yield* Aftermath.within(Deferred.await(drained), rest))) return
      yield* Effect.logWarning(
        `the pool closes connections that are in use still after ${limit}: ${yield* this.inUse}`
      )
      yield* Effect.forEach([...this.slots], (slot) => this.discard(slot), {
        concurrency: "unbounded",
        discard: true
      })
    })
  }

  /** What the connections in use are doing. */
  private get inUse(): Effect.Effect<string> {
    const describe = ({ connection }: Slot): Effect.Effect<string> =>
      Effect.map(connection.status, ({ statement, transaction }) => {
        const doing =
          statement !== undefined && statement !== ""
            ? `runs ${statement.trim().split("\n", 1)[0]!.slice(0, 80)}`
            : transaction === "I"
              ? "is idle in the hands of its user"
              : "is idle in a transaction"
        return `session ${connection.facts.processId ?? "of unknown number"} ${doing}`
      })
    return Effect.map(Effect.forEach([...this.slots], describe), (all) => {
      const opening = this.size - all.length
      return [...all, ...(opening > 0 ? [`${opening} being opened`] : [])].join("; ")
    })
  }

  private get isClosed(): boolean {
    return this.drained !== undefined
  }

  private get closed(): Effect.Effect<never, PgPoolError> {
    return Effect.fail(
      new PgPoolError({
        reason: "the pool is closed: the scope of its client has ended",
        max: this.connector.config.maxConnections,
        inUse: this.size,
        waiting: this.queue.waiting
      })
    )
  }
}
