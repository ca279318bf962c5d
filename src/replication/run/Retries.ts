/** Handlers that are called again by a schedule. */
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import * as Reconnect from "../../connection/Reconnect.js"
import type { OnAttempt } from "../../connection/Reconnect.js"
import type { RunFailure } from "./RunFailure.js"

/**
 * Calls a handler again by the schedule; without one it is called once. What the server fails with is not the handler's, and
 * not tried here.
 */
export const calling =
  <E, R2>(schedule: Schedule.Schedule<unknown, E, R2> | undefined, told: OnAttempt<E>) =>
  <R>(work: Effect.Effect<unknown, RunFailure<E>, R>): Effect.Effect<void, RunFailure<E>, R | R2> =>
    Effect.asVoid(
      // As a rule nothing fails, and then there is no schedule to be driven.
      Effect.catchAll(work, (first): Effect.Effect<unknown, RunFailure<E>, R | R2> => {
        if (first._tag === "ServerFailure") return Effect.fail(first)
        if (schedule === undefined)
          return Effect.zipRight(told(first.error, 1, undefined), Effect.fail(first))
        return Effect.flatMap(Reconnect.make(schedule, told), (retries) => {
          const again = (ending: RunFailure<E>): Effect.Effect<unknown, RunFailure<E>, R> =>
            ending._tag === "ServerFailure"
              ? Effect.fail(ending)
              : Effect.flatMap(retries.next(ending.error), (goOn) =>
                  goOn ? Effect.catchAll(work, again) : Effect.fail(ending)
                )
          return again(first)
        })
      })
    )
