/**
 * `waves.mjs` for Effect 3: `fibers` fibers, each of which asks for its next answer when it has the last. They are forked
 * once, so that forking is not what is measured.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

export const inForkedWaves = (count, fibers, statement) =>
  Effect.gen(function* () {
    const workers = []
    for (let first = 0; first < fibers; first++) {
      workers.push(
        yield* Effect.fork(
          Effect.gen(function* () {
            for (let i = first; i < count; i += fibers) yield* statement(i)
          })
        )
      )
    }
    for (const worker of workers) yield* Fiber.join(worker)
  })
