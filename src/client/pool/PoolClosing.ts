/** The end of a pool. */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Cleanup from "../../connection/session/Cleanup.js"
import * as Holders from "./Holders.js"
import type { PoolConnections } from "./PoolConnections.js"

/** A pool that closes logs after so long what it waits for. */
const silentWait = Duration.seconds(1)

/**
 * Lends no more, fails the calls that wait, stops openings, closes what is idle, waits for what is in use for at most `millis`, and
 * closes the rest. A second call waits for the end of the first.
 */
export const drain = (pool: PoolConnections, millis: number): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (pool.drained !== undefined) return Deferred.await(pool.drained)
    const drained = Deferred.unsafeMake<void>(FiberId.none)
    pool.drained = drained
    const closed = pool.closedFailure
    pool.failWaiting(closed)
    pool.stopOpenings()
    return pool.discardAll(pool.idle.splice(0), "surplus").pipe(
      Effect.zipRight(Effect.suspend(() => (pool.size > 0 ? waitFor(pool, drained, millis) : Effect.void))),
      Effect.ensuring(
        Effect.suspend(() => {
          pool.stopWork()
          return Deferred.succeed(drained, undefined)
        })
      ),
      Effect.uninterruptible
    )
  })

const waitFor = (
  pool: PoolConnections,
  drained: Deferred.Deferred<void>,
  millis: number
): Effect.Effect<void> => {
  const closeTimeout = Duration.millis(millis)
  const first = Duration.min(silentWait, closeTimeout)
  const limit = Duration.format(closeTimeout)
  const users = Effect.suspend(() => Holders.inUse(pool.slots, pool.openings.running))
  return Effect.gen(function* () {
    if (Option.isSome(yield* Cleanup.within(Deferred.await(drained), first))) return
    yield* Effect.logWarning(
      `the pool is closing and waits for at most ${limit} for the connections in use: ${yield* users}`
    )
    const rest = Duration.subtract(closeTimeout, first)
    if (Option.isSome(yield* Cleanup.within(Deferred.await(drained), rest))) return
    yield* Effect.logWarning(
      `the pool closes connections that are still in use after ${limit}: ${yield* users}`
    )
    yield* pool.discardAll([...pool.slots], "surplus")
  })
}
