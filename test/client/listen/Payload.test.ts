import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { EventBuffer } from "../../../src/client/listen/EventBuffer.js"
import type { Gap, Malformed, Received } from "../../../src/client/listen/Events.js"
import * as Payload from "../../../src/client/listen/Payload.js"
import { StreamBatching } from "../../../src/connection/session/StreamBatching.js"

const word = (event: Received<unknown> | Gap | Malformed): string =>
  event._tag === "Received"
    ? `${typeof event.payload} ${String(event.payload)}`
    : event._tag === "Malformed"
      ? `malformed ${event.payload}`
      : "gap"

/** The pieces that a consumer is given of what is buffered, as they come. */
const piecesOf = <A>(schema: Schema.Schema<A, string>, payloads: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const buffer = new EventBuffer(100, "dropOldest", "a", new StreamBatching(Effect.runFork))
    for (const payload of payloads) buffer.notification({ processId: 7, channel: "a", payload })
    buffer.offer({ _tag: "Gap", reason: { _tag: "Overflow", dropped: 1 } })
    buffer.end(Exit.void)
    const pieces: Array<ReadonlyArray<string>> = []
    const fiber = yield* Effect.fork(
      Stream.runForEachChunk(Payload.through(buffer.pull, schema), (chunk) =>
        Effect.sync(() => pieces.push(Chunk.toReadonlyArray(chunk).map(word)))
      )
    )
    return { fiber, pieces }
  })

describe("payloads through a Schema", () => {
  it.effect("are one piece where they were one piece", () =>
    Effect.gen(function* () {
      const { fiber, pieces } = yield* piecesOf(Schema.NumberFromString, ["1", "x", "3"])
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(pieces, [["number 1", "malformed x", "number 3", "gap"]])
    })
  )

  it.effect("that have to be waited for do not hold up those before them", () =>
    Effect.gen(function* () {
      const latch = yield* Deferred.make<void>()
      const slow = Schema.transformOrFail(Schema.String, Schema.Number, {
        strict: true,
        decode: (text) =>
          text === "2" ? Effect.as(Deferred.await(latch), Number(text)) : ParseResult.succeed(Number(text)),
        encode: (number) => ParseResult.succeed(String(number))
      })
      const { fiber, pieces } = yield* piecesOf(slow, ["1", "2", "3"])
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      assert.deepStrictEqual(pieces.flat(), ["number 1"])
      yield* Deferred.succeed(latch, undefined)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(pieces.flat(), ["number 1", "number 2", "number 3", "gap"])
    })
  )

  it.effect("that a Schema throws at end the stream behind those before them", () =>
    Effect.gen(function* () {
      const broken = Schema.transform(Schema.String, Schema.Number, {
        strict: true,
        decode: (text) => {
          if (text === "3") throw new Error("a fault of the Schema's")
          return Number(text)
        },
        encode: String
      })
      const { fiber, pieces } = yield* piecesOf(broken, ["1", "2", "3"])
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(pieces.flat(), ["number 1", "number 2"])
    })
  )
})
