/** What a reader of a feed stops for before its data is used up, and how it knows. */
import * as SqlState from "../../model/SqlState.js"
import type { MalformedMessage } from "../../wire/MalformedMessage.js"
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
  /** A table with types that nobody knows yet, or that are known as text only, was described inside a streamed transaction. */
  | { readonly _tag: "Learn"; readonly oids: ReadonlyArray<number>; readonly keep: Keep | undefined }
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

export const relationTag = 0x52

/** Tags of changes with rows, after which no transaction can have begun or ended: `I`, `U`, `D`. */
export const isRow = (tag: number | undefined): boolean => tag === 0x49 || tag === 0x55 || tag === 0x44

/** The server has met a type without a function that sends it, alone or inside another type. */
export const isWithoutBinary = (error: { readonly _tag: string }): boolean =>
  error._tag === "PgServerError" && "code" in error && error.code === SqlState.undefinedFunction
