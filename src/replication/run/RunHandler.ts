/** The forms that a handler of changes can have. */
import type * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { PgConnector } from "../../connection/PgConnector.js"
import type { Lsn } from "../../model/Lsn.js"
import type { ChangeEvent, Keys } from "../feed/ChangeKeys.js"
import * as ChangeKeys from "../feed/ChangeKeys.js"
import type { ServerPlace } from "../feed/FeedPlace.js"
import type { RunFailure } from "./RunFailure.js"
import type { RunError } from "./RunEvent.js"
import type { TransactionEvent } from "../feed/TransactionAssembler.js"

/** Which may be handled at the same time. */
export interface Concurrently<A> {
  /** How many at once. Default 1: one after the other, in the order of commits. */
  readonly concurrency?: number
  /**
   * What an item touches: items that have a key in common are handled one after the other, in their order. `all` waits for
   * everything before, and everything after waits for it. Default: the rows by table and key (`Replication.keysOf`).
   */
  readonly keys?: (item: A) => Keys
}

/** When a batch is handed over: as soon as one of these is reached. */
export interface BatchLimits {
  /** Transactions in a batch. Default 1000. */
  readonly count?: number
  /**
   * Bytes of a batch, as far as the values show them: texts by their length, everything else small by a few. A
   * transaction that is larger is a batch of its own. Default 1 MiB.
   */
  readonly bytes?: number
  /** How long a transaction waits for others. Default one second. */
  readonly within?: Duration.DurationInput
}

/** One call for each transaction. */
export interface EachTransaction<E, R> {
  readonly _tag: "EachTransaction"
  readonly handle: (event: TransactionEvent) => Effect.Effect<unknown, E, R>
  readonly concurrency: number
  readonly keys: (event: TransactionEvent) => Keys
}

/** One call for each change. */
export interface EachChange<E, R> {
  readonly _tag: "EachChange"
  readonly handle: (event: ChangeEvent) => Effect.Effect<unknown, E, R>
  readonly concurrency: number
  readonly keys: (event: ChangeEvent) => Keys
}

/** One call for several transactions. */
export interface EachBatch<E, R> {
  readonly _tag: "EachBatch"
  readonly handle: (events: Chunk.NonEmptyChunk<TransactionEvent>) => Effect.Effect<unknown, E, R>
  readonly limits: BatchLimits
}

/** Keeps the position where the handler's writes go, for as long as one feed is open. */
export interface Keeper<E, R> {
  /** What was kept before: everything that ends there has been handled. `undefined` when nothing was. */
  readonly position: Lsn | undefined
  /** Nothing that ends behind has been handled: what is kept moves on while there is nothing to handle. */
  readonly handled: Lsn | undefined
  /** The server and the timeline that `position` is of; `undefined` when that was not kept. */
  readonly place: ServerPlace | undefined
  /**
   * The feed goes on at `start`: what is kept from now on is of the places that `placeAt` gives. When another place is kept, or a
   * position behind `start`, both are replaced at once and together.
   */
  readonly settle: (
    placeAt: (position: Lsn) => ServerPlace,
    start: Lsn
  ) => Effect.Effect<void, RunFailure<never>>
  /** Keeps a position without any change. */
  readonly keep: (position: Lsn) => Effect.Effect<void, RunFailure<never>>
  /** The handler's writes and the position behind them, both or neither. */
  readonly handle: (
    events: Chunk.NonEmptyChunk<TransactionEvent>,
    position: Lsn
  ) => Effect.Effect<void, RunFailure<E>, R>
}

/** Like a batch, with the position kept together with what the handler writes. */
export interface ExactlyOnceHandler<E, R> {
  readonly _tag: "ExactlyOnce"
  /** `slot`: what the feed is read from. */
  readonly open: (slot: string) => Effect.Effect<Keeper<E, R>, RunError, Scope.Scope | PgConnector>
  readonly limits: BatchLimits
}

/** What `run` does with transactions: made by `eachTransaction`, `eachChange`, `eachBatch` or `exactlyOnce`. */
export type Handler<E, R> =
  EachTransaction<E, R> | EachChange<E, R> | EachBatch<E, R> | ExactlyOnceHandler<E, R>

/**
 * Whole transactions, one after the other, or with `concurrency` those at the same time that touch different rows. Each must
 * fit into `transactionBytes`.
 *
 * A transaction may be handled twice: when the process ends, or the feed is lost, before the server has received the acknowledgement.
 */
export const eachTransaction = <E, R>(
  handle: (event: TransactionEvent) => Effect.Effect<unknown, E, R>,
  options: Concurrently<TransactionEvent> = {}
): EachTransaction<E, R> => ({
  _tag: "EachTransaction",
  handle,
  concurrency: options.concurrency ?? 1,
  keys: options.keys ?? ChangeKeys.ofTransaction
})

/**
 * Single changes, however large their transaction is. The position moves with the end of the transaction: until then all of
 * its changes may come again.
 */
export const eachChange = <E, R>(
  handle: (event: ChangeEvent) => Effect.Effect<unknown, E, R>,
  options: Concurrently<ChangeEvent> = {}
): EachChange<E, R> => ({
  _tag: "EachChange",
  handle,
  concurrency: options.concurrency ?? 1,
  keys: options.keys ?? ChangeKeys.of
})

/** Several transactions at a time, in the order of commits. While a batch is handled the next one is gathered. */
export const eachBatch = <E, R>(
  handle: (events: Chunk.NonEmptyChunk<TransactionEvent>) => Effect.Effect<unknown, E, R>,
  limits: BatchLimits = {}
): EachBatch<E, R> => ({ _tag: "EachBatch", handle, limits })
