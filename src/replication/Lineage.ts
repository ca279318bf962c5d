/**
 * Whether a position means the same on the server we are on now. A standby that is promoted goes on from where it was: what the
 * old primary wrote beyond that is not in its log, and other things stand at the same positions.
 *
 * @see https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { PgConnector } from "../connection/PgConnector.js"
import * as LsnText from "../model/Lsn.js"
import type { Lsn } from "../model/Lsn.js"
import type { PgSlotError } from "../model/PgError.js"
import * as Command from "./Command.js"
import type { FeedError, FeedFacts } from "./FeedLink.js"
import * as SlotFailure from "./SlotFailure.js"
import * as Walsender from "./Walsender.js"

/** A server, and the history that it was in. */
export type Place = Pick<FeedFacts, "systemId" | "timeline">

/** Where the history left `timeline`, as the file of a later one says; `undefined` when it never was on it. */
export const leftAt = (history: string, timeline: number): Lsn | undefined => {
  for (const line of history.split("\n")) {
    const [number, position] = line.trim().split(/\s+/)
    if (Number(number) === timeline) return Option.getOrUndefined(LsnText.fromText(position ?? ""))
  }
  return undefined
}

const textOf = (content: unknown): string =>
  content instanceof Uint8Array ? new TextDecoder().decode(content) : String(content)

/** What is wrong with going on at `position`, which was reached over there, here. */
const compared = (
  slot: string,
  position: Lsn,
  there: Place,
  here: Place
): Effect.Effect<PgSlotError | undefined, FeedError, PgConnector> => {
  if (here.systemId !== there.systemId) {
    return Effect.succeed(
      SlotFailure.diverged(slot, `this is another cluster: ${here.systemId}, not ${there.systemId}`)
    )
  }
  if (here.timeline === there.timeline) return Effect.succeed(undefined)
  return Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* Walsender.open
      const row = yield* Walsender.ask(connection, Command.timelineHistory(here.timeline))
      const left = leftAt(textOf(row["content"]), there.timeline)
      if (left !== undefined && left >= position) return undefined
      const where = left === undefined ? "has never been on" : `left at ${LsnText.toText(left)}`
      return SlotFailure.diverged(
        slot,
        `the position ${LsnText.toText(position)} is of timeline ${there.timeline}, which this server ${where}`
      )
    })
  )
}

/** Fails with `PgSlotError` (`diverged`) when the position is none of this server's. */
export const check = (
  slot: string,
  position: Lsn,
  there: Place | undefined,
  here: Place
): Effect.Effect<void, FeedError, PgConnector> =>
  there === undefined
    ? Effect.void
    : Effect.flatMap(compared(slot, position, there, here), (wrong) =>
        wrong === undefined ? Effect.void : Effect.fail(wrong)
      )
