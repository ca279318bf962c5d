/**
 * The watch over a silent peer, for sessions and for feeds. Silence alone proves nothing: a statement may work for hours before
 * its first row. So a peer that owes something and is silent is asked for a word where the protocol allows that, and looked for
 * by a second connection; it is taken for dead when that fails again and again, or when a limit that was set has passed.
 *
 * Time is counted in looks, so that a process that was stopped for an hour does not take its own absence for the peer's.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { TransportFailure } from "../../model/PgError.js"

/** How often the shorter time is looked at: each is passed by a quarter of it at the most. */
const looks = 4

/** Second connections in a row that must fail: one may meet a restart of what stands in front of the server. */
const tries = 2

/** What a silence means. */
export type Waiting =
  /** The next word is the server's. */
  | "due"
  /** The next word is ours or the server's, and the server answers a question. */
  | "open"
  /** The next word is ours; what we have sent may not have arrived. */
  | "sent"
  /** Nothing is going on, and the server answers a question. */
  | "idle"
  /** Nothing is known. */
  | "nothing"

/** Why the peer is taken for dead. */
export type Silence =
  | { readonly by: "limit"; readonly millis: number }
  /** `failure`: of the last second connection. */
  | { readonly by: "probe"; readonly millis: number; readonly failure: TransportFailure }

export interface WatchOptions {
  /** A number that grows with every byte that arrives. */
  readonly heard: () => number
  /** Whether we do not listen ourselves. */
  readonly isBraked: () => boolean
  readonly waiting: () => Waiting
  /** Silence after which a peer that owes something is taken for dead, whatever is known; infinity for no limit. */
  readonly limit: Duration.Duration
  /** Silence after which a second connection is tried, and again after as long; infinity or zero for never. */
  readonly probeAfter: Duration.Duration
  /** Asks for a word. */
  readonly ask: Effect.Effect<void>
  /** Tries a second connection. It returns a failure when the peer could not be reached. */
  readonly probe: Effect.Effect<TransportFailure | undefined>
}

const finite = (duration: Duration.Duration): Duration.Duration =>
  Duration.toMillis(duration) > 0 ? duration : Duration.infinity

/** Succeeds when the peer is taken for dead. */
export const watch = (options: WatchOptions): Effect.Effect<Silence> => {
  const { ask, heard, isBraked, limit, probe, waiting } = options
  const probeAfter = finite(options.probeAfter)
  const shortest = Duration.toMillis(Duration.min(limit, probeAfter))
  if (!Number.isFinite(shortest)) return Effect.never
  const pause = Math.max(1, shortest / looks)
  const untilLimit = Duration.toMillis(limit) / pause
  const untilProbe = Duration.toMillis(probeAfter) / pause
  return Effect.suspend(() => {
    let last = heard()
    let before: Waiting = "nothing"
    /** Looks in a row without news, and how many of them when a second connection was tried last. */
    let silent = 0
    let probed = 0
    let failures = 0

    const judge = (failure: TransportFailure | undefined): Silence | undefined => {
      failures = failure === undefined || heard() !== last ? 0 : failures + 1
      return failure === undefined || failures < tries
        ? undefined
        : { by: "probe", millis: Duration.toMillis(probeAfter), failure }
    }

    const look = Effect.suspend((): Effect.Effect<Silence | undefined> => {
      const now = heard()
      const state = waiting()
      const isNews = now !== last || isBraked()
      if (isNews || state !== before) silent = probed = failures = 0
      last = now
      before = state
      if (isNews || state === "nothing") return nothing
      silent++
      if (state === "idle") {
        if (silent * 2 < untilLimit) return nothing
        silent = 0
        return Effect.as(ask, undefined)
      }
      if (state !== "sent" && silent > untilLimit) {
        return Effect.succeed({ by: "limit", millis: Duration.toMillis(limit) })
      }
      const asked = state === "open" && silent - probed === looks / 2 ? Effect.as(ask, undefined) : nothing
      if (failures === 0 && silent - probed < untilProbe) return asked
      probed = silent
      return Effect.map(probe, judge)
    })
    const watching: Effect.Effect<Silence> = Effect.flatMap(
      Effect.zipRight(Effect.sleep(Duration.millis(pause)), look),
      (over) => (over === undefined ? watching : Effect.succeed(over))
    )
    return watching
  })
}

const nothing: Effect.Effect<undefined> = Effect.succeed(undefined)
