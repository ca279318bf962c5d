/** The settings of a pool: what a user may give, and all of them decided. */
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { PgConnection, SessionReset } from "../../connection/PgConnection.js"
import type { OpenOverrides } from "../../connection/PgConnector.js"
import type { PgSessionError } from "../../model/PgError.js"
import { PgUsageError } from "../../model/PgError.js"
import type { TelemetryOptions } from "../telemetry/TelemetryOptions.js"

/** An effect that the pool runs with one of its connections. */
export type ConnectionHook = (connection: PgConnection) => Effect.Effect<unknown, PgSessionError>

/** Every setting of a pool. Times go by the `Clock`. */
export interface PoolOptions {
  /** The most connections, from 1 to 100,000. Default: `maxConnections` of the configuration, which is 10 unless given. */
  readonly max?: number
  /** Connections that are opened at once and kept open, from 0 to `max`. Default 0: connections are opened when they are needed. */
  readonly min?: number
  /**
   * The longest wait for a connection, opening one included; inside a transaction, the longest wait for a turn. Then the waiting call fails with `PgTimeoutError`. Default 30 seconds.
   */
  readonly acquireTimeout?: Duration.DurationInput
  /**
   * How many calls may wait while all connections are in use. The next one fails at once with `PgPoolError`. A call that
   * waits for a connection being opened does not count. Default: without limit.
   */
  readonly maxWaiting?: number
  /** How long an idle connection stays open, unless it is one of `min`. Default 10 minutes. */
  readonly idleTimeout?: Duration.DurationInput
  /**
   * The age at which a connection is closed when it is not in use. Each connection lives at random up to a tenth shorter, so that they do not all reopen at
   * the same time. Default 1 hour.
   */
  readonly maxLifetime?: Duration.DurationInput
  /** How many times a connection is lent before it is closed. Default: without limit. */
  readonly maxUses?: number
  /**
   * A connection that was idle for this long is asked for an answer before it is lent, and replaced when none comes. So is every
   * idle connection after one connection was found broken. Time that the machine was suspended counts. Default 30 seconds.
   */
  readonly checkAfter?: Duration.DurationInput
  /** How long that answer may take. Default 5 seconds. */
  readonly checkTimeout?: Duration.DurationInput
  /**
   * How long the pool's scope, when it closes, waits for connections that are in use. After the first second it logs what it waits
   * for; after this time it closes them, and their operations fail with `PgClosedError`. Default 10 seconds.
   */
  readonly closeTimeout?: Duration.DurationInput
  /**
   * What a session gives back when it comes back to the pool. `settings`: role, settings, LISTEN, temporary tables, session advisory
   * locks, open cursors; prepared statements stay. `all`: DISCARD ALL. Either is done when the connection was taken by
   * `PgClient.connection`, or when a statement can have changed one of these; a plain query costs nothing. It is sent behind the last
   * answer, and the call does not wait for it. `none`: the next user finds the session as it was left. Default `settings`.
   */
  readonly reset?: "none" | SessionReset
  /**
   * A connection that is lent for longer is reported in the log once, as a warning with the span of its user and, for `connection`,
   * `withTransaction` and `stream`, the place of the call in the program; looking for that costs a stack trace for each of these calls. Default: never.
   */
  readonly leakAfter?: Duration.DurationInput
  /**
   * Whether single statements (`query`, `execute` and `values` outside a transaction) of several calls share connections. Each has its
   * own Sync and goes to the connection with the fewest. `{ depth }`: at most so many statements on one connection, from 1 to 10,000; connections beyond the
   * first are opened while statements share. `whenBusy`: only when all `max` connections are in use, at most 16 on one. `never`: each
   * call has a connection for itself. Transactions, connections taken in a scope, streams, COPY and statements that change their session always
   * have a connection for themselves.
   *
   * An interrupted or timed-out statement is cancelled on the server only when no statement of another call is on its connection;
   * otherwise its fiber goes on at once and its rows are thrown away as they come. Not together with `onAcquire` or `onRelease`. Default
   * `never`.
   */
  readonly multiplex?: "never" | "whenBusy" | { readonly depth: number }
  /** Runs with each new connection before it is lent. When it fails, the connection is closed, and the opening has failed. */
  readonly onOpen?: ConnectionHook
  /** Runs in the caller's fiber each time a connection is lent. When it fails, the call fails, and the connection is closed. */
  readonly onAcquire?: ConnectionHook
  /** Runs each time a connection comes back, before it is lent again. When it fails, the connection is closed. */
  readonly onRelease?: ConnectionHook
  /**
   * A name under which the pool's numbers are metrics of Effect, as the tag `pool`: `postgres_pool_connections` by `state`, `postgres_pool_max`,
   * `postgres_pool_waiting`, `postgres_pool_events_total` by `event`, `postgres_pool_closed_total` by `reason`. They are written every second, and when the pool closes. Default: none.
   */
  readonly metrics?: string
  /**
   * What is reported of operations: spans where a tracer is configured, unless given; with options, metrics too. `false`: nothing. The
   * numbers of connections are reported under the name of `metrics`, unless given `host:port/database`.
   */
  readonly telemetry?: TelemetryOptions | false
  /** Settings of the pool's sessions that replace those of the configuration, such as the role of the server. */
  readonly session?: OpenOverrides
}

/** How statements share connections. */
export interface Multiplex {
  /** Most statements on one connection; 0: none is shared. */
  readonly depth: number
  /** Only when all connections are in use. */
  readonly whenBusy: boolean
}

/** All settings of a pool, decided. Times are milliseconds. */
export interface PoolSettings {
  readonly max: number
  readonly min: number
  readonly acquireTimeout: number
  readonly maxWaiting: number
  readonly idleTimeout: number
  readonly maxLifetime: number
  readonly maxUses: number
  readonly checkAfter: number
  readonly checkTimeout: number
  readonly closeTimeout: number
  readonly leakAfter: number
  readonly reset: "none" | SessionReset
  readonly multiplex: Multiplex
}

export const defaultPoolSettings: Omit<PoolSettings, "max"> = {
  min: 0,
  acquireTimeout: 30_000,
  maxWaiting: Infinity,
  idleTimeout: 600_000,
  maxLifetime: 3_600_000,
  maxUses: Infinity,
  checkAfter: 30_000,
  checkTimeout: 5_000,
  closeTimeout: 10_000,
  leakAfter: Infinity,
  reset: "settings",
  multiplex: { depth: 0, whenBusy: false }
}

const resets: ReadonlySet<unknown> = new Set(["none", "settings", "all"])

const refuse = (argument: string, reason: string): PgUsageError =>
  new PgUsageError({ operation: "PgPool", argument, reason, sql: "" })

type Count = "max" | "min" | "maxWaiting" | "maxUses"

/** Why a number of connections, calls or uses cannot be. */
export const countFault = (
  name: Count,
  value: number,
  least: number,
  most: number
): PgUsageError | undefined => {
  const isFine =
    (Number.isInteger(value) || (value === Infinity && most === Infinity)) && value >= least && value <= most
  const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`
  return isFine ? undefined : refuse(name, `must be a whole number ${range}, got ${value}`)
}

export const maxPoolSize = 100_000

const times = [
  "acquireTimeout",
  "idleTimeout",
  "maxLifetime",
  "checkAfter",
  "checkTimeout",
  "closeTimeout",
  "leakAfter"
] as const

const whenBusyDepth = 16
const maxDepth = 10_000

const multiplexOf = (options: PoolOptions): Multiplex | PgUsageError => {
  const { multiplex = "never", onAcquire, onRelease } = options
  if (multiplex === "never") return defaultPoolSettings.multiplex
  const decided =
    multiplex === "whenBusy"
      ? { depth: whenBusyDepth, whenBusy: true }
      : { depth: (multiplex as { readonly depth?: unknown } | null)?.depth, whenBusy: false }
  if (!isDepth(decided.depth))
    return refuse(
      "multiplex",
      `must be "never", "whenBusy" or { depth }, a whole number from 1 to ${maxDepth}, got ${JSON.stringify(multiplex)}`
    )
  if (onAcquire !== undefined || onRelease !== undefined)
    return refuse(
      "multiplex",
      "must not be given together with onAcquire or onRelease, because statements of several calls share a connection"
    )
  return { ...decided, depth: decided.depth }
}

const isDepth = (depth: unknown): depth is number =>
  typeof depth === "number" && Number.isInteger(depth) && depth >= 1 && depth <= maxDepth

/** The settings, or the first option that is invalid. */
export const decidePool = (options: PoolOptions, max: number): Either.Either<PoolSettings, PgUsageError> => {
  const given = { ...options, max: options.max ?? max }
  const millis: Partial<Record<(typeof times)[number], number>> = {}
  for (const name of times) {
    const value = given[name]
    if (value === undefined) continue
    const decoded = Duration.decodeUnknown(value)
    if (decoded._tag === "None" || Duration.toMillis(decoded.value) < 0)
      return Either.left(refuse(name, `must be a duration of at least 0, got ${String(value)}`))
    millis[name] = Duration.toMillis(decoded.value)
  }
  const { maxUses, maxWaiting, min, reset = defaultPoolSettings.reset } = given
  if (!resets.has(reset))
    return Either.left(refuse("reset", `must be none, settings or all, got ${String(reset)}`))
  const fault =
    countFault("max", given.max, 1, maxPoolSize) ??
    countFault("min", min ?? 0, 0, given.max) ??
    countFault("maxUses", maxUses ?? Infinity, 1, Infinity) ??
    countFault("maxWaiting", maxWaiting ?? Infinity, 0, Infinity)
  if (fault !== undefined) return Either.left(fault)
  const multiplex = multiplexOf(given)
  if (multiplex instanceof PgUsageError) return Either.left(multiplex)
  return Either.right({
    ...defaultPoolSettings,
    ...millis,
    max: given.max,
    min: min ?? defaultPoolSettings.min,
    reset,
    multiplex,
    maxUses: maxUses ?? defaultPoolSettings.maxUses,
    maxWaiting: maxWaiting ?? defaultPoolSettings.maxWaiting
  })
}
