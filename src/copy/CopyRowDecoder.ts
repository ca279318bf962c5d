/** From the data of a copy to rows, however the data are cut. */
import { PgCopyRowError } from "../model/CopyRowError.js"
import * as Row from "../types/Row.js"
import * as CopyCsv from "../wire/copy/CopyCsv.js"
import * as CopyText from "../wire/copy/CopyText.js"
import * as PgCopyBinary from "../wire/copy/PgCopyBinary.js"
import { CopyFormatError, type RecordReader } from "../wire/copy/RecordReader.js"
import { reasonOf } from "../connection/session/CodecThrew.js"
import type { CopyPlan } from "./CopyPlan.js"
import type { ReadSettings } from "./CopyTarget.js"

const readerOf = ({ columns, format }: CopyPlan, maxRecordBytes: number | undefined): RecordReader => {
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
  private rows = 0

  constructor(
    private readonly plan: CopyPlan,
    { maxRecordBytes, mode = "object" }: ReadSettings<Row.RowMode>
  ) {
    const { codecs, columns, format, registry } = plan
    this.reader = readerOf(plan, maxRecordBytes)
    this.decoder = Row.compile(columns, [format._tag === "binary" ? 1 : 0], registry, mode, codecs)
  }

  /** Adds the rows that are complete with this chunk to `out`; on failure, those before the faulty one. */
  push(chunk: Uint8Array, out: Array<Row.Row>): PgCopyRowError | undefined {
    this.reader.push(chunk)
    return this.take(out)
  }

  /** Adds the rows that the end of the data completes, and reports what is missing. */
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
        return this.error(this.rows + 1, reasonOf(cause), undefined, { cause })
      }
      this.rows += out.length - before
      if (failure === null) continue
      const value = failure._tag === "Malformed" ? undefined : failure
      return this.error(this.rows + 1, failure.reason, value)
    }
    return undefined
  }

  private error(
    row: number,
    reason: string,
    value?: { readonly column: string; readonly index: number; readonly type: string },
    more: { readonly cause?: unknown } = {}
  ): PgCopyRowError {
    const place = { _tag: "CopyRow", row, column: value?.column, index: value?.index } as const
    const type = value?.type ?? "copy data"
    return new PgCopyRowError({ direction: "decode", place, type, reason, sql: this.plan.sql, ...more })
  }
}
