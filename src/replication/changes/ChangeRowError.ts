import * as Lsn from "../../model/Lsn.js"
import { PgCodecError } from "../../model/PgError.js"
import type { TransactionInfo } from "./LogicalEvent.js"

/** Where in a stream of changes a row stands. */
export interface ChangeRowPlace {
  /** The table, with its schema. */
  readonly table: string
  readonly kind: "insert" | "update" | "delete"
  /** `old`: as it was before, of which the server may have told the key alone. */
  readonly row: "old" | "new"
  /** With its `xid` and the position of its commit. */
  readonly transaction: TransactionInfo
}

const prepositions: { readonly [K in ChangeRowPlace["kind"]]: string } = {
  insert: "an insert into",
  update: "an update of",
  delete: "a delete from"
}

const transactionText = ({ commitLsn, gid, xid }: TransactionInfo): string =>
  `transaction ${xid} ${gid === undefined ? "committed" : `prepared as ${JSON.stringify(gid)}`} at ${Lsn.toText(commitLsn)}`

/**
 * A row of a change that could not be read: a `PgCodecError` that knows which. Its `where` is the column, or `row` with the
 * `index` −1 where a Schema refuses the row as a whole. Every feed of the slot meets the row again, until what reads it is
 * mended, or the slot is moved on behind its transaction.
 */
export class PgChangeRowError extends PgCodecError implements ChangeRowPlace {
  readonly table: string
  readonly kind: ChangeRowPlace["kind"]
  readonly row: ChangeRowPlace["row"]
  readonly transaction: TransactionInfo

  constructor(
    place: ChangeRowPlace,
    found: {
      readonly where: string
      readonly index: number
      readonly type: string
      /** What was expected and the shape of what was there; never the value. */
      readonly reason: string
      /** The `ParseIssue` of a Schema, or what code of the application's threw. */
      readonly cause?: unknown
    },
    /** What opened the stream; empty where a row is read that has left it. */
    sql = ""
  ) {
    const { cause, index, reason, type, where } = found
    super({
      direction: "decode",
      where,
      index,
      type,
      reason,
      sql,
      ...(cause === undefined ? {} : { cause })
    })
    this.table = place.table
    this.kind = place.kind
    this.row = place.row
    this.transaction = place.transaction
  }

  override get message(): string {
    const row = `the ${this.row} row of ${prepositions[this.kind]} ${this.table}`
    const where = transactionText(this.transaction)
    const what =
      this.index < 0
        ? `${row}, in ${where}, cannot be read`
        : `column "${this.where}" of type ${this.type} cannot be read in ${row}, in ${where}`
    const hint = this.reason.endsWith(", got null") ? "\nHINT: Schema.NullOr takes NULL." : ""
    return `${what}: ${this.reason}${hint}`
  }

  /** For logs: JSON has no number for a position. */
  override toJSON(): object {
    const { commitLsn, gid, time, xid } = this.transaction
    const { direction, index, kind, message, reason, row, table, type, where } = this
    return {
      _tag: this._tag,
      message,
      direction,
      where,
      index,
      type,
      reason,
      table,
      kind,
      row,
      transaction: { xid, commitLsn: Lsn.toText(commitLsn), gid, time }
    }
  }
}
