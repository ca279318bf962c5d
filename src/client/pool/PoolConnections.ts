/**
 * The connections of a pool: opened, checked, cleaned and closed in fibers of the pool, and handed to the calls that wait. A call is
 * served by whatever comes first: a connection that comes back, an idle one that has given an answer, or a new one.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as Scope from "effect/Scope"
import type { PgPoolError } from "../../model/PgError.js"
import { Telemetry } from "../telemetry/Telemetry.js"
import * as Holders from "./Holders.js"
import type { LeaseError } from "./LeaseError.js"
import type { PoolConnector, Turn } from "./PoolConnector.js"
import { Openings } from "./Openings.js"
import * as Policy from "./Policy.js"
import * as PoolInspection from "./PoolInspection.js"
import type { PoolOptions, PoolSettings } from "./PoolOptions.js"
import { PooledConnection } from "./PooledConnection.js"
import type { ClosedConnections, PoolStatistics } from "./PoolStatistics.js"
import { noStatistics, statisticsOf } from "./PoolStatistics.js"
import * as Return from "./Return.js"
import { Sharing } from "./Sharing.js"
import * as Tidying from "./Tidying.js"
import type { WaitQueue } from "./WaitQueue.js"

export class PoolConnections {
  readonly idle: Array<PooledConnection> = []
  /** Those that are idle, lent, checked or cleaned. */
  readonly slots = new Set<PooledConnection>()
  readonly openings = new Openings()
  readonly counts = noStatistics()
  readonly sharing: Sharing
  readonly telemetry: Telemetry
  generation = 0
  checking = 0
  private closing = 0
  max: number
  min: number
  /** Done when the last connection is closed; there from the moment in which the pool lends no more. */
  drained: Deferred.Deferred<void> | undefined
  private readonly runtime: Runtime.Runtime<never>
  /** Whether requests may be sent on the connections without their operations: not on those that wrap a session, nor with a deadline. */
  takesRequests = false
  private readonly answered: (slot: PooledConnection) => void
  private isLooking = false
  private isWaitingToRetry = false
  /** Openings under way. */
  private readonly opening = new Set<Fiber.RuntimeFiber<void>>()
  /** The rest of the pool's own work. */
  private readonly working = new Set<Fiber.RuntimeFiber<void>>()

  constructor(
    private readonly connector: PoolConnector,
    readonly options: PoolOptions,
    readonly settings: PoolSettings,
    readonly queue: WaitQueue<Turn>,
    /** Statements that wait for room on a shared connection. */
    statements: WaitQueue<Turn>,
    private readonly clock: Clock.Clock,
    runtime: Runtime.Runtime<never>
  ) {
    const answered = (slot: PooledConnection): void => Return.fromStatement(this, slot)
    this.answered = answered
    this.runtime = Runtime.disableRuntimeFlag(runtime, RuntimeFlags.Interruption)
    this.max = settings.max
    this.min = settings.min
    this.telemetry = Telemetry.make(options, connector.config)
    this.sharing = new Sharing(this, settings.multiplex, statements)
  }

  get isClosed(): boolean {
    return this.drained !== undefined
  }

  /** Connections there are, and those being opened. */
  get size(): number {
    return this.slots.size + this.openings.running
  }

  /** Calls that wait, for a connection or for room on a shared one. */
  get waiting(): number {
    return this.queue.waiting + this.sharing.queue.waiting
  }

  get now(): number {
    return this.clock.unsafeCurrentTimeMillis()
  }

  get statistics(): PoolStatistics {
    return statisticsOf(this)
  }

  /** What to do about a wait that was too long. */
  get advice(): string {
    return Holders.advice(this.slots, this.openings, this.now)
  }

  failure(reason: string): PgPoolError {
    return Holders.failure(reason, this.statistics, this.slots, this.now)
  }

  get closedFailure(): PgPoolError {
    return this.failure(Holders.closedReason)
  }

  /**
   * Work of the pool's own, in a fiber that knows nothing of the call at hand. It begins uninterruptible: what was counted when it was
   * spawned is uncounted also when it is interrupted before its first step.
   */
  spawn(work: Effect.Effect<void>, among = this.working): void {
    const fiber = Runtime.runFork(this.runtime, work, { immediate: false })
    among.add(fiber)
    fiber.addObserver(() => among.delete(fiber))
  }

  stopOpenings(): void {
    for (const fiber of this.opening) fiber.unsafeInterruptAsFork(FiberId.none)
  }

  stopWork(): void {
    for (const fiber of this.working) fiber.unsafeInterruptAsFork(FiberId.none)
  }

  /** Does what is due: gives every call that waits a connection on its way, and keeps `min` of them. */
  serve(): void {
    while (!this.isClosed) {
      const delay = this.openings.delay(this.now)
      const step = Policy.nextStep({
        max: this.max,
        min: this.min,
        size: this.size,
        idle: this.idle.length,
        opening: this.openings.running,
        checking: this.checking,
        waiting: this.waiting,
        isCrowded: this.sharing.isCrowded,
        isFailing: this.openings.isFailing,
        isDue: delay <= 0
      })
      if (step === "wait") return this.reserve()
      if (step === "retry") return this.retryIn(delay)
      if (step === "open") this.spawn(this.open(this.openings.begin()), this.opening)
      else this.serveFrom(this.idle.pop()!)
    }
  }

  /** Calls for which no connection is on its way get shared ones, once the statements there are answered. */
  private reserve(): void {
    const { checking, openings, queue, sharing } = this
    let lacking = queue.waiting === 0 ? 0 : queue.waiting - openings.running - checking - sharing.reserved
    while (lacking-- > 0 && sharing.reserve());
  }

  private serveFrom(slot: PooledConnection): void {
    if (Policy.needsCheck(slot, this.now, this.settings)) this.ask(slot)
    else this.handOrRest(slot)
  }

  private retryIn(millis: number): void {
    if (this.isWaitingToRetry) return
    this.isWaitingToRetry = true
    this.spawn(
      Effect.ensuring(
        Effect.interruptible(Effect.sleep(Duration.millis(millis))),
        Effect.sync(() => {
          this.isWaitingToRetry = false
          this.serve()
        })
      )
    )
  }

  /** Opens one. `begun` is what `Openings.begin` gave. */
  private open(begun: number): Effect.Effect<void> {
    const { generation, openings, options } = this
    const began = this.now
    const opened = Effect.suspend(() =>
      Effect.flatMap(Scope.make(), (scope) =>
        Effect.matchCauseEffect(
          Effect.interruptible(
            Effect.tap(Scope.extend(this.connector.open(options.session), scope), (connection) =>
              options.onOpen === undefined ? Effect.void : Effect.suspend(() => options.onOpen!(connection))
            )
          ),
          {
            onFailure: (cause) =>
              Effect.zipRight(Effect.ignore(Scope.close(scope, Exit.void)), this.openingFailed(begun, cause)),
            onSuccess: (connection) =>
              Effect.flatMap(Random.next, (chance) => {
                const now = this.now
                const expiresAt = Policy.expiry(now, chance, this.settings)
                const slot = new PooledConnection(
                  connection,
                  scope,
                  generation,
                  expiresAt,
                  now,
                  this.answered
                )
                this.takesRequests = slot.session?.isTimed === false
                openings.succeed()
                this.counts.opened++
                this.telemetry.created(now - began)
                this.slots.add(slot)
                this.look()
                return Effect.zipRight(
                  this.give(slot),
                  Effect.sync(() => this.serve())
                )
              })
          }
        )
      )
    )
    return opened
  }

  private openingFailed(begun: number, cause: Cause.Cause<LeaseError>): Effect.Effect<void> {
    return Effect.flatMap(Random.next, (chance) => {
      const error = Option.getOrElse(Cause.failureOption(cause), () =>
        this.failure(`opening a connection ended without a connection: ${Cause.pretty(cause)}`)
      )
      this.counts.openingsFailed++
      if (Policy.isOfShutdown(error)) Policy.doubt(this.idle)
      this.openings.fail(begun, error, this.now, chance)
      this.vacated()
      // A connection in use may serve the waiting calls. Without one, nothing will serve them.
      if (this.size === 0) this.failWaiting(error)
      this.serve()
      return Effect.void
    })
  }

  failWaiting(error: LeaseError): void {
    while (this.queue.hand(error));
    while (this.sharing.queue.hand(error));
  }

  /** Asks a connection for an answer, and gives it to who waits. */
  private ask(slot: PooledConnection): void {
    this.checking++
    slot.rest("away", this.now)
    this.spawn(
      Effect.flatMap(
        Effect.exit(Effect.interruptible(Tidying.answer(slot, this.settings.checkTimeout))),
        (exit) => {
          this.checking--
          slot.isDoubted = false
          const found = Exit.isSuccess(exit) ? exit.value : "broken"
          if (found === "fine") return this.give(slot)
          // The network gives no answer: neither would it for those that have been idle for longer.
          const others = found === "silent" ? this.idle.splice(0) : []
          if (found === "role") Policy.doubt(this.slots)
          return Effect.zipRight(
            this.discardAll([slot, ...others], found === "role" ? "role" : "broken"),
            Effect.sync(() => this.serve())
          )
        }
      )
    )
  }

  /** A shared connection has no statement any more. */
  takeBack(slot: PooledConnection): void {
    Return.fromStatements(this, slot)
  }

  /** To the fiber that has waited longest, or to the idle ones. */
  give(slot: PooledConnection): Effect.Effect<void> {
    if (slot.where === "gone") return Effect.void
    const size = this.slots.size + this.openings.running - this.closing
    if (this.drained !== undefined || size > this.max) return this.discard(slot, "surplus")
    if (Policy.isWorn(slot, this.now, this.generation, this.settings)) return this.discard(slot, "worn")
    if (slot.isDoubted) this.ask(slot)
    else if (this.queue.waiting > 0 || this.sharing.queue.waiting > 0) this.handOrRest(slot)
    else {
      slot.rest("idle", this.now)
      this.idle.push(slot)
    }
    return Effect.void
  }

  private handOrRest(slot: PooledConnection): void {
    const { queue, sharing } = this
    slot.rest("away", this.now)
    const statement = sharing.queue.firstTicket
    const isFirst = statement !== undefined && statement < (queue.firstTicket ?? Infinity)
    // What has ended or changed while it was idle is not lent as it is.
    if (isFirst && !sharing.hand(slot)) return this.spawn(Effect.suspend(() => Return.returned(this, slot)))
    if (isFirst || queue.hand(slot)) return
    slot.where = "idle"
    this.idle.push(slot)
  }

  /** The connection that was used last, unless it has to be checked: then all others have to be, too. */
  get freshest(): PooledConnection | undefined {
    const slot = this.idle.at(-1)
    return slot === undefined || Policy.needsCheck(slot, this.now, this.settings) ? undefined : slot
  }

  takeIdle(slot: PooledConnection): void {
    if (this.idle.at(-1) === slot) this.idle.pop()
    else this.idle.splice(this.idle.indexOf(slot), 1)
  }

  discardAll(slots: ReadonlyArray<PooledConnection>, why: keyof ClosedConnections): Effect.Effect<void> {
    return Effect.forEach(slots, (slot) => this.discard(slot, why), {
      concurrency: "unbounded",
      discard: true
    })
  }

  /** The connection is the pool's no more from now on; the effect, which must be run, closes it. */
  discard(slot: PooledConnection, why: keyof ClosedConnections): Effect.Effect<void> {
    if (slot.where === "gone") return Effect.void
    slot.where = "gone"
    this.counts.closed[why]++
    this.closing++
    return Effect.ensuring(
      Effect.ignore(Scope.close(slot.scope, Exit.void)),
      Effect.sync(() => {
        this.closing--
        this.slots.delete(slot)
        this.vacated()
        this.serve()
      })
    )
  }

  /** There is one connection less. */
  private vacated(): void {
    if (this.drained !== undefined && this.size === 0) Deferred.unsafeDone(this.drained, Exit.void)
  }

  /** Looks at the connections now and then, as long as there are any. */
  private look(): void {
    if (this.isLooking) return
    this.isLooking = true
    this.spawn(
      Effect.ensuring(
        Effect.interruptible(PoolInspection.inspectWhileAny(this)),
        Effect.sync(() => {
          this.isLooking = false
        })
      )
    )
  }
}
