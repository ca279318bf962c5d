/**
 * Character types: `text`, `varchar`, `bpchar`, `name`, `"char"`, `unknown`, `cstring` and the empty `void`. Their text
 * and binary forms are the same bytes; padding of `bpchar` is kept.
 *
 * As parameters they take strings. Text with a zero byte or a lone surrogate is refused: the server cannot hold it.
 * The familiar preset also takes numbers, bigints and booleans, as their JavaScript text.
 *
 * @see https://www.postgresql.org/docs/current/datatype-character.html
 */
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Utf8 from "../bytes/Utf8.js"
import * as Oid from "../model/Oid.js"
import type { Codec, Decode, Encode } from "./Codec.js"
import * as Fail from "./Fail.js"
import { mismatch } from "./Shape.js"

export const decodeString: Decode<string> = (reader, at, length) => Utf8.decode(reader.bytes, at, at + length)

/** Writes a string; one with a zero byte is refused. */
export const writeText = (writer: ByteWriter, text: string): void => {
  if (text.includes("\0")) writer.fail("expected text without zero bytes, got a string with a zero byte")
  else writer.text(text)
}

/** The one version of a binary form that there is. */
const version = 1

const encodeString: Encode = (writer, value) => {
  if (typeof value === "string") writeText(writer, value)
  else writer.fail(mismatch("string", value))
}

const encodeLoosely: Encode = (writer, value) => {
  switch (typeof value) {
    case "string":
      return writeText(writer, value)
    case "number":
      return writer.text(Object.is(value, -0) ? "-0" : String(value))
    case "bigint":
    case "boolean":
      return writer.text(String(value))
    default:
      return writer.fail(mismatch("string, number, bigint or boolean", value))
  }
}

/** Text for a type that is not known: what every type reads alike. */
export const encodeUnknown: Encode = (writer, value) => {
  switch (typeof value) {
    case "string":
      return writeText(writer, value)
    case "boolean":
    case "bigint":
      return writer.text(String(value))
    case "number":
      if (Number.isSafeInteger(value)) return writer.text(Object.is(value, -0) ? "-0" : String(value))
  }
  writer.fail(
    `${mismatch("string, whole number, bigint or boolean for a parameter of unknown type", value)}: state its type, by a cast such as $1::timestamptz, or by Sql.typed`
  )
}

/** A codec of strings, for any type whose binary form is its text. */
export const make = (name: string, oid: number, arrayOid: number): Codec<string> => ({
  name,
  oid,
  arrayOid,
  delimiter: ",",
  decodeText: decodeString,
  decodeBinary: decodeString,
  encodeText: encodeString,
  encodeBinary: encodeString
})

/** Strings whose binary form is a version, 1, and the text: `jsonpath`, `ltree` and its queries. */
export const versioned = (name: string, oid: number, arrayOid: number): Codec<string> => ({
  ...make(name, oid, arrayOid),
  decodeBinary: (reader, at, length) => {
    if (length > 0 && reader.bytes[at] === version) return decodeString(reader, at + 1, length - 1)
    if (length === 0) Fail.size(reader, 1, length)
    else reader.fail(`a value of version ${reader.bytes[at]}, not ${version}`)
    return ""
  },
  encodeBinary: (writer, value) => {
    if (typeof value !== "string") return writer.fail(mismatch("string", value))
    writer.uint8(version)
    writeText(writer, value)
  }
})

/** Strings that come and go as text only. */
export const textOnly = (name: string, oid: number, arrayOid: number): Codec<string> => ({
  ...make(name, oid, arrayOid),
  decodeBinary: undefined,
  encodeBinary: undefined
})

/** The same codec, with numbers, bigints and booleans taken too. */
export const loosely = (codec: Codec<string>): Codec<string> => ({
  ...codec,
  encodeText: encodeLoosely,
  encodeBinary: encodeLoosely
})

export const text = make("text", Oid.text, Oid.textArray)
export const varchar = make("varchar", Oid.varchar, Oid.varcharArray)
export const bpchar = make("bpchar", Oid.bpchar, Oid.bpcharArray)
export const name = make("name", Oid.name, Oid.nameArray)
export const unknown = make("unknown", Oid.unknown, 0)
export const cstring = make("cstring", Oid.cstring, Oid.cstringArray)

/** A function that answers nothing: the empty string. */
export const voidType: Codec<string> = make("void", Oid.voidType, 0)

const octal = /^\\([0-3][0-7]{2})$/

/** The byte that the text of a `"char"` stands for, −1 when it has no such byte. */
const byteOf = (text: string): number => {
  if (text === "") return 0
  if (text.length === 1 && text.charCodeAt(0) < 128) return text.charCodeAt(0)
  const match = octal.exec(text)
  return match === null ? -1 : Number.parseInt(match[1]!, 8)
}

/** One byte, given as the server's text: the character, `\ooo` above 127, the empty string for zero. */
export const charInternal: Codec<string> = {
  ...make("char", Oid.charInternal, Oid.charInternalArray),
  decodeBinary: (reader, at, length) => {
    if (length !== 1) {
      reader.fail(`1 byte expected, got ${length}`)
      return ""
    }
    const byte = reader.bytes[at]!
    return byte === 0 ? "" : byte < 128 ? String.fromCharCode(byte) : `\\${byte.toString(8)}`
  },
  encodeText: (writer, value) => {
    if (typeof value === "string" && byteOf(value) >= 0) writeText(writer, value)
    else writer.fail(mismatch('one character of ASCII, "\\ooo" or the empty string', value))
  },
  encodeBinary: (writer, value) => {
    const byte = typeof value === "string" ? byteOf(value) : -1
    if (byte >= 0) writer.uint8(byte)
    else writer.fail(mismatch('one character of ASCII, "\\ooo" or the empty string', value))
  }
}
