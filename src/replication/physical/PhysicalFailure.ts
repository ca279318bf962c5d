/**
 * Why the log cannot be followed, decided by positions, IDENTIFY_SYSTEM and the server's history, and never by the server's
 * texts.
 */
import * as Effect from "effect/Effect"
import { PgConnector } from "../../connection/PgConnector.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgOpenError, PgSessionError } from "../../model/PgError.js"
import { PgClosedError, PgProtocolError, PgSlotError, PgUsageError } from "../../model/PgError.js"
import * as SqlState from "../../model/SqlState.js"
import { PgWalError } from "../../model/WalError.js"
import type { TimelineHistory } from "../../wire/replication/TimelineHistory.js"
import * as History from "../../wire/replication/TimelineHistory.js"
import * as SlotFailure from "../slots/SlotFailure.js"
import type { System } from "../walsender/Walsender.js"

/** What a feed of the log can fail with. */
export type PhysicalError = PgOpenError | PgSessionError | PgSlotError | PgWalError

/** A place in the log. */
export interface LogPlace {
  readonly position: Lsn
  readonly timeline: number
}

const at = ({ position, timeline }: LogPlace): string =>
  `the position ${LsnText.toText(position)} on timeline ${timeline}`

export const removed = (place: LogPlace): PgWalError =>
  new PgWalError({
    reason: "removed",
    ...place,
    detail:
      `the server has removed its log from ${at(place)}. Begin with a new base backup, or read this part from an archive; ` +
      "a replication slot, or wal_keep_size, makes the server keep the log that is still needed"
  })

export const otherSystem = (place: LogPlace, wanted: string, system: System): PgWalError =>
  new PgWalError({
    reason: "other-system",
    ...place,
    detail:
      `${at(place)} is of the cluster ${wanted}, and this server belongs to the cluster ${system.systemId}. ` +
      "Connect to the cluster that the position came from, or begin anew with another folder or position"
  })

/** `history` is that of the server's timeline. What is wrong with following the log from this place; `undefined` when nothing is. */
export const judge = (place: LogPlace, system: System, history: TimelineHistory): PgWalError | undefined => {
  const { position, timeline } = place
  if (timeline === system.timeline) {
    return position <= system.end
      ? undefined
      : new PgWalError({
          reason: "beyond-end",
          ...place,
          detail:
            `the server's log ends at ${LsnText.toText(system.end)}, before ${at(place)}. ` +
            "Wait until this server has it, or connect to the server that the position came from"
        })
  }
  const end = timeline < system.timeline ? History.endOf(history, timeline) : undefined
  if (end !== undefined && position <= end) return undefined
  const what = end === undefined ? "was never on it" : `left it at ${LsnText.toText(end)}`
  return new PgWalError({
    reason: "diverged",
    ...place,
    detail:
      `${at(place)} is not in the history of this server, which is on timeline ${system.timeline} and ${what}. ` +
      "Connect to a server that has this timeline, or begin with a new base backup of this one"
  })
}

/** The server contradicts itself; nothing more of the stream can be trusted. */
export const contradiction = (tag: string, reason: string): PgProtocolError =>
  new PgProtocolError({ state: "PhysicalFeed", tag, reason })

export const logicalSlot = (slot: string): PgUsageError =>
  new PgUsageError({
    operation: "Replication.physical",
    argument: "slot",
    reason: `must be a physical slot, and ${slot} is a logical one: make one with Slot.createPhysical, or let create make it`,
    sql: "",
    sent: true
  })

/** The reader was interrupted between two streams. */
export const interrupted: PhysicalError = new PgClosedError({
  reason: "reading was interrupted while the stream of the next timeline was begun",
  sent: true,
  server: undefined,
  sql: ""
})

/** A slot as the catalogue has it, over an ordinary session: a physical one takes no SQL. */
export const inCatalogue = (slot: string) =>
  Effect.scoped(
    Effect.flatMap(PgConnector, (connector) =>
      Effect.flatMap(connector.open(), (session) => SlotFailure.find(session, slot))
    )
  )

/** What the server's refusal of a stream from this place means. The log that is gone may be missed before the stream is open. */
export const refused = (
  slot: string | undefined,
  place: LogPlace,
  error: PgSessionError
): Effect.Effect<PhysicalError, never, PgConnector> => {
  if (slot === undefined || error._tag !== "PgServerError") return Effect.succeed(inStream(place, error))
  switch (error.code) {
    case SqlState.undefinedObject:
      return Effect.succeed(SlotFailure.missing(slot))
    case SqlState.objectInUse:
      return Effect.succeed(
        new PgSlotError({
          reason: "in-use",
          slot,
          detail: `${error.text}: end the other consumer, or wait for it with slotWait`
        })
      )
    case SqlState.objectNotInPrerequisiteState:
      return inCatalogue(slot).pipe(
        Effect.map((state): PhysicalError => {
          if (state?.kind === "logical") return logicalSlot(slot)
          return state?.invalidation === undefined ? error : SlotFailure.invalidated(slot, state.invalidation)
        }),
        Effect.orElseSucceed((): PhysicalError => error)
      )
    default:
      return Effect.succeed(inStream(place, error))
  }
}

/** What a failure of the stream from this place means. */
export const inStream = (place: LogPlace, error: PgSessionError): PhysicalError =>
  error._tag === "PgServerError" && error.code === SqlState.undefinedFile ? removed(place) : error
