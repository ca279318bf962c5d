/**
 * `time` and `timetz`. As parameters they take `PgTime` or `PgTimeTz`, and strings, which go to the server as they are:
 * for their sake parameters of these types travel as text.
 *
 * @see https://www.postgresql.org/docs/current/datatype-datetime.html
 */
import * as Option from "effect/Option"
import type { ByteReader } from "../bytes/ByteReader.js"
import * as Utf8 from "../bytes/Utf8.js"
import * as Calendar from "../model/Calendar.js"
import * as Int64 from "../model/Int64.js"
import * as Oid from "../model/Oid.js"
import { PgTime } from "../model/PgTime.js"
import { PgTimeTz } from "../model/PgTimeTz.js"
import type { Codec } from "./Codec.js"
import * as Fail from "./Fail.js"
import { mismatch } from "./Shape.js"
import { writeText } from "./Texts.js"

const midnight = new PgTime(0)
const midnightUtc = new PgTimeTz(0, 0)

const readTime = (reader: ByteReader, at: number, length: number): PgTime => {
  const value = PgTime.fromText(Utf8.decode(reader.bytes, at, at + length))
  if (Option.isSome(value)) return value.value
  Fail.text(reader, "a time", length)
  return midnight
}

const readTimeTz = (reader: ByteReader, at: number, length: number): PgTimeTz => {
  const value = PgTimeTz.fromText(Utf8.decode(reader.bytes, at, at + length))
  if (Option.isSome(value)) return value.value
  Fail.text(reader, "a timetz", length)
  return midnightUtc
}

/** Microseconds of the day at `at`; −1 when the text there is not a time. */
const readMicros = (reader: ByteReader, at: number): number => {
  const micros = Int64.toNumber(reader.view.getInt32(at), reader.view.getInt32(at + 4))
  if (micros >= 0 && micros <= Calendar.microsPerDay) return micros
  reader.fail("a time outside the day")
  return 0
}

const timeOf = (value: unknown): PgTime | undefined =>
  value instanceof PgTime
    ? value
    : typeof value === "string"
      ? Option.getOrUndefined(PgTime.fromText(value))
      : undefined

const timeTzOf = (value: unknown): PgTimeTz | undefined =>
  value instanceof PgTimeTz
    ? value
    : typeof value === "string"
      ? Option.getOrUndefined(PgTimeTz.fromText(value))
      : undefined

export const time: Codec<PgTime> = {
  name: "time",
  oid: Oid.time,
  arrayOid: Oid.timeArray,
  delimiter: ",",
  parameterFormat: 0,
  decodeText: readTime,
  decodeBinary: (reader, at, length) => {
    if (length === 8) return new PgTime(readMicros(reader, at))
    Fail.size(reader, 8, length)
    return midnight
  },
  encodeText: (writer, value) => {
    if (typeof value === "string") writeText(writer, value)
    else if (value instanceof PgTime) writer.text(value.toString())
    else writer.fail(mismatch("PgTime or string", value))
  },
  encodeBinary: (writer, value) => {
    const exact = timeOf(value)
    if (exact === undefined) return writer.fail(mismatch("PgTime or text such as 12:34:56", value))
    writer.int32(Int64.highOf(exact.micros))
    writer.int32(Int64.lowOf(exact.micros))
  }
}

/** On the wire the offset counts seconds west of UTC; `PgTimeTz` counts east. */
export const timetz: Codec<PgTimeTz> = {
  name: "timetz",
  oid: Oid.timetz,
  arrayOid: Oid.timetzArray,
  delimiter: ",",
  parameterFormat: 0,
  decodeText: readTimeTz,
  decodeBinary: (reader, at, length) => {
    if (length === 12) return new PgTimeTz(readMicros(reader, at), 0 - reader.view.getInt32(at + 8))
    Fail.size(reader, 12, length)
    return midnightUtc
  },
  encodeText: (writer, value) => {
    if (typeof value === "string") writeText(writer, value)
    else if (value instanceof PgTimeTz) writer.text(value.toString())
    else writer.fail(mismatch("PgTimeTz or string", value))
  },
  encodeBinary: (writer, value) => {
    const exact = timeTzOf(value)
    if (exact === undefined) return writer.fail(mismatch("PgTimeTz or text such as 12:34:56+02", value))
    writer.int32(Int64.highOf(exact.micros))
    writer.int32(Int64.lowOf(exact.micros))
    writer.int32(0 - exact.offset)
  }
}

/** The value as the server's text, as node-postgres gives it. */
const asText = (codec: Codec): Codec<string> => ({
  ...codec,
  decodeText: (reader, at, length) => Utf8.decode(reader.bytes, at, at + length),
  decodeBinary: (reader, at, length) => String(codec.decodeBinary!(reader, at, length))
})

export const timeAsText: Codec<string> = asText(time)
export const timetzAsText: Codec<string> = asText(timetz)
