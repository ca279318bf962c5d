/** What a pool is made over, and what it gives. */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { PgConfig } from "../../config/PgConfig.js"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { OpenOverrides } from "../../connection/PgConnector.js"
import type { LeaseError } from "./LeaseError.js"
import type { PooledConnection } from "./PooledConnection.js"

/** Where a pool opens its connections. */
export interface PoolConnector {
  readonly config: Pick<PgConfig, "maxConnections"> & Partial<Pick<PgConfig, "database" | "hosts" | "user">>
  readonly open: (session?: OpenOverrides) => Effect.Effect<PgConnection, LeaseError, Scope.Scope>
}

/** What the next in the queue gets. */
export type Turn = PooledConnection | LeaseError
