/**
 * Arrays over any type. An array whose dimensions all begin at 1 is a plain JavaScript array, nested for more
 * dimensions; any other is a `PgArray`, which keeps the bounds. NULL elements are `null`; the empty array is `[]`.
 *
 * As parameters they take arrays (nested ones are dimensions, and must be rectangular), `PgArray`, and strings in
 * PostgreSQL's own form. Where an array is itself a value of the element type, as for JSON, a plain array has one
 * dimension; more come and go as a `PgArray`.
 *
 * @see https://www.postgresql.org/docs/current/arrays.html
 */
import { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Utf8 from "../bytes/Utf8.js"
import { PgArray } from "../model/PgArray.js"
import * as ArrayShape from "./ArrayShape.js"
import * as ArrayText from "./ArrayText.js"
import type { Codec, Decode } from "./Codec.js"
import * as Fail from "./Fail.js"
import { writeText } from "./Texts.js"

/** What becomes of lower bounds other than 1: `kept` in a `PgArray`, or `dropped` as node-postgres does. */
export type LowerBounds = "kept" | "dropped"

export type PgArrayValue = ReadonlyArray<unknown> | PgArray

const valueOf = (codec: Codec, parsed: ArrayText.ParsedArray, bounds: LowerBounds): PgArrayValue => {
  const { elements, lengths, lowerBounds } = parsed
  const values = lengths.length > 1 ? ArrayShape.nest(elements, lengths) : elements
  if (bounds === "dropped") return values
  const plain =
    lowerBounds.every((bound) => bound === 1) && !(codec.elementsNest === true && lengths.length > 1)
  return plain ? values : new PgArray(values, lowerBounds)
}

/** The header's dimensions, checked against the bytes at hand before anything is made of them. */
const readHeader = (reader: ByteReader, codec: Codec, at: number, length: number) => {
  const { view } = reader
  if (length < 12) return reader.fail(`an array header needs 12 bytes, got ${length}`)
  const dimensions = view.getInt32(at)
  if (dimensions < 0 || dimensions > ArrayShape.maxDimensions) {
    return reader.fail(`an array of ${dimensions} dimensions, not 0 to ${ArrayShape.maxDimensions}`)
  }
  const elementOid = view.getUint32(at + 8)
  if (elementOid !== codec.oid) return reader.fail(`an array over OID ${elementOid}, not over ${codec.name}`)
  const header = 12 + 8 * dimensions
  if (length < header) return reader.fail(`an array header needs ${header} bytes, got ${length}`)
  const lengths: Array<number> = []
  const lowerBounds: Array<number> = []
  for (let index = 0; index < dimensions; index++) {
    lengths.push(view.getInt32(at + 12 + 8 * index))
    lowerBounds.push(view.getInt32(at + 16 + 8 * index))
  }
  const count = dimensions === 0 ? 0 : ArrayShape.countOf(lengths)
  if (count === undefined) return reader.fail("an array with a negative dimension or too many elements")
  // Each element has at least its length word.
  if (count * 4 > length - header) {
    return reader.fail(`an array of ${count} elements in ${length - header} bytes`)
  }
  return { lengths, lowerBounds, count, header }
}

/** Most arrays have one dimension that begins at 1. How many elements such a one has, or -1 for any other: that goes by its header. */
const plainCount = ({ view }: ByteReader, codec: Codec, at: number, length: number): number => {
  if (length < plainHeader || view.getInt32(at) !== 1 || view.getInt32(at + 16) !== 1) return -1
  const count = view.getInt32(at + 12)
  return count > 0 && count * 4 <= length - plainHeader && view.getUint32(at + 8) === codec.oid ? count : -1
}

const plainHeader = 20

/** Reads elements up to `end`; none when they do not fit their bytes or one cannot be read. */
const readElements = (
  reader: ByteReader,
  element: Decode,
  from: number,
  end: number,
  count: number,
  lengths?: ReadonlyArray<number>
): Array<unknown> | undefined => {
  const { view } = reader
  // As long as it will be: one that grows by pushing holds room for seventeen. The bytes at hand bound it.
  const elements = new Array<unknown>(count)
  let next = from
  for (let index = 0; index < count; index++) {
    const size = end - next < 4 ? -2 : view.getInt32(next)
    next += 4
    if (size === -1) {
      elements[index] = null
      continue
    }
    if (size < 0 || size > end - next) {
      reader.fail(`element ${index} of the array does not fit its bytes`)
      return undefined
    }
    elements[index] = element(reader, next, size)
    if (reader.failure !== null) {
      Fail.inside(reader, `element ${ArrayShape.placeOf(index, lengths ?? [count])}`)
      return undefined
    }
    next += size
  }
  if (next === end) return elements
  reader.fail(`${end - next} bytes left over after the array`)
  return undefined
}

const decodeBinary =
  (codec: Codec, element: Decode, bounds: LowerBounds): Decode<PgArrayValue> =>
  (reader, at, length) => {
    const end = at + length
    const plain = plainCount(reader, codec, at, length)
    if (plain >= 0) return readElements(reader, element, at + plainHeader, end, plain) ?? []
    const header = readHeader(reader, codec, at, length)
    if (header === undefined) return []
    const { count, lengths, lowerBounds } = header
    const elements = readElements(reader, element, at + header.header, end, count, lengths)
    return elements === undefined || count === 0
      ? []
      : valueOf(codec, { elements, lengths, lowerBounds }, bounds)
  }

const decodeText =
  (codec: Codec, bounds: LowerBounds): Decode<PgArrayValue> =>
  (reader, at, length) => {
    const parsed = ArrayText.decode(codec)(reader, at, length)
    return parsed === undefined ? [] : valueOf(codec, parsed, bounds)
  }

const encodeBinary = (codec: Codec, writer: ByteWriter, shape: ArrayShape.Dimensions): void => {
  writer.int32(shape.lengths.length)
  const flag = writer.offset
  writer.int32(0)
  writer.uint32(codec.oid)
  for (let index = 0; index < shape.lengths.length; index++) {
    writer.int32(shape.lengths[index]!)
    writer.int32(shape.lowerBounds[index]!)
  }
  if (shape.lengths.length > 0 && encodeElements(codec, writer, shape.values, 0, shape.lengths.length - 1)) {
    if (writer.failure === null) writer.patchInt32(flag, 1)
  }
}

/** Writes the elements. True when one of them is NULL. */
const encodeElements = (
  codec: Codec,
  writer: ByteWriter,
  values: ReadonlyArray<unknown>,
  depth: number,
  deepest: number
): boolean => {
  let nulls = false
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (depth < deepest) {
      nulls = encodeElements(codec, writer, value as ReadonlyArray<unknown>, depth + 1, deepest) || nulls
    } else if (value === null) {
      nulls = true
      writer.int32(-1)
    } else if (value === undefined) {
      writer.fail(ArrayShape.undefinedElement)
    } else {
      writer.int32(0)
      const start = writer.offset
      codec.encodeBinary!(writer, value)
      if (writer.failure === null) writer.patchInt32(start - 4, writer.offset - start)
    }
    if (writer.failure !== null) {
      Fail.insideElement(writer, index, depth, depth === deepest)
      break
    }
  }
  return nulls
}

/** What the codec of an array was made of. */
export interface MadeOf {
  readonly element: Codec
  readonly bounds: LowerBounds
}

/** By the reader of text, which a codec keeps under another name. */
const made = new WeakMap<Codec["decodeText"], MadeOf>()

/** What the codec was made of by `over`; `undefined` for any other codec. */
export const madeOf = (codec: Codec): MadeOf | undefined => made.get(codec.decodeText)

/** The codec of arrays over `codec`'s type. Binary in a direction when the element's is. */
export const over = (codec: Codec, bounds: LowerBounds = "kept"): Codec<PgArrayValue> => {
  const nests = codec.elementsNest === true
  const readText = decodeText(codec, "kept")
  const reader = decodeText(codec, bounds)
  made.set(reader, { element: codec, bounds })
  return {
    name: `${codec.name}[]`,
    oid: codec.arrayOid,
    arrayOid: 0,
    delimiter: codec.delimiter,
    elementsNest: true,
    ...(codec.hasFields === true ? { hasFields: true } : {}),
    ...(codec.parameterFormat === undefined ? {} : { parameterFormat: codec.parameterFormat }),
    decodeText: reader,
    decodeBinary:
      codec.decodeBinary === undefined ? undefined : decodeBinary(codec, codec.decodeBinary, bounds),
    encodeText: (writer, value) => {
      if (typeof value === "string") return writeText(writer, value)
      const shape = ArrayShape.of(writer, value, nests)
      if (shape !== undefined) ArrayText.encode(writer, codec, shape)
    },
    encodeBinary:
      codec.encodeBinary === undefined
        ? undefined
        : (writer, value) => {
            let given = value
            if (typeof value === "string") {
              const reader = new ByteReader(Utf8.encode(value))
              given = readText(reader, 0, reader.bytes.length)
              if (reader.failure !== null) return writer.fail(`expected an array in text: ${reader.failure}`)
            }
            const shape = ArrayShape.of(writer, given, nests)
            if (shape !== undefined) encodeBinary(codec, writer, shape)
          }
  }
}
