/** Attempts by a schedule, each wait of which is reported before it begins: for what is opened again when it is lost. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"

/** Called at every failure, with the wait before the next attempt; `undefined` when the schedule has ended. */
export type OnAttempt<E> = (
  error: E,
  attempt: number,
  delay: Duration.Duration | undefined
) => Effect.Effect<void>

export interface Reconnect<E> {
  /** Waits until the next attempt is due and gives true; false, without waiting, when the schedule has ended. */
  readonly next: (error: E) => Effect.Effect<boolean>
  /** The schedule begins anew. */
  readonly reset: Effect.Effect<void>
}

/** Attempts by the schedule, counted from 1 since the last `reset`. */
export const make = <E, R>(
  schedule: Schedule.Schedule<unknown, E, R>,
  onAttempt: OnAttempt<E>
): Effect.Effect<Reconnect<E>, never, R> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    let failure: Option.Option<E> = Option.none()
    let attempt = 0
    const report = (delay: Duration.Duration | undefined): Effect.Effect<void> =>
      Option.match(failure, {
        onNone: () => Effect.void,
        onSome: (error) => onAttempt(error, attempt, delay)
      })
    const driver = yield* Schedule.driver(
      Schedule.modifyDelayEffect(schedule, (_, delay) => Effect.as(report(delay), delay))
    )
    return {
      next: (error) =>
        Effect.suspend(() => {
          failure = Option.some(error)
          attempt += 1
          return Effect.matchEffect(Effect.provide(driver.next(error), context), {
            onFailure: () => Effect.as(report(undefined), false),
            onSuccess: () => Effect.succeed(true)
          })
        }),
      reset: Effect.suspend(() => {
        attempt = 0
        return driver.reset
      })
    }
  })
