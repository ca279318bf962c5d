import type * as Effect from "effect/Effect"
import type { PooledConnection } from "./PooledConnection.js"
import type { PoolSettings } from "./PoolOptions.js"
import type { ClosedConnections } from "./PoolStatistics.js"

/** What the look at the connections of a pool, and the end of a pool, need of it. */
export interface InspectedPool {
  readonly idle: Array<PooledConnection>
  readonly slots: ReadonlySet<PooledConnection>
  readonly settings: PoolSettings
  readonly now: number
  readonly generation: number
  readonly size: number
  readonly min: number
  readonly discard: (slot: PooledConnection, why: keyof ClosedConnections) => Effect.Effect<void>
}
