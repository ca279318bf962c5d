/**
 * The statement deadline: how long a caller waits for the server. A query has one wait. A stream and a copy have many, and
 * each has the whole time: what the consumer or the source takes for itself does not count.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { PgTimeoutError } from "../../model/PgError.js"
import type { Request } from "./ConnectionState.js"

const expired = (timeout: Duration.DurationInput, request: Request | undefined): PgTimeoutError =>
  new PgTimeoutError({
    deadline: "statement",
    millis: Duration.toMillis(timeout),
    sent: request?.wasSent ?? false,
    during: request?.sql ?? "",
    cancel: request?.cancel,
    cancelFailure: request?.cancelFailure
  })

/** Marks the request as one whose time is over; gives the failure. */
export const missed = (timeout: Duration.DurationInput, request: Request): PgTimeoutError => {
  request.isOverdue = true
  return expired(timeout, request)
}

/**
 * Ends a wait for the answers to a request after the time, if there is one. Stopping the statement is for others, who are to hurry:
 * the request is overdue by then.
 */
export const within = <A, E, F>(
  wait: Effect.Effect<A, E>,
  timeout: Duration.DurationInput | undefined,
  request: () => Request | undefined,
  failure: (error: PgTimeoutError) => F
): Effect.Effect<A, E | F> =>
  timeout === undefined || !Duration.isFinite(Duration.decode(timeout))
    ? wait
    : Effect.raceWith(wait, Effect.sleep(timeout), {
        onSelfDone: (exit, sleeping) => Effect.zipRight(Fiber.interrupt(sleeping), exit),
        onOtherDone: (_, waiting) =>
          Effect.suspend(() => {
            const late = request()
            if (late !== undefined) late.isOverdue = true
            return Effect.zipRight(
              Fiber.interrupt(waiting),
              Effect.failSync(() => failure(expired(timeout, request())))
            )
          })
      })
