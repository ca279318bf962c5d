import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Equal from "effect/Equal"
import * as Stream from "effect/Stream"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as ArrayChunk from "../../../src/connection/session/ArrayChunk.js"

const arrays = FastCheck.array(FastCheck.integer(), { maxLength: 20 })

describe("a chunk over an array", () => {
  it.prop("is equal to the one that Effect makes", [arrays], ([array]) => {
    const chunk = ArrayChunk.make(array)
    assert.isTrue(Chunk.isChunk(chunk))
    assert.isTrue(Equal.equals(chunk, Chunk.unsafeFromArray([...array])))
    assert.deepStrictEqual(Chunk.toReadonlyArray(chunk), array)
    assert.deepStrictEqual([...chunk], array)
    assert.lengthOf(chunk, array.length)
  })

  it.prop("goes through what Effect does with chunks", [arrays, arrays], ([one, two]) => {
    const chunk = Chunk.appendAll(ArrayChunk.make(one), ArrayChunk.make(two))
    const all = [...one, ...two]
    assert.deepStrictEqual(Chunk.toReadonlyArray(chunk), all)
    assert.deepStrictEqual([...Chunk.drop(chunk, 2)], all.slice(2))
    assert.deepStrictEqual([...Chunk.reverse(ArrayChunk.make(one))], [...one].reverse())
    assert.deepStrictEqual(
      [...Chunk.map(ArrayChunk.make(two), (value) => value + 1)],
      two.map((value) => value + 1)
    )
    if (one.length > 0) assert.strictEqual(Chunk.unsafeGet(ArrayChunk.make(one), one.length - 1), one.at(-1))
  })

  it.effect("keeps its elements when a consumer has kept it beside others", () =>
    Effect.gen(function* () {
      const pieces = [[1, 2, 3], [], [4], [5, 6]]
      const stream = Stream.fromIterable(pieces).pipe(
        Stream.map(ArrayChunk.make),
        Stream.flattenChunks,
        Stream.rechunk(4)
      )
      assert.deepStrictEqual([...(yield* Stream.runCollect(stream))], [1, 2, 3, 4, 5, 6])
    })
  )

  it("is held by an object of a class, as the engine does not count their survivors", () => {
    const { backing } = ArrayChunk.make([1, 2]) as unknown as { backing: object }
    assert.notStrictEqual(Object.getPrototypeOf(backing), Object.prototype)
  })
})
