/**
 * `bool`. As a parameter it takes booleans, and the words the server reads: `true`, `yes`, `on`, `1` and their
 * opposites, and beginnings of them, in any letter case.
 *
 * @see https://www.postgresql.org/docs/current/datatype-boolean.html
 */
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Oid from "../model/Oid.js"
import type { Codec, Decode } from "./Codec.js"
import * as Fail from "./Fail.js"
import { mismatch } from "./Shape.js"

const truths = /^\s*(?:t(?:r(?:ue?)?)?|y(?:es?)?|on|1)\s*$/i
const lies = /^\s*(?:f(?:a(?:l(?:se?)?)?)?|no?|off?|0)\s*$/i

const truthOf = (writer: ByteWriter, value: unknown): boolean => {
  if (typeof value === "boolean") return value
  if (typeof value === "string") {
    if (truths.test(value)) return true
    if (lies.test(value)) return false
  }
  writer.fail(mismatch("boolean", value))
  return false
}

/** One byte; any but zero is true. */
export const decodeBool: Decode<boolean> = (reader, at, length) => {
  if (length === 1) return reader.bytes[at] !== 0
  Fail.size(reader, 1, length)
  return false
}

export const bool: Codec<boolean> = {
  name: "bool",
  oid: Oid.bool,
  arrayOid: Oid.boolArray,
  delimiter: ",",
  decodeText: (reader, at, length) => {
    const byte = reader.bytes[at]
    if (length === 1 && (byte === 116 || byte === 102)) return byte === 116
    Fail.text(reader, "a bool", length)
    return false
  },
  decodeBinary: decodeBool,
  encodeText: (writer, value) => writer.text(truthOf(writer, value) ? "t" : "f"),
  encodeBinary: (writer, value) => writer.uint8(truthOf(writer, value) ? 1 : 0)
}
