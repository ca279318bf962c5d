import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Watchers } from "../../../src/connection/session/Watchers.js"

describe("fibers that wait for a condition", () => {
  it.effect("go on at the change after which it holds, each for its own", () =>
    Effect.gen(function* () {
      const watchers = new Watchers()
      let state = 0
      const first = Effect.runFork(watchers.when(() => state >= 1))
      const second = Effect.runFork(watchers.when(() => state >= 2))
      watchers.changed()
      state = 1
      watchers.changed()
      yield* Fiber.join(first)
      assert.isNull(second.unsafePoll())
      state = 2
      watchers.changed()
      yield* Fiber.join(second)
    })
  )

  it.effect("do not wait when it holds already", () => new Watchers().when(() => true))

  it.effect("are forgotten when they are interrupted", () =>
    Effect.gen(function* () {
      const watchers = new Watchers()
      let looks = 0
      const waiting = Effect.runFork(watchers.when(() => ++looks > 9))
      yield* Fiber.interrupt(waiting)
      watchers.changed()
      assert.strictEqual(looks, 1)
    })
  )
})
