import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import { Simulation } from "../../src/Testing.js"

/** Two fibers that read and write, with a few steps between: one of the two additions can be lost. */
const race = Effect.gen(function* () {
  let total = 0
  const add = Effect.gen(function* () {
    const before = total
    yield* Effect.repeatN(Effect.void, 5)
    total = before + 1
  })
  yield* Effect.all([add, add], { concurrency: "unbounded" })
  if (total !== 2) return yield* Effect.fail("an addition was lost")
})

/** The order in which five fibers pass three points. */
const order = Effect.gen(function* () {
  const passed: Array<string> = []
  const pass = (name: string) =>
    Effect.forEach([1, 2, 3], (point) =>
      Effect.zipRight(
        Effect.yieldNow(),
        Effect.sync(() => passed.push(`${name}${point}`))
      )
    )
  yield* Effect.forEach(["a", "b", "c", "d", "e"], pass, { concurrency: "unbounded" })
  return passed.join(" ")
})

describe("a simulation", () => {
  it.live("finds a lost update, and finds it again by its seed", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(Simulation.explore(race, { runs: 500 }))
      assert.match(failure.message, /fails with seed \d+: .*an addition was lost/)
      const again = yield* Effect.exit(Simulation.simulate(race, { seed: failure.seed }))
      assert.deepStrictEqual(again, Exit.fail("an addition was lost"))
    })
  )

  it.live("takes the same course for the same seed, and others for others", () =>
    Effect.gen(function* () {
      const seeds = Array.from({ length: 20 }, (_, seed) => seed)
      const run = Effect.forEach(seeds, (seed) => Simulation.simulate(order, { seed }))
      const first = yield* run
      assert.deepStrictEqual(yield* run, first)
      assert.isAbove(new Set(first).size, 15)
    })
  )

  it.live("gives the same random numbers for the same seed", () =>
    Effect.gen(function* () {
      const draw = Simulation.simulate(Random.nextInt, { seed: 7 })
      assert.strictEqual(yield* draw, yield* draw)
    })
  )

  it.live("lets no time pass while a fiber can go on, and leaps to the next timer when none can", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const start = yield* Clock.currentTimeMillis
        yield* Effect.repeatN(Effect.yieldNow(), 1000)
        const busy = yield* Clock.currentTimeMillis
        const sleeper = yield* Effect.fork(Effect.as(Effect.sleep("2 days"), "late"))
        yield* Effect.sleep("1 day")
        const early = yield* Fiber.poll(sleeper)
        return [
          busy - start,
          early._tag,
          yield* Fiber.join(sleeper),
          (yield* Clock.currentTimeMillis) - start
        ]
      })
      assert.deepStrictEqual(yield* Simulation.simulate(program, { seed: 1 }), [
        0,
        "None",
        "late",
        172_800_000
      ])
    })
  )

  it.live("passes time without running a fiber when it is frozen", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const times: Array<number> = []
        const ticking = Effect.forever(
          Effect.flatMap(Effect.sleep("1 second"), () =>
            Effect.map(Clock.currentTimeMillis, (now) => times.push(now))
          )
        )
        yield* Effect.fork(ticking)
        yield* Effect.sleep("2500 millis")
        yield* Simulation.freeze(60_000)
        yield* Effect.sleep("1500 millis")
        return times
      })
      assert.deepStrictEqual(
        (yield* Simulation.simulate(program, { seed: 3 })).slice(0, 4),
        [1000, 2000, 62_500, 63_500]
      )
    })
  )

  it.live("fails when every fiber waits, and when the program goes round in circles", () =>
    Effect.gen(function* () {
      const waiting = Effect.flatMap(Deferred.make<void>(), Deferred.await)
      const deadlock = yield* Effect.flip(Simulation.simulate(waiting, { seed: 5 }))
      assert.deepInclude(deadlock, { _tag: "SimulationStuck", reason: "deadlock", seed: 5 })
      const circles = Effect.forever(Effect.yieldNow())
      const steps = yield* Effect.flip(Simulation.simulate(circles, { seed: 6, maxSteps: 1000 }))
      assert.deepInclude(steps, { _tag: "SimulationStuck", reason: "steps", seed: 6 })
    })
  )

  it.live("interrupts the program when it is interrupted", () =>
    Effect.gen(function* () {
      let state = "not begun"
      const program = Effect.onInterrupt(
        Effect.zipRight(
          Effect.sync(() => {
            state = "running"
          }),
          Effect.forever(Effect.yieldNow())
        ),
        () =>
          Effect.sync(() => {
            state = "interrupted"
          })
      )
      const fiber = yield* Effect.fork(Simulation.simulate(program, { seed: 1, maxSteps: 1e9 }))
      while (state === "not begun") yield* Effect.promise(() => Promise.resolve())
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(state, "interrupted")
    })
  )
})
