/**
 * Noticing a peer that has vanished without a word. Node cannot set the system's own timeout for unacknowledged bytes
 * (`TCP_USER_TIMEOUT`), so a connection with nothing to do is asked a question that costs nothing, and one that owes an
 * answer and says nothing is given up.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { PgTimeoutError } from "../../model/PgError.js"
import type { Link, LinkHandlers } from "../../net/Transport.js"
import * as Session from "../../protocol/Session.js"
import type { Core } from "../session/Core.js"
import { breakOff } from "../session/Core.js"
import * as Outbound from "../session/Outbound.js"
import { SimpleRequest } from "./Query.js"

/** How often a limit is looked at: it is passed by a quarter of itself at the most. */
const looks = 4

/** Silent looks after which an idle connection is asked. */
const patience = looks / 2

/** What the watch sees of a link. */
export class Pulse {
  /** Chunks that have come. */
  heard = 0
  /** Whether we have the brake on: then silence is our own doing. */
  braked = false
}

/** The same link, and its pulse in `pulse`. */
export const watched = (link: Link, pulse: Pulse): Link => ({
  address: link.address,
  listen: (handlers: LinkHandlers) =>
    link.listen({
      onData: (chunk) => {
        pulse.heard++
        handlers.onData(chunk)
      },
      onEnd: handlers.onEnd,
      onDrain: handlers.onDrain
    }),
  pause: () => {
    pulse.braked = true
    link.pause()
  },
  resume: () => {
    pulse.braked = false
    link.resume()
  },
  write: link.write,
  end: link.end,
  destroy: link.destroy
})

/** Whether the next word is the server's: in an open copy or a paused portal it is ours. */
const answerIsDue = (core: Core): boolean =>
  !Session.isIdle(core.session) &&
  !Session.isPaused(core.session) &&
  Object.keys(core.session.node.moves).length === 0

/** An empty query: the server answers at once, in any transaction, and nothing changes. */
const ask = (core: Core): void => Outbound.submit(core, new SimpleRequest("", "array", () => {}))

/**
 * Watches a connection for as long as the scope lives. It ends with `PgTimeoutError` (`silence`) when an answer is due and
 * nothing has come for `limit`, and not later than a quarter of it afterwards; an idle connection is asked after half of
 * it, so that an idle peer that vanished is noticed too.
 */
export const watch = (
  core: Core,
  pulse: Pulse,
  limit: Duration.Duration
): Effect.Effect<void, never, Scope.Scope> => {
  const millis = Duration.toMillis(limit)
  let heard = -1
  /** Looks in a row without news: while nothing was due, and while an answer was. */
  let idle = 0
  let waiting = 0
  const look = Effect.sync(() => {
    if (core.ended !== undefined) return
    const news = pulse.heard !== heard || pulse.braked
    heard = pulse.heard
    if (answerIsDue(core)) {
      idle = 0
      waiting = news ? 0 : waiting + 1
      if (waiting > looks) breakOff(core, silence(core, millis))
      return
    }
    waiting = 0
    idle = news || !Session.isIdle(core.session) ? 0 : idle + 1
    if (idle < patience) return
    idle = 0
    ask(core)
  })
  return Effect.asVoid(
    Effect.forkScoped(Effect.repeat(look, Schedule.spaced(Duration.millis(Math.max(1, millis / looks)))))
  )
}

const silence = (core: Core, millis: number): PgTimeoutError => {
  const sql = core.session.owner?.sql ?? ""
  return new PgTimeoutError({
    deadline: "silence",
    millis,
    sent: true,
    during: sql === "" ? "a check of an idle connection" : sql
  })
}
