/**
 * `date`, lossless and familiar.
 *
 * As a parameter it takes `PgDate`, a valid `Date`, and strings, which go to the server as they are (`today`): for their
 * sake parameters of this type travel as text. The day of a `Date` is taken in UTC; in the familiar preset in the
 * host's time zone. The familiar preset also takes ±Infinity, which is what it reads the infinities as.
 *
 * @see https://www.postgresql.org/docs/current/datatype-datetime.html
 */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Option from "effect/Option"
import * as Utf8 from "../bytes/Utf8.js"
import * as Oid from "../model/Oid.js"
import { PgDate } from "../model/PgDate.js"
import type { Codec, Decode } from "./Codec.js"
import * as Fail from "./Fail.js"
import * as LocalTime from "./LocalTime.js"
import { mismatch } from "./Shape.js"
import { writeText } from "./Texts.js"

const readText = (reader: ByteReader, at: number, length: number): PgDate => {
  const value = PgDate.fromText(Utf8.decode(reader.bytes, at, at + length))
  if (Option.isSome(value)) return value.value
  Fail.text(reader, "a date of DateStyle ISO", length)
  return PgDate.infinity
}

const readBinary: Decode<PgDate> = (reader, at, length) => {
  if (length === 4) return new PgDate(reader.view.getInt32(at))
  Fail.size(reader, 4, length)
  return PgDate.infinity
}

type DayOf = (value: unknown) => PgDate | undefined

const dayOf: DayOf = (value) => {
  if (value instanceof PgDate) return value
  if (value instanceof Date) return Option.getOrUndefined(PgDate.fromDateUtc(value))
  return typeof value === "string" ? Option.getOrUndefined(PgDate.fromText(value)) : undefined
}

const localDayOf: DayOf = (value) => {
  if (value === Infinity) return PgDate.infinity
  if (value === -Infinity) return PgDate.negativeInfinity
  if (!(value instanceof Date)) return dayOf(value)
  const local = LocalTime.fromDate(value)
  return local === undefined ? undefined : new PgDate(local.days)
}

const encodersOf = (of: DayOf, expected: string) => ({
  encodeText: (writer: ByteWriter, value: unknown): void => {
    if (typeof value === "string") return writeText(writer, value)
    const day = of(value)
    if (day === undefined) writer.fail(mismatch(`${expected}, Date or string`, value))
    else writer.text(day.toString())
  },
  encodeBinary: (writer: ByteWriter, value: unknown): void => {
    const day = of(value)
    if (day === undefined) writer.fail(mismatch(`${expected}, Date or ISO text`, value))
    else writer.int32(day.days)
  }
})

export const date: Codec<PgDate> = {
  name: "date",
  oid: Oid.date,
  arrayOid: Oid.dateArray,
  delimiter: ",",
  parameterFormat: 0,
  decodeText: readText,
  decodeBinary: readBinary,
  ...encodersOf(dayOf, "PgDate")
}

const localMidnight = (reader: ByteReader, value: PgDate): Date | number => {
  if (!value.isFinite) return value.days < 0 ? -Infinity : Infinity
  const midnight = LocalTime.toDate(value.days, 0)
  if (midnight !== undefined) return midnight
  reader.fail("a date beyond the range of Date")
  return 0
}

/** `date` as the `Date` of its midnight on the host's clock, as node-postgres gives it. */
export const dateAsLocalDate: Codec<Date | number> = {
  ...date,
  decodeText: (reader, at, length) => localMidnight(reader, readText(reader, at, length)),
  decodeBinary: (reader, at, length) => localMidnight(reader, readBinary(reader, at, length)),
  ...encodersOf(localDayOf, "PgDate, ±Infinity")
}
