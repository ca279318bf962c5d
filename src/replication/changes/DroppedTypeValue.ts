import * as Data from "effect/Data"

/**
 * Stands in a row for a value whose type has been dropped since the change was made: the server still prints it, and the catalogue no longer describes the type. Queries never give one, since a column cannot outlive its type.
 */
export class DroppedTypeValue extends Data.Class<{
  /** OID that the type had. */
  readonly typeOid: number
  /** The value as the server prints it. */
  readonly text: string
}> {}
