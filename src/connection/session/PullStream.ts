/**
 * A stream of what is pulled. What Effect has for that, such as `Stream.fromPull`, makes a channel for each chunk, with a function
 * that V8 puts among the old objects at once: the chunk lives with it until the next full collection. Here all channels but
 * the one that writes are made once.
 */
import * as Channel from "effect/Channel"
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

type Chunks<A, E> = Channel.Channel<Chunk.Chunk<A>, unknown, E, unknown, void>

/** Chunks, none of them empty, until `pull` fails with none, which is the end. */
export const make = <A, E>(pull: Effect.Effect<Chunk.Chunk<A>, Option.Option<E>>): Stream.Stream<A, E> => {
  const read: Chunks<A, E> = Channel.flatMap(
    Channel.fromEffect(
      Effect.catchAll(pull, (end) =>
        Option.isSome(end) ? Effect.fail(end.value) : Effect.succeed(undefined)
      )
    ),
    (chunk) => (chunk === undefined ? Channel.void : Channel.flatMap(Channel.write(chunk), again))
  )
  const again = (): Chunks<A, E> => read
  return Stream.fromChannel(read)
}
