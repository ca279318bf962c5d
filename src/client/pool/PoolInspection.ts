/** What a pool looks for among its connections from time to time. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Holders from "./Holders.js"
import type { InspectedPool } from "./InspectedPool.js"
import type { PooledConnection } from "./PooledConnection.js"
import * as Policy from "./Policy.js"
import type { ClosedConnections } from "./PoolStatistics.js"

/** Looks at all connections every `Policy.lookInterval`, and ends when none is left. */
export const inspectWhileAny = (pool: InspectedPool): Effect.Effect<void> => {
  const every = Duration.millis(Policy.lookInterval(pool.settings))
  const looking: Effect.Effect<void> = Effect.flatMap(Effect.sleep(every), () =>
    Effect.flatMap(Effect.uninterruptible(lookAtAll(pool)), () =>
      pool.slots.size > 0 ? looking : Effect.void
    )
  )
  return looking
}

const lookAtAll = (pool: InspectedPool): Effect.Effect<void> =>
  Effect.suspend(() => Effect.forEach([...pool.slots], (slot) => lookAt(pool, slot), { discard: true }))

/** Ends what is idle for too long, has ended, or has another role than was asked for; reports what is lent for too long. */
const lookAt = (pool: InspectedPool, slot: PooledConnection): Effect.Effect<void> =>
  Effect.flatMap(slot.connection.status, ({ fits, state }) => {
    const now = pool.now
    if (slot.where === "lent" && now - slot.since >= pool.settings.leakAfter && !slot.isReported) {
      slot.isReported = true
      return Effect.logWarning(Holders.leakReport(slot, now))
    }
    if (slot.where === "shared" && Policy.isWorn(slot, now, pool.generation, pool.settings))
      slot.isRetiring = true
    if (slot.where !== "idle") return Effect.void
    const why = fault(pool, slot, state === "broken", fits)
    if (why === undefined) return Effect.void
    pool.idle.splice(pool.idle.indexOf(slot), 1)
    return pool.discard(slot, why)
  })

const fault = (
  pool: InspectedPool,
  slot: PooledConnection,
  isBroken: boolean,
  fits: boolean
): keyof ClosedConnections | undefined => {
  if (isBroken) return "broken"
  if (!fits) return "role"
  if (Policy.isWorn(slot, pool.now, pool.generation, pool.settings)) return "worn"
  return pool.size > pool.min && Policy.isUnused(slot, pool.now, pool.settings) ? "idle" : undefined
}
