/**
 * `float4` and `float8`. Both formats give the same number. `-0`, NaN and the infinities survive both ways.
 *
 * As parameters they take numbers, bigints that a double holds exactly, and strings such as `1.5e-3` or `-Infinity`.
 *
 * @see https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-FLOAT
 */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Utf8 from "../bytes/Utf8.js"
import * as Float4 from "../model/Float4.js"
import * as Float8 from "../model/Float8.js"
import * as Oid from "../model/Oid.js"
import type { Codec, Decode } from "./Codec.js"
import * as Fail from "./Fail.js"
import { mismatch } from "./Shape.js"

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** What is read as zero and has a digit that is not. */
const hasDigits = /^[^eE]*[1-9]/

/** The number that a text states, `undefined` when it states none or, as the server has it, beyond the type's range. */
export const parse = (text: string): number | undefined => {
  if (decimal.test(text)) {
    const value = Number(text)
    return (value === 0 && hasDigits.test(text)) || Math.abs(value) === Infinity ? undefined : value
  }
  switch (text.toLowerCase()) {
    case "nan":
      return NaN
    case "infinity":
    case "+infinity":
    case "inf":
      return Infinity
    case "-infinity":
    case "-inf":
      return -Infinity
    default:
      return undefined
  }
}

const parseText = (reader: ByteReader, at: number, length: number): number => {
  const value = parse(Utf8.decode(reader.bytes, at, at + length))
  if (value !== undefined) return value
  Fail.text(reader, "a floating-point number", length)
  return 0
}

/** `value` as a number; NaN after recording why not. */
const numberOf = (writer: ByteWriter, value: unknown): number => {
  if (typeof value === "number") return value
  if (typeof value === "bigint" && BigInt(Number(value)) === value) return Number(value)
  const parsed = typeof value === "string" ? parse(value) : undefined
  if (parsed !== undefined) return parsed
  writer.fail(mismatch("a number", value))
  return NaN
}

export const decodeFloat8: Decode<number> = (reader, at, length) => {
  if (length === 8) return reader.view.getFloat64(at)
  Fail.size(reader, 8, length)
  return 0
}

export const float8: Codec<number> = {
  name: "float8",
  oid: Oid.float8,
  arrayOid: Oid.float8Array,
  delimiter: ",",
  decodeText: parseText,
  decodeBinary: decodeFloat8,
  encodeText: (writer, value) => writer.text(Float8.printed(numberOf(writer, value))),
  encodeBinary: (writer, value) => writer.float64(numberOf(writer, value))
}

/** `value` as the nearest `float4`; a finite number beyond the type's range is refused, as the server does. */
const singleOf = (writer: ByteWriter, value: unknown): number => {
  const number = numberOf(writer, value)
  const single = Math.fround(number)
  if (Math.abs(single) === Infinity && Math.abs(number) !== Infinity) {
    writer.fail("expected a number within the range of float4, got a number out of range")
  } else if (single === 0 && number !== 0) {
    writer.fail("expected a number within the range of float4, got a number too close to zero")
  }
  return single
}

const decodeFloat4: Decode<number> = (reader, at, length) => {
  if (length === 4) return reader.view.getFloat32(at)
  Fail.size(reader, 4, length)
  return 0
}

/** `float4` as exactly the number the server holds: 0.1 reads as 0.10000000149011612. */
export const float4: Codec<number> = {
  name: "float4",
  oid: Oid.float4,
  arrayOid: Oid.float4Array,
  delimiter: ",",
  decodeText: (reader, at, length) => Math.fround(parseText(reader, at, length)),
  decodeBinary: decodeFloat4,
  encodeText: (writer, value) => writer.text(Float8.printed(singleOf(writer, value))),
  encodeBinary: (writer, value) => writer.float32(singleOf(writer, value))
}

/** `float4` as the digits the server prints, as node-postgres gives it: 0.1 reads as 0.1. */
export const float4AsPrinted: Codec<number> = {
  ...float4,
  decodeText: parseText,
  decodeBinary: (reader, at, length) => Float4.shortest(decodeFloat4(reader, at, length))
}
