/** What happens to a feed that is kept going, as values: for logs, metrics and alarms. */
import type * as Duration from "effect/Duration"
import type { Lsn } from "../../model/Lsn.js"
import type {
  PgChangeRowError,
  PgCommitUnknownError,
  PgOpenError,
  PgSessionError,
  PgSlotError
} from "../../model/PgError.js"
import type { FeedFacts } from "../feed/FeedLink.js"

/** What a feed, or the database that its position is kept in, can fail with. */
export type RunError = PgOpenError | PgSessionError | PgChangeRowError | PgSlotError | PgCommitUnknownError

/** A feed is open, for the first time. */
export interface Opened {
  readonly _tag: "Opened"
  readonly facts: FeedFacts
}

/** A feed is open again. */
export interface Resumed {
  readonly _tag: "Resumed"
  readonly facts: FeedFacts
  /** Where it goes on: what ends before has been handled. */
  readonly position: Lsn
}

/** The feed has ended, or could not be opened, for a reason that may pass. */
export interface Lost {
  readonly _tag: "Lost"
  readonly reason: RunError
  /** Everything that ends before has been handled; `0/0` before anything is known. */
  readonly position: Lsn
}

/** The feed will be opened again. */
export interface Retrying {
  readonly _tag: "Retrying"
  readonly reason: RunError
  /** Counted from 1 since the feed was last well. */
  readonly attempt: number
  /** How long it is waited before. */
  readonly delay: Duration.Duration
}

/** A handler has failed. */
export interface HandlerFailed<E> {
  readonly _tag: "HandlerFailed"
  readonly error: E
  /** Counted from 1 for each call. */
  readonly attempt: number
  /** How long it is waited before it is called again with the same; `undefined` when it is not, and the run ends. */
  readonly delay: Duration.Duration | undefined
}

/** The run is over. The last event. */
export interface Stopped {
  readonly _tag: "Stopped"
  /** `done`: the position to end at is reached. */
  readonly how: "done" | "failed" | "interrupted"
  /** Everything that ends before has been handled. */
  readonly position: Lsn
}

/** What happens to a run, for logs and metrics: given to `onEvent`. */
export type RunEvent<E = never> = Opened | Resumed | Lost | Retrying | HandlerFailed<E> | Stopped
