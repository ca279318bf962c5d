/** Waiting for the world: ask again until it is so, on the real clock, and report what was seen last when it never is. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { inspect } from "node:util"

const real = Effect.withClock(Clock.make())

/**
 * Repeats `look` every few milliseconds until `test` holds; dies after two minutes with what was seen last. Only the
 * waiting is on the real clock: `look` keeps its own.
 */
export const eventually = <A, E, R>(
  look: Effect.Effect<A, E, R>,
  test: (seen: A) => boolean
): Effect.Effect<A, E, R> => {
  let last: unknown
  const again: Effect.Effect<A, E, R> = Effect.flatMap(look, (seen) => {
    if (test(seen)) return Effect.succeed(seen)
    last = seen
    return Effect.zipRight(Effect.sleep("3 millis").pipe(real), again)
  })
  const giveUp = Effect.sleep("2 minutes").pipe(
    real,
    Effect.zipRight(Effect.dieSync(() => new Error(`never came true; last seen: ${inspect(last)}`)))
  )
  return Effect.raceFirst(again, giveUp)
}
