/**
 * Text of a database whose encoding is SQL_ASCII: the server keeps any bytes and converts none, so that they may be no UTF-8. Such
 * a value fails, where it would be read with replacement characters in place of what it is.
 *
 * @see https://www.postgresql.org/docs/current/multibyte.html#MULTIBYTE-CHARSET-SUPPORTED
 */
import * as Oid from "../model/Oid.js"
import type { Codec, Decode } from "./Codec.js"
import { decodeString } from "./Texts.js"

const decoder = new TextDecoder("utf-8", { fatal: true })

const isUtf8 = (bytes: Uint8Array): boolean => {
  try {
    decoder.decode(bytes)
    return true
  } catch {
    return false
  }
}

const checked =
  <A>(decode: Decode<A>): Decode<A> =>
  (reader, at, length) => {
    if (!isUtf8(reader.bytes.subarray(at, at + length)))
      reader.fail(
        "its bytes are not UTF-8, and the database has the encoding SQL_ASCII: read convert_to(value, 'SQL_ASCII')"
      )
    return decode(reader, at, length)
  }

/** Whether what this codec reads is text as the server keeps it. */
const isText = ({ decodeText, oid }: Codec): boolean =>
  decodeText === decodeString || oid === Oid.json || oid === Oid.jsonb

/** The codecs of text among these, with a check of what they read. */
export const among = (codecs: Iterable<Codec>): ReadonlyArray<Codec> =>
  Array.from(codecs)
    .filter(isText)
    .map((codec) => ({
      ...codec,
      decodeText: checked(codec.decodeText),
      decodeBinary: codec.decodeBinary && checked(codec.decodeBinary)
    }))
