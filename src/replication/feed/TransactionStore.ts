/**
 * Where the chunks of streamed transactions wait until they commit. What is kept is opaque to the store: blocks of
 * payloads, in the order of their arrival, by the id of the transaction.
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"

/** An implementation states its bound in bytes, and fails beyond it. */
export interface TransactionStore<E = never> {
  /** Keeps a block behind the others of the transaction. The bytes belong to the store from then on. */
  readonly append: (xid: number, block: Uint8Array) => Effect.Effect<void, E>
  /** The blocks of the transaction in the order they were kept in; empty when it has no blocks. */
  readonly read: (xid: number) => Stream.Stream<Uint8Array, E>
  /** Forgets the transaction. An unknown transaction is ignored. */
  readonly drop: (xid: number) => Effect.Effect<void, E>
  /** Forgets everything: what a connection left is void for the next one, which is sent it again. */
  readonly clear: Effect.Effect<void, E>
}
