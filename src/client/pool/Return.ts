/** How a connection comes back to its pool: to the next user at once, or made fit for it first, or closed. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { ConnectionStatus } from "../../connection/PgConnection.js"
import * as Policy from "./Policy.js"
import type { Telemetry } from "../telemetry/Telemetry.js"
import type { PooledConnection } from "./PooledConnection.js"
import type { PoolOptions, PoolSettings } from "./PoolOptions.js"
import type { ClosedConnections } from "./PoolStatistics.js"
import * as Tidying from "./Tidying.js"

type TidyingPool = Parameters<typeof Tidying.tidied>[0]

/** The pool that a connection comes back to. */
interface ReturnPool extends TidyingPool {
  readonly telemetry: Pick<Telemetry, "countsConnections" | "used">
  readonly options: PoolOptions
  readonly settings: PoolSettings
  readonly now: number
  readonly idle: ReadonlyArray<PooledConnection>
  readonly slots: Iterable<PooledConnection>
  readonly give: (slot: PooledConnection) => Effect.Effect<void>
  readonly discard: (slot: PooledConnection, why: keyof ClosedConnections) => Effect.Effect<void>
  readonly spawn: (work: Effect.Effect<void>) => void
}

/** From its user to the next one, or to the idle ones. */
export const fromUser = (pool: ReturnPool, slot: PooledConnection): Effect.Effect<void> => {
  if (slot.where !== "lent") return Effect.void
  if (pool.telemetry.countsConnections) pool.telemetry.used(pool.now - slot.since)
  const isPlain = pool.options.onRelease === undefined && slot.isUntouched(pool.settings.reset !== "none")
  if (isPlain) return pool.give(slot)
  doubtRoles(pool, slot)
  return returned(pool, slot)
}

/** When the server of one session may have another role, all sessions of the pool are asked: those in use when they come back. */
const doubtRoles = (pool: ReturnPool, { session }: PooledConnection): void => {
  if (session?.isRoleDoubted === true) Policy.doubt(pool.slots)
}

/** The statement that the connection was lent for is over. */
export const fromStatement = (pool: ReturnPool, slot: PooledConnection): void => {
  if (slot.where !== "lent") return
  if (!slot.isUntouched(pool.settings.reset !== "none")) {
    slot.rest("away", pool.now)
    // The call that has failed may be made again before a fiber of the pool has looked at the connection.
    if (slot.session?.isOpen === false) Policy.doubt(pool.idle)
    doubtRoles(pool, slot)
    return pool.spawn(Effect.suspend(() => returned(pool, slot)))
  }
  const done = pool.give(slot)
  if (done !== Effect.void) pool.spawn(done)
}

/** The shared connection has no statement any more. */
export const fromStatements = (pool: ReturnPool, slot: PooledConnection): void => {
  const { session } = slot
  const isChanged = session?.changes.isChanged === true && pool.settings.reset !== "none"
  if (session?.isQuiet === true && session.isOpen && !session.isRoleDoubted && !isChanged) {
    const done = pool.give(slot)
    if (done !== Effect.void) pool.spawn(done)
    return
  }
  slot.rest("away", pool.now)
  doubtRoles(pool, slot)
  pool.spawn(
    Effect.zipRight(
      Tidying.quiet(slot),
      Effect.suspend(() => returned(pool, slot))
    )
  )
}

/** A connection whose session may have changed, or ended. */
export const returned = (pool: ReturnPool, slot: PooledConnection): Effect.Effect<void> =>
  Effect.flatMap(slot.connection.status, (status) => {
    const isPlain = status.state === "clean" && status.fits && !slot.isSpoiled
    const isReset = Tidying.needsReset(pool.settings, slot, status)
    if (isPlain && !isReset && pool.options.onRelease === undefined) return pool.give(slot)
    slot.rest("away", pool.now)
    if (status.state === "broken" || !status.fits || slot.isSpoiled) return retire(pool, slot, status)
    return Effect.sync(() => pool.spawn(tidy(pool, slot, status)))
  })

const retire = (pool: ReturnPool, slot: PooledConnection, status: ConnectionStatus): Effect.Effect<void> => {
  // What ended this one, or changed its role, may have done so to the others, and the news of it be on its way.
  if (!status.fits) Policy.doubt(pool.slots)
  else if (status.state === "broken") Policy.doubt(pool.idle)
  return pool.discard(slot, status.fits ? "broken" : "role")
}

/** Makes the connection fit for the next user, or ends it. */
const tidy = (pool: ReturnPool, slot: PooledConnection, before: ConnectionStatus): Effect.Effect<void> => {
  const { connection } = slot
  const tidied = Tidying.tidied(pool, slot, before)
  return Effect.suspend(() =>
    Effect.zipRight(
      Effect.map(Effect.exit(Effect.interruptible(tidied)), (exit) => {
        if (Exit.isFailure(exit)) slot.isSpoiled = true
      }),
      Effect.flatMap(connection.status, (after) =>
        after.state === "clean" && after.fits && !slot.isSpoiled ? pool.give(slot) : retire(pool, slot, after)
      )
    )
  )
}
