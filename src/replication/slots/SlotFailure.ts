/**
 * Finds out what a refusal of the server means for a slot. The code alone is not enough: 55000 is reported for an
 * invalidated slot, and also for a slot of another database; 42704 for a missing slot, and also for a publication. So the
 * catalog is queried.
 */
import * as Effect from "effect/Effect"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { PgSessionError } from "../../model/PgError.js"
import { PgSlotError } from "../../model/PgError.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import * as SqlState from "../../model/SqlState.js"
import * as SlotState from "./SlotState.js"
import * as Walsender from "../walsender/Walsender.js"

/** A slot, and the run of the server that answered. */
export interface FoundSlot {
  readonly state: SlotState.SlotState
  /** When the server was started, to the microsecond: no other run of any server has it. */
  readonly serverStart: string | undefined
  readonly isStandby: boolean
}

const found = (connection: PgConnection): Effect.Effect<ReadonlyArray<FoundSlot>, PgSessionError> =>
  Effect.flatMap(Walsender.rows(connection, SlotState.query), (rows) =>
    Effect.forEach(rows, (row) => {
      const state = SlotState.fromRow(Walsender.textOf(row, "slot") ?? "", Walsender.textOf(row, "wal_end"))
      return state === undefined
        ? Effect.fail(Walsender.unreadable("slot", SlotState.query, "slot"))
        : Effect.succeed({
            state,
            serverStart: Walsender.textOf(row, "server_start"),
            isStandby: row["in_recovery"] === true
          })
    })
  )

/** Every slot of the server, in the order of their names. */
export const list = (
  connection: PgConnection
): Effect.Effect<ReadonlyArray<SlotState.SlotState>, PgSessionError> =>
  Effect.map(found(connection), (slots) => slots.map(({ state }) => state))

/** The slot of that name, `undefined` when it does not exist. The name is compared here, so it is not part of any SQL. */
export const locate = (
  connection: PgConnection,
  slot: string
): Effect.Effect<FoundSlot | undefined, PgSessionError> =>
  Effect.map(found(connection), (slots) => slots.find(({ state }) => state.name === slot))

/** The slot of that name, without where it was found. */
export const find = (
  connection: PgConnection,
  slot: string
): Effect.Effect<SlotState.SlotState | undefined, PgSessionError> =>
  Effect.map(locate(connection, slot), (slot) => slot?.state)

export const missing = (slot: string): PgSlotError =>
  new PgSlotError({ reason: "missing", slot, detail: "there is no slot of this name" })

export const invalidated = (slot: string, reason: SlotState.Invalidation): PgSlotError =>
  new PgSlotError({
    reason: "invalidated",
    slot,
    detail: `${reason}: what it had still to send is gone, so a new slot and a new copy of the data are needed`
  })

/**
 * Compares a slot with the position up to which its consumer has everything. When the slot is beyond it, what lies between
 * is gone for this consumer: the log from before that position is no longer kept for a slot that was made anew, and still
 * is for one that another consumer has moved on. When the server's log ends before it, this is not the server that the
 * position came from.
 */
export const compared = (slot: SlotState.SlotState, position: Lsn, end: Lsn): PgSlotError | undefined => {
  if (position === LsnText.zero) return undefined
  if (end < position) {
    return diverged(
      slot.name,
      `the server's log ends at ${LsnText.toText(end)}, before the position ${LsnText.toText(position)}: it is another server, or one that was restored`
    )
  }
  const confirmed = slot.confirmed
  if (confirmed === undefined || confirmed <= position) return undefined
  const gap = `the slot stands at ${LsnText.toText(confirmed)}, beyond the position ${LsnText.toText(position)}`
  return slot.restart !== undefined && slot.restart > position
    ? new PgSlotError({
        reason: "recreated",
        slot: slot.name,
        detail: `${gap}, and keeps no log from before it: it has been made anew`
      })
    : diverged(slot.name, `${gap}: another consumer has moved the slot on`)
}

export const diverged = (slot: string, detail: string): PgSlotError =>
  new PgSlotError({ reason: "diverged", slot, detail })

/**
 * What is wrong with the slot when the server has refused to use it; other failures stay what they are. Queries the catalog
 * on the same session when the code does not decide.
 */
export const diagnose = (
  connection: PgConnection,
  slot: string,
  error: PgSessionError
): Effect.Effect<PgSessionError | PgSlotError> => {
  if (error._tag !== "PgServerError") return Effect.succeed(error)
  switch (error.code) {
    case SqlState.undefinedObject:
      return find(connection, slot).pipe(
        Effect.map((state) => (state === undefined ? missing(slot) : error)),
        Effect.orElseSucceed(() => error)
      )
    case SqlState.objectInUse:
      return Effect.succeed(
        new PgSlotError({ reason: "in-use", slot, detail: `${error.text}: end the other consumer first` })
      )
    case SqlState.objectNotInPrerequisiteState:
      return find(connection, slot).pipe(
        Effect.map((state) =>
          state?.invalidation === undefined ? error : invalidated(slot, state.invalidation)
        ),
        Effect.orElseSucceed(() => error)
      )
    default:
      return Effect.succeed(error)
  }
}

/** The effect, with refusals of the server reported as failures of the slot. */
export const diagnosing = <A, E, R>(
  connection: PgConnection,
  slot: string,
  effect: Effect.Effect<A, PgSessionError | E, R>
): Effect.Effect<A, PgSessionError | PgSlotError | E, R> =>
  Effect.catchAll(effect, (error) => {
    const told: Effect.Effect<PgSessionError | PgSlotError | E> = isServerError(error)
      ? diagnose(connection, slot, error)
      : Effect.succeed(error)
    return Effect.flatMap(told, Effect.fail)
  })

const isServerError = <E>(
  error: PgSessionError | E
): error is Extract<PgSessionError, { readonly _tag: "PgServerError" }> =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "PgServerError"
