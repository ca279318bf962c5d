/** From the data of a copy to rows, however the data are cut. */
import type { Column } from "../model/Column.js"
import { PgCopyRowError } from "../model/CopyRowError.js"
import type { Registry } from "../types/Registry.js"
import * as Row from "../types/Row.js"
import * as CopyCsv from "../wire/copy/CopyCsv.js"
import { CopyFormatError } from "../wire/copy/CopyFormatError.js"
import * as CopyText from "../wire/copy/CopyText.js"
import * as PgCopyBinary from "../wire/copy/PgCopyBinary.js"
import type { RecordReader } from "../wire/copy/RecordReader.js"
import { reasonOf } from "../connection/session/CodecThrew.js"
import type { Checked } from "./CopyFormat.js"

export interface DecoderOptions {
  readonly columns: ReadonlyArray<Column>
  readonly format: Checked
  readonly registry: Registry
  /** Those that columns have instead of the registry's. */
  readonly codecs?: Row.ColumnCodecs | undefined
  readonly mode: Row.RowMode
  /** Greatest record in bytes. */
  readonly maxRecordBytes: number | undefined
  readonly sql: string
}

const readerOf = ({ columns, format, maxRecordBytes }: DecoderOptions): RecordReader => {
  const options = { width: columns.length, maxRecordBytes }
  const names = columns.map(({ name }) => name)
  switch (format._tag) {
    case "binary":
      return new PgCopyBinary.Reader(options)
    case "text":
      return new CopyText.Reader({ ...options, format: format.lines, names })
    case "csv":
      return new CopyCsv.Reader({ ...options, format: format.lines, names })
  }
}

export class CopyRowDecoder {
  private readonly reader: RecordReader
  private readonly decoder: Row.RowDecoder
  private readonly sql: string
  private rows = 0

  constructor(options: DecoderOptions) {
    this.reader = readerOf(options)
    this.sql = options.sql
    this.decoder = Row.compile(
      options.columns,
      [options.format._tag === "binary" ? 1 : 0],
      options.registry,
      options.mode,
      options.codecs
    )
  }

  /** Adds the rows that are complete with this chunk to `out`; on failure, those before the faulty one. */
  push(chunk: Uint8Array, out: Array<Row.Row>): PgCopyRowError | undefined {
    this.reader.push(chunk)
    return this.take(out)
  }

  /** Adds what the end of the data completes, and tells what is missing. */
  finish(out: Array<Row.Row>): PgCopyRowError | undefined {
    this.reader.finish()
    return this.take(out)
  }

  private take(out: Array<Row.Row>): PgCopyRowError | undefined {
    for (let run = this.reader.next(); run !== null; run = this.reader.next()) {
      if (run instanceof CopyFormatError) return this.error(run.record, run.reason)
      const before = out.length
      let failure: Row.RowFailure | null
      try {
        failure = this.decoder.decode(run.bytes, run.starts, run.count, out)
      } catch (cause) {
        this.rows += out.length - before
        return this.error(this.rows + 1, reasonOf(cause), undefined, cause)
      }
      this.rows += out.length - before
      if (failure === null) continue
      return failure._tag === "Malformed"
        ? this.error(this.rows + 1, failure.reason)
        : this.error(this.rows + 1, failure.reason, failure)
    }
    return undefined
  }

  private error(
    row: number,
    reason: string,
    value?: { readonly column: string; readonly index: number; readonly type: string },
    cause?: unknown
  ): PgCopyRowError {
    return new PgCopyRowError({
      direction: "decode",
      place: { _tag: "CopyRow", row, column: value?.column, index: value?.index },
      type: value?.type ?? "copy data",
      reason,
      sql: this.sql,
      ...(cause === undefined ? {} : { cause })
    })
  }
}
