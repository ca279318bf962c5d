import * as ErrorText from "./ErrorText.js"
import { TaggedError } from "./TaggedError.js"

/** How many rows an operation expects. */
export type ExpectedRows = "one row" | "at most one row" | "at least one row"

/** A statement has run, and its result has another number of rows than the operation expects. The connection is usable. */
export class PgRowCountError extends TaggedError("PgRowCountError")<{
  /** The operation that was called: `one`, `option`, `scalar` or `many`. */
  readonly operation: string
  readonly expected: ExpectedRows
  /** Rows of the result. */
  readonly rows: number
  /** The statement. */
  readonly sql: string
}> {
  readonly nothingSent = false
  override get message(): string {
    return ErrorText.rowCount(this)
  }
}
