import { PgCodecError } from "./PgError.js"

/** What a `PgCopyRowError` knows beside what every `PgCodecError` knows. */
export interface CopyRowPlace {
  /** The row, counted from 1 as the server counts, without the header; 0 for the header. */
  readonly rowNumber: number
  /** The column's name; `undefined` when the row as a whole is wrong. */
  readonly column: string | undefined
}

/**
 * A row of a COPY that could not be read or written: a `PgCodecError` that knows which row. Its `where` is `COPY`, its
 * `index` that of the column, or −1. A copy into the server has then been ended and has stored nothing.
 */
export class PgCopyRowError extends PgCodecError implements CopyRowPlace {
  declare readonly rowNumber: number
  readonly column: string | undefined

  constructor(
    fields: CopyRowPlace & {
      readonly direction: "decode" | "encode"
      readonly index: number
      readonly type: string
      readonly reason: string
      readonly sql: string
      /** What a codec of the application's threw, where one did. */
      readonly cause?: unknown
    }
  ) {
    const { column, ...codec } = fields
    super({ ...codec, where: "COPY" })
    this.column = column
  }

  /** The rows before it may have been sent already. */
  override get nothingSent(): boolean {
    return false
  }
  override get message(): string {
    const row = this.rowNumber === 0 ? "the header of the copy" : `row ${this.rowNumber} of the copy`
    const done = this.direction === "decode" ? "read" : "sent"
    return this.column === undefined
      ? `${row} cannot be ${done}: ${this.reason}`
      : `${row} cannot be ${done}: column "${this.column}" of type ${this.type}: ${this.reason}`
  }
}

/** The columns of a copy are not those that a Schema wants; nothing was copied. Its `where` is `columns`. */
export class PgCopyColumnsError extends PgCodecError {
  constructor(fields: {
    readonly direction: "decode" | "encode"
    /** Both sides, column by column. */
    readonly comparison: string
    readonly sql: string
  }) {
    super({
      direction: fields.direction,
      where: "columns",
      index: -1,
      type: "record",
      reason: fields.comparison,
      sql: fields.sql
    })
  }

  override get message(): string {
    const table = this.reason.replaceAll(/^/gm, "  ")
    return `the columns of the copy do not fit the Schema, and nothing was copied:\n${table}\nHINT: Change the Schema, or what is copied.`
  }
}
