/** How the parameters of one statement are written: compiled once, by their types or by their values. */
import type { ByteWriter } from "../bytes/ByteWriter.js"
import type { Format } from "../model/Format.js"

/**
 * Why parameters could not be written. `index` counts from 0. `reason` has what was expected and the shape of the value,
 * such as `expected boolean, got string of 5 characters`, and never the value.
 */
export type ParameterFailure =
  | {
      readonly _tag: "WrongCount"
      readonly expected: number
      readonly received: number
      readonly reason: string
    }
  | { readonly _tag: "Refused"; readonly index: number; readonly type: string; readonly reason: string }

export interface ParameterPlan {
  readonly typeOids: ReadonlyArray<number>
  /** The format of each parameter. */
  readonly formats: ReadonlyArray<Format>
  /**
   * The formats for these values. An array with a NULL in it goes in binary where it can, whatever its type prefers: as text, a
   * session with `array_nulls` off takes NULL for a string.
   */
  readonly formatsFor: (values: ReadonlyArray<unknown>) => ReadonlyArray<Format>
  /**
   * Appends each value as its 32-bit length and its bytes, in the formats of the plan. On failure nothing of this call is
   * left in the writer, and the writer is without failure.
   */
  readonly write: (
    writer: ByteWriter,
    values: ReadonlyArray<unknown>,
    formats?: ReadonlyArray<Format>
  ) => ParameterFailure | null
}

/** The refusal of another number of values than the statement has parameters. */
export const wrongCount = (expected: number, received: number): ParameterFailure => ({
  _tag: "WrongCount",
  expected,
  received,
  reason: `expected ${expected} ${expected === 1 ? "parameter" : "parameters"}, got ${received}`
})
