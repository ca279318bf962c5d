/**
 * Runs `statement(0)` to `statement(count - 1)` in waves of `fibers` fibers of Effect 3, forked and awaited one by one:
 * its `Effect.forEach` with a concurrency costs more than twice as much per item, which would measure that instead.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

export const inForkedWaves = (count, fibers, statement) =>
  Effect.gen(function* () {
    for (let done = 0; done < count; done += fibers) {
      const wave = []
      for (let i = 0; i < fibers; i++) wave.push(yield* Effect.fork(statement(done + i)))
      for (const fiber of wave) yield* yield* Fiber.await(fiber)
    }
  })
