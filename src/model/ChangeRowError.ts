import type { ChangeRow, ChangeTransaction } from "./CodecPlace.js"
import * as Lsn from "./Lsn.js"
import { TaggedError } from "./TaggedError.js"

const prepositions: { readonly [K in ChangeRow["kind"]]: string } = {
  insert: "an insert into",
  update: "an update of",
  delete: "a delete from"
}

const transactionText = ({ commitLsn, gid, xid }: ChangeTransaction): string =>
  `transaction ${xid} ${gid === undefined ? "committed" : `prepared as ${JSON.stringify(gid)}`} at ${Lsn.toText(commitLsn)}`

/**
 * A row of a change could not be read. Every feed of the slot meets the row again, until the codec or the Schema is
 * corrected, or the slot is moved on behind its transaction.
 */
export class PgChangeRowError extends TaggedError("PgChangeRowError")<{
  readonly place: ChangeRow
  /** Name of the PostgreSQL type, or its OID as text; `record` for a row as a whole. */
  readonly type: string
  /** What was expected and the shape of what was there; never the value. */
  readonly reason: string
  /** The command that opened the stream; empty where a row is read that has left the stream. */
  readonly sql: string
  /** The `ParseIssue` of a Schema that refused the row, or what code of the application's threw. */
  readonly cause?: unknown
}> {
  readonly nothingSent = false

  /** The table, with its schema. */
  get table(): string {
    return this.place.table
  }
  get kind(): ChangeRow["kind"] {
    return this.place.kind
  }
  /** `old`: as it was before, of which the server may have sent the key alone. */
  get row(): ChangeRow["row"] {
    return this.place.row
  }
  /** With its `xid` and the position of its commit. */
  get transaction(): ChangeTransaction {
    return this.place.transaction
  }
  /** The column's name; `undefined` when the row as a whole is wrong. */
  get column(): string | undefined {
    return this.place.column
  }

  override get message(): string {
    const { place, reason, type } = this
    const row = `the ${place.row} row of ${prepositions[place.kind]} ${place.table}`
    const where = transactionText(place.transaction)
    const what =
      place.column === undefined
        ? `${row}, in ${where}, cannot be read`
        : `column "${place.column}" of type ${type} cannot be read in ${row}, in ${where}`
    const hint = reason.endsWith(", got null") ? "\nHINT: Schema.NullOr takes NULL." : ""
    return `${what}: ${reason}${hint}`
  }

  /** For logs: JSON has no number for a position. */
  override toJSON(): object {
    const { _tag, message, place, reason, type } = this
    const { commitLsn, gid, time, xid } = place.transaction
    return {
      _tag,
      message,
      place: { ...place, transaction: { xid, commitLsn: Lsn.toText(commitLsn), gid, time } },
      type,
      reason
    }
  }
}
