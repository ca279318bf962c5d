import type { Format } from "./Format.js"

/**
 * One column of a result, from `RowDescription`.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-ROWDESCRIPTION
 */
export interface Column {
  readonly name: string
  /** OID of the table when the column is a plain column of one, else 0. */
  readonly tableOid: number
  /** Number of the column in its table, else 0; negative for system columns. */
  readonly columnNumber: number
  /** OID of the type; a domain's base type. */
  readonly typeOid: number
  /** Size in bytes; −1 for variable length, −2 for a C string. A hint only. */
  readonly typeSize: number
  /** Modifier as `pg_attribute.atttypmod` has it; −1 for none. */
  readonly typeModifier: number
  readonly format: Format
}

/** A column of which no more than the type is known, in text. */
export const ofType = (typeOid: number, name = ""): Column => ({
  name,
  tableOid: 0,
  columnNumber: 0,
  typeOid,
  typeSize: -1,
  typeModifier: -1,
  format: 0
})
