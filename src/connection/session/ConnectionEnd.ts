/** The end of a connection, and what it means for the requests that wait. */
import type { PgSessionError } from "../../model/PgError.js"
import { PgClosedError } from "../../model/PgError.js"
import * as Session from "../../protocol/Session.js"
import type { ConnectionState } from "./ConnectionState.js"

/** The end by the connection's scope. One value for all: capturing a stack is expensive, and this one does not help. */
export const scopeClosed = new PgClosedError({
  reason: "the connection's scope was closed",
  sent: false,
  server: undefined,
  sql: ""
})

/** The failure of a request that meets an ended connection; `isLate`: it was called after the end. */
export const closedError = (
  { ended, lastWord }: ConnectionState,
  sent: boolean,
  sql: string,
  isLate = false
): PgSessionError => {
  if (sent && ended !== undefined && (ended._tag === "PgProtocolError" || ended._tag === "PgTimeoutError")) {
    return ended
  }
  const reason =
    ended === undefined
      ? "the connection has been closed"
      : ended._tag === "PgClosedError"
        ? ended.reason
        : `the connection has been closed after: ${ended.message}`
  return new PgClosedError({ reason, sent, server: lastWord, sql, ...(isLate ? { ended: true } : {}) })
}

/**
 * Ends the connection: the socket is destroyed, unless `hangUp` does otherwise, every request that waits is settled once with the first
 * cause, and no further byte is interpreted. Another server may answer at the address from now on, so types that were found are looked up
 * again unless the scope has ended it. Idempotent.
 */
export const breakOff = (
  core: ConnectionState,
  cause: PgSessionError,
  hangUp: () => void = () => core.link.destroy()
): void => {
  if (core.ended !== undefined) return
  core.ended = cause
  hangUp()
  const sent = Session.owners(core.session)
  const queued = [...core.repeats, ...core.pending.slice(core.pendingFrom)]
  core.session = Session.make()
  core.pending = []
  core.pendingFrom = 0
  core.repeats = []
  core.holder = undefined
  for (const request of sent) {
    request.fail(closedError(core, true, request.sql))
    request.settle(core)
  }
  for (const request of queued) {
    if (request.state !== "queued") continue
    request.fail(closedError(core, false, request.sql))
    request.settle(core)
  }
  core.side.end(cause)
  if (cause !== scopeClosed) core.types.lose()
  core.drainWaiters.changed()
  for (const notify of core.onEnded) notify()
}
