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
import { JsonText } from "../model/JsonText.js"
import * as Oid from "../model/Oid.js"
import { PgMultirange } from "../model/PgMultirange.js"
import { PgRange } from "../model/PgRange.js"
import type { Codec, Decode, Names } from "./Codec.js"
import * as Dates from "./Dates.js"
import * as Integers from "./Integers.js"
import * as Numerics from "./Numerics.js"
import * as RangeBinary from "./RangeBinary.js"
import * as RangeText from "./RangeText.js"
import { mismatch } from "./Shape.js"
import { writeText } from "./Texts.js"
import * as Timestamps from "./Timestamps.js"

/** The value that a parameter is, read from the server's own text when it is a string. */
const given = <A>(codec: Decode<A>, writer: ByteWriter, value: unknown): unknown => {
  if (typeof value !== "string") return value
  const reader = new ByteReader(Utf8.encode(value))
  const read = codec(reader, 0, reader.bytes.length)
  if (reader.failure === null) return read
  writer.fail(`expected a range in text: ${reader.failure}`)
  return undefined
}

/** A bound that is JSON's `null`: `null` itself is no bound. */
const jsonNull = new JsonText("null")

const asBound =
  <A>(decode: Decode<A>): Decode<A | JsonText> =>
  (reader, at, length) =>
    decode(reader, at, length) ?? jsonNull

/** JSON is the only type that has a value whose JavaScript value is `null`. */
const boundsOf = <A>(element: Codec<A>): Codec<A> =>
  element.oid !== Oid.json && element.oid !== Oid.jsonb && element.elementsNest !== true
    ? element
    : {
        ...element,
        decodeText: asBound(element.decodeText) as Decode<A>,
        decodeBinary: element.decodeBinary && (asBound(element.decodeBinary) as Decode<A>)
      }

/** The codec of ranges over `type`'s values. Binary in a direction when the element's is. */
export const over = <A>(names: Names, type: Codec<A>): Codec<PgRange<A>> => {
  const element = boundsOf(type)
  const { decodeBinary, encodeBinary } = element
  const decodeText: Decode<PgRange<A>> = (reader, at, length) =>
    RangeText.decodeRange(element, reader, at, length) ?? PgRange.empty
  return {
    ...names,
    delimiter: ",",
    ...(type.hasFields === true ? { hasFields: true } : {}),
    parameterFormat: 0,
    decodeText,
    decodeBinary:
      decodeBinary === undefined
        ? undefined
        : (reader, at, length) => RangeBinary.decodeRange(decodeBinary, reader, at, length) ?? PgRange.empty,
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
            if (range instanceof PgRange) RangeBinary.encodeRange(writer, encodeBinary, range)
            else writer.fail(mismatch("PgRange or its text", value))
          }
  }
}

/** The codec of multiranges over `element`'s type. Binary in a direction when the element's is. */
export const multiOver = <A>(names: Names, type: Codec<A>): Codec<PgMultirange<A>> => {
  const element = boundsOf(type)
  const { decodeBinary, encodeBinary } = element
  const decodeText: Decode<PgMultirange<A>> = (reader, at, length) =>
    new PgMultirange(RangeText.decodeRanges(element, reader, at, length) ?? [])
  return {
    ...names,
    delimiter: ",",
    ...(type.hasFields === true ? { hasFields: true } : {}),
    parameterFormat: 0,
    decodeText,
    decodeBinary:
      decodeBinary === undefined
        ? undefined
        : (reader, at, length) =>
            new PgMultirange(RangeBinary.decodeRanges(decodeBinary, reader, at, length)),
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
            RangeBinary.encodeRanges(writer, encodeBinary, many.ranges)
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
