/** What a reader of a feed stops for before its data is used up, and how it knows. */
import * as Either from "effect/Either"
import * as SqlState from "../../model/SqlState.js"
import type { MalformedMessage } from "../../wire/MalformedMessage.js"
import * as PgOutput from "../../wire/replication/PgOutput.js"
import type { Demand } from "../changes/ChangeDecoder.js"
import type { ChangeFailure } from "../changes/ChangeFailure.js"

/** A block of a streamed transaction is to be kept. */
export interface Keep {
  readonly _tag: "Keep"
  readonly xid: number
  readonly block: Uint8Array
}

/** Why the loop stops before its run is used up. */
export type Stop =
  | Exclude<Demand, { readonly _tag: "Spill" }>
  | ChangeFailure
  | MalformedMessage
  | Keep
  /**
   * A table was described inside a streamed transaction that has types which are not known yet, or known as text only, or of which it
   * is not known whether it is partitioned.
   */
  | {
      readonly _tag: "Learn"
      readonly xid: number
      readonly oids: ReadonlyArray<number>
      readonly table: number
      readonly keep: Keep | undefined
    }
  /** The server has a value for which it has no binary form. */
  | { readonly _tag: "AsText" }
  /** There is no place for one more transaction that is not acknowledged. */
  | { readonly _tag: "Full" }
  /** The position to end at. */
  | { readonly _tag: "Reached" }

export const full: Stop = { _tag: "Full" }
export const reached: Stop = { _tag: "Reached" }
export const asText: Stop = { _tag: "AsText" }
export const tooLarge: Stop = {
  _tag: "Disorder",
  kind: "streamed transaction",
  reason: "a message is too large to keep"
}

const relationTag = 0x52

/** The table that a payload of a streamed transaction describes, and its types: once it is replayed it is too late to ask. */
export const describedIn = (
  bytes: Uint8Array,
  start: number,
  end: number
): { readonly id: number; readonly oids: ReadonlyArray<number> } | undefined => {
  if (bytes[start] !== relationTag) return undefined
  const message = PgOutput.decode(bytes, true, start, end)
  if (Either.isLeft(message) || message.right._tag !== "Relation") return undefined
  const { columns, id } = message.right
  return { id, oids: columns.map(({ typeOid }) => typeOid) }
}

/** Tags of changes with rows, after which no transaction can have begun or ended: `I`, `U`, `D`. */
export const isRow = (tag: number | undefined): boolean => tag === 0x49 || tag === 0x55 || tag === 0x44

/** The server has met a type without a function that sends it, alone or inside another type. */
export const isWithoutBinary = (error: { readonly _tag: string }): boolean =>
  error._tag === "PgServerError" && "code" in error && error.code === SqlState.undefinedFunction
