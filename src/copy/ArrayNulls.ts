/**
 * NULL among the elements of an array that is written as text. A session whose setting `array_nulls` is off reads it as the string
 * `NULL`, so such a row is refused there; in binary the setting does not count.
 *
 * @see https://www.postgresql.org/docs/current/runtime-config-compatible.html#GUC-ARRAY-NULLS
 */
import * as Effect from "effect/Effect"
import type { PgConnection } from "../connection/PgConnection.js"
import type { PgSessionError } from "../model/PgError.js"
import { PgArray } from "../model/PgArray.js"
import * as Arrays from "../types/Arrays.js"
import type { Codec } from "../types/Codec.js"

/** Whether values of the type are arrays, or composites that may have some. */
export const mayHold = (codec: Codec | undefined): boolean =>
  codec !== undefined && (codec.hasFields === true || Arrays.madeOf(codec) !== undefined)

/** Whether the session reads NULL in the text of an array as a string. */
export const areStrings = (connection: PgConnection): Effect.Effect<boolean, PgSessionError> =>
  Effect.map(connection.simple("show array_nulls"), ([result]) => result?.rows[0]?.["array_nulls"] === "off")

/** Whether the value has an array with a NULL in it. */
export const holds = (value: unknown): boolean => {
  const values: unknown = value instanceof PgArray ? value.values : value
  if (Array.isArray(values)) return values.some((one) => one === null || holds(one))
  const isComposite = typeof values === "object" && values !== null && isPlain(values)
  return isComposite && Object.values(values).some(holds)
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** Why a row with such a value is refused. */
export const reason =
  "an array with NULL in it cannot be copied as text while array_nulls is off: the server would store the string NULL. Copy in the format binary, or SET array_nulls = on"
