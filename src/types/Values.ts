/**
 * Codecs of values that have a class or a checked form of their own, made from how one value is read and printed.
 *
 * As parameters they take the value and strings, which go to the server as they are: for their sake parameters of these
 * types travel as text. Where binary is asked for, as in a binary copy, a string must be in the server's own form.
 */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Utf8 from "../bytes/Utf8.js"
import type { Codec, Names } from "./Codec.js"
import * as Fail from "./Fail.js"
import { mismatch } from "./Shape.js"
import { decodeString, writeText } from "./Texts.js"

export interface Values<A> extends Names {
  readonly delimiter?: string
  readonly elementsNest?: boolean
  /** What a text should have been, such as `a tid`. */
  readonly noun: string
  /** What a parameter may be besides a string, such as `PgTid`. */
  readonly takes: string
  /** What stands for a value that could not be read. */
  readonly blank: A
  readonly parse: (text: string) => A | undefined
  /** The value that a parameter other than a string is; `undefined` when it cannot be a parameter. */
  readonly of: (value: unknown) => A | undefined
  /** Which part of the value is at fault, if one is. */
  readonly defect?: (value: unknown) => string | undefined
  readonly print?: (value: A) => string
  /** Reads the binary form; `undefined` after recording why not. */
  readonly read: (reader: ByteReader, at: number, length: number) => A | undefined
  readonly write: (writer: ByteWriter, value: A) => void
}

export const make = <A>(values: Values<A>): Codec<A> => {
  const { blank, defect, noun, of, parse, print = String, read, takes, write } = values
  return {
    name: values.name,
    oid: values.oid,
    arrayOid: values.arrayOid,
    delimiter: values.delimiter ?? ",",
    ...(values.elementsNest === true ? { elementsNest: true } : {}),
    parameterFormat: 0,
    decodeText: (reader, at, length) => {
      const value = parse(Utf8.decode(reader.bytes, at, at + length))
      if (value !== undefined) return value
      Fail.text(reader, noun, length)
      return blank
    },
    decodeBinary: (reader, at, length) => read(reader, at, length) ?? blank,
    encodeText: (writer, value) => {
      if (typeof value === "string") return writeText(writer, value)
      const exact = of(value)
      if (exact === undefined) writer.fail(defect?.(value) ?? mismatch(`${takes} or string`, value))
      else writer.text(print(exact))
    },
    encodeBinary: (writer, value) => {
      const exact = typeof value === "string" ? parse(value) : of(value)
      if (exact === undefined) writer.fail(defect?.(value) ?? mismatch(`${takes}, or ${noun} as text`, value))
      else write(writer, exact)
    }
  }
}

/** What `read` answers for a type of one size, after the size has been checked. */
export const sized =
  <A>(size: number, read: (reader: ByteReader, at: number) => A): Values<A>["read"] =>
  (reader, at, length) => {
    if (length === size) return read(reader, at)
    Fail.size(reader, size, length)
    return undefined
  }

/** The server's text as it is, and so in text only: what node-postgres gives for types it does not know. */
export const asText = (codec: Codec): Codec<string> => ({
  ...codec,
  elementsNest: false,
  decodeText: decodeString,
  decodeBinary: undefined
})
