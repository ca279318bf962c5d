/**
 * `bytea`. Reading copies: nothing of the value refers to the connection's memory.
 *
 * As a parameter it takes `Uint8Array` (so `Buffer` too), and strings in PostgreSQL's hex (`\x0aff`) or escape form.
 *
 * @see https://www.postgresql.org/docs/current/datatype-binary.html
 */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Utf8 from "../bytes/Utf8.js"
import * as Oid from "../model/Oid.js"
import type { Codec } from "./Codec.js"
import * as Fail from "./Fail.js"
import { mismatch } from "./Shape.js"

const backslash = 92
const none = new Uint8Array(0)

/** The value of a hexadecimal digit, −1 for any other byte. */
const nibble = (byte: number | undefined): number => {
  if (byte === undefined) return -1
  if (byte >= 48 && byte <= 57) return byte - 48
  const letter = byte | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}

const fromHex = (bytes: Uint8Array, at: number, end: number): Uint8Array | undefined => {
  if ((end - at) % 2 !== 0) return undefined
  const out = new Uint8Array((end - at) / 2)
  for (let from = at, to = 0; from < end; from += 2) {
    const high = nibble(bytes[from])
    const low = nibble(bytes[from + 1])
    if (high < 0 || low < 0) return undefined
    out[to++] = (high << 4) | low
  }
  return out
}

const octal = (byte: number | undefined, most: number): boolean =>
  byte !== undefined && byte >= 48 && byte <= most

const fromEscapes = (bytes: Uint8Array, at: number, end: number): Uint8Array | undefined => {
  const out = new Uint8Array(end - at)
  let to = 0
  for (let from = at; from < end;) {
    const byte = bytes[from]!
    if (byte !== backslash) {
      out[to++] = byte
      from++
    } else if (from + 1 < end && bytes[from + 1] === backslash) {
      out[to++] = backslash
      from += 2
    } else if (
      from + 3 < end &&
      octal(bytes[from + 1], 51) &&
      octal(bytes[from + 2], 55) &&
      octal(bytes[from + 3], 55)
    ) {
      out[to++] = ((bytes[from + 1]! - 48) << 6) | ((bytes[from + 2]! - 48) << 3) | (bytes[from + 3]! - 48)
      from += 4
    } else return undefined
  }
  return out.slice(0, to)
}

/** Bytes from either text form; `\x` in front marks the hexadecimal form. */
const fromText = (bytes: Uint8Array, at: number, end: number): Uint8Array | undefined =>
  end - at >= 2 && bytes[at] === backslash && bytes[at + 1] === 120
    ? fromHex(bytes, at + 2, end)
    : fromEscapes(bytes, at, end)

const readText = (reader: ByteReader, at: number, length: number): Uint8Array => {
  const value = fromText(reader.bytes, at, at + length)
  if (value !== undefined) return value
  Fail.text(reader, "a bytea in hex or escape form", length)
  return none
}

const bytesOf = (writer: ByteWriter, value: unknown): Uint8Array => {
  if (value instanceof Uint8Array) return value
  if (typeof value === "string") {
    const text = Utf8.encode(value)
    const parsed = fromText(text, 0, text.length)
    if (parsed !== undefined) return parsed
  }
  writer.fail(mismatch("Uint8Array, or text in hex or escape form", value))
  return none
}

const digits = Array.from({ length: 16 }, (_, value) => value.toString(16).charCodeAt(0))

const writeHex = (writer: ByteWriter, bytes: Uint8Array): void => {
  if (!writer.reserve(2 + bytes.length * 2)) return
  writer.text("\\x")
  const out = writer.bytes
  let at = writer.offset
  for (const byte of bytes) {
    out[at++] = digits[byte >> 4]!
    out[at++] = digits[byte & 15]!
  }
  writer.offset = at
}

/** Up to this size a loop is cheaper than making a view to copy from. */
const short = 64

const copy = (bytes: Uint8Array, at: number, length: number, out: Uint8Array): Uint8Array => {
  if (length > short) out.set(bytes.subarray(at, at + length))
  else for (let index = 0; index < length; index++) out[index] = bytes[at + index]!
  return out
}

export const bytea: Codec<Uint8Array> = {
  name: "bytea",
  oid: Oid.bytea,
  arrayOid: Oid.byteaArray,
  delimiter: ",",
  decodeText: readText,
  decodeBinary: (reader, at, length) => copy(reader.bytes, at, length, new Uint8Array(length)),
  encodeText: (writer, value) => writeHex(writer, bytesOf(writer, value)),
  encodeBinary: (writer, value) => writer.raw(bytesOf(writer, value))
}

interface NativeBuffer {
  /** Small ones share a piece of memory that only they use. */
  allocUnsafe(length: number): Uint8Array
  from(bytes: ArrayBufferLike, offset: number, length: number): Uint8Array
}
const native = (globalThis as { readonly Buffer?: NativeBuffer }).Buffer

/** `bytea` as `Buffer` where the runtime has one, as node-postgres gives it. */
const wrap = (bytes: Uint8Array): Uint8Array =>
  native === undefined ? bytes : native.from(bytes.buffer, bytes.byteOffset, bytes.length)

export const byteaAsBuffer: Codec<Uint8Array> = {
  ...bytea,
  decodeText: (reader, at, length) => wrap(readText(reader, at, length)),
  decodeBinary: (reader, at, length) =>
    copy(reader.bytes, at, length, native === undefined ? new Uint8Array(length) : native.allocUnsafe(length))
}
