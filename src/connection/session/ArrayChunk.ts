/**
 * Chunks of a stream, over arrays that are there. `Chunk.unsafeFromArray` keeps its array in an object literal. V8 counts how many objects
 * of a literal survive: once a consumer of the process has kept some chunks for a while, it allocates all later ones as old objects, and
 * what an old object holds survives every collection but the full ones. Then each row of each stream is copied twice and promoted, for
 * as long as the process lives. Objects of a constructor are not counted.
 *
 * What it costs is measured in docs/decisions/streaming-speed.md.
 */
import * as Chunk from "effect/Chunk"

/** What a chunk of several elements holds them by. */
class ArrayBacking {
  readonly _tag = "IArray"

  constructor(public array: ReadonlyArray<unknown>) {}
}

interface Backed {
  backing?: { readonly _tag: string; array?: ReadonlyArray<unknown> }
}

const nothing: ReadonlyArray<never> = []

/**
 * The chunk that `Chunk.unsafeFromArray` makes of an array, which must not change afterwards. Should a later Effect keep its elements in
 * another way, it is just that chunk.
 */
export const make = <A>(array: ReadonlyArray<A>): Chunk.Chunk<A> => {
  const chunk = Chunk.unsafeFromArray(array)
  const inner = chunk as Backed
  const literal = inner.backing
  if (literal?._tag === "IArray" && literal.array === array) {
    inner.backing = new ArrayBacking(array)
    // The literal may be old, and nothing else refers to it.
    literal.array = nothing
  }
  return chunk
}
