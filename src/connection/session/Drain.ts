/**
 * Leaving rows or copy data early inside a transaction, where a cancel would fail the whole transaction: the rest is read
 * and discarded, up to a bound. Beyond it the statement is cancelled, and the errors that follow have that as a hint.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Cleanup from "./Cleanup.js"
import * as Cancel from "./Cancel.js"
import type { ConnectionState, Request } from "./ConnectionState.js"

/** Bytes that are read and thrown away before the statement is cancelled. */
export const drainBytes = 1 << 20

const reason = `A stream or a COPY of this transaction was left before its end and was cancelled, because the rest was longer than ${drainBytes} bytes or took longer than 5 seconds; that fails the transaction. A stream through a portal, the default inside a transaction, can be left at any time.`

/** Lets the request run to its end for at most `drainBytes` and `Cancel.cancelDeadline`, then cancels it. `hurries`: cancels it at once. */
export const leave = (core: ConnectionState, request: Request, hurries = false): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (hurries || request.state !== "sent" || core.session.status !== "T")
      return Cancel.abandon(core, request)
    request.discarding = true
    core.pulse.brake(false)
    let dropped = 0
    const enough = Effect.async<void>((resume) => {
      const count = (bytes: number): void => {
        dropped += bytes
        if (dropped > drainBytes) resume(Effect.void)
      }
      request.onDropped = count
    })
    const over = Effect.raceFirst(Effect.as(Cancel.settled(request), true), Effect.as(enough, false))
    return Effect.flatMap(Cleanup.within(over, Cancel.cancelDeadline), (ended) => {
      request.onDropped = undefined
      if (Option.getOrElse(ended, () => false)) return Effect.void
      core.failedBecause = reason
      return Cancel.abandon(core, request)
    })
  })
