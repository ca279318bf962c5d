/** What takes the changes of one cycle, whatever befalls it. */
import type * as Effect from "effect/Effect"
import type { PgConnector } from "../../../../src/connection/PgConnector.js"
import type { LogicalOptions } from "../../../../src/replication/feed/LogicalFeed.js"
import type { Server } from "../../../../src/testing/EmbeddedPostgres.js"
import type { Random } from "../../../campaign/campaign.js"
import type { Tally } from "./Plan.js"
import type { Row } from "./Sink.js"

export interface Setting {
  readonly server: Server
  readonly random: Random
  /** Options of a feed, by how many there were with it. */
  readonly feed: (opening: number) => LogicalOptions
  readonly counts: Tally
}

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
  readonly copy: Effect.Effect<Copy>
}
