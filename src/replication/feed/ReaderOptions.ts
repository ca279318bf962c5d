/** What a reader of a feed is made of, and what it gives. */
import type * as Chunk from "effect/Chunk"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { PgChangeRowError } from "../../model/ChangeRowError.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgOpenError, PgSessionError } from "../../model/PgError.js"
import type { Registry } from "../../types/Registry.js"
import type { TransactionInfo } from "../changes/LogicalEvent.js"
import type { Partitions } from "../changes/Relations.js"
import type { Resolved } from "../slots/PgOutputOptions.js"
import type { Signal } from "../link/Signal.js"
import type { FeedError, FeedLink } from "./FeedLink.js"
import type { Learn } from "./FeedTypes.js"
import type { ReadDefinitions } from "./TypeDefinitions.js"
import type { TransactionStore } from "./TransactionStore.js"

/** What ends a reader besides the end of the stream; with a way to open sessions, for looking types up. */
export type ReadError = PgSessionError | PgChangeRowError | PgOpenError | FeedError

/** The next events; as a failure, none at the end of the stream. */
export type PullEvents<A> = Effect.Effect<Chunk.Chunk<A>, Option.Option<ReadError>>

export interface ReaderOptions {
  readonly link: FeedLink<Resolved>
  readonly registry: Registry
  readonly store: TransactionStore<ReadError>
  readonly learn: Learn
  /** Whether types are looked up; otherwise those are used that are given. */
  readonly findsTypes: boolean
  readonly readDefinitions: ReadDefinitions
  readonly partitions: Partitions
  /** Learns of a table whether it is partitioned, or a partition. */
  readonly learnTree: (table: number) => Effect.Effect<void, ReadError>
  /** Has the catalogue read as it is behind this transaction; `undefined`: behind all that has come. */
  readonly requireCatalogue: (transaction: TransactionInfo | undefined) => void
  /** Rung when transactions have been acknowledged. */
  readonly room: Signal
  /** Where to end: behind the transaction that reaches this position. */
  readonly until: Lsn | undefined
}
