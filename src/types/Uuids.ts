/**
 * `uuid`, as text in lower case. As a parameter it takes such text; letter case, braces and missing hyphens do not
 * matter.
 *
 * @see https://www.postgresql.org/docs/current/datatype-uuid.html
 */
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Utf8 from "../bytes/Utf8.js"
import * as Oid from "../model/Oid.js"
import type { Codec } from "./Codec.js"
import * as Fail from "./Fail.js"
import { mismatch } from "./Shape.js"

const canonical = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
/** Hyphens may stand after any group of four digits. */
const accepted = /^(?:[0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}$/

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/** The 32 digits, `undefined` after recording why there are none. */
const digitsOf = (writer: ByteWriter, value: unknown): string | undefined => {
  if (typeof value === "string" && value.length <= 64) {
    const inner = value.startsWith("{") && value.endsWith("}") ? value.slice(1, -1) : value
    if (accepted.test(inner)) return inner.replaceAll("-", "").toLowerCase()
  }
  writer.fail(mismatch("uuid of 32 hexadecimal digits", value))
  return undefined
}

export const uuid: Codec<string> = {
  name: "uuid",
  oid: Oid.uuid,
  arrayOid: Oid.uuidArray,
  delimiter: ",",
  decodeText: (reader, at, length) => {
    const text = Utf8.decode(reader.bytes, at, at + length)
    if (!canonical.test(text)) Fail.text(reader, "a uuid", length)
    return text
  },
  decodeBinary: (reader, at, length) => {
    if (length !== 16) {
      Fail.size(reader, 16, length)
      return ""
    }
    const b = reader.bytes
    const pair = (index: number): string => hex[b[at + index]!]! + hex[b[at + index + 1]!]!
    return `${pair(0)}${pair(2)}-${pair(4)}-${pair(6)}-${pair(8)}-${pair(10)}${pair(12)}${pair(14)}`
  },
  encodeText: (writer, value) => {
    const digits = digitsOf(writer, value)
    if (digits !== undefined) writer.text(digits)
  },
  encodeBinary: (writer, value) => {
    const digits = digitsOf(writer, value)
    if (digits === undefined) return
    for (let at = 0; at < 32; at += 2) writer.uint8(Number.parseInt(digits.slice(at, at + 2), 16))
  }
}
