/**
 * What has to be brought to an end in good order although the fiber that does it has been interrupted: a cancel and
 * its answer, a ROLLBACK, the closing of a portal.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Option from "effect/Option"

/**
 * Runs the effect to its end, for at most `limit`; then it is interrupted, and returns `None`. It runs apart from the
 * fiber: a second interruption of that, which would be passed on to its children, does not reach it.
 */
export const within = <A, E>(
  effect: Effect.Effect<A, E>,
  limit: Duration.Duration
): Effect.Effect<Option.Option<A>, E> =>
  Effect.uninterruptible(
    Effect.flatMap(Effect.forkDaemon(Effect.timeoutOption(Effect.interruptible(effect), limit)), Fiber.join)
  )

/**
 * Waits for the effect, and when interrupted still waits, for at most `limit`; then the effect is interrupted too. For
 * statements whose cancelling would do more harm than their end.
 */
export const withGrace = <A, E>(
  effect: Effect.Effect<A, E>,
  limit: Duration.Duration,
  restore: <B, F>(effect: Effect.Effect<B, F>) => Effect.Effect<B, F>
): Effect.Effect<A, E> =>
  Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), (fiber) =>
    Effect.onInterrupt(restore(Fiber.join(fiber)), () =>
      Effect.zipRight(within(Fiber.await(fiber), limit), Fiber.interrupt(fiber))
    )
  )
