import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as LargeObject from "../../../src/connection/largeobject/LargeObject.js"
import * as Statement from "../../../src/model/Statement.js"
import { familiar } from "../../../src/types/Registry.js"
import { describeEachVersion } from "../support/server.js"
import { open } from "./sessions.js"

const bytes = (length: number, seed = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 7 + seed) % 251)

const joined = (pieces: Chunk.Chunk<Uint8Array>): Uint8Array =>
  Uint8Array.from(Chunk.toReadonlyArray(pieces).flatMap((each) => [...each]))

/** Cuts bytes into elements of these sizes, over and over. */
const cut = (all: Uint8Array, sizes: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const parts: Array<Uint8Array> = []
  for (let at = 0, index = 0; at < all.length; index++) {
    const size = sizes[index % sizes.length]!
    parts.push(all.subarray(at, at + size))
    at += size
  }
  return parts
}

/** A connection, and an object that is gone with the transaction around the test. */
const inTransaction = <A, E>(
  use: (connection: Effect.Effect.Success<ReturnType<typeof open>>, oid: number) => Effect.Effect<A, E>,
  target: Parameters<typeof open>[0] = {}
) =>
  Effect.gen(function* () {
    const connection = yield* open(target)
    const undone = yield* Effect.flip(
      connection.withTransaction(
        Effect.gen(function* () {
          const oid = yield* LargeObject.create(connection)
          return yield* Effect.zipRight(use(connection, oid), Effect.fail("undone" as const))
        })
      )
    )
    assert.strictEqual(undone, "undone")
  })

describeEachVersion("a large object", (server) => {
  it.scopedLive("is written and read in pieces of any size, from any place", () =>
    inTransaction(
      (connection, oid) =>
        Effect.gen(function* () {
          const all = bytes(10_000)
          for (const [sizes, pieceBytes] of [
            [[1], 7],
            [[3, 0, 5000], 64],

            [[2048], 2048],
            [[9999, 1], 10_000]
          ] as const) {
            yield* LargeObject.truncate(connection, oid, 0)
            const source = Stream.fromIterable(cut(all, sizes))
            const written = yield* Stream.run(source, LargeObject.sink(connection, oid, { pieceBytes }))
            assert.strictEqual(written, 10_000n)
            const back = yield* Stream.runCollect(
              LargeObject.stream(connection, oid, { pieceBytes: pieceBytes * 3 })
            )
            assert.deepStrictEqual(joined(back), all)
          }
          const part = yield* Stream.runCollect(
            LargeObject.stream(connection, oid, { offset: 2000, length: 4100n, pieceBytes: 1000 })
          )
          assert.deepStrictEqual(joined(part), all.subarray(2000, 6100))
          assert.deepStrictEqual(
            Chunk.toReadonlyArray(part).map(({ length }) => length),
            [1000, 1000, 1000, 1000, 100]
          )
        }),
      { target: server() }
    )
  )

  it.scopedLive("has a size of more than 32 bits, zeros where nothing was written, and can be cut", () =>
    inTransaction(
      (connection, oid) =>
        Effect.gen(function* () {
          const far = 5n * 1024n ** 3n
          yield* Stream.run(Stream.make(bytes(3)), LargeObject.sink(connection, oid, { offset: far }))
          assert.strictEqual(yield* LargeObject.size(connection, oid), far + 3n)
          const around = yield* Stream.runCollect(LargeObject.stream(connection, oid, { offset: far - 2n }))
          assert.deepStrictEqual([...joined(around)], [0, 0, 0, 7, 14])
          yield* LargeObject.truncate(connection, oid, 10)
          assert.strictEqual(yield* LargeObject.size(connection, oid), 10n)
          assert.deepStrictEqual(
            [...joined(yield* Stream.runCollect(LargeObject.stream(connection, oid)))],
            Array(10).fill(0)
          )
        }),
      { target: server() }
    )
  )
})

describe("a large object", () => {
  it.scopedLive("is read piece by piece, as the consumer wants it", () =>
    inTransaction((connection, oid) =>
      Effect.gen(function* () {
        yield* Stream.run(Stream.make(bytes(1000)), LargeObject.sink(connection, oid))
        const before = (yield* connection.status).inFlight
        const first = yield* Stream.runHead(LargeObject.stream(connection, oid, { pieceBytes: 10 }))
        assert.deepStrictEqual(Option.getOrThrow(first), bytes(10))
        assert.strictEqual((yield* connection.status).inFlight, before)
        // Leaving early left nothing behind: the transaction goes on.
        assert.strictEqual(yield* LargeObject.size(connection, oid), 1000n)
        const closed = yield* Effect.flip(connection.query(Statement.make("select lo_tell(0)")))
        assert.include(closed.message, "42704", "a descriptor is left open")
      })
    )
  )

  it.scopedLive("that is not there is the server's error, and one that is removed is not there", () =>
    Effect.gen(function* () {
      const connection = yield* open()
      const oid = yield* LargeObject.create(connection)
      const again = yield* Effect.flip(LargeObject.create(connection, oid))
      yield* LargeObject.remove(connection, oid)
      const failures = yield* Effect.all(
        [
          LargeObject.remove(connection, oid),
          Effect.asVoid(LargeObject.size(connection, oid)),
          LargeObject.truncate(connection, oid, 1),
          Stream.runDrain(LargeObject.stream(connection, oid)),
          Effect.asVoid(Stream.run(Stream.make(bytes(1)), LargeObject.sink(connection, oid)))
        ].map((each) => Effect.flip(each))
      )
      assert.deepStrictEqual(
        [again, ...failures].map((error) => error._tag === "PgServerError" && error.code),
        ["23505", "42704", "42704", "42704", "42704", "42704"]
      )
    })
  )

  it.scopedLive("gives the same values in the familiar preset", () =>
    Effect.gen(function* () {
      const connection = yield* open({ types: familiar })
      const oid = yield* LargeObject.create(connection)
      assert.strictEqual(typeof oid, "number")
      yield* Stream.run(Stream.make(bytes(5)), LargeObject.sink(connection, oid))
      assert.strictEqual(yield* LargeObject.size(connection, oid), 5n)
      assert.deepStrictEqual(
        [...joined(yield* Stream.runCollect(LargeObject.stream(connection, oid)))],
        [...bytes(5)]
      )
      yield* LargeObject.remove(connection, oid)
    })
  )

  it.scopedLive("does not keep the memory of its source's elements", () =>
    inTransaction((connection, oid) =>
      Effect.gen(function* () {
        const reused = new Uint8Array(4)
        const source = Stream.map(Stream.rechunk(Stream.range(1, 100), 1), (each) => reused.fill(each))
        yield* Stream.run(source, LargeObject.sink(connection, oid))
        const back = joined(yield* Stream.runCollect(LargeObject.stream(connection, oid)))
        assert.deepStrictEqual(
          [...back],
          Array.from({ length: 400 }, (_, index) => Math.floor(index / 4) + 1)
        )
      })
    )
  )

  it.scopedLive("refuses what cannot be, before anything is sent", () =>
    Effect.gen(function* () {
      const connection = yield* open()
      const write = (options: LargeObject.PieceOptions) =>
        Effect.asVoid(Stream.run(Stream.make(bytes(1)), LargeObject.sink(connection, 1, options)))
      const read = (options: LargeObject.ReadOptions) =>
        Stream.runDrain(LargeObject.stream(connection, 1, options))
      const refused = yield* Effect.all(
        [
          read({ offset: -1 }),
          read({ length: 1.5 }),
          read({ pieceBytes: 0 }),
          write({ offset: LargeObject.maxBytes + 1n }),
          write({ pieceBytes: 2 ** 30 }),
          write({ offset: LargeObject.maxBytes }),
          LargeObject.truncate(connection, 1, -1n),
          Effect.asVoid(Stream.run(Stream.make("text" as never), LargeObject.sink(connection, 1)))
        ].map((each) => Effect.flip(each))
      )
      assert.deepStrictEqual(
        refused.map((error) => error._tag),
        refused.map(() => "PgUsageError")
      )
      assert.include(
        refused[0]?.message,
        "LargeObject.stream: offset must be a whole number of bytes from 0 to"
      )
      assert.include(refused[5]?.message, "a large object has at most 4398046511104 bytes")
    })
  )
})
