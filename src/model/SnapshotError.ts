import type { PgServerError } from "./ServerError.js"
import { TaggedError } from "./TaggedError.js"

/** Why published tables could not be copied. */
export type SnapshotReason =
  /** There is no publication of this name. */
  | "no-publication"
  /** The publications come to no table. */
  | "no-tables"
  /** Publications publish different columns of one table; the server would refuse to stream it. */
  | "columns"
  /** The table may not be read, or not all of its rows because of row-level security. */
  | "forbidden"
  /**
   * The table was dropped, renamed, truncated or rewritten after the snapshot was taken, so that its rows of that moment
   * are gone. The next copy takes another snapshot.
   */
  | "changed"
  /** The feed was asked for before every table had been copied. */
  | "unfinished"
  /** The copy was read a second time. */
  | "taken"

/** Published tables could not be copied. Tables reported as copied before stay so. */
export class PgSnapshotError extends TaggedError("PgSnapshotError")<{
  readonly reason: SnapshotReason
  /** The table, `undefined` when it is about none. */
  readonly table: { readonly schema: string; readonly name: string } | undefined
  readonly detail: string
  /** The server's error, when the server refused. */
  readonly cause: PgServerError | undefined
}> {
  readonly nothingSent = false
  override get message(): string {
    const where =
      this.table === undefined ? "snapshot" : `snapshot of ${this.table.schema}.${this.table.name}`
    return `${where}: ${this.reason}: ${this.detail}`
  }
}
