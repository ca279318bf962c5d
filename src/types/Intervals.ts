/**
 * `interval`, lossless and familiar.
 *
 * As a parameter it takes `PgInterval`, objects of the familiar form (`{ days: 1, hours: 2 }`), and strings, which go to the
 * server as they are: for their sake parameters of this type travel as text.
 *
 * @see https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-INTERVAL-INPUT
 */
import * as Option from "effect/Option"
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Utf8 from "../bytes/Utf8.js"
import * as Int64 from "../model/Int64.js"
import * as Oid from "../model/Oid.js"
import { PgInterval } from "../model/PgInterval.js"
import type { Codec, Decode } from "./Codec.js"
import * as Fail from "./Fail.js"
import { mismatch } from "./Shape.js"
import { writeText } from "./Texts.js"

/** The familiar form: only fields that are not zero, all of the time with one sign, `milliseconds` with its fraction. */
export interface IntervalFields {
  readonly years?: number
  readonly months?: number
  readonly days?: number
  readonly hours?: number
  readonly minutes?: number
  readonly seconds?: number
  readonly milliseconds?: number
}

const readText = (reader: ByteReader, at: number, length: number): PgInterval => {
  const value = PgInterval.fromText(Utf8.decode(reader.bytes, at, at + length))
  if (Option.isSome(value)) return value.value
  Fail.text(reader, "an interval", length)
  return PgInterval.zero
}

const readBinary: Decode<PgInterval> = (reader, at, length) => {
  const view = reader.view
  if (length === 16) {
    return new PgInterval(
      view.getInt32(at + 12),
      view.getInt32(at + 8),
      view.getInt32(at),
      view.getInt32(at + 4)
    )
  }
  Fail.size(reader, 16, length)
  return PgInterval.zero
}

const fieldNames = ["years", "months", "days", "hours", "minutes", "seconds", "milliseconds"] as const

/** The interval of the fields of the familiar preset; `undefined` when a field is no number, has a fraction or does not fit. */
const ofFields = (value: object): PgInterval | undefined => {
  if (Object.keys(value).some((key) => !fieldNames.includes(key as (typeof fieldNames)[number])))
    return undefined
  const field = (name: (typeof fieldNames)[number]): number => {
    const part = (value as IntervalFields)[name]
    return part === undefined ? 0 : typeof part === "number" ? part : NaN
  }
  const micros = Math.round(field("milliseconds") * 1000)
  const seconds = (field("hours") * 60 + field("minutes")) * 60 + field("seconds")
  if (!Number.isSafeInteger(seconds) || !Number.isSafeInteger(micros)) return undefined
  const total = BigInt(seconds) * 1_000_000n + BigInt(micros)
  return Option.getOrUndefined(PgInterval.make(field("years") * 12 + field("months"), field("days"), total))
}

const intervalOf = (value: unknown): PgInterval | undefined => {
  if (value instanceof PgInterval) return value
  if (typeof value === "string") return Option.getOrUndefined(PgInterval.fromText(value))
  if (value === Infinity) return PgInterval.infinity
  if (value === -Infinity) return PgInterval.negativeInfinity
  const isFields =
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
  return isFields ? ofFields(value) : undefined
}

const encodeText = (writer: ByteWriter, value: unknown): void => {
  if (typeof value === "string") return writeText(writer, value)
  const exact = intervalOf(value)
  if (exact === undefined) writer.fail(mismatch("PgInterval, fields of an interval, or string", value))
  else writer.text(exact.toString())
}

export const interval: Codec<PgInterval> = {
  name: "interval",
  oid: Oid.interval,
  arrayOid: Oid.intervalArray,
  delimiter: ",",
  parameterFormat: 0,
  decodeText: readText,
  decodeBinary: readBinary,
  encodeText,
  encodeBinary: (writer, value) => {
    const exact = intervalOf(value)
    if (exact === undefined)
      return writer.fail(mismatch("PgInterval, fields of an interval, or its text", value))
    writer.int32(exact.high)
    writer.int32(exact.low)
    writer.int32(exact.days)
    writer.int32(exact.months)
  }
}

/** Whole seconds and the microseconds that are left, both with the sign of the time. */
const secondsOf = (value: PgInterval): readonly [seconds: number, micros: number] => {
  const { high, low } = value
  if (!Int64.isSafe(high)) return [Number(value.micros / 1_000_000n), Number(value.micros % 1_000_000n)]
  const total = Int64.toNumber(high, low)
  const seconds = Math.trunc(total / 1_000_000)
  return [seconds, total - seconds * 1_000_000]
}

const fieldsOf = (value: PgInterval): IntervalFields | number => {
  if (!value.isFinite) return value.months < 0 ? -Infinity : Infinity
  const [seconds, micros] = secondsOf(value)
  const minutes = Math.trunc(seconds / 60)
  const hours = Math.trunc(minutes / 60)
  const years = Math.trunc(value.months / 12)
  const fields: { -readonly [Name in keyof IntervalFields]: number } = {}
  if (years !== 0) fields.years = years
  if (value.months !== years * 12) fields.months = value.months - years * 12
  if (value.days !== 0) fields.days = value.days
  if (hours !== 0) fields.hours = hours
  if (minutes !== hours * 60) fields.minutes = minutes - hours * 60
  if (seconds !== minutes * 60) fields.seconds = seconds - minutes * 60
  if (micros !== 0) fields.milliseconds = micros / 1000
  return fields
}

/** `interval` as an object of its fields, as node-postgres gives it; ±Infinity for the infinities. */
export const intervalAsFields: Codec<IntervalFields | number> = {
  ...interval,
  decodeText: (reader, at, length) => fieldsOf(readText(reader, at, length)),
  decodeBinary: (reader, at, length) => fieldsOf(readBinary(reader, at, length))
}
