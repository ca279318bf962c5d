import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as PullStream from "../../../src/connection/session/PullStream.js"

/** Gives one chunk after the other, then fails with the given failure. */
const pulling = (chunks: ReadonlyArray<ReadonlyArray<number>>, end: Option.Option<string>) =>
  Effect.map(Ref.make(0), (at) =>
    Effect.flatMap(
      Ref.getAndUpdate(at, (place) => place + 1),
      (place) => {
        const chunk = chunks[place]
        return chunk === undefined ? Effect.fail(end) : Effect.succeed(Chunk.unsafeFromArray(chunk))
      }
    )
  )

describe("a stream of what is pulled", () => {
  it.effect("gives chunk after chunk until the end", () =>
    Effect.gen(function* () {
      const pull = yield* pulling([[1, 2], [3]], Option.none())
      const chunks = yield* Stream.runCollect(Stream.chunks(PullStream.make(pull)))
      assert.deepStrictEqual(
        [...chunks].map((chunk) => [...chunk]),
        [[1, 2], [3]]
      )
    })
  )

  it.effect("fails with what ended it, behind what came before", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const pull = yield* pulling([[1]], Option.some("cut"))
      const failure = yield* Effect.flip(
        Stream.runForEach(PullStream.make(pull), (value) => Effect.sync(() => seen.push(value)))
      )
      assert.strictEqual(failure, "cut")
      assert.deepStrictEqual(seen, [1])
    })
  )

  it.effect("pulls no more than is taken", () =>
    Effect.gen(function* () {
      const pull = yield* pulling([[1, 2], [3], [4]], Option.none())
      const taken = yield* Stream.runCollect(Stream.take(PullStream.make(pull), 3))
      assert.deepStrictEqual([...taken], [1, 2, 3])
      assert.deepStrictEqual([...(yield* pull)], [4])
    })
  )

  it.effect("interrupts the pull that is under way", () =>
    Effect.gen(function* () {
      const interrupted = yield* Ref.make(false)
      const pull = Effect.onInterrupt(Effect.never, () => Ref.set(interrupted, true))
      const fiber = yield* Effect.fork(Stream.runDrain(PullStream.make(pull)))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* Ref.get(interrupted))
    })
  )
})
