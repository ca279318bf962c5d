/** What an application gives as bytes, looked at before any of it is written: the types do not hold at run time. */
import { PgUsageError } from "../../model/PgError.js"
import { shapeOf } from "../../types/Parameters.js"

/** Where bytes were given, and for which text. */
export interface BytesPlace {
  readonly operation: string
  readonly argument: string
  readonly sql: string
  /** Whether something of the operation has been sent before. Default false. */
  readonly sent?: boolean
}

/** Why a value cannot be sent as bytes; `undefined` when it can. */
export const notBytes = (value: unknown, place: BytesPlace): PgUsageError | undefined =>
  value instanceof Uint8Array
    ? undefined
    : new PgUsageError({ ...place, reason: `must be a Uint8Array, got ${shapeOf(value)}` })
