import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { EventBuffer } from "../../../src/client/listen/EventBuffer.js"
import type { Overflow } from "../../../src/client/listen/EventBuffer.js"
import type { ListenEvent } from "../../../src/client/listen/Events.js"
import { StreamBatching } from "../../../src/connection/session/StreamBatching.js"
import { PgClosedError } from "../../../src/model/PgError.js"

const note = (payload: string) => ({ processId: 7, channel: "a", payload })
const lost = new PgClosedError({ reason: "lost", sent: false, server: undefined, sql: "" })
const gap: ListenEvent<string> = {
  _tag: "Gap",
  reason: { _tag: "SessionLost", error: lost, attempts: 1 }
}

const setup = (capacity = 4, overflow: Overflow = "dropOldest") => {
  const batching = new StreamBatching(Effect.runFork)
  return { buffer: new EventBuffer(capacity, overflow, "a", batching), batching }
}

/** Enough for a fiber to do all it can. */
const turns = Effect.repeatN(Effect.yieldNow(), 20)

/** An element in a word. */
const word = (event: ListenEvent<string>): string =>
  event._tag === "Received"
    ? event.payload
    : event.reason._tag === "Overflow"
      ? `dropped ${event.reason.dropped}`
      : "gap"

const words = (buffer: EventBuffer) =>
  Effect.map(Stream.runCollect(buffer.stream), (events) => Chunk.toReadonlyArray(events).map(word))

describe("a buffer of notifications", () => {
  it.effect("emits what was buffered, in order, before it ends", () =>
    Effect.gen(function* () {
      const { buffer } = setup()
      for (const payload of ["1", "2"]) buffer.notification(note(payload))
      buffer.offer(gap)
      buffer.notification(note("3"))
      buffer.end(Exit.void)
      buffer.notification(note("too late"))
      assert.deepStrictEqual(yield* words(buffer), ["1", "2", "gap", "3"])
    })
  )

  it.effect("wakes a consumer that waits, and one whose wait was interrupted takes nothing along", () =>
    Effect.gen(function* () {
      const { buffer, batching } = setup()
      const impatient = yield* Effect.fork(words(buffer))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(impatient)
      const waiting = yield* Effect.fork(words(buffer))
      yield* Effect.yieldNow()
      buffer.notification(note("1"))
      batching.flush()
      yield* Effect.yieldNow()
      buffer.end(Exit.void)
      assert.deepStrictEqual(yield* Fiber.join(waiting), ["1"])
    })
  )

  it.effect("gives a waiting consumer all that has come together as one piece", () =>
    Effect.gen(function* () {
      const { buffer, batching } = setup(4096)
      const pieces: Array<ReadonlyArray<string>> = []
      const consumer = Stream.runForEachChunk(buffer.stream, (chunk) =>
        Effect.sync(() => pieces.push(Chunk.toReadonlyArray(chunk).map(word)))
      )
      const fiber = yield* Effect.fork(consumer)
      yield* turns
      for (const payload of ["1", "2", "3"]) buffer.notification(note(payload))
      yield* turns
      assert.deepStrictEqual(pieces, [], "nothing has been flushed")
      batching.flush()
      buffer.notification(note("4"))
      yield* turns
      assert.deepStrictEqual(pieces, [["1", "2", "3", "4"]])
      buffer.end(Exit.void)
      yield* Fiber.join(fiber)
    })
  )

  it.effect("that fills up wakes its consumer by itself, so that nothing is dropped", () =>
    Effect.gen(function* () {
      const { buffer } = setup(8)
      const fiber = yield* Effect.fork(words(buffer))
      yield* turns
      for (let i = 1; i <= 100; i++) {
        buffer.notification(note(String(i)))
        if (i % 4 === 0) yield* turns
      }
      buffer.end(Exit.void)
      assert.deepStrictEqual(
        yield* Fiber.join(fiber),
        Array.from({ length: 100 }, (_, i) => String(i + 1))
      )
    })
  )

  for (const capacity of [1, 2, 3])
    it.effect(
      `of ${capacity} drops the oldest notifications and reports how many, and never drops a gap`,
      () =>
        Effect.gen(function* () {
          const { buffer } = setup(capacity)
          buffer.offer(gap)
          for (let i = 1; i <= 10; i++) buffer.notification(note(String(i)))
          buffer.end(Exit.void)
          const kept = [8, 9, 10].slice(3 - capacity).map(String)
          assert.deepStrictEqual(yield* words(buffer), ["gap", `dropped ${10 - capacity}`, ...kept])
        })
    )

  it.effect("that may drop nothing ends after what is buffered", () =>
    Effect.gen(function* () {
      const { buffer } = setup(2, "fail")
      for (const payload of ["1", "2", "3"]) buffer.notification(note(payload))
      const seen: Array<string> = []
      const error = yield* Effect.flip(
        Stream.runForEach(buffer.stream, (event) => Effect.sync(() => seen.push(word(event))))
      )
      assert.deepStrictEqual(seen, ["1", "2"])
      assert.deepInclude(error, { _tag: "PgLimitError", limit: "capacity", max: 2, nothingSent: true })
      assert.include(error.message, `notifications of channel "a" arrived faster than they were consumed`)
    })
  )
})
