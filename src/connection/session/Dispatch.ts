/**
 * Requests whose session is chosen when one is free: a pool keeps them in its queue and sends each in the step in which a session comes
 * free, so that no fiber has to be woken between two statements of a session.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type { PgSessionError } from "../../model/PgError.js"
import type { Outcome, Request } from "./ConnectionState.js"

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** A request that was given to a dispatcher. */
export interface Dispatched {
  /** Gives it up: takes it out of the queue, or stops it on the server. Done when the fiber that asked may go on. */
  readonly abandon: Effect.Effect<void>
}

export interface Dispatcher<E> {
  /**
   * Sends the request as soon as a session is free. `refuse` is called in place of that when no session will be. `undefined`: it was not
   * taken, and the statement has to be run in the other way.
   */
  readonly dispatch: (
    request: Request,
    fiber: AnyFiber,
    refuse: (instead: Effect.Effect<never, E>) => void
  ) => Dispatched | undefined
  /** The failure as callers see it. */
  readonly outside: (failure: PgSessionError) => PgSessionError
}

/**
 * Runs the request that `make` builds on the session that is free first. `otherwise`: how it is run when the dispatcher does not take it.
 *
 * Interruption: a request that waits is withdrawn; one on the wire is cancelled on the server, and the interrupted fiber goes on when the
 * connection is clean again, or closed.
 */
export const run = <A, E>(
  dispatcher: Dispatcher<E>,
  make: (outcome: Outcome<A>) => Request,
  otherwise: () => Effect.Effect<A, E | PgSessionError>
): Effect.Effect<A, E | PgSessionError> =>
  Effect.withFiberRuntime<A, E | PgSessionError>((fiber, { runtimeFlags }) => {
    let dispatched: Dispatched | undefined
    const answered = Effect.async<A, E | PgSessionError>((resume) => {
      const request = make((failure, value) =>
        resume(failure === undefined ? Effect.succeed(value) : Effect.fail(dispatcher.outside(failure)))
      )
      dispatched = dispatcher.dispatch(request, fiber, resume)
      if (dispatched === undefined) resume(Effect.suspend(otherwise))
    })
    // Inside an uninterruptible region the request has its way.
    if (!RuntimeFlags.interruptible(runtimeFlags)) return answered
    return Effect.uninterruptible(
      Effect.catchAllCause(Effect.interruptible(answered), (cause) =>
        dispatched === undefined || !Cause.isInterrupted(cause)
          ? Effect.failCause(cause)
          : Effect.zipRight(dispatched.abandon, Effect.failCause(cause))
      )
    )
  })
