/**
 * `int2`, `int4`, `int8` and `oid`.
 *
 * As parameters they take whole numbers, bigints, and strings of decimal digits with a sign. A number that is not
 * safe (2^53 or beyond, where doubles have gaps) is refused: its digits may not be the ones meant.
 *
 * @see https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-INT
 */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Utf8 from "../bytes/Utf8.js"
import * as Int64 from "../model/Int64.js"
import * as Oid from "../model/Oid.js"
import type { Codec, Decode } from "./Codec.js"
import * as Fail from "./Fail.js"
import { describe } from "./Shape.js"

const digits = /^[+-]?\d{1,20}$/

/** A whole number from ASCII digits; NaN when they are not one, or too many to be exact. */
const parseDigits = (bytes: Uint8Array, at: number, length: number): number => {
  const negative = bytes[at] === 45
  const first = negative ? 1 : 0
  if (length <= first || length > 16) return NaN
  let value = 0
  for (let index = first; index < length; index++) {
    const digit = bytes[at + index]! - 48
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  return negative && value !== 0 ? -value : value
}

const decodeTextWithin =
  (least: number, most: number, name: string): Decode<number> =>
  (reader, at, length) => {
    const value = parseDigits(reader.bytes, at, length)
    if (value >= least && value <= most) return value
    Fail.text(reader, name, length)
    return 0
  }

/** `value` as a whole number within the range, or `undefined` after recording why not. */
const whole = (writer: ByteWriter, value: unknown, least: number, most: number): number => {
  const number =
    typeof value === "number"
      ? value
      : typeof value === "bigint" || (typeof value === "string" && digits.test(value))
        ? Number(value)
        : NaN
  if (Number.isSafeInteger(number) && number >= least && number <= most) return number
  writer.fail(`expected a whole number from ${least} to ${most}, got ${shapeOf(value)}`)
  return 0
}

const shapeOf = (value: unknown): string =>
  typeof value === "bigint" || Number.isSafeInteger(value)
    ? `a ${typeof value} out of range`
    : describe(value)

const encodeTextWithin = (least: number, most: number) => (writer: ByteWriter, value: unknown) =>
  writer.text(String(whole(writer, value, least, most)))

export const decodeInt2: Decode<number> = (reader, at, length) => {
  if (length === 2) return reader.view.getInt16(at)
  Fail.size(reader, 2, length)
  return 0
}

export const int2: Codec<number> = {
  name: "int2",
  oid: Oid.int2,
  arrayOid: Oid.int2Array,
  delimiter: ",",
  decodeText: decodeTextWithin(-0x8000, 0x7fff, "an int2"),
  decodeBinary: decodeInt2,
  encodeText: encodeTextWithin(-0x8000, 0x7fff),
  encodeBinary: (writer, value) => writer.int16(whole(writer, value, -0x8000, 0x7fff))
}

export const decodeInt4: Decode<number> = (reader, at, length) => {
  if (length === 4) return reader.view.getInt32(at)
  Fail.size(reader, 4, length)
  return 0
}

export const int4: Codec<number> = {
  name: "int4",
  oid: Oid.int4,
  arrayOid: Oid.int4Array,
  delimiter: ",",
  decodeText: decodeTextWithin(-0x80000000, 0x7fffffff, "an int4"),
  decodeBinary: decodeInt4,
  encodeText: encodeTextWithin(-0x80000000, 0x7fffffff),
  encodeBinary: (writer, value) => {
    if (typeof value === "number" && (value | 0) === value) writer.int32(value)
    else writer.int32(whole(writer, value, -0x80000000, 0x7fffffff))
  }
}

/** Unsigned: 4294967295 is positive. */
export const oid: Codec<number> = {
  name: "oid",
  oid: Oid.oid,
  arrayOid: Oid.oidArray,
  delimiter: ",",
  decodeText: decodeTextWithin(0, 0xffffffff, "an oid"),
  decodeBinary: (reader, at, length) => {
    if (length === 4) return reader.view.getUint32(at)
    Fail.size(reader, 4, length)
    return 0
  },
  encodeText: encodeTextWithin(0, 0xffffffff),
  encodeBinary: (writer, value) => writer.uint32(whole(writer, value, 0, 0xffffffff))
}

const int8Text = (reader: ByteReader, at: number, length: number): string | undefined => {
  const text = Utf8.decode(reader.bytes, at, at + length)
  if (digits.test(text) && Int64.fits(BigInt(text.startsWith("+") ? text.slice(1) : text))) return text
  Fail.text(reader, "an int8", length)
  return undefined
}

/** `value` as a 64-bit number; 0 after recording why not. */
const wholeInt8 = (writer: ByteWriter, value: unknown): bigint => {
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return BigInt(value)
  } else if (typeof value === "bigint") {
    if (Int64.fits(value)) return value
  } else if (typeof value === "string" && digits.test(value)) {
    const number = BigInt(value.startsWith("+") ? value.slice(1) : value)
    if (Int64.fits(number)) return number
  }
  writer.fail(`expected bigint or whole number from -2^63 to 2^63-1, got ${shapeOf(value)}`)
  return 0n
}

const encodeInt8 = (writer: ByteWriter, value: unknown): void => {
  if (typeof value === "number" && Number.isSafeInteger(value)) {
    writer.int32(Int64.highOf(value))
    writer.int32(Int64.lowOf(value))
  } else writer.int64(wholeInt8(writer, value))
}

export const decodeInt8: Decode<bigint> = (reader, at, length) => {
  if (length === 8) return reader.view.getBigInt64(at)
  Fail.size(reader, 8, length)
  return 0n
}

/** `int8` as `bigint`: exact over its range. */
export const int8: Codec<bigint> = {
  name: "int8",
  oid: Oid.int8,
  arrayOid: Oid.int8Array,
  delimiter: ",",
  decodeText: (reader, at, length) => BigInt(int8Text(reader, at, length) ?? 0),
  decodeBinary: decodeInt8,
  encodeText: (writer, value) => writer.text(wholeInt8(writer, value).toString()),
  encodeBinary: encodeInt8
}

/** `int8` as a string of digits, as node-postgres gives it. */
export const int8AsString: Codec<string> = {
  ...int8,
  decodeText: (reader, at, length) => int8Text(reader, at, length) ?? "",
  decodeBinary: (reader, at, length) => {
    if (length === 8) return Int64.toText(reader.view.getInt32(at), reader.view.getInt32(at + 4))
    Fail.size(reader, 8, length)
    return ""
  }
}

/** `int8` as a number, for those who know theirs are small: a value of 2^53 or beyond fails its query. */
export const int8AsNumber: Codec<number> = {
  ...int8,
  decodeText: (reader, at, length) => {
    const value = Number(int8Text(reader, at, length) ?? 0)
    if (!Number.isSafeInteger(value)) reader.fail("an int8 of 2^53 or beyond may not fit a number")
    return value
  },
  decodeBinary: (reader, at, length) => {
    if (length !== 8) {
      Fail.size(reader, 8, length)
      return 0
    }
    const value = Int64.toNumber(reader.view.getInt32(at), reader.view.getInt32(at + 4))
    if (!Number.isSafeInteger(value)) reader.fail("an int8 of 2^53 or beyond may not fit a number")
    return value
  }
}
