/**
 * From rows to the data of a copy, in pieces of about 64 kB. Rows are objects, whose other properties do not matter, or
 * arrays in the order of the columns. `null` is NULL; `undefined` and what is missing are refused.
 */
import { ByteWriter } from "../bytes/ByteWriter.js"
import type { Column } from "../model/Column.js"
import { PgCopyRowError } from "../model/CopyRowError.js"
import type { Codec } from "../types/Codec.js"
import * as Parameters from "../types/Parameters.js"
import { Registry } from "../types/Registry.js"
import * as CopyCsv from "../wire/copy/CopyCsv.js"
import * as CopyText from "../wire/copy/CopyText.js"
import * as PgCopyBinary from "../wire/copy/PgCopyBinary.js"
import type { Checked } from "./CopyFormat.js"

/** What a row may be. */
export type RowInput = Readonly<Record<string, unknown>> | ReadonlyArray<unknown>

/** A piece is handed over when it has grown to this many bytes. */
export const pieceBytes = 1 << 16
/** Room for the row that passes the bound, so that the piece need not grow. */
const slack = 1 << 12

/** The types' codecs with one format for all, so that a plan for parameters is one for fields. */
const inOneFormat = (columns: ReadonlyArray<Column>, registry: Registry, format: 0 | 1): Registry =>
  Registry.make(
    columns.flatMap(({ typeOid }): ReadonlyArray<Codec> => {
      const codec = registry.lookup(typeOid)
      return codec === undefined ? [] : [{ ...codec, arrayOid: 0, parameterFormat: format }]
    })
  )

export class CopyRowEncoder {
  private readonly names: ReadonlyArray<string>
  private readonly plan: Parameters.ParameterPlan
  private readonly values: Array<unknown>
  /** Whether some column has a name that every object answers to. */
  private readonly guarded: boolean
  /** The fields of one row, for the formats of lines. */
  private readonly fields = new ByteWriter()
  private writer = new ByteWriter(pieceBytes + slack)
  private rows = 0
  private begun = false

  constructor(
    private readonly columns: ReadonlyArray<Column>,
    private readonly format: Checked,
    registry: Registry,
    private readonly sql: string
  ) {
    this.names = columns.map(({ name }) => name)
    this.guarded = this.names.some((name) => name in Object.prototype)
    this.values = columns.map(() => null)
    this.plan = Parameters.plan(
      columns.map(({ typeOid }) => typeOid),
      inOneFormat(columns, registry, format._tag === "binary" ? 1 : 0)
    )
  }

  /** Writes rows and adds the pieces that are full to `out`. After a failure nothing more may be written. */
  push(rows: ReadonlyArray<RowInput>, out: Array<Uint8Array>): PgCopyRowError | undefined {
    if (!this.begun) this.begin()
    for (const row of rows) {
      this.rows++
      const failure = this.row(row)
      if (failure !== undefined) return failure
      if (this.writer.offset >= pieceBytes) {
        out.push(this.writer.written())
        this.writer = new ByteWriter(pieceBytes + slack)
      }
    }
    return undefined
  }

  /** The last piece; empty when nothing is left to be sent. */
  finish(): Uint8Array {
    if (!this.begun) this.begin()
    if (this.format._tag === "binary") PgCopyBinary.writeTrailer(this.writer)
    return this.writer.written()
  }

  private begin(): void {
    this.begun = true
    if (this.format._tag === "binary") PgCopyBinary.writeHeader(this.writer)
    else if (this.format.lines.header !== false) {
      for (const name of this.names) {
        this.fields.int32(0)
        const start = this.fields.offset
        this.fields.text(name)
        this.fields.patchInt32(start - 4, this.fields.offset - start)
      }
      this.line()
    }
  }

  private row(row: RowInput): PgCopyRowError | undefined {
    const values = isList(row) ? row : this.pick(row)
    const isBinary = this.format._tag === "binary"
    const target = isBinary ? this.writer : this.fields
    if (isBinary) target.int16(this.columns.length)
    const failure = this.plan.write(target, values)
    if (failure !== null) return this.refused(failure)
    if (!isBinary) this.line()
    return this.writer.failure === null ? undefined : this.error(this.writer.failure)
  }

  /** Writes what is in `fields` as a line. */
  private line(): void {
    const width = this.columns.length
    if (this.format._tag === "text") CopyText.write(this.writer, this.format.lines, this.fields, 0, width)
    else if (this.format._tag === "csv") CopyCsv.write(this.writer, this.format.lines, this.fields, 0, width)
    this.fields.rollback(0)
  }

  private pick(row: Readonly<Record<string, unknown>>): ReadonlyArray<unknown> {
    const values = this.values
    const names = this.names
    for (let index = 0; index < names.length; index++) {
      const name = names[index]!
      values[index] = this.guarded && !Object.hasOwn(row, name) ? undefined : row[name]
    }
    return values
  }

  private refused(failure: Parameters.ParameterFailure): PgCopyRowError {
    if (failure._tag === "Refused") return this.error(failure.reason, failure.index, failure.type)
    const { expected, received } = failure
    return this.error(
      `${received} ${received === 1 ? "value" : "values"} for ${expected} ${expected === 1 ? "column" : "columns"}`
    )
  }

  private error(reason: string, index = -1, type = "row"): PgCopyRowError {
    return new PgCopyRowError({
      direction: "encode",
      rowNumber: this.rows,
      column: this.columns[index]?.name,
      index,
      type,
      reason,
      sql: this.sql
    })
  }
}

const isList = (row: RowInput): row is ReadonlyArray<unknown> => Array.isArray(row)
