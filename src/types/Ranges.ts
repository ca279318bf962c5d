/**
 * Ranges and multiranges over any type, and the built-in ones.
 *
 * As parameters they take `PgRange` (or `PgMultirange`), with bounds of whatever the element's type takes, and strings,
 * which go to the server as they are: for their sake parameters of these types travel as text. In the familiar preset
 * they are read as the server's text.
 *
 * @see https://www.postgresql.org/docs/current/rangetypes.html
 */
import { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Utf8 from "../bytes/Utf8.js"
import * as Oid from "../model/Oid.js"
import { PgMultirange } from "../model/PgMultirange.js"
import { PgRange } from "../model/PgRange.js"
import type { Codec, Decode, Encode, Names } from "./Codec.js"
import * as Dates from "./Dates.js"
import * as Fail from "./Fail.js"
import * as Integers from "./Integers.js"
import * as Numerics from "./Numerics.js"
import * as RangeText from "./RangeText.js"
import { mismatch } from "./Shape.js"
import { writeText } from "./Texts.js"
import * as Timestamps from "./Timestamps.js"

const emptyFlag = 0x01
const lowerInclusive = 0x02
const upperInclusive = 0x04
const noLower = 0x08
const noUpper = 0x10

/** The flags the server sends: `empty` alone, and no end both inclusive and without a bound. */
const isPossible = (flags: number): boolean =>
  flags === emptyFlag ||
  ((flags & ~0x1e) === 0 &&
    (flags & (lowerInclusive | noLower)) !== (lowerInclusive | noLower) &&
    (flags & (upperInclusive | noUpper)) !== (upperInclusive | noUpper))

const readBinary = <A>(
  element: Decode<A>,
  reader: ByteReader,
  at: number,
  length: number
): PgRange<A> | undefined => {
  const end = at + length
  const flags = length === 0 ? -1 : reader.bytes[at]!
  if (length === 0 || !isPossible(flags)) {
    reader.fail(length === 0 ? "a range without its flags" : `a range with the flags ${flags}`)
    return undefined
  }
  let next = at + 1
  let lower: A | null = null
  if ((flags & (emptyFlag | noLower)) === 0) {
    const size = boundSize(reader, next, end)
    if (size < 0) return undefined
    lower = element(reader, next + 4, size)
    if (reader.failure !== null) return unread(reader, RangeText.lowerPart)
    next += 4 + size
  }
  let upper: A | null = null
  if ((flags & (emptyFlag | noUpper)) === 0) {
    const size = boundSize(reader, next, end)
    if (size < 0) return undefined
    upper = element(reader, next + 4, size)
    if (reader.failure !== null) return unread(reader, RangeText.upperPart)
    next += 4 + size
  }
  if (next !== end) reader.fail(`${end - next} bytes left over after the range`)
  if (reader.failure !== null) return undefined
  return flags === emptyFlag
    ? PgRange.empty
    : PgRange.unsafeMake(lower, upper, (flags & lowerInclusive) !== 0, (flags & upperInclusive) !== 0)
}

const unread = (reader: ByteReader, part: string): undefined => {
  Fail.inside(reader, part)
  return undefined
}

/** Bytes of the bound whose length word is at `at`; −1 after recording that it does not fit. */
const boundSize = (reader: ByteReader, at: number, end: number): number => {
  const size = end - at < 4 ? -1 : reader.view.getInt32(at)
  if (size >= 0 && size <= end - at - 4) return size
  reader.fail("a bound of the range does not fit its bytes")
  return -1
}

/** Writes a value behind its length word; false when it could not be written. */
const writeSized = (writer: ByteWriter, encode: Encode, value: unknown): boolean => {
  writer.int32(0)
  const start = writer.offset
  encode(writer, value)
  if (writer.failure !== null) return false
  writer.patchInt32(start - 4, writer.offset - start)
  return true
}

const writeBinary = (encode: Encode, writer: ByteWriter, range: PgRange<unknown>): void => {
  const { isEmpty, lower, upper } = range
  if (isEmpty) return writer.uint8(emptyFlag)
  writer.uint8(
    (range.lowerInclusive ? lowerInclusive : 0) |
      (range.upperInclusive ? upperInclusive : 0) |
      (lower === null ? noLower : 0) |
      (upper === null ? noUpper : 0)
  )
  if (lower !== null && !writeSized(writer, encode, lower)) Fail.inside(writer, RangeText.lowerPart)
  else if (upper !== null && !writeSized(writer, encode, upper)) Fail.inside(writer, RangeText.upperPart)
}

/** The value that a parameter is, read from the server's own text when it is a string. */
const given = <A>(codec: Decode<A>, writer: ByteWriter, value: unknown): unknown => {
  if (typeof value !== "string") return value
  const reader = new ByteReader(Utf8.encode(value))
  const read = codec(reader, 0, reader.bytes.length)
  if (reader.failure === null) return read
  writer.fail(`expected a range in text: ${reader.failure}`)
  return undefined
}

/** The codec of ranges over `element`'s type. Binary in a direction when the element's is. */
export const over = <A>(names: Names, element: Codec<A>): Codec<PgRange<A>> => {
  const { decodeBinary, encodeBinary } = element
  const decodeText: Decode<PgRange<A>> = (reader, at, length) =>
    RangeText.decodeRange(element, reader, at, length) ?? PgRange.empty
  return {
    ...names,
    delimiter: ",",
    parameterFormat: 0,
    decodeText,
    decodeBinary:
      decodeBinary === undefined
        ? undefined
        : (reader, at, length) => readBinary(decodeBinary, reader, at, length) ?? PgRange.empty,
    encodeText: (writer, value) => {
      if (typeof value === "string") writeText(writer, value)
      else if (value instanceof PgRange) RangeText.encodeRange(writer, element.encodeText, value)
      else writer.fail(mismatch("PgRange or string", value))
    },
    encodeBinary:
      encodeBinary === undefined
        ? undefined
        : (writer, value) => {
            const range = given(decodeText, writer, value)
            if (range instanceof PgRange) writeBinary(encodeBinary, writer, range)
            else writer.fail(mismatch("PgRange or its text", value))
          }
  }
}

const readMany = <A>(
  element: Decode<A>,
  reader: ByteReader,
  at: number,
  length: number
): ReadonlyArray<PgRange<A>> => {
  const end = at + length
  const count = length < 4 ? -1 : reader.view.getInt32(at)
  // Each range has at least its length word and its flags.
  if (count < 0 || count * 5 > length - 4) {
    reader.fail(length < 4 ? "a multirange without its count" : `a multirange of ${count} in ${length} bytes`)
    return []
  }
  const ranges: Array<PgRange<A>> = []
  let next = at + 4
  for (let index = 0; index < count; index++) {
    const size = end - next < 4 ? -1 : reader.view.getInt32(next)
    next += 4
    if (size < 0 || size > end - next) {
      reader.fail(`range ${index} of the multirange does not fit its bytes`)
      return []
    }
    const range = readBinary(element, reader, next, size)
    if (range === undefined) {
      Fail.inside(reader, RangeText.partOf(index))
      return []
    }
    ranges.push(range)
    next += size
  }
  if (next !== end) reader.fail(`${end - next} bytes left over after the multirange`)
  return ranges
}

/** The codec of multiranges over `element`'s type. Binary in a direction when the element's is. */
export const multiOver = <A>(names: Names, element: Codec<A>): Codec<PgMultirange<A>> => {
  const { decodeBinary, encodeBinary } = element
  const decodeText: Decode<PgMultirange<A>> = (reader, at, length) =>
    new PgMultirange(RangeText.decodeRanges(element, reader, at, length) ?? [])
  return {
    ...names,
    delimiter: ",",
    parameterFormat: 0,
    decodeText,
    decodeBinary:
      decodeBinary === undefined
        ? undefined
        : (reader, at, length) => new PgMultirange(readMany(decodeBinary, reader, at, length)),
    encodeText: (writer, value) => {
      if (typeof value === "string") writeText(writer, value)
      else if (value instanceof PgMultirange) RangeText.encodeRanges(writer, element.encodeText, value.ranges)
      else writer.fail(mismatch("PgMultirange or string", value))
    },
    encodeBinary:
      encodeBinary === undefined
        ? undefined
        : (writer, value) => {
            const many = given(decodeText, writer, value)
            if (!(many instanceof PgMultirange)) {
              return writer.fail(mismatch("PgMultirange or its text", value))
            }
            const ranges: ReadonlyArray<PgRange<unknown>> = many.ranges
            const encode: Encode = (to, range) => writeBinary(encodeBinary, to, range as PgRange<unknown>)
            writer.int32(ranges.length)
            for (let index = 0; index < ranges.length; index++) {
              if (!writeSized(writer, encode, ranges[index]!)) {
                return Fail.inside(writer, RangeText.partOf(index))
              }
            }
          }
  }
}

const names = (name: string, oid: number, arrayOid: number): Names => ({ name, oid, arrayOid })

export const int4range = over(names("int4range", Oid.int4range, Oid.int4rangeArray), Integers.int4)
export const int8range = over(names("int8range", Oid.int8range, Oid.int8rangeArray), Integers.int8)
export const numrange = over(names("numrange", Oid.numrange, Oid.numrangeArray), Numerics.numeric)
export const tsrange = over(names("tsrange", Oid.tsrange, Oid.tsrangeArray), Timestamps.timestamp)
export const tstzrange = over(names("tstzrange", Oid.tstzrange, Oid.tstzrangeArray), Timestamps.timestamptz)
export const daterange = over(names("daterange", Oid.daterange, Oid.daterangeArray), Dates.date)

export const int4multirange = multiOver(
  names("int4multirange", Oid.int4multirange, Oid.int4multirangeArray),
  Integers.int4
)
export const int8multirange = multiOver(
  names("int8multirange", Oid.int8multirange, Oid.int8multirangeArray),
  Integers.int8
)
export const nummultirange = multiOver(
  names("nummultirange", Oid.nummultirange, Oid.nummultirangeArray),
  Numerics.numeric
)
export const tsmultirange = multiOver(
  names("tsmultirange", Oid.tsmultirange, Oid.tsmultirangeArray),
  Timestamps.timestamp
)
export const tstzmultirange = multiOver(
  names("tstzmultirange", Oid.tstzmultirange, Oid.tstzmultirangeArray),
  Timestamps.timestamptz
)
export const datemultirange = multiOver(
  names("datemultirange", Oid.datemultirange, Oid.datemultirangeArray),
  Dates.date
)

export const all = [
  int4range,
  int8range,
  numrange,
  tsrange,
  tstzrange,
  daterange,
  int4multirange,
  int8multirange,
  nummultirange,
  tsmultirange,
  tstzmultirange,
  datemultirange
] as const
