/**
 * `timestamp` and `timestamptz`, lossless and familiar.
 *
 * As parameters they take `PgTimestamp` or `PgTimestampTz`, a valid `Date`, and strings, which go to the server as they
 * are (`now`, `2024-02-29 12:00 Europe/Berlin`): for their sake parameters of these types travel as text. A `Date` for
 * a `timestamp` is what a clock in UTC shows then; in the familiar preset what the host's clock shows. The familiar
 * preset also takes ±Infinity, which is what it reads the infinities as.
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
import { PgTimestamp } from "../model/PgTimestamp.js"
import { PgTimestampTz } from "../model/PgTimestampTz.js"
import type { Codec, Decode } from "./Codec.js"
import * as Fail from "./Fail.js"
import * as LocalTime from "./LocalTime.js"
import { mismatch } from "./Shape.js"
import { writeText } from "./Texts.js"

const makeTz: Microseconds.MakeTimestamp<PgTimestampTz> = (high, low) => new PgTimestampTz(high, low)
const makeWall: Microseconds.MakeTimestamp<PgTimestamp> = (high, low) => new PgTimestamp(high, low)

const parseTz = (text: string): PgTimestampTz | undefined => Microseconds.fromText(makeTz, text, "required")
const parseWall = (text: string): PgTimestamp | undefined => Microseconds.fromText(makeWall, text, "ignored")

const readTz = (reader: ByteReader, at: number, length: number): PgTimestampTz => {
  const value = parseTz(Utf8.decode(reader.bytes, at, at + length))
  if (value !== undefined) return value
  Fail.text(reader, "a timestamptz of DateStyle ISO", length)
  return PgTimestampTz.infinity
}

const readWall = (reader: ByteReader, at: number, length: number): PgTimestamp => {
  const value = parseWall(Utf8.decode(reader.bytes, at, at + length))
  if (value !== undefined) return value
  Fail.text(reader, "a timestamp of DateStyle ISO", length)
  return PgTimestamp.infinity
}

export const decodeTimestampTz: Decode<PgTimestampTz> = (reader, at, length) => {
  if (length === 8) return new PgTimestampTz(reader.view.getInt32(at), reader.view.getInt32(at + 4))
  Fail.size(reader, 8, length)
  return PgTimestampTz.infinity
}

export const decodeTimestamp: Decode<PgTimestamp> = (reader, at, length) => {
  if (length === 8) return new PgTimestamp(reader.view.getInt32(at), reader.view.getInt32(at + 4))
  Fail.size(reader, 8, length)
  return PgTimestamp.infinity
}

/** From 0001-01-01 to 9999-12-31, where `toISOString` is text that the server reads. */
const isPlainYear = (millis: number): boolean => millis >= -62_135_596_800_000 && millis < 253_402_300_800_000

const textTz = (writer: ByteWriter, value: unknown): void => {
  if (typeof value === "string") return writeText(writer, value)
  if (value instanceof Date && isPlainYear(value.getTime())) return writer.text(value.toISOString())
  const exact = tzOf(value)
  if (exact === undefined) writer.fail(mismatch("PgTimestampTz, Date or string", value))
  else writer.text(exact.toString())
}

const tzOf = (value: unknown): PgTimestampTz | undefined => {
  if (value instanceof PgTimestampTz) return value
  if (value instanceof Date) return Microseconds.fromMillis(makeTz, value.getTime())
  return typeof value === "string" ? parseTz(value) : undefined
}

const wallOf = (value: unknown): PgTimestamp | undefined => {
  if (value instanceof PgTimestamp) return value
  if (value instanceof Date) return Microseconds.fromMillis(makeWall, value.getTime())
  return typeof value === "string" ? parseWall(value) : undefined
}

/** Writes what `of` makes of the value: in text strings go as they are, in binary they must be ISO text. */
const encodersOf = (of: (value: unknown) => Microseconds.Microseconds | undefined, expected: string) => ({
  encodeText: (writer: ByteWriter, value: unknown): void => {
    if (typeof value === "string") return writeText(writer, value)
    const exact = of(value)
    if (exact === undefined) writer.fail(mismatch(`${expected}, Date or string`, value))
    else writer.text(exact.toString())
  },
  encodeBinary: (writer: ByteWriter, value: unknown): void => {
    const exact = of(value)
    if (exact === undefined) return writer.fail(mismatch(`${expected}, Date or ISO text`, value))
    writer.int32(exact.high)
    writer.int32(exact.low)
  }
})

export const timestamptz: Codec<PgTimestampTz> = {
  name: "timestamptz",
  oid: Oid.timestamptz,
  arrayOid: Oid.timestamptzArray,
  delimiter: ",",
  parameterFormat: 0,
  decodeText: readTz,
  decodeBinary: decodeTimestampTz,
  ...encodersOf(tzOf, "PgTimestampTz"),
  encodeText: textTz
}

export const timestamp: Codec<PgTimestamp> = {
  name: "timestamp",
  oid: Oid.timestamp,
  arrayOid: Oid.timestampArray,
  delimiter: ",",
  parameterFormat: 0,
  decodeText: readWall,
  decodeBinary: decodeTimestamp,
  ...encodersOf(wallOf, "PgTimestamp")
}

const largestDate = 8.64e15

/** The `Date` of milliseconds since 1970, ±Infinity as it is; a failure where `Date` ends, instead of an invalid one. */
const dateOf = (reader: ByteReader, millis: number): Date | number => {
  if (millis === Infinity || millis === -Infinity) return millis
  if (Math.abs(millis) > largestDate) reader.fail("a time beyond the range of Date")
  return new Date(millis)
}

/** An instant as `Date`, its microseconds dropped; ±Infinity for the infinities. */
export const decodeInstant: Decode<Date | number> = (reader, at, length) => {
  if (length !== 8) {
    Fail.size(reader, 8, length)
    return 0
  }
  const high = reader.view.getInt32(at)
  const low = reader.view.getInt32(at + 4)
  return Int64.isSafe(high)
    ? dateOf(reader, Math.floor(Int64.toNumber(high, low) / 1000) + Calendar.millisTo2000)
    : dateOf(reader, new PgTimestampTz(high, low).epochMillis)
}

const infinityOf = <A>(value: unknown, infinity: A, negativeInfinity: A): A | undefined =>
  value === Infinity ? infinity : value === -Infinity ? negativeInfinity : undefined

const tzOrInfinity = (value: unknown): PgTimestampTz | undefined =>
  infinityOf(value, PgTimestampTz.infinity, PgTimestampTz.negativeInfinity) ?? tzOf(value)

/** `timestamptz` as `Date`, as node-postgres gives it. */
export const timestamptzAsDate: Codec<Date | number> = {
  ...timestamptz,
  decodeText: (reader, at, length) => dateOf(reader, readTz(reader, at, length).epochMillis),
  decodeBinary: decodeInstant,
  ...encodersOf(tzOrInfinity, "PgTimestampTz, ±Infinity"),
  encodeText: (writer, value) =>
    textTz(writer, typeof value === "number" ? (tzOrInfinity(value) ?? value) : value)
}

const localDate = (reader: ByteReader, value: PgTimestamp): Date | number => {
  if (!value.isFinite) return value.high < 0 ? -Infinity : Infinity
  const date = LocalTime.toDate(value.days, value.microsOfDay)
  if (date !== undefined) return date
  reader.fail("a time beyond the range of Date")
  return 0
}

const localWallOf = (value: unknown): PgTimestamp | undefined => {
  const infinity = infinityOf(value, PgTimestamp.infinity, PgTimestamp.negativeInfinity)
  if (infinity !== undefined || !(value instanceof Date)) return infinity ?? wallOf(value)
  const local = LocalTime.fromDate(value)
  return local === undefined ? undefined : Microseconds.fromDays(makeWall, local.days, local.micros, 0)
}

/** `timestamp` as the `Date` at which the host's clock shows it, as node-postgres gives it. */
export const timestampAsLocalDate: Codec<Date | number> = {
  ...timestamp,
  decodeText: (reader, at, length) => localDate(reader, readWall(reader, at, length)),
  decodeBinary: (reader, at, length) => localDate(reader, decodeTimestamp(reader, at, length)),
  ...encodersOf(localWallOf, "PgTimestamp, ±Infinity")
}
