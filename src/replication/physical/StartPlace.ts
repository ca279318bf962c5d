/** Where a feed of the log begins, and the slot that it uses. */
import * as Effect from "effect/Effect"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { PgConnector } from "../../connection/PgConnector.js"
import type { Lsn } from "../../model/Lsn.js"
import type { TimelineHistory } from "../../wire/replication/TimelineHistory.js"
import { timelineAt } from "../../wire/replication/TimelineHistory.js"
import * as SlotFailure from "../slots/SlotFailure.js"
import * as Command from "../walsender/Command.js"
import type { PhysicalSlotState, System } from "../walsender/Walsender.js"
import * as History from "../walsender/History.js"
import * as Walsender from "../walsender/Walsender.js"
import type { LogPlace, PhysicalError } from "./PhysicalFailure.js"
import * as PhysicalFailure from "./PhysicalFailure.js"

export interface StartOptions {
  readonly slot: string | undefined
  readonly create: { readonly temporary?: boolean } | undefined
  readonly start: Lsn | undefined
  readonly timeline: number | undefined
  readonly systemId: string | undefined
}

/** Where to begin on this server. */
export interface StartPlace extends LogPlace {
  readonly createdSlot: boolean
}

/** Where a slot stands; `undefined` when the slot does not exist. */
const slotState = (
  connection: PgConnection,
  slot: string
): Effect.Effect<PhysicalSlotState | undefined, PhysicalError, PgConnector> =>
  Effect.flatMap(connection.serverVersion, (version) =>
    Command.atLeast(version, 15)
      ? Walsender.readSlot(connection, slot)
      : // A walsender of 14 does not read slots, and on a physical session there is no SQL.
        Effect.flatMap(PhysicalFailure.inCatalogue(slot), (state) =>
          state?.kind === "logical"
            ? Effect.fail(PhysicalFailure.logicalSlot(slot))
            : Effect.succeed(state && { restart: state.restart, timeline: undefined })
        )
  )

/** The slot. If it is missing and `create` is set, it is made first. */
export const takeSlot = (
  connection: PgConnection,
  { create, slot }: Pick<StartOptions, "create" | "slot">
): Effect.Effect<
  { readonly state: PhysicalSlotState | undefined; readonly created: boolean },
  PhysicalError,
  PgConnector
> =>
  Effect.gen(function* () {
    if (slot === undefined) return { state: undefined, created: false }
    const found = create?.temporary === true ? undefined : yield* slotState(connection, slot)
    if (found !== undefined) return { state: found, created: false }
    if (create === undefined) return yield* Effect.fail(SlotFailure.missing(slot))
    yield* Walsender.createPhysicalSlot(connection, slot, {
      temporary: create.temporary === true,
      reserveWal: true
    })
    return { state: yield* slotState(connection, slot), created: true }
  })

/** Fails where the log cannot be followed from this place. */
export const check = (
  place: LogPlace,
  system: System,
  history: TimelineHistory
): Effect.Effect<void, PhysicalError> => {
  const wrong = PhysicalFailure.judge(place, system, history)
  return wrong === undefined ? Effect.void : Effect.fail(wrong)
}

/** Where to begin: as given, where the slot stands, or at the end of the server's log. */
export const find = (
  connection: PgConnection,
  system: System,
  options: StartOptions
): Effect.Effect<StartPlace, PhysicalError, PgConnector> =>
  Effect.gen(function* () {
    const history = yield* History.entriesOf(connection, system.timeline)
    const given = { position: options.start ?? system.end, timeline: options.timeline ?? system.timeline }
    if (options.systemId !== undefined && options.systemId !== system.systemId) {
      return yield* Effect.fail(PhysicalFailure.otherSystem(given, options.systemId, system))
    }
    const { created: createdSlot, state } = yield* takeSlot(connection, options)
    const known = (position: Lsn, timeline: number | undefined): StartPlace => ({
      position,
      timeline: timeline ?? timelineAt(history, system.timeline, position),
      createdSlot
    })
    const place =
      options.start !== undefined
        ? known(options.start, options.timeline)
        : state?.restart !== undefined
          ? known(state.restart, options.timeline ?? state.timeline)
          : { ...given, createdSlot }
    yield* check(place, system, history)
    return place
  })
