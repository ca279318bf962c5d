/**
 * From rows to the data of a copy, in pieces of about 64 kB. Rows are objects, whose other properties do not matter, or
 * arrays in the order of the columns. `null` is NULL, `Default` the column's default; `undefined` and what is missing are
 * refused.
 */
import { ByteWriter } from "../bytes/ByteWriter.js"
import { reasonOf } from "../connection/session/CodecThrew.js"
import type { Column } from "../model/Column.js"
import { PgCopyRowError } from "../model/CopyRowError.js"
import { PgArray } from "../model/PgArray.js"
import type { Codec } from "../types/Codec.js"
import * as Parameters from "../types/Parameters.js"
import { Registry } from "../types/Registry.js"
import type { ColumnCodecs } from "../types/Row.js"
import * as CopyCsv from "../wire/copy/CopyCsv.js"
import * as CopyText from "../wire/copy/CopyText.js"
import * as PgCopyBinary from "../wire/copy/PgCopyBinary.js"
import * as LineFormat from "../wire/copy/LineFormat.js"
import { codecsOf, type Checked } from "./CopyFormat.js"
import type { CopyPlan } from "./CopyPlan.js"
import { Default } from "./CopySchema.js"
import type { RowInput } from "./CopyTarget.js"

/** A piece is handed over when it has grown to this many bytes. */
export const pieceBytes = 1 << 16
/** Room for the row that passes the bound, so that the piece need not grow. */
const slack = 1 << 12

/** OIDs that no type has, for columns with a codec of their own. */
const firstOwn = 0xf000_0000

/** The types' codecs with one format for all, so that a plan for parameters is one for fields. */
const planOf = (
  columns: ReadonlyArray<Column>,
  registry: Registry,
  own: ColumnCodecs,
  format: 0 | 1
): Parameters.ParameterPlan => {
  const typeOids = columns.map(({ typeOid }, index) =>
    own[index] === undefined ? typeOid : firstOwn + index
  )
  const codecs = codecsOf(columns, registry, own).flatMap((codec, index): ReadonlyArray<Codec> => {
    const oid = typeOids[index]!
    return codec === undefined ? [] : [{ ...codec, oid, arrayOid: 0, parameterFormat: format }]
  })
  return Parameters.plan(typeOids, Registry.make(codecs))
}

/** Whether the value has an array with a NULL in it. */
const holdsNull = (value: unknown): boolean => {
  const values: unknown = value instanceof PgArray ? value.values : value
  if (Array.isArray(values)) return values.some((one) => one === null || holdsNull(one))
  return (
    typeof values === "object" && values !== null && isPlain(values) && Object.values(values).some(holdsNull)
  )
}

/** A composite, and no object of a type such as a date. */
const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

const nullInArray =
  "an array with NULL in it cannot be copied as text while array_nulls is off: the server would store the string NULL. Copy in the format binary, or SET array_nulls = on"

const noDefault = "Copy.Default needs the format text or csv and the option defaultText"

export class CopyRowEncoder {
  private readonly names: ReadonlyArray<string>
  private readonly plan: Parameters.ParameterPlan
  private readonly values: Array<unknown>
  /** Whether some column has a name that every object answers to. */
  private readonly guarded: boolean
  /** Whether a value may stand for a default. */
  private readonly takesDefault: boolean
  private readonly format: Checked
  /** The fields of one row, for the formats of lines. */
  private readonly fields = new ByteWriter()
  private writer = new ByteWriter(pieceBytes + slack)
  private rows = 0
  private begun = false

  constructor(private readonly copy: CopyPlan) {
    const { codecs, columns, format, registry } = copy
    this.format = format
    this.names = columns.map(({ name }) => name)
    this.guarded = this.names.some((name) => name in Object.prototype)
    this.values = columns.map(() => null)
    this.plan = planOf(columns, registry, codecs, format._tag === "binary" ? 1 : 0)
    this.takesDefault = format._tag !== "binary" && format.lines.defaultText !== undefined
  }

  /** Writes rows and adds the pieces that are full to `out`. After a failure nothing more may be written. */
  push(rows: ReadonlyArray<RowInput>, out: Array<Uint8Array>): PgCopyRowError | undefined {
    try {
      return this.write(rows, out)
    } catch (cause) {
      return this.error(reasonOf(cause), undefined, { cause })
    }
  }

  private write(rows: ReadonlyArray<RowInput>, out: Array<Uint8Array>): PgCopyRowError | undefined {
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

  /** What has gathered and is no full piece yet; `undefined` when nothing has. */
  take(): Uint8Array | undefined {
    if (this.writer.offset === 0) return undefined
    const piece = this.writer.written()
    this.writer = new ByteWriter(pieceBytes + slack)
    return piece
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
      this.line(true)
    }
  }

  private row(row: RowInput): PgCopyRowError | undefined {
    const given = isList(row) ? row : this.pick(row)
    const hasDefault = given.includes(Default)
    if (hasDefault && !this.takesDefault) return this.error(noDefault, given.indexOf(Default))
    const values = hasDefault ? given.map((value) => (value === Default ? null : value)) : given
    const isBinary = this.format._tag === "binary"
    const target = isBinary ? this.writer : this.fields
    if (isBinary) target.int16(this.names.length)
    const index = this.copy.withoutNulls.find((index) => holdsNull(values[index]))
    if (index !== undefined) return this.error(nullInArray, index)
    const failure = this.plan.write(target, values)
    if (failure !== null) return this.refused(failure, values)
    if (hasDefault) this.markDefaults(given)
    if (!isBinary) this.line(false)
    return this.writer.failure === null ? undefined : this.error(this.writer.failure)
  }

  /** Makes defaults of the fields that were written as NULL in their place. */
  private markDefaults(given: ReadonlyArray<unknown>): void {
    let at = 0
    for (const value of given) {
      const length = this.fields.view.getInt32(at)
      if (value === Default) this.fields.patchInt32(at, LineFormat.defaultLength)
      at += 4 + Math.max(0, length)
    }
  }

  /** Writes what is in `fields` as a line. */
  private line(isHeader: boolean): void {
    const { fields, format, writer } = this
    const width = this.names.length
    if (format._tag === "text") CopyText.write(writer, format.lines, fields, 0, width)
    else if (format._tag === "csv") CopyCsv.write(writer, format.lines, fields, 0, width, isHeader)
    fields.rollback(0)
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

  private refused(failure: Parameters.ParameterFailure, values: ReadonlyArray<unknown>): PgCopyRowError {
    if (failure._tag === "Refused") {
      const { index, reason, type } = failure
      const cure = values[index] === undefined ? ": null stores NULL, Copy.Default the column's default" : ""
      return this.error(`${reason}${cure}`, index, { type })
    }
    const { expected, received } = failure
    return this.error(
      `${received} ${received === 1 ? "value" : "values"} for ${expected} ${expected === 1 ? "column" : "columns"}`
    )
  }

  /** `more.type`: unless given, by the OID of the column. */
  private error(
    reason: string,
    index?: number,
    more: { readonly type?: string; readonly cause?: unknown } = {}
  ): PgCopyRowError {
    const { columns, registry, sql } = this.copy
    const column = index === undefined ? undefined : this.names[index]
    const place = { _tag: "CopyRow", row: this.rows, column, index } as const
    const type = index === undefined ? "row" : registry.nameOf(columns[index]?.typeOid ?? 0)
    return new PgCopyRowError({ direction: "encode", place, type, reason, sql, ...more })
  }
}

const isList = (row: RowInput): row is ReadonlyArray<unknown> => Array.isArray(row)
