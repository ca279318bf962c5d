/**
 * A transaction of a client that is open, or one that is nested in it: who is in it, and whose turn it is on its connection.
 *
 * Statements of one transaction run side by side. A nested transaction waits for those under way; while it is open, statements
 * and nested transactions of its siblings wait for their turn, in the order of asking. So a ROLLBACK TO SAVEPOINT undoes what
 * belongs to its own nested transaction, and nothing of a sibling.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FiberRef from "effect/FiberRef"
import type { TurnError } from "../connection/session/Admission.js"
import type { PgConnection } from "../connection/PgConnection.js"
import type { SingleStatements } from "../connection/SharedSession.js"
import { PgTimeoutError, PgUsageError } from "../model/PgError.js"
import * as Locally from "../connection/session/Locally.js"
import type { Hook } from "./CommitHooks.js"
import { Lifetime } from "./Lifetime.js"

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

interface Waiter {
  readonly kind: "statement" | "nested"
  state: "waiting" | "granted" | "over"
  wake: (() => void) | undefined
}

const over = (): PgUsageError =>
  new PgUsageError({
    operation: "withTransaction",
    argument: "",
    reason: "the statement was not sent, because its transaction ended before it had its turn",
    sql: ""
  })

/** What holds for all of a transaction, what is nested in it included. */
export interface OpenSettings {
  /** Each statement of the client has a savepoint of its own. */
  readonly autosave?: boolean | undefined
  /** It will be prepared, and not committed here. */
  readonly isPrepared?: boolean | undefined
}

export class OpenTransaction {
  /** The end of the body: statements that come after it are outside. */
  readonly lifetime = new Lifetime()
  /** The one around it has ended while the body runs still: what the body asks for fails, until the body has ended too. */
  private isCut = false
  /** Whether SAVEPOINT has been answered. */
  isBegun = false
  /** SAVEPOINT, RELEASE or ROLLBACK TO is under way. */
  private isMoving = false
  private whenStill: (() => void) | undefined
  /** Statements under way. */
  private running = 0
  private readonly left: () => void
  /** A nested transaction has the turn. */
  private isTaken = false
  private child: OpenTransaction | undefined
  private waiting: Array<Waiter> = []
  /** Nested transactions that there have been in the whole. */
  private savepoints = 0
  /** What runs after the COMMIT, if this one and those around it succeed. */
  hooks: Array<Hook> | undefined
  /** COMMIT has been answered. */
  isCommitted = false
  /** Single statements in their turn, made when they are used first. */
  single: SingleStatements | undefined

  private constructor(
    readonly connection: PgConnection,
    readonly parent: OpenTransaction | undefined,
    /** Name of the savepoint as SQL; empty for the outermost transaction. */
    readonly name: string,
    private readonly patience: Duration.DurationInput,
    readonly settings: OpenSettings
  ) {
    const left = (): void => this.leave()
    this.left = left
  }

  /** The outermost transaction. `patience`: the longest wait for a turn. */
  static make(
    connection: PgConnection,
    patience: Duration.DurationInput,
    settings: OpenSettings = {}
  ): OpenTransaction {
    return new OpenTransaction(connection, undefined, "", patience, settings)
  }

  get isOver(): boolean {
    return this.lifetime.isOver
  }

  /** The innermost whose body runs still, of this one and those around it; `undefined` when all of them are over. */
  get open(): OpenTransaction | undefined {
    return !this.isOver || this.isCut ? this : this.parent?.open
  }

  /** Whether it is the other one, or nested in it. */
  isWithin(other: OpenTransaction): boolean {
    return this === other || this.parent?.isWithin(other) === true
  }

  /** Runs a statement when it is its turn. `refused` makes the failure of one that does not get it. */
  run<A, E, R, E2>(
    statement: Effect.Effect<A, E, R>,
    refused: (error: TurnError) => E2
  ): Effect.Effect<A, E | E2, R> {
    return Effect.uninterruptibleMask((restore) => {
      const entered = this.enter(restore)
      return entered === undefined
        ? this.leaving(restore(statement))
        : Effect.zipRight(Effect.mapError(entered, refused), this.leaving(restore(statement)))
    })
  }

  /** Takes the turn for a statement that is one exchange, if it can be had at once; the exchange gives it back. */
  enterNow(): (() => void) | undefined {
    if (this.isOver || this.isTaken || this.waiting.length > 0) return undefined
    this.running++
    return this.left
  }

  /** Takes the turn for a statement, at once if it can be had. The region must be uninterruptible until `leave`. */
  enter(restore: Restore): Effect.Effect<void, TurnError> | undefined {
    if (this.isOver) return Effect.fail(over())
    if (this.isTaken || this.waiting.length > 0) return this.wait("statement", restore)
    this.running++
    return undefined
  }

  leave(): void {
    this.running--
    this.advance()
  }

  private leaving<A, E, R>(statement: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.matchCauseEffect(statement, {
      onFailure: (cause) => {
        this.leave()
        return Effect.failCause(cause)
      },
      onSuccess: (value) => {
        this.leave()
        return Effect.succeed(value)
      }
    })
  }

  /**
   * The turn of a nested transaction, which `giveBack` ends. The region must be uninterruptible until then. `name`: of its savepoint, as
   * SQL.
   */
  take(restore: Restore, name?: string): Effect.Effect<OpenTransaction, TurnError> {
    return Effect.suspend(() => {
      if (this.isOver) return Effect.fail(over())
      if (this.isTaken || this.running > 0 || this.waiting.length > 0)
        return Effect.map(this.wait("nested", restore), () => this.nest(name))
      this.isTaken = true
      return Effect.succeed(this.nest(name))
    })
  }

  private nest(given: string | undefined): OpenTransaction {
    const root = this.root
    const name = given ?? `ep_savepoint_${++root.savepoints}`
    const child = new OpenTransaction(this.connection, this, name, this.patience, this.settings)
    child.isMoving = true
    if (this.isOver) child.cut()
    this.child = child
    return child
  }

  private get root(): OpenTransaction {
    return this.parent?.root ?? this
  }

  /** Registers what runs after the COMMIT. */
  afterCommit(hooks: ReadonlyArray<Hook>): void {
    ;(this.hooks ??= []).push(...hooks)
  }

  giveBack(child: OpenTransaction): void {
    child.isCut = false
    child.still()
    if (this.child !== child) return
    this.child = undefined
    this.isTaken = false
    this.advance()
  }

  /** A statement of the nested transaction itself is sent; false when the one around it has ended meanwhile. */
  move(): boolean {
    if (this.parent?.isOver === true) return false
    this.isMoving = true
    return true
  }

  still(): void {
    this.isMoving = false
    const wake = this.whenStill
    this.whenStill = undefined
    wake?.()
  }

  /** The body has ended: statements that wait for their turn fail, and those that come are outside. */
  end(): void {
    this.lifetime.end()
    for (const waiter of this.waiting.splice(0)) {
      waiter.state = "over"
      waiter.wake?.()
    }
    this.child?.cut()
  }

  private cut(): void {
    if (this.isOver) return
    this.isCut = true
    this.end()
  }

  /** The body of the outermost transaction, which is over when the effect is. `current`: the transaction that a fiber is in. */
  whole<A, E, R>(
    body: Effect.Effect<A, E, R>,
    current: FiberRef.FiberRef<OpenTransaction | undefined>
  ): Effect.Effect<A, E, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.matchCauseEffect(
        Locally.within(current, () => this, body, restore),
        {
          onFailure: (cause) => {
            this.end()
            return Effect.failCause(cause)
          },
          onSuccess: (value) => Effect.as(restore(this.finish), value)
        }
      )
    )
  }

  /**
   * Ends it before its COMMIT or RELEASE. A nested transaction that is open still, because a fiber has been left in it, is
   * undone: half of it must not be stored.
   */
  get finish(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.end()
      const child = this.child
      if (child === undefined) return Effect.void
      const still = Effect.async<void>((resume) => {
        if (!child.isMoving) return resume(Effect.void)
        const wake = (): void => resume(Effect.void)
        child.whenStill = wake
      })
      const undo = Effect.suspend(() =>
        child.isBegun && this.child === child
          ? Effect.ignore(this.connection.simple(`rollback to savepoint ${child.name}`))
          : Effect.void
      )
      return Effect.zipRight(still, undo)
    })
  }

  private wait(kind: Waiter["kind"], restore: Restore): Effect.Effect<void, TurnError> {
    const waiter: Waiter = { kind, state: "waiting", wake: undefined }
    this.waiting.push(waiter)
    const woken = Effect.async<void>((resume) => {
      const wake = (): void => resume(Effect.void)
      if (waiter.state === "waiting") waiter.wake = wake
      else wake()
    })
    const late = (): PgTimeoutError =>
      new PgTimeoutError({
        deadline: "turn",
        millis: Duration.toMillis(this.patience),
        sent: false,
        during: "waiting for a turn in the transaction: a nested transaction of another fiber is open"
      })
    const limited = Duration.isFinite(Duration.decode(this.patience))
      ? Effect.timeoutFail(woken, { duration: this.patience, onTimeout: late })
      : woken
    return Effect.matchCauseEffect(restore(limited), {
      onFailure: (cause) => {
        this.withdraw(waiter)
        return Effect.failCause(cause)
      },
      onSuccess: () => (waiter.state === "over" ? Effect.fail(over()) : Effect.void)
    })
  }

  private withdraw(waiter: Waiter): void {
    if (waiter.state === "granted") {
      if (waiter.kind === "nested") this.isTaken = false
      else this.running--
    } else {
      const at = this.waiting.indexOf(waiter)
      if (at >= 0) this.waiting.splice(at, 1)
    }
    this.advance()
  }

  /** Gives turns to those who wait, the oldest first. */
  private advance(): void {
    while (!this.isTaken) {
      const [waiter] = this.waiting
      if (waiter === undefined || (waiter.kind === "nested" && this.running > 0)) return
      this.waiting.shift()
      waiter.state = "granted"
      if (waiter.kind === "nested") this.isTaken = true
      else this.running++
      waiter.wake?.()
    }
  }
}
