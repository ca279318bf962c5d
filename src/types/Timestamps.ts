/**
 * `timestamptz`, lossless and familiar.
 *
 * As a parameter it takes `PgTimestampTz`, a valid `Date`, and strings, which go to the server as they are (`now`,
 * `2024-02-29 12:00 Europe/Berlin`): for their sake parameters of this type travel as text. The familiar preset
 * also takes ±Infinity, which is what it decodes the infinities to.
 *
 * @see https://www.postgresql.org/docs/current/datatype-datetime.html
 */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Utf8 from "../bytes/Utf8.js"
import * as Calendar from "../model/Calendar.js"
import * as Int64 from "../model/Int64.js"
import * as Microseconds from "../model/Microseconds.js"
import * as Oid from "../model/Oid.js"
import { PgTimestampTz } from "../model/PgTimestampTz.js"
import type { Codec, Decode } from "./Codec.js"
import * as Fail from "./Fail.js"
import { mismatch } from "./Shape.js"
import { writeText } from "./Texts.js"

const make: Microseconds.Make<PgTimestampTz> = (high, low) => new PgTimestampTz(high, low)

const readText = (reader: ByteReader, at: number, length: number): PgTimestampTz => {
  const value = Microseconds.fromText(make, Utf8.decode(reader.bytes, at, at + length), "required")
  if (value !== undefined) return value
  Fail.text(reader, "a timestamptz of DateStyle ISO", length)
  return PgTimestampTz.infinity
}

export const decodeTimestampTz: Decode<PgTimestampTz> = (reader, at, length) => {
  if (length === 8) return new PgTimestampTz(reader.view.getInt32(at), reader.view.getInt32(at + 4))
  Fail.size(reader, 8, length)
  return PgTimestampTz.infinity
}

/** ISO text of a `Date`, in UTC. Years that ISO 8601 writes with a sign go through our own text. */
const writeDate = (writer: ByteWriter, value: Date): void => {
  const millis = value.getTime()
  if (millis >= -62135596800000 && millis < 253402300800000) return writer.text(value.toISOString())
  const exact = Microseconds.fromMillis(make, millis)
  if (exact === undefined) writer.fail(mismatch("a valid Date", value))
  else writer.text(exact.toString())
}

const encode = (writer: ByteWriter, value: unknown): void => {
  if (value instanceof PgTimestampTz) writer.text(value.toString())
  else if (value instanceof Date) writeDate(writer, value)
  else if (typeof value === "string") writeText(writer, value)
  else writer.fail(mismatch("PgTimestampTz, Date or string", value))
}

export const timestamptz: Codec<PgTimestampTz> = {
  name: "timestamptz",
  oid: Oid.timestamptz,
  arrayOid: Oid.timestamptzArray,
  delimiter: ",",
  decodeText: readText,
  decodeBinary: decodeTimestampTz,
  encodeText: encode,
  encodeBinary: undefined
}

const largestDate = 8.64e15

/** The `Date` of milliseconds since 1970; a failure where `Date` ends, instead of an invalid one. */
export const dateOf = (reader: ByteReader, millis: number): Date => {
  if (Math.abs(millis) > largestDate) reader.fail("a time beyond the range of Date")
  return new Date(millis)
}

/** Milliseconds since 1970, rounded down, of microseconds since 2000; ±Infinity for the infinities. */
export const millisOf = (high: number, low: number): number =>
  Int64.isSafe(high, low)
    ? Math.floor(Int64.toNumber(high, low) / 1000) + Calendar.millisTo2000
    : new PgTimestampTz(high, low).epochMillis

/** An instant as `Date`, its microseconds dropped; ±Infinity for the infinities. */
export const decodeInstant: Decode<Date | number> = (reader, at, length) => {
  if (length !== 8) {
    Fail.size(reader, 8, length)
    return 0
  }
  const millis = millisOf(reader.view.getInt32(at), reader.view.getInt32(at + 4))
  return millis === Infinity || millis === -Infinity ? millis : dateOf(reader, millis)
}

export const timestamptzAsDate: Codec<Date | number> = {
  ...timestamptz,
  decodeText: (reader, at, length) => {
    const millis = readText(reader, at, length).epochMillis
    return millis === Infinity || millis === -Infinity ? millis : dateOf(reader, millis)
  },
  decodeBinary: decodeInstant,
  encodeText: (writer, value) => {
    if (value === Infinity) writer.text("infinity")
    else if (value === -Infinity) writer.text("-infinity")
    else encode(writer, value)
  }
}
