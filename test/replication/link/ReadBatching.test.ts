import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ReadBatching } from "../../../src/replication/link/ReadBatching.js"

/** A copy that writes down how it is read. `brings`: messages that come in each pause, `weighing` so many bytes. */
const reading = (options: { readonly longest?: number; readonly isEmpty?: boolean } = {}) => {
  const gathering = new ReadBatching(Duration.millis(options.longest ?? 2))
  let done = ""
  const told = { brings: 1000, weighing: 40_000 }
  const pull = gathering.pull({
    isEmpty: () => options.isEmpty ?? true,
    pull: Effect.sync(() => {
      if (done === "") done = "at once"
      return Chunk.empty()
    }),
    rest: (duration) =>
      Effect.sync(() => {
        done = `after ${Duration.toMillis(duration)} ms`
        gathering.came(told.brings, told.weighing)
      })
  })
  /** What happens at the next pull, when so many messages have come since the last. */
  const next = (came = 0) =>
    Effect.gen(function* () {
      gathering.came(came, came)
      done = ""
      yield* Effect.orDie(pull)
      return done
    })
  return { told, next }
}

const atOnce = "at once"
const short = "after 1 ms"
const long = "after 2 ms"

describe("letting messages gather", () => {
  it.effect("gives what comes at once until there have been many, then tries a pause", () =>
    Effect.gen(function* () {
      const { next } = reading()
      for (const came of [1, 1022]) assert.strictEqual(yield* next(came), atOnce)
      for (const came of [1, 0, 0]) assert.strictEqual(yield* next(came), short)
    })
  )

  it.effect("stops at once when a trial brings little, because a caller may wait for each answer", () =>
    Effect.gen(function* () {
      const { next, told } = reading()
      told.brings = 31
      assert.strictEqual(yield* next(1024), short)
      for (const came of [0, 500, 523]) assert.strictEqual(yield* next(came), atOnce)
      assert.strictEqual(yield* next(1), short)
    })
  )

  it.effect("goes on as long as pauses bring enough", () =>
    Effect.gen(function* () {
      const { next, told } = reading()
      told.brings = 32
      yield* next(1024)
      for (let pull = 0; pull < 5; pull++) assert.strictEqual(yield* next(), short)
    })
  )

  it.effect("forgives three meagre pauses among good ones, not four", () =>
    Effect.gen(function* () {
      const { next, told } = reading()
      const expecting = function* (brings: number, ...expected: ReadonlyArray<string>) {
        told.brings = brings
        for (const done of expected) assert.strictEqual(yield* next(), done)
      }
      yield* next(1024)
      yield* expecting(0, short, short, short)
      yield* expecting(1000, short, short)
      yield* expecting(0, short, short, short, short, atOnce)
    })
  )

  it.effect("pauses longer while a pause leaves half of the socket empty, and shorter when it fills it", () =>
    Effect.gen(function* () {
      const { next, told } = reading()
      told.weighing = 30_720
      for (const came of [1024, 0]) assert.strictEqual(yield* next(came), short)
      told.weighing = 30_719
      assert.strictEqual(yield* next(), short)
      told.weighing = 61_439
      for (let pull = 0; pull < 2; pull++) assert.strictEqual(yield* next(), long)
      told.weighing = 61_440
      assert.strictEqual(yield* next(), long)
      assert.strictEqual(yield* next(), short)
    })
  )

  it.effect("tries a short pause again after it has given up long ones", () =>
    Effect.gen(function* () {
      const { next, told } = reading()
      told.weighing = 1
      assert.strictEqual(yield* next(1024), short)
      assert.strictEqual(yield* next(), long)
      told.brings = 0
      for (const done of [long, long, long, long, atOnce]) assert.strictEqual(yield* next(), done)
      assert.strictEqual(yield* next(1024), short)
    })
  )

  it.effect("gives up for long when even a short pause fills the socket with few messages", () =>
    Effect.gen(function* () {
      const { next, told } = reading()
      told.weighing = 61_440
      told.brings = 1024
      for (const came of [1024, 0, 0]) assert.strictEqual(yield* next(came), short)
      told.brings = 1023
      assert.strictEqual(yield* next(), short)
      for (const came of [0, 8191]) assert.strictEqual(yield* next(came), atOnce)
      for (const came of [1, 8191]) assert.strictEqual(yield* next(came), came === 1 ? short : atOnce)
    })
  )

  it.effect("never delays messages that have already arrived", () =>
    Effect.gen(function* () {
      const { next } = reading({ isEmpty: false })
      for (let pull = 0; pull < 3; pull++) assert.strictEqual(yield* next(5000), atOnce)
    })
  )

  it.effect("never pauses when the longest pause is 0, and never longer than that pause", () =>
    Effect.gen(function* () {
      const never = reading({ longest: 0 })
      for (let pull = 0; pull < 3; pull++) assert.strictEqual(yield* never.next(5000), atOnce)
      const brief = reading({ longest: 0.5 })
      brief.told.weighing = 1
      for (let pull = 0; pull < 3; pull++) assert.strictEqual(yield* brief.next(1024), "after 0.5 ms")
    })
  )
})
