/** Trying again by a schedule, telling of each wait before it begins. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { Ending } from "./Ending.js"

/** Hears of every failure, and how long it is waited before the next attempt; `undefined` when there is none. */
export type Told<E> = (error: E, attempt: number, delay: Duration.Duration | undefined) => Effect.Effect<void>

export interface Retries<E> {
  /** Waits until the next attempt is due and gives true; false, without waiting, when there is none. */
  readonly next: (error: E) => Effect.Effect<boolean>
  /** The schedule begins anew. */
  readonly reset: Effect.Effect<void>
}

/** Attempts by the schedule, counted from 1. */
export const make = <E, R>(
  schedule: Schedule.Schedule<unknown, E, R>,
  told: Told<E>
): Effect.Effect<Retries<E>, never, R> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    let failure: Option.Option<E> = Option.none()
    let attempt = 0
    const tell = (delay: Duration.Duration | undefined): Effect.Effect<void> =>
      Option.match(failure, { onNone: () => Effect.void, onSome: (error) => told(error, attempt, delay) })
    const driver = yield* Schedule.driver(
      Schedule.modifyDelayEffect(schedule, (_, delay) => Effect.as(tell(delay), delay))
    )
    return {
      next: (error) =>
        Effect.suspend(() => {
          failure = Option.some(error)
          attempt += 1
          return Effect.matchEffect(Effect.provide(driver.next(error), context), {
            onFailure: () => Effect.as(tell(undefined), false),
            onSuccess: () => Effect.succeed(true)
          })
        }),
      reset: Effect.suspend(() => {
        attempt = 0
        return driver.reset
      })
    }
  })

/**
 * Calls a handler again by the schedule; without one it is called once. What the server fails with is not the handler's, and
 * not tried here.
 */
export const calling =
  <E, R2>(schedule: Schedule.Schedule<unknown, E, R2> | undefined, told: Told<E>) =>
  <R>(work: Effect.Effect<unknown, Ending<E>, R>): Effect.Effect<void, Ending<E>, R | R2> =>
    Effect.asVoid(
      // As a rule nothing fails, and then there is no schedule to be driven.
      Effect.catchAll(work, (first): Effect.Effect<unknown, Ending<E>, R | R2> => {
        if (first._tag === "ByServer") return Effect.fail(first)
        if (schedule === undefined)
          return Effect.zipRight(told(first.error, 1, undefined), Effect.fail(first))
        return Effect.flatMap(make(schedule, told), (retries) => {
          const again = (ending: Ending<E>): Effect.Effect<unknown, Ending<E>, R> =>
            ending._tag === "ByServer"
              ? Effect.fail(ending)
              : Effect.flatMap(retries.next(ending.error), (goOn) =>
                  goOn ? Effect.catchAll(work, again) : Effect.fail(ending)
                )
          return again(first)
        })
      })
    )
