/**
 * The legacy call of a function by OID.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-FUNCTION-CALL
 */
import type { Format } from "../../model/Format.js"
import * as Field from "../Field.js"
import * as Message from "../Message.js"

/** Frontend, byte `F`. */
export interface FunctionCall {
  readonly _tag: "FunctionCall"
  readonly functionOid: number
  /** None for all text, one for all, or one for each. */
  readonly argumentFormats: ReadonlyArray<Format>
  readonly arguments: ReadonlyArray<Uint8Array | null>
  readonly resultFormat: Format
}
export const FunctionCall = Message.frontend<FunctionCall>("FunctionCall", "F", {
  functionOid: Field.uint32,
  argumentFormats: Field.array16(Field.format16),
  arguments: Field.array16(Field.value),
  resultFormat: Field.format16
})

/** Backend, byte `V`. */
export interface FunctionCallResponse {
  readonly _tag: "FunctionCallResponse"
  readonly value: Uint8Array | null
}
export const FunctionCallResponse = Message.backend<FunctionCallResponse>("FunctionCallResponse", "V", {
  value: Field.value
})
