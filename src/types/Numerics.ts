/**
 * `numeric`, lossless and familiar.
 *
 * As a parameter it takes `Numeric`, Effect's `BigDecimal`, bigints, numbers (by their shortest decimal text; whole ones
 * must be safe), and strings, which go to the server as they are: for their sake parameters travel as text.
 *
 * @see https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-NUMERIC-DECIMAL
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Utf8 from "../bytes/Utf8.js"
import { Numeric } from "../model/Numeric.js"
import * as Oid from "../model/Oid.js"
import type { Codec, Decode } from "./Codec.js"
import * as Fail from "./Fail.js"
import { mismatch } from "./Shape.js"
import { writeText } from "./Texts.js"

const positive = 0x0000
const negative = 0x4000
const maxScale = 0x3fff
const powers = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)

const readText = (reader: ByteReader, at: number, length: number): Numeric => {
  const value = Numeric.fromText(Utf8.decode(reader.bytes, at, at + length))
  if (Option.isSome(value)) return value.value
  Fail.text(reader, "a numeric", length)
  return Numeric.zero
}

/** Four decimal digits per 16-bit group, most significant first; up to four groups are added up in a double. */
const readBinary: Decode<Numeric> = (reader, at, length) => {
  const view = reader.view
  if (length < 8) {
    reader.fail(`a numeric needs 8 bytes, got ${length}`)
    return Numeric.zero
  }
  const groups = view.getUint16(at)
  const weight = view.getInt16(at + 2)
  const sign = view.getUint16(at + 4)
  const scale = view.getUint16(at + 6)
  if (length !== 8 + 2 * groups) {
    reader.fail(`a numeric of ${groups} groups in ${length} bytes`)
    return Numeric.zero
  }
  if (sign !== positive && sign !== negative) return readSpecial(reader, sign)
  if (scale > maxScale) {
    reader.fail(`a numeric with a scale of ${scale}`)
    return Numeric.zero
  }
  if (groups <= 4) {
    let coefficient = 0
    for (let index = 0; index < groups; index++) {
      const group = view.getInt16(at + 8 + 2 * index)
      if (group < 0 || group > 9999) return badGroup(reader)
      coefficient = coefficient * 10_000 + group
    }
    // The groups end at this decimal place; the value is shown with `scale` of them.
    const shift = scale - 4 * (groups - weight - 1)
    if (shift >= -3 && shift <= 15 && Number.isSafeInteger(coefficient)) {
      const shifted = shift >= 0 ? coefficient * powers[shift]! : Math.floor(coefficient / powers[-shift]!)
      if (shifted <= Number.MAX_SAFE_INTEGER) {
        return Numeric.unsafeMake(sign === negative && shifted !== 0 ? -shifted : shifted, scale)
      }
    }
  }
  return readLong(reader, at, groups, weight, sign === negative, scale)
}

const badGroup = (reader: ByteReader): Numeric => {
  reader.fail("a numeric with a group outside 0 to 9999")
  return Numeric.zero
}

const readSpecial = (reader: ByteReader, sign: number): Numeric => {
  if (sign === 0xc000) return Numeric.NaN
  if (sign === 0xd000) return Numeric.infinity
  if (sign === 0xf000) return Numeric.negativeInfinity
  reader.fail(`a numeric with the sign 0x${sign.toString(16)}`)
  return Numeric.zero
}

const readLong = (
  reader: ByteReader,
  at: number,
  groups: number,
  weight: number,
  isNegative: boolean,
  scale: number
): Numeric => {
  let digits = ""
  for (let index = 0; index < groups; index++) {
    const group = reader.view.getInt16(at + 8 + 2 * index)
    if (group < 0 || group > 9999) return badGroup(reader)
    digits += String(group).padStart(4, "0")
  }
  if (groups === 0) return Numeric.unsafeMake(0, scale)
  const shift = scale - 4 * (groups - weight - 1)
  // The server shows no digits beyond the scale, whatever it has kept.
  digits = shift >= 0 ? digits + "0".repeat(shift) : digits.slice(0, Math.max(0, digits.length + shift))
  return Numeric.fromDigits(isNegative, digits, scale)
}

const numericOf = (value: unknown): Numeric | undefined => {
  if (value instanceof Numeric) return value
  switch (typeof value) {
    case "bigint":
      return Numeric.fromBigInt(value)
    case "number":
      return Option.getOrUndefined(Numeric.fromNumber(value))
    case "string":
      return Option.getOrUndefined(Numeric.fromText(value))
    default:
      return BigDecimal.isBigDecimal(value) ? Option.getOrUndefined(Numeric.fromBigDecimal(value)) : undefined
  }
}

const expected = "Numeric, BigDecimal, bigint, number or string"

const encodeText = (writer: ByteWriter, value: unknown): void => {
  if (typeof value === "string") return writeText(writer, value)
  const exact = numericOf(value)
  if (exact === undefined) writer.fail(mismatch(expected, value))
  else writer.text(exact.toString())
}

const encodeBinary = (writer: ByteWriter, value: unknown): void => {
  const exact = numericOf(value)
  if (exact === undefined) return writer.fail(mismatch(expected, value))
  if (!exact.isFinite) {
    writer.int32(0)
    writer.int16(exact.isNaN ? 0xc000 : exact.coefficient > 0 ? 0xd000 : 0xf000)
    // What the server itself puts there; it means nothing.
    writer.int16(exact.isNaN ? 0 : 0x20)
    return
  }
  const text = String(exact.coefficient)
  const isNegative = text.startsWith("-")
  const digits = (isNegative ? text.slice(1) : text) + "0".repeat((4 - (exact.scale % 4)) % 4)
  const fractionGroups = Math.ceil(exact.scale / 4)
  const padded = digits.padStart(Math.ceil(digits.length / 4) * 4, "0")
  const groups: Array<number> = []
  for (let at = 0; at < padded.length; at += 4) groups.push(Number(padded.slice(at, at + 4)))
  let weight = groups.length - fractionGroups - 1
  const first = groups.findIndex((group) => group !== 0)
  if (first < 0) groups.length = weight = 0
  else {
    groups.splice(0, first)
    weight -= first
    while (groups[groups.length - 1] === 0) groups.pop()
  }
  if (weight > 0x7fff || groups.length > 0xffff)
    return writer.fail("expected a numeric within the type's range")
  writer.int16(groups.length)
  writer.int16(weight)
  writer.int16(isNegative ? negative : positive)
  writer.int16(exact.scale)
  for (const group of groups) writer.int16(group)
}

export const numeric: Codec<Numeric> = {
  name: "numeric",
  oid: Oid.numeric,
  arrayOid: Oid.numericArray,
  delimiter: ",",
  parameterFormat: 0,
  decodeText: readText,
  decodeBinary: readBinary,
  encodeText,
  encodeBinary
}

/** `numeric` as the server's text, as node-postgres gives it. */
export const numericAsString: Codec<string> = {
  ...numeric,
  decodeText: (reader, at, length) => Utf8.decode(reader.bytes, at, at + length),
  decodeBinary: (reader, at, length) => readBinary(reader, at, length).toString()
}

/** `numeric` as the nearest double: digits are lost. node-postgres reads arrays of numeric this way. */
export const numericAsNumber: Codec<number> = {
  ...numeric,
  decodeText: (reader, at, length) => readText(reader, at, length).toNumber(),
  decodeBinary: (reader, at, length) => readBinary(reader, at, length).toNumber()
}
