/** A fiber's setting while an effect runs. */
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"

/**
 * Runs the effect with another value of the setting. The region must be uninterruptible, and `restore` gives the effect its own again:
 * then the value is put back whatever happens, for less than `Effect.locally` costs.
 */
export const within = <V, A, E, R>(
  setting: FiberRef.FiberRef<V>,
  value: (outer: V) => V,
  effect: Effect.Effect<A, E, R>,
  restore: <B, F, S>(effect: Effect.Effect<B, F, S>) => Effect.Effect<B, F, S>
): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime((fiber) => {
    const outer = fiber.getFiberRef(setting)
    const left = FiberRef.set(setting, outer)
    return Effect.zipRight(
      FiberRef.set(setting, value(outer)),
      Effect.matchCauseEffect(restore(effect), {
        onFailure: (cause) => Effect.zipRight(left, Effect.failCause(cause)),
        onSuccess: (result) => Effect.as(left, result)
      })
    )
  })
