/**
 * The pool behind a client, for those who run it: its numbers, its size, and its connections renewed or closed. Statements go through
 * `PgClient`.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { PgUsageError } from "../../model/PgError.js"
import type { ConnectionPool } from "./ConnectionPool.js"
import type { LeaseError } from "./LeaseError.js"
import { defaultPoolSettings } from "./PoolOptions.js"
import type { PoolStatistics } from "./PoolStatistics.js"

/** The pool behind a client: its statistics, and operations on all of its connections. Statements go through `PgClient`. */
export interface PgPoolService {
  /** The numbers of the pool at this moment, and its counters since it was made. */
  readonly statistics: Effect.Effect<PoolStatistics>
  /**
   * Whether the server answers: one round trip on a connection of the pool, which runs no statement. Fails as any call that needs a
   * connection. Interrupting gives the connection back.
   */
  readonly ping: Effect.Effect<void, LeaseError>
  /**
   * Sets another size. Surplus connections are closed: idle ones at once, those in use when they come back. Fails
   * with `PgUsageError` when `max` is not from 1 to 100,000, or `min` not from 0 to `max`; `min` stays as it is, at most `max`,
   * unless given.
   */
  readonly resize: (size: {
    readonly max: number
    readonly min?: number
  }) => Effect.Effect<void, PgUsageError>
  /**
   * Closes every connection of this moment: idle ones at once, those in use when they come back. New ones are opened when they are needed, without the
   * wait after an earlier failure. Call it after credentials, roles or settings of the server have changed, or types were created again.
   */
  readonly expire: Effect.Effect<void>
  /**
   * Lends no more connections: calls that wait, and later ones, fail with `PgPoolError`. Waits for those in use for at most
   * `deadline`, then closes them; their operations fail with `PgClosedError`. Default: 10 seconds. Not interruptible. The end of the
   * client's scope then has nothing left to do.
   */
  readonly drain: (deadline?: Duration.DurationInput) => Effect.Effect<void>
}

/** The pool of the client that a layer of `PgClient` provides.
 *
 * ```ts
 * const { idle, inUse, waiting } = yield* Effect.flatMap(PgPool.PgPool, (pool) => pool.statistics)
 * ```
 */
export class PgPool extends Context.Tag("effect-postgres/PgPool")<PgPool, PgPoolService>() {}

export const serviceOf = (pool: ConnectionPool): PgPoolService => ({
  statistics: Effect.sync(() => pool.statistics),
  ping: pool.ping,
  resize: ({ max, min }) => pool.resize(max, min),
  expire: pool.expire,
  drain: (deadline = defaultPoolSettings.closeTimeout) => pool.drain(Duration.toMillis(deadline))
})
