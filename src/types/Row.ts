/**
 * From the bytes of `DataRow` messages to rows. A decoder is compiled once per columns, formats and registry, and
 * kept with the prepared statement; it then decodes whole runs of rows.
 *
 * A row is a plain object with the columns in order, or an array. Of columns with the same name an object keeps the
 * last value; an array keeps all. No column name has a special meaning: `__proto__` and `constructor` are ordinary
 * own properties. NULL is `null`.
 *
 * The commonest types are read in the loop itself and not through their codec. The plain twin is in the tests.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-DATAROW
 */
import { ByteReader } from "../bytes/ByteReader.js"
import * as Utf8 from "../bytes/Utf8.js"
import * as Calendar from "../model/Calendar.js"
import type { Column } from "../model/Column.js"
import type { Format } from "../model/Format.js"
import { PgTimestampTz } from "../model/PgTimestampTz.js"
import { decodeBool } from "./Booleans.js"
import type { Codec, Decode } from "./Codec.js"
import { decodeFloat8 } from "./Floats.js"
import { decodeInt4 } from "./Integers.js"
import type { Registry } from "./Registry.js"
import * as RowShape from "./RowShape.js"
import type { ArrayRow, BytesRow, ObjectRow, Row } from "./RowShape.js"
import { decodeString } from "./Texts.js"
import { decodeInstant, decodeTimestampTz } from "./Timestamps.js"

export type { ArrayRow, BytesRow, ObjectRow, Row } from "./RowShape.js"

/** Objects by column name, or arrays by column position. */
export type RowMode = "object" | "array"

/** The forms of a row in a query's result: also the bytes of each column as the server sent them. */
export type ResultMode = RowMode | "bytes"

/** A row in its mode. */
export type RowIn<M extends ResultMode> = M extends "bytes"
  ? BytesRow
  : M extends "array"
    ? ArrayRow
    : ObjectRow

/**
 * Why a run stopped: `Malformed` is a message that contradicts the protocol or its own row description and ends the
 * connection; `Undecodable` is a value its codec cannot read and fails the query only. `column` is the column's name
 * and `index` its place from 0. `reason` carries sizes and never a value.
 */
export type RowFailure =
  | { readonly _tag: "Malformed"; readonly reason: string }
  | {
      readonly _tag: "Undecodable"
      readonly column: string
      readonly index: number
      readonly type: string
      readonly reason: string
    }

export interface RowDecoder<R extends Row = Row> {
  readonly columns: ReadonlyArray<Column>
  /**
   * Decodes `count` bodies and appends their rows to `out`. Body `i` begins at `starts[i]`; the length word in the
   * four bytes before it counts itself. On failure the rows before the faulty one are in `out`.
   *
   * Nothing in the rows refers to `bytes` afterwards.
   */
  readonly decode: (bytes: Uint8Array, starts: Int32Array, count: number, out: Array<R>) => RowFailure | null
}

/** A codec for each column that is not to be read by the registry's. */
export type ColumnCodecs = ReadonlyArray<Codec | undefined>

const none: ColumnCodecs = []

/** The formats to ask for: binary where the column's codec reads it, text otherwise and for unknown types. */
export const resultFormats = (
  columns: ReadonlyArray<Column>,
  registry: Registry,
  codecs: ColumnCodecs = none
): ReadonlyArray<Format> =>
  columns.map(({ typeOid }, index) =>
    (codecs[index] ?? registry.lookup(typeOid))?.decodeBinary === undefined ? 0 : 1
  )

const noBinary: Decode<null> = (reader) => {
  reader.fail("this type has no binary form that the client knows")
  return null
}

/** A column's bytes, copied: the chunk that they came in is used again. */
const copyBytes: Decode<Uint8Array> = (reader, at, length) =>
  Uint8Array.prototype.slice.call(reader.bytes, at, at + length)

/**
 * The reader of one column. A column of an unknown type is a string when it comes as text, and fails when it comes
 * as binary, which is never asked for.
 */
export const decodeOf = (registry: Registry, typeOid: number, format: Format): Decode =>
  decodeBy(registry.lookup(typeOid), format)

const decodeBy = (codec: Codec | undefined, format: Format): Decode => {
  if (format === 0) return codec?.decodeText ?? decodeString
  return codec?.decodeBinary ?? noBinary
}

/** Ways to read a column inside the loop; 0 calls the codec. */
const viaCodec = 0
const viaInt4 = 1
const viaString = 2
const viaFloat8 = 3
const viaBool = 4
const viaInstant = 5
const viaTimestampTz = 6
const inLoop: ReadonlyMap<Decode, number> = new Map<Decode, number>([
  [decodeInt4, viaInt4],
  [decodeString, viaString],
  [decodeFloat8, viaFloat8],
  [decodeBool, viaBool],
  [decodeInstant, viaInstant],
  [decodeTimestampTz, viaTimestampTz]
])

class Compiled implements RowDecoder {
  private readonly kinds: ReadonlyArray<number>
  private readonly values: Array<unknown>
  private readonly build: RowShape.Build
  // Kept, because the engine discards code optimized for readers when a full collection finds no reader.
  private readonly reader = new ByteReader(new Uint8Array(0))

  constructor(
    readonly columns: ReadonlyArray<Column>,
    private readonly decoders: ReadonlyArray<Decode>,
    private readonly types: ReadonlyArray<string>,
    mode: ResultMode
  ) {
    this.kinds = decoders.map((decode) => inLoop.get(decode) ?? viaCodec)
    this.values = columns.map(() => null)
    this.build = mode === "object" ? RowShape.object(columns.map((column) => column.name)) : RowShape.array
  }

  decode(bytes: Uint8Array, starts: Int32Array, count: number, out: Array<Row>): RowFailure | null {
    try {
      return this.read(this.reader.reset(bytes, 0, bytes.length), starts, count, out)
    } finally {
      // A cached decoder must keep neither the chunk nor the last row alive, not even when a codec of the application's throws.
      this.reader.release()
      this.values.fill(null)
    }
  }

  private read(reader: ByteReader, starts: Int32Array, count: number, out: Array<Row>): RowFailure | null {
    const bytes = reader.bytes
    const view = reader.view
    const kinds = this.kinds
    const width = kinds.length
    const values = this.values
    const build = this.build
    for (let row = 0; row < count; row++) {
      let at = starts[row]!
      const end = at - 4 + view.getInt32(at - 4)
      if (end - at < 2 || end > bytes.length) return malformed("a row without room for its number of columns")
      if (view.getInt16(at) !== width) {
        return malformed(`a row of ${view.getInt16(at)} columns where ${width} were described`)
      }
      at += 2
      for (let index = 0; index < width; index++) {
        if (end - at < 4) return malformed(`a row that ends before column ${index}`)
        const length = view.getInt32(at)
        at += 4
        if (length < 0) {
          if (length !== -1) return malformed(`column ${index} has the length ${length}`)
          values[index] = null
          continue
        }
        if (length > end - at)
          return malformed(`column ${index} has ${length} bytes where ${end - at} are left`)
        switch (kinds[index]) {
          case viaInt4:
            if (length !== 4) return this.undecodable(reader, index, at, length)
            values[index] = view.getInt32(at)
            break
          case viaString:
            values[index] = Utf8.decode(bytes, at, at + length)
            break
          case viaFloat8:
            if (length !== 8) return this.undecodable(reader, index, at, length)
            values[index] = view.getFloat64(at)
            break
          case viaBool:
            if (length !== 1) return this.undecodable(reader, index, at, length)
            values[index] = bytes[at] !== 0
            break
          case viaInstant: {
            const high = length === 8 ? view.getInt32(at) : farthest
            // Within ±2^20 × 2^32 µs, 142 years around 2000, the sum is exact and `Date` can hold it.
            if (high >= near || high < -near) {
              const value = decodeInstant(reader, at, length)
              if (reader.failure !== null) return this.undecodable(reader, index, at, length)
              values[index] = value
            } else {
              values[index] = new Date(
                Math.floor((high * 4294967296 + view.getUint32(at + 4)) / 1000) + Calendar.millisTo2000
              )
            }
            break
          }
          case viaTimestampTz:
            if (length !== 8) return this.undecodable(reader, index, at, length)
            values[index] = new PgTimestampTz(view.getInt32(at), view.getInt32(at + 4))
            break
          default:
            values[index] = this.decoders[index]!(reader, at, length)
            if (reader.failure !== null) return this.undecodable(reader, index, at, length)
        }
        at += length
      }
      if (at !== end) return malformed(`${end - at} bytes left over after the last column`)
      out.push(build(values))
    }
    return null
  }

  /** The failure of a column, in the words of its codec. */
  private undecodable(reader: ByteReader, index: number, at: number, length: number): RowFailure {
    if (reader.failure === null) this.decoders[index]!(reader, at, length)
    return {
      _tag: "Undecodable",
      column: this.columns[index]!.name,
      index,
      type: this.types[index]!,
      reason: reader.failure ?? "the value cannot be read"
    }
  }
}

const near = 0x100000
const farthest = 0x7fffffff

const malformed = (reason: string): RowFailure => ({ _tag: "Malformed", reason })

/**
 * Compiles the decoder of one result. `formats` has the requested formats by the rule of `Bind`: one per column, or one for
 * all, or none for text.
 */
export const compile = <M extends ResultMode = "object">(
  columns: ReadonlyArray<Column>,
  formats: ReadonlyArray<Format>,
  registry: Registry,
  mode?: M,
  codecs: ColumnCodecs = none
): RowDecoder<RowIn<M>> =>
  // Only this place knows which rows a mode makes.
  new Compiled(
    columns,
    columns.map(({ typeOid }, index) =>
      mode === "bytes"
        ? copyBytes
        : decodeBy(codecs[index] ?? registry.lookup(typeOid), formatOf(formats, index))
    ),
    columns.map((column) => registry.nameOf(column.typeOid)),
    mode ?? "object"
  ) as RowDecoder<Row> as RowDecoder<RowIn<M>>

/** The format of one column by `Bind`'s rule: none means text, one means all. */
export const formatOf = (formats: ReadonlyArray<Format>, index: number): Format =>
  (formats.length === 1 ? formats[0] : formats[index]) ?? 0
