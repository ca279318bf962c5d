/**
 * A function that takes the parts of a command's answer in the socket's callback, so that nothing is kept for a fiber: what is
 * received dies young. It stops the socket by an effect to wait for.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { PgSessionError, PgTimeoutError } from "../../model/PgError.js"
import type { ConnectionState, Request } from "../session/ConnectionState.js"
import * as Deadline from "../session/Deadline.js"
import { Watchers } from "../session/Watchers.js"

export class PartsHandler<P, E> {
  /** Whether the deadline has passed. */
  isLate = false
  private readonly waits: Array<Effect.Effect<void, E>> = []
  private end: { readonly failure: PgSessionError | undefined } | undefined
  private readonly changes = new Watchers()
  private heardAt: number

  constructor(
    private readonly core: ConnectionState,
    private readonly take: (part: P) => Effect.Effect<void, E> | undefined,
    private readonly clock: Clock.Clock
  ) {
    this.heardAt = clock.unsafeCurrentTimeMillis()
  }

  push(part: P): void {
    this.heardAt = this.clock.unsafeCurrentTimeMillis()
    const wait = this.take(part)
    if (wait === undefined) return
    this.waits.push(wait)
    this.core.pulse.brake(true)
    this.changes.changed()
  }

  finish(failure: PgSessionError | undefined): void {
    this.end = { failure }
    this.core.pulse.brake(false)
    this.changes.changed()
  }

  private readonly woken = this.changes.when(() => this.waits.length > 0 || this.end !== undefined)

  /** The command is over, and everything that `take` wanted to wait for. */
  within(
    timeout: Duration.DurationInput | undefined,
    request: Request
  ): Effect.Effect<void, PgSessionError | E> {
    const next: Effect.Effect<void, PgSessionError | E> = Effect.suspend(() => {
      const wait = this.waits.shift()
      if (wait !== undefined) return Effect.zipRight(wait, goOn)
      if (this.end === undefined) return Effect.zipRight(this.wokenWithin(timeout, request), next)
      const { failure } = this.end
      return failure === undefined ? Effect.void : Effect.fail(failure)
    })
    const goOn = Effect.suspend(() => {
      if (this.waits.length === 0) {
        this.heardAt = this.clock.unsafeCurrentTimeMillis()
        this.core.pulse.brake(false)
      }
      return next
    })
    return next
  }

  /** Each part has the whole time: when one has come meanwhile, the wait begins anew with what is left for the next. */
  private wokenWithin(
    timeout: Duration.DurationInput | undefined,
    request: Request
  ): Effect.Effect<void, PgTimeoutError> {
    if (timeout === undefined) return this.woken
    const millis = Duration.toMillis(timeout)
    return Effect.suspend(() => {
      const { heardAt } = this
      const left = Math.max(0, heardAt + millis - this.clock.unsafeCurrentTimeMillis())
      const wait = Number.isFinite(left)
        ? Effect.raceFirst(Effect.as(this.woken, true), Effect.as(Effect.sleep(left), false))
        : Effect.as(this.woken, true)
      return Effect.flatMap(wait, (isWoken) => {
        if (isWoken) return Effect.void
        if (this.heardAt > heardAt) return this.wokenWithin(timeout, request)
        this.isLate = true
        return Effect.fail(Deadline.missed(timeout, request))
      })
    })
  }
}
