/** A backup between the socket and the disk. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as fc from "effect/FastCheck"
import { BackupBuffer } from "../../../src/replication/backup/BackupBuffer.js"
import type { BackupEvent } from "../../../src/replication/backup/BackupEvent.js"

const ended: BackupEvent = { _tag: "ArchiveEnded" }
const finished: BackupEvent = { _tag: "BackupFinished", end: 1n, timeline: 1 }

const bytesFrom = (start: number, size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, index) => (start + index) % 251)

const data = (start: number, size: number): BackupEvent => ({
  _tag: "ArchiveData",
  data: bytesFrom(start, size)
})

/** Takes everything up to the end of the backup; the data of pieces that follow each other as one. */
const takeAll = (buffer: BackupBuffer) =>
  Effect.gen(function* () {
    const all: Array<string | Buffer> = []
    for (;;) {
      const event = yield* buffer.take
      if (event._tag !== "ArchiveData" && event._tag !== "ManifestData") all.push(event._tag)
      else {
        const last = all.at(-1)
        if (Buffer.isBuffer(last)) all[all.length - 1] = Buffer.concat([last, event.data])
        else all.push(Buffer.from(event.data))
      }
      if (event._tag === "BackupFinished") return all
    }
  })

describe("the buffer of a backup", () => {
  it.effect("gives data that comes in small pieces as one, and everything else in its place", () =>
    Effect.gen(function* () {
      const buffer = new BackupBuffer(1 << 20)
      for (const event of [data(0, 10), data(10, 20), ended]) assert.isUndefined(buffer.put(event))
      buffer.put({ _tag: "ManifestData", data: bytesFrom(0, 5) })
      buffer.put(finished)
      assert.deepStrictEqual(yield* buffer.take, data(0, 30))
      assert.deepStrictEqual(yield* buffer.take, ended)
      assert.deepStrictEqual(yield* buffer.take, { _tag: "ManifestData", data: bytesFrom(0, 5) })
      assert.deepStrictEqual(yield* buffer.take, finished)
    })
  )

  it.effect("lets the consumer wait until a good deal has come, or something that is no data", () =>
    Effect.gen(function* () {
      const buffer = new BackupBuffer(1 << 21)
      const taking = yield* Effect.fork(buffer.take)
      buffer.put(data(0, 1000))
      yield* Effect.yieldNow()
      assert.isNull(taking.unsafePoll())
      buffer.put(data(1000, 1 << 18))
      assert.deepStrictEqual(yield* Fiber.join(taking), data(0, 1000 + (1 << 18)))
      buffer.put(data(0, 7))
      const next = yield* Effect.fork(buffer.take)
      yield* Effect.yieldNow()
      assert.isNull(next.unsafePoll())
      buffer.put({ _tag: "BackupProgressed", bytes: 1n, estimatedBytes: undefined })
      assert.deepStrictEqual(yield* Fiber.join(next), data(0, 7))
    })
  )

  it.effect("asks for a pause when it is nearly full, until half of it has been written", () =>
    Effect.gen(function* () {
      const buffer = new BackupBuffer(1 << 20)
      const size = 1 << 16
      let pause: Effect.Effect<void> | undefined
      let count = 0
      while (pause === undefined) pause = buffer.put(data(size * count++, size))
      assert.isAtMost(count * size, 1 << 20)
      const paused = yield* Effect.fork(pause)
      yield* buffer.take
      yield* Effect.yieldNow()
      assert.isNull(paused.unsafePoll(), "nothing has been written yet")
      yield* buffer.take
      yield* Fiber.join(paused)
    })
  )

  it.effect("keeps what comes behind the pause, and has the same bytes however they are cut", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 0, max: 150_000 }), { maxLength: 12 }),
          fc.boolean(),
          (sizes, pauses) =>
            Effect.runPromise(
              Effect.gen(function* () {
                const buffer = new BackupBuffer(1)
                const taking = yield* Effect.fork(takeAll(buffer))
                const expected: Array<string | Buffer> = []
                let start = 0
                for (const size of sizes) {
                  const pause = buffer.put(data(start, size))
                  start += size
                  if (pause !== undefined && pauses) yield* pause
                }
                if (start > 0) expected.push(Buffer.from(bytesFrom(0, start)))
                buffer.put(ended)
                buffer.put(finished)
                expected.push("ArchiveEnded", "BackupFinished")
                assert.deepStrictEqual(yield* Fiber.join(taking), expected)
              })
            )
        ),
        { numRuns: 30 }
      )
    )
  )
})
