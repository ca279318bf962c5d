import type { CopyRow } from "./CodecPlace.js"
import { TaggedError } from "./TaggedError.js"

/** A row of a COPY could not be read or written. A copy into the server has been ended then and has stored nothing. */
export class PgCopyRowError extends TaggedError("PgCopyRowError")<{
  readonly direction: "decode" | "encode"
  readonly place: CopyRow
  /** Name of the PostgreSQL type, or its OID as text; `row` for a row as a whole. */
  readonly type: string
  /** What was expected and the shape of what was there; never the value. */
  readonly reason: string
  readonly sql: string
  /** What a codec of the application's threw, where one did. */
  readonly cause?: unknown
}> {
  /** The rows before it may have been sent already. */
  readonly nothingSent = false

  /** The row, counted from 1 as the server counts, without the header; 0 for the header. */
  get rowNumber(): number {
    return this.place.row
  }
  /** The column's name; `undefined` when the row as a whole is wrong. */
  get column(): string | undefined {
    return this.place.column
  }
  override get message(): string {
    const { direction, place, reason, type } = this
    const row = place.row === 0 ? "the header of the copy" : `row ${place.row} of the copy`
    const done = direction === "decode" ? "read" : "sent"
    return place.column === undefined
      ? `${row} cannot be ${done}: ${reason}`
      : `${row} cannot be ${done}: column "${place.column}" of type ${type}: ${reason}`
  }
}
