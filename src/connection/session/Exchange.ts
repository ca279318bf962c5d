/**
 * The bridge between requests, which run in socket callbacks, and Effects: one asynchronous boundary for each request, and the rules of interruption.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type { PgSessionError } from "../../model/PgError.js"
import type { Admission } from "./Admission.js"
import * as Cleanup from "./Cleanup.js"
import * as Cancel from "./Cancel.js"
import type { ConnectionState, Outcome, Request } from "./ConnectionState.js"
import * as Deadline from "./Deadline.js"
import * as Feeding from "./Feeding.js"
import * as Outbound from "./Outbound.js"

/**
 * Submits the request that `make` builds and waits for its outcome.
 *
 * - `timeout`: a deadline, which stops the request as an interruption would, and then fails with `PgTimeoutError`.
 * - `admission`: asked in the step that submits the request.
 * - `patience`: how long an interruption waits for the end of the request before it stops it; for statements whose cancelling would do
 *   more harm than their end.
 *
 * Interruption: a request not yet written is withdrawn. One that is alone on the wire is cancelled on the server,
 * and the interrupted fiber goes on when the connection is clean again (or closed). With statements of other fibers
 * on the wire the fiber is released at once, the rows are discarded as they come, and no cancel request is sent.
 *
 * Written out instead of `Effect.async` with a canceller, which takes twice the time of everything else a small query
 * does (9.5 against 5.3 µs with a hundred fibers on one connection) and keeps garbage alive into the old generation.
 */
export const run = <A>(
  core: ConnectionState,
  make: (outcome: Outcome<A>) => Request,
  timeout?: Duration.DurationInput,
  admission?: Admission,
  patience?: Duration.Duration
): Effect.Effect<A, PgSessionError> => {
  if (timeout !== undefined) return within(core, make, timeout, admission)
  return Effect.withFiberRuntime<A, PgSessionError>((fiber, { runtimeFlags }) => {
    let request: Request | undefined
    if (core.feeds > 0 && Feeding.isFeeding(core, fiber))
      return Effect.fail(Feeding.refusal(make(() => {}).sql))
    const answered = Effect.async<A, PgSessionError>((resume) => {
      const asked = make((failure, value) =>
        resume(failure === undefined ? Effect.succeed(value) : Effect.fail(failure))
      )
      if (admission !== undefined) {
        const leave = admission.enter(fiber)
        if (leave === undefined) return resume(admission.run(run(core, make), identity))
        asked.onceSettled = leave
      }
      request = asked
      Outbound.submit(core, request)
    })
    // Inside an uninterruptible region the request runs to its end.
    if (!RuntimeFlags.interruptible(runtimeFlags)) return answered
    return Effect.uninterruptible(
      Effect.catchAllCause(Effect.interruptible(answered), (cause) =>
        request === undefined || !Cause.isInterrupted(cause)
          ? Effect.failCause(cause)
          : Effect.zipRight(abandon(core, request, patience), Effect.failCause(cause))
      )
    )
  })
}

const abandon = (
  core: ConnectionState,
  request: Request,
  patience: Duration.Duration | undefined
): Effect.Effect<void> =>
  patience === undefined
    ? Cancel.abandon(core, request)
    : Effect.zipRight(Cleanup.within(Cancel.settled(request), patience), Cancel.abandon(core, request))

/** The wait for a turn has a deadline of its own. */
const within = <A>(
  core: ConnectionState,
  make: (outcome: Outcome<A>) => Request,
  timeout: Duration.DurationInput,
  admission: Admission | undefined
): Effect.Effect<A, PgSessionError> =>
  admission !== undefined
    ? admission.run(within(core, make, timeout, undefined), identity)
    : Effect.suspend(() => {
        let request: Request | undefined
        const answered = run<A>(core, (outcome) => (request = make(outcome)))
        return Deadline.within(answered, timeout, () => request, identity)
      })

/**
 * For finalizers, whose fiber can no longer be interrupted: runs the request, and stops it after `cancelDeadline` as an interruption would, so that a dead link does not hold the fiber for ever.
 */
export const finish = <A>(
  core: ConnectionState,
  make: (outcome: Outcome<A>) => Request
): Effect.Effect<void> => Effect.ignore(Cleanup.within(run(core, make), core.cancelDeadline))
