/**
 * Composite types, the row types of tables among them, as plain objects by the names of their fields; and anonymous
 * records, whose values come as arrays.
 *
 * As parameters composites take objects that have every field and no other property, and strings, which go to the server
 * as they are where the parameter travels as text.
 *
 * @see https://www.postgresql.org/docs/current/rowtypes.html
 */
import { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Utf8 from "../bytes/Utf8.js"
import * as Oid from "../model/Oid.js"
import * as Arrays from "./Arrays.js"
import type { Codec, Decode, Names } from "./Codec.js"
import * as Fail from "./Fail.js"
import type { Attribute, Layout } from "./Layouts.js"
import { Layouts } from "./Layouts.js"
import * as RecordText from "./RecordText.js"
import type { ObjectRow } from "./RowShape.js"
import * as RowShape from "./RowShape.js"
import { mismatch } from "./Shape.js"
import { decodeString, textOnly, writeText } from "./Texts.js"

/** One field, in the order of the type. The codec's OID is the field's type. */
export interface CompositeField {
  readonly name: string
  readonly codec: Codec
}

/** Each field has at least its OID and its length word. */
const leastField = 8

/** Number of fields, checked against the bytes at hand; −1 after recording why not. */
const readCount = (reader: ByteReader, name: string, at: number, length: number): number => {
  const count = length < 4 ? -1 : reader.view.getInt32(at)
  if (count >= 0 && count * leastField <= length - 4) return count
  reader.fail(
    length < 4 ? `a composite ${name} without its number of fields` : `${count} fields in ${length} bytes`
  )
  return -1
}

/** Which field of a composite it is, by its name; records have none. */
const partOf = (labels: ReadonlyArray<string> | undefined, index: number): string =>
  labels === undefined ? `field [${index}]` : RecordText.partOf(labels, index)

/** Reads fields one by one; `each` reads the value of the field at `index` whose type is `oid`. */
const readFields = (
  reader: ByteReader,
  count: number,
  at: number,
  end: number,
  labels: ReadonlyArray<string> | undefined,
  each: (index: number, oid: number, at: number, size: number) => unknown
): Array<unknown> => {
  const { view } = reader
  const values: Array<unknown> = []
  let next = at
  for (let index = 0; index < count; index++) {
    const size = end - next < leastField ? -2 : view.getInt32(next + 4)
    if (size < -1 || size > end - next - leastField) {
      reader.fail(`field ${index + 1} does not fit its bytes`)
      return values
    }
    const oid = view.getUint32(next)
    next += leastField
    values.push(each(index, oid, next, size))
    if (reader.failure !== null) {
      Fail.inside(reader, partOf(labels, index))
      return values
    }
    if (size > 0) next += size
  }
  if (next !== end) reader.fail(`${end - next} bytes left over after the last field`)
  return values
}

/** What to do about a value of another type than the catalogue has for its field. */
const altered = "was altered: call refreshTypes"

/**
 * The codec of a composite type. Binary in a direction when every field is. `attributes`: for values out of the server's log,
 * which have the fields of their time.
 */
export const over = (
  names: Names,
  fields: ReadonlyArray<CompositeField>,
  attributes: ReadonlyArray<Attribute> = []
): Codec<ObjectRow> => {
  const { name } = names
  const codecs = fields.map(({ codec }) => codec)
  const labels = fields.map((field) => field.name)
  const build = RowShape.object(labels)
  const row = (values: ReadonlyArray<unknown>): ObjectRow => build(values) as ObjectRow
  const blank = row(fields.map(() => null))

  const layouts = new Layouts(attributes, fields.length)

  const unknownFields = (reader: ByteReader, count: number): ObjectRow => {
    reader.fail(`a composite ${name} of ${count} fields where ${fields.length} are known; it ${altered}`)
    return blank
  }

  /** Of the values there were, those of the fields there are. */
  const placed = (values: ReadonlyArray<unknown>, layout: Layout): ObjectRow => {
    const placedValues: Array<unknown> = fields.map(() => null)
    for (let at = 0; at < layout.length; at++) if (layout[at]! >= 0) placedValues[layout[at]!] = values[at]
    return row(placedValues)
  }

  const decodeOldText: Decode<ObjectRow> = (reader, at, length) => {
    const count = RecordText.decode([], [], reader, at, length)?.length ?? -1
    const [layout] = count < 0 ? [] : layouts.of(reader.writtenBy, count)
    if (layout === undefined) return unknownFields(reader, count)
    const values = RecordText.decode(
      layout.map((field) => codecs[field]),
      layout.map((field) => labels[field] ?? "dropped"),
      reader,
      at,
      length
    )
    return values === undefined ? blank : placed(values, layout)
  }

  const decodeText: Decode<ObjectRow> = (reader, at, length) => {
    if (!layouts.isNow(reader.writtenBy)) return decodeOldText(reader, at, length)
    const values = RecordText.decode(codecs, labels, reader, at, length)
    if (values === undefined) return blank
    return values.length === fields.length ? row(values) : unknownFields(reader, values.length)
  }

  /** Reads fields whose places are `layout`; without one, all that there are. */
  const readRow = (reader: ByteReader, count: number, at: number, end: number, layout?: Layout) => {
    const values = readFields(reader, count, at, end, labels, (index, oid, from, size) => {
      const codec = codecs[layout === undefined ? index : layout[index]!]
      if (codec === undefined) return null
      if (oid === codec.oid) return size < 0 ? null : codec.decodeBinary!(reader, from, size)
      reader.fail(`a value of the type ${oid}, not ${codec.oid}; ${name} ${altered}`)
      return null
    })
    if (reader.failure !== null) return blank
    return layout === undefined ? row(values) : placed(values, layout)
  }

  const decodeBinary: Decode<ObjectRow> = (reader, at, length) => {
    const count = readCount(reader, name, at, length)
    if (count < 0) return blank
    const end = at + length
    if (layouts.isNow(reader.writtenBy)) {
      return count === fields.length ? readRow(reader, count, at + 4, end) : unknownFields(reader, count)
    }
    const types = readFields(reader, count, at + 4, end, labels, (_index, oid) => oid)
    const layout = layouts
      .of(reader.writtenBy, count)
      .find((places) => places.every((field, index) => field < 0 || codecs[field]!.oid === types[index]))
    if (reader.failure !== null) return blank
    return layout === undefined ? unknownFields(reader, count) : readRow(reader, count, at + 4, end, layout)
  }

  /** The values in order; `undefined` after recording the failure. */
  const valuesOf = (writer: ByteWriter, value: unknown): ReadonlyArray<unknown> | undefined => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      writer.fail(mismatch(`object with the fields of ${name}`, value))
      return undefined
    }
    const given: Readonly<Record<string, unknown>> = { ...value }
    const missing = labels.find((label) => !Object.hasOwn(given, label) || given[label] === undefined)
    if (missing !== undefined) {
      writer.fail(`expected object with the fields of ${name}, got an object without ${missing}`)
      return undefined
    }
    const other = Object.keys(given).find((key) => !labels.includes(key))
    if (other === undefined) return labels.map((label) => given[label])
    writer.fail(`expected object with the fields of ${name}, got an object with another property`)
    return undefined
  }

  const asText = codecs.some((codec) => codec.parameterFormat === 0)
  return {
    ...names,
    delimiter: ",",
    hasFields: true,
    ...(asText ? { parameterFormat: 0 as const } : {}),
    decodeText,
    decodeBinary: codecs.every((codec) => codec.decodeBinary !== undefined) ? decodeBinary : undefined,
    encodeText: (writer, value) => {
      if (typeof value === "string") return writeText(writer, value)
      const values = valuesOf(writer, value)
      if (values !== undefined) RecordText.encode(codecs, labels, writer, values)
    },
    encodeBinary: codecs.every((codec) => codec.encodeBinary !== undefined)
      ? (writer, value) => {
          const given = typeof value === "string" ? parsed(decodeText, writer, value) : value
          const values = writer.failure === null ? valuesOf(writer, given) : undefined
          if (values !== undefined) writeFields(codecs, labels, writer, values)
        }
      : undefined
  }
}

/** A string in the server's own form, read. */
const parsed = (decodeText: Decode, writer: ByteWriter, text: string): unknown => {
  const reader = new ByteReader(Utf8.encode(text))
  const value = decodeText(reader, 0, reader.bytes.length)
  if (reader.failure !== null) writer.fail(`expected a composite in text: ${reader.failure}`)
  return value
}

const writeFields = (
  codecs: ReadonlyArray<Codec>,
  labels: ReadonlyArray<string>,
  writer: ByteWriter,
  values: ReadonlyArray<unknown>
): void => {
  writer.int32(codecs.length)
  for (let index = 0; index < codecs.length; index++) {
    const codec = codecs[index]!
    const value = values[index]
    writer.uint32(codec.oid)
    writer.int32(-1)
    if (value === null) continue
    const start = writer.offset
    codec.encodeBinary!(writer, value)
    if (writer.failure !== null) return Fail.inside(writer, partOf(labels, index))
    writer.patchInt32(start - 4, writer.offset - start)
  }
}

/** How deep anonymous records may lie within each other. */
export const deepestRecord = 32

/**
 * Anonymous records, as `row(1, 'a')` makes them: an array of values, each read by its type, as the record itself states it.
 * A value of a type that `lookup` does not know is its bytes, and one of a type that is read as text alone fails: a record has its
 * values in no other form than its own. In text, as a simple
 * query has it, a record is the server's text: there the types are unknown. The server takes none as a parameter.
 */
export const record = (lookup: (oid: number) => Codec | undefined): Codec =>
  recordWithin(lookup, deepestRecord)

const recordWithin = (lookup: (oid: number) => Codec | undefined, levels: number): Codec => {
  const text = textOnly("record", Oid.record, Oid.recordArray)
  let inner: Codec | undefined
  let innerArray: Codec | undefined
  const find = (oid: number): Codec | undefined => {
    if (oid !== Oid.record && oid !== Oid.recordArray) return lookup(oid)
    inner ??= levels > 1 ? recordWithin(lookup, levels - 1) : tooDeep
    return oid === Oid.record ? inner : (innerArray ??= Arrays.over(inner))
  }
  return {
    ...text,
    elementsNest: true,
    decodeText: decodeString,
    decodeBinary: (reader, at, length) => {
      const count = readCount(reader, "record", at, length)
      if (count < 0) return []
      return readFields(reader, count, at + 4, at + length, undefined, (_index, oid, from, size) => {
        if (size < 0) return null
        const codec = find(oid)
        if (codec === undefined) return copyOf(reader, from, size)
        if (codec.decodeBinary !== undefined) return codec.decodeBinary(reader, from, size)
        reader.fail(
          `${codec.name} can be read only as text, and a record has its values in binary: cast it to text`
        )
        return null
      })
    }
  }
}

const copyOf = (reader: ByteReader, at: number, size: number): Uint8Array => {
  const copy = new Uint8Array(size)
  copy.set(reader.bytes.subarray(at, at + size))
  return copy
}

const tooDeep: Codec = {
  ...textOnly("record", Oid.record, Oid.recordArray),
  decodeBinary: (reader) => {
    reader.fail(`records more than ${deepestRecord} levels deep`)
    return []
  }
}
