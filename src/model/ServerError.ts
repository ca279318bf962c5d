import * as Data from "effect/Data"
import * as ErrorText from "./ErrorText.js"
import type { ServerFields } from "./ServerFields.js"

/** The server refused a statement. With severity `ERROR` the session is still usable, with `FATAL` it has ended. */
export class PgServerError extends Data.TaggedError("PgServerError")<
  ServerFields & {
    /** The statement; empty when the error belongs to none. */
    readonly sql: string
  }
> {
  readonly nothingSent = false
  /** Class of the SQLSTATE: its first two characters. */
  get class(): string {
    return this.code.slice(0, 2)
  }
  override get message(): string {
    return ErrorText.server(this, this.sql)
  }
}
