/** The pool of connections behind a client: its settings, statistics and size. The layers of `PgClient` provide `PgPool`. */
export { PgPool } from "./client/pool/PgPool.js"
export type { PgPoolService } from "./client/pool/PgPool.js"
export type { ConnectionHook, PoolOptions } from "./client/pool/PoolOptions.js"
export type { ClosedConnections, PoolStatistics } from "./client/pool/PoolStatistics.js"
export type { LeaseError } from "./client/pool/LeaseError.js"
