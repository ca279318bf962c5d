import * as ErrorText from "./ErrorText.js"
import { quoting } from "./ServerFields.js"
import type { ServerFields } from "./ServerFields.js"
import { TaggedError } from "./TaggedError.js"

/** What a `PgServerError` holds. */
export type ServerErrorFields = ServerFields & {
  /** The statement; empty when the error belongs to none. */
  readonly sql: string
  /**
   * True when a part of what was sent may have been committed before the failure: a CALL or a DO outside a transaction
   * block, which may commit inside, or several statements in one text of which one had ended.
   */
  readonly mayHaveCommitted?: boolean
  /** Where in the program the statement was written, when the `Sql` template made it. */
  readonly place?: string
  /** Number of the set of parameters that the statement was refused with, from 1: of a `batch` only. */
  readonly parameterSet?: number
  /** Whether `detail` and `where`, which quote values of rows, are part of the message, of inspection and of JSON. */
  readonly showsValues?: boolean
}

/**
 * The server refused a statement. With severity `ERROR` the session is still usable, with `FATAL` it has ended.
 *
 * `detail` and `where` often quote values of rows. They can be read as fields, and are left out of `message`, of inspection
 * and of JSON unless `showsValues` is true, which the option `showValues` of the connector asks for.
 */
export class PgServerError extends TaggedError("PgServerError")<ServerErrorFields> {
  readonly nothingSent = false

  constructor(fields: ServerErrorFields) {
    super(fields)
    if (fields.showsValues === true) return
    for (const name of quoting) Object.defineProperty(this, name, { value: fields[name], enumerable: false })
  }

  /** Class of the SQLSTATE: its first two characters. */
  get class(): string {
    return this.code.slice(0, 2)
  }
  override get message(): string {
    return ErrorText.server(this, this.sql, this.showsValues === true, this.place)
  }

  /** Without the fields that are not shown. */
  override toJSON(): object {
    return { ...this, message: this.message }
  }

  /** The same error with other fields. */
  with(changes: Partial<ServerErrorFields>): PgServerError {
    const { detail, where } = this
    return new PgServerError({ ...this, detail, where, ...changes })
  }
}
