/** What a pool does next, as functions of what it knows. */
import type { LeaseError } from "./LeaseError.js"
import type { PoolSettings } from "./PoolOptions.js"

/** How a pool stands. */
export interface PoolState {
  readonly max: number
  readonly min: number
  /** Connections there are, and those being opened. */
  readonly size: number
  /** Connections that are idle. */
  readonly idle: number
  /** Connections being opened. */
  readonly opening: number
  /** Idle connections that are asked for an answer before they are lent. */
  readonly checking: number
  /** Calls that wait. */
  readonly waiting: number
  /** Statements share connections. */
  readonly isCrowded: boolean
  /** The last opening failed. */
  readonly isFailing: boolean
  /** After a failed opening: the time for the next one has come. */
  readonly isDue: boolean
}

/** `check`: asks an idle connection for an answer. `open`: opens another. `retry`: opens another when its time comes. */
export type PoolStep = "check" | "open" | "retry" | "wait"

/**
 * The next step. Each call that waits has a connection on its way to it, by a check or by an opening, as far as `max` allows; at
 * least `min` connections are there. For statements that share connections one more is opened at a time. After a failed opening one is
 * tried at a time.
 */
export const nextStep = (pool: PoolState): PoolStep => {
  const unserved = pool.waiting - pool.opening - pool.checking
  if (unserved > 0 && pool.idle > 0) return "check"
  const hasRoom = pool.size < pool.max
  const wanted =
    (unserved > 0 && hasRoom) || pool.size < pool.min || (pool.isCrowded && hasRoom && pool.opening === 0)
  if (!wanted) return "wait"
  if (!pool.isFailing) return "open"
  if (pool.opening > 0) return "wait"
  return pool.isDue ? "open" : "retry"
}

/** What a pool knows of one connection. */
export interface ConnectionAge {
  /** When it came to rest, or was lent. */
  readonly since: number
  /** When it must be closed. */
  readonly expiresAt: number
  readonly uses: number
  readonly generation: number
  /** Another connection was found broken while this one was idle, or its session of another role. */
  readonly isDoubted: boolean
}

/** Whether an idle connection has to give an answer before it is lent. When the clock has gone back, its age is unknown. */
export const needsCheck = (age: ConnectionAge, now: number, { checkAfter }: PoolSettings): boolean =>
  age.isDoubted || now - age.since >= checkAfter || now < age.since

/** These have to give an answer before they are lent. */
export const doubt = (slots: Iterable<{ isDoubted: boolean }>): void => {
  for (const slot of slots) slot.isDoubted = true
}

const shutdown: ReadonlySet<string> = new Set(["57P01", "57P02", "57P03"])

/** Whether an opening failed because a server stops, has crashed or starts. */
export const isOfShutdown = (error: LeaseError): boolean =>
  error._tag === "PgConnectError" &&
  error.attempts.some(({ cause }) => cause._tag === "PgServerError" && shutdown.has(cause.code))

/** Whether a connection that is not in use has to be closed. */
export const isWorn = (
  age: ConnectionAge,
  now: number,
  generation: number,
  { maxUses }: PoolSettings
): boolean => age.generation !== generation || age.uses >= maxUses || now >= age.expiresAt

/** Whether an idle connection has been without use for too long. */
export const isUnused = (age: ConnectionAge, now: number, { idleTimeout }: PoolSettings): boolean =>
  now - age.since >= idleTimeout

/** When a connection that was opened at `now` must be closed. `chance` is from 0 to 1. */
export const expiry = (now: number, chance: number, { maxLifetime }: PoolSettings): number =>
  now + Math.ceil(maxLifetime * (1 - chance * 0.1))

const firstDelay = 100
const maxDelay = 5_000

/** How long no opening is tried after so many failures in a row: from a tenth of a second to 5 seconds, shortened by chance. */
export const openingDelay = (failures: number, chance: number): number =>
  Math.ceil(Math.min(maxDelay, firstDelay * 2 ** Math.min(failures - 1, 20)) * (1 - chance * 0.5))

const minLook = 100
const maxLook = 60_000

/** How often a pool looks at its connections: ten times in the shortest of its times, at most once a minute. */
export const lookInterval = ({ idleTimeout, leakAfter, maxLifetime }: PoolSettings): number =>
  Math.min(maxLook, Math.max(minLook, Math.min(idleTimeout, maxLifetime, leakAfter) / 10))
