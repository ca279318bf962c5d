/** What the connections of a pool are doing, in words: for errors and for the log. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { PgPoolError } from "../../model/PgError.js"
import type { Openings } from "./Openings.js"
import type { PooledConnection } from "./PooledConnection.js"
import type { PoolStatistics } from "./PoolStatistics.js"

const age = (slot: PooledConnection, now: number): string =>
  Duration.format(Duration.millis(Math.max(0, Math.round(now - slot.since))))

const holder = (slot: PooledConnection): string =>
  slot.span === undefined ? "a call without a span" : `the span "${slot.span}"`

/** Why a pool that has ended gives no connection. */
export const closedReason = "the pool is closed: the scope of its client has ended, or it was drained"

/** The user that has had its connection for longest; `undefined` when no connection is lent. */
export const oldestHolder = (slots: Iterable<PooledConnection>, now: number): string | undefined => {
  let oldest: PooledConnection | undefined
  for (const slot of slots)
    if (slot.where === "lent" && (oldest === undefined || slot.since < oldest.since)) oldest = slot
  return oldest === undefined ? undefined : `${holder(oldest)} has had a connection for ${age(oldest, now)}`
}

/** Why a call gets no connection, with how the pool stands. */
export const failure = (
  reason: string,
  { inUse, max, waiting }: PoolStatistics,
  slots: Iterable<PooledConnection>,
  now: number
): PgPoolError => {
  const oldest = oldestHolder(slots, now)
  return new PgPoolError({ reason, max, inUse, waiting, ...(oldest === undefined ? {} : { oldest }) })
}

/** What to do about a wait that was too long. */
export const advice = (
  slots: Iterable<PooledConnection>,
  { lastFailure, running }: Pick<Openings, "lastFailure" | "running">,
  now: number
): string => {
  const oldest = oldestHolder(slots, now)
  const what =
    lastFailure !== undefined
      ? `The last opening failed: ${lastFailure.message}`
      : running > 0
        ? "A connection was being opened: raise acquireTimeout, or check how fast the server answers."
        : "Every connection was busy: raise the pool's size, or look for one that is held too long."
  return oldest === undefined ? what : `${oldest[0]!.toUpperCase()}${oldest.slice(1)}. ${what}`
}

/** A connection that has been lent for long. */
export const leakReport = (slot: PooledConnection, now: number): string =>
  `${holder(slot)} has had the connection of session ${slot.connection.facts?.processId ?? "of unknown number"} for ${age(slot, now)}` +
  `${slot.place === undefined ? "" : `, taken at ${slot.place}`}: ` +
  "it may have been forgotten in a scope that stays open"

const doing = (slot: PooledConnection): Effect.Effect<string> =>
  Effect.map(slot.connection.status, ({ statement, transaction }) => {
    const what =
      statement !== undefined && statement !== ""
        ? `runs ${statement.trim().split("\n", 1)[0]!.slice(0, 80)}`
        : transaction === "I"
          ? "is idle, and its user has not returned it"
          : "is idle in a transaction"
    return `session ${slot.connection.facts.processId ?? "of unknown number"} ${what}`
  })

/** What each connection is doing that is not idle. */
export const inUse = (slots: Iterable<PooledConnection>, opening: number): Effect.Effect<string> =>
  Effect.map(Effect.forEach([...slots], doing), (all) =>
    [...all, ...(opening > 0 ? [`${opening} being opened`] : [])].join("; ")
  )
