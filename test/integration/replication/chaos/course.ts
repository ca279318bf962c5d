/** What takes the changes of one cycle, whatever befalls it. */
import type * as Effect from "effect/Effect"
import type { PgConnector } from "../../../../src/connection/PgConnector.js"
import type { LogicalOptions } from "../../../../src/replication/feed/LogicalFeed.js"
import { PgServerError, PgSlotError, PgUsageError } from "../../../../src/model/PgError.js"
import * as SqlState from "../../../../src/model/SqlState.js"
import type { EmbeddedServer } from "../../../../src/testing/EmbeddedPostgres.js"
import type { Target } from "../../connection/sessions.js"
import type { Random } from "../../../campaign/campaign.js"
import type { Tally } from "./plan.js"
import type { Row } from "./sink.js"

export interface Setting {
  readonly server: EmbeddedServer
  readonly random: Random
  /** Options of a feed, by how many there were with it. */
  readonly feed: (opening: number) => LogicalOptions
  readonly counts: Tally
  /** Where what is written goes: never to another cluster. */
  readonly sink: Target
}

/** Whether a feed has ended because one of its publications was missing, or was when it should be opened. */
export const isMissing = (failure: unknown): boolean =>
  (failure instanceof PgServerError && failure.code === SqlState.undefinedObject) ||
  (failure instanceof PgUsageError && failure.argument === "publications")

/** Whether a feed has refused another cluster. */
export const isOther = (failure: unknown): boolean =>
  failure instanceof PgSlotError && failure.reason === "diverged" && /another cluster/.test(failure.message)

/** What there is at the end of a cycle. */
export interface Copy {
  readonly rows: (table: string) => ReadonlyMap<string, Row>
  /** A row of the source as `rows` shows it. */
  readonly shown: (row: Row) => Row
  /** Sum and number of what was added to `journal`; `undefined` where repeats count twice. */
  readonly sums: readonly [number, number] | undefined
}

export interface Course {
  /** Follows the source, over and over. Dies of what is no harm. */
  readonly following: Effect.Effect<never, never, PgConnector>
  /** Ends what follows in its midst, as the end of the process would. */
  readonly interrupt: Effect.Effect<void>
  /** Waits for the last row. */
  readonly done: Effect.Effect<void>
  /** Whether it is known by now which cluster is followed. */
  readonly isPlaced: () => boolean
  readonly copy: Effect.Effect<Copy>
}
