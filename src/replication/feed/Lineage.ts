/**
 * Whether a position means the same on the server we are on now. A standby that is promoted goes on from where it was: what the
 * old primary wrote beyond that is not in its log, and other things stand at the same positions.
 *
 * @see https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { PgConnector } from "../../connection/PgConnector.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgConfigError, PgOpenError, PgSessionError, PgSlotError } from "../../model/PgError.js"
import * as Command from "../walsender/Command.js"
import * as SlotFailure from "../slots/SlotFailure.js"
import * as Walsender from "../walsender/Walsender.js"

/** A server, and the history that it was in: without them a position means nothing. */
export interface Place {
  /** The cluster's identifier: a copy has the same as its original, and no other cluster has it. */
  readonly systemId: string
  readonly timeline: number
}

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

/** Where the server's history left `timeline`; `undefined` when it never was on it. The first timeline has no history. */
const leftHere = (
  connection: PgConnection,
  here: Place,
  timeline: number
): Effect.Effect<Lsn | undefined, PgSessionError | PgConfigError> =>
  here.timeline === 1
    ? Effect.succeed(undefined)
    : Effect.map(Walsender.ask(connection, Command.timelineHistory(here.timeline)), (row) =>
        leftAt(textOf(row["content"]), timeline)
      )

/** How far a consumer is. */
export interface Reached {
  /** Everything that ends before has been handled. An idle feed moves it through log that has nothing for it. */
  readonly position: Lsn
  /** What ends behind has not been handled, nor been begun. */
  readonly handled: Lsn
}

/**
 * Where to go on here: at the position that was reached over there, or, when the history left that timeline before it and behind
 * all that was handled, where it left. What lay between had nothing for us over there and is not here; what stands there now is new.
 * `compared` says whether what this gives means anything here.
 */
export const resume = (
  { handled, position }: Reached,
  there: Place | undefined
): Effect.Effect<Lsn, PgOpenError | PgSessionError, PgConnector> =>
  there === undefined || handled >= position
    ? Effect.succeed(position)
    : Effect.scoped(
        Effect.gen(function* () {
          const connection = yield* Walsender.open
          const here = yield* Walsender.identify(connection)
          if (here.systemId !== there.systemId || here.timeline === there.timeline) return position
          const left = yield* leftHere(connection, here, there.timeline)
          return left !== undefined && left >= handled && left < position ? left : position
        })
      )

/** What is wrong with going on at `position`, which was reached over there, here; asked over a walsender's session. */
export const compared = (
  connection: PgConnection,
  slot: string,
  position: Lsn,
  there: Place,
  here: Place
): Effect.Effect<PgSlotError | undefined, PgSessionError | PgConfigError> => {
  if (here.systemId !== there.systemId) {
    return Effect.succeed(
      SlotFailure.diverged(
        slot,
        `the position ${LsnText.toText(position)} is of the cluster ${there.systemId}, and this is another cluster: ${here.systemId}`
      )
    )
  }
  if (here.timeline === there.timeline) return Effect.succeed(undefined)
  return Effect.map(leftHere(connection, here, there.timeline), (left) => {
    if (left !== undefined && left >= position) return undefined
    const where = left === undefined ? "has never been on" : `left at ${LsnText.toText(left)}`
    return SlotFailure.diverged(
      slot,
      `the position ${LsnText.toText(position)} is of timeline ${there.timeline}, which this server ${where}`
    )
  })
}
