import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as TestClock from "effect/TestClock"
import { crowd, pause, StreamBatching } from "../../../src/connection/session/StreamBatching.js"
import * as EventLoop from "../../../src/host/EventLoop.js"

const setup = (runtime: Runtime.Runtime<never>) => {
  const batching = new StreamBatching(Runtime.runFork(runtime))
  const woken: Array<string> = []
  const add = (...names: ReadonlyArray<string>): void => {
    for (const name of names) {
      const wake = (): void => void woken.push(name)
      batching.add({ wake })
    }
    batching.flush()
  }
  return { add, woken }
}

describe("waking consumers", () => {
  it.effect("wakes the first of a burst at once, and those that follow after a turn of the event loop", () =>
    Effect.gen(function* () {
      const { add, woken } = setup(yield* Effect.runtime<never>())
      add("a", "b")
      assert.deepStrictEqual(woken, ["a", "b"])
      add("c")
      add("d")
      assert.deepStrictEqual(woken, ["a", "b"])
      yield* EventLoop.turn
      assert.deepStrictEqual(woken, ["a", "b", "c", "d"])
      add("e")
      assert.deepStrictEqual(woken, ["a", "b", "c", "d"], "the burst goes on")
      yield* EventLoop.turn
      assert.deepStrictEqual(woken, ["a", "b", "c", "d", "e"])
    })
  )

  it.effect("wakes at once again when a turn has brought nothing", () =>
    Effect.gen(function* () {
      const { add, woken } = setup(yield* Effect.runtime<never>())
      add("a")
      yield* EventLoop.turn
      add("b")
      assert.deepStrictEqual(woken, ["a", "b"])
    })
  )

  it.effect("has a crowd wait while more arrives, and no longer", () =>
    Effect.gen(function* () {
      const { add, woken } = setup(yield* Effect.runtime<never>())
      const names = (count: number) => Array.from({ length: count }, (_, at) => String(at))
      add("first")
      add(...names(crowd - 1))
      yield* EventLoop.turn
      assert.lengthOf(woken, crowd, "these are no crowd")
      add(...names(500))
      yield* EventLoop.turn
      assert.lengthOf(woken, crowd)
      for (let arrivals = 1; arrivals <= 2; arrivals++) {
        add("more")
        yield* TestClock.adjust(pause)
        assert.lengthOf(woken, crowd)
      }
      yield* TestClock.adjust(pause)
      assert.lengthOf(woken, crowd + 502, "nothing has arrived in the last pause")
    })
  )

  it.effect("lets no crowd wait longer than it is large, whatever arrives", () =>
    Effect.gen(function* () {
      const { add, woken } = setup(yield* Effect.runtime<never>())
      add("first")
      add(...Array.from({ length: 190 }, (_, at) => String(at)))
      yield* EventLoop.turn
      add("more")
      yield* TestClock.adjust(pause)
      assert.lengthOf(woken, 1)
      add("more")
      yield* TestClock.adjust(pause)
      assert.lengthOf(woken, 193)
    })
  )
})
