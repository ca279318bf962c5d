/**
 * `json` and `jsonb`.
 *
 * As parameters every value is JSON: arrays, objects, numbers, booleans and, in the lossless preset, strings, so that
 * what is written is what is read. In the familiar preset a string is JSON text already, as with node-postgres.
 * What JSON has no form for (NaN, an array's `undefined`, a function, a symbol, a promise, a Map, bytes) is refused, wherever it
 * is; a property that is `undefined` is left out.
 * `JsonText` is JSON text in both. JavaScript's `null` is NULL; JSON's null is `new JsonText("null")`.
 *
 * @see https://www.postgresql.org/docs/current/datatype-json.html
 */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Utf8 from "../bytes/Utf8.js"
import { JsonText } from "../model/JsonText.js"
import * as Oid from "../model/Oid.js"
import type { Codec, Decode, Encode } from "./Codec.js"
import { describe, isRedacted } from "./Shape.js"
import { writeText } from "./Texts.js"

/** The version byte in front of `jsonb`'s text. */
const version = 1

const parse: Decode = (reader, at, length) => {
  try {
    return JSON.parse(Utf8.decode(reader.bytes, at, at + length)) as unknown
  } catch {
    reader.fail(`text of ${length} bytes is not JSON`)
    return null
  }
}

const keep: Decode<JsonText> = (reader, at, length) =>
  new JsonText(Utf8.decode(reader.bytes, at, at + length))

const versioned =
  <A>(decode: Decode<A>, empty: A): Decode<A> =>
  (reader: ByteReader, at: number, length: number) => {
    if (length < 1) reader.fail("1 byte expected, got 0")
    else if (reader.bytes[at] !== version) reader.fail(`version ${reader.bytes[at]} of jsonb is not known`)
    else return decode(reader, at + 1, length - 1)
    return empty
  }

/** A promise, of whatever library. It was most likely meant to be awaited. */
const isPromise = (value: object | null): boolean =>
  value !== null && "then" in value && typeof value.then === "function"

/** What `JSON.stringify` writes as something else: as `null`, or as an object of what it happens to hold. */
const isLossy = (value: unknown, isElement: boolean): boolean => {
  switch (typeof value) {
    case "number":
      return !Number.isFinite(value)
    case "object":
      if (value instanceof Date) return Number.isNaN(value.getTime())
      return (
        value instanceof Map ||
        value instanceof Set ||
        value instanceof WeakMap ||
        value instanceof WeakSet ||
        value instanceof RegExp ||
        isPromise(value) ||
        isRedacted(value) ||
        value instanceof ArrayBuffer ||
        ArrayBuffer.isView(value)
      )
    case "undefined":
      return isElement
    case "function":
    case "symbol":
      return true
    default:
      return false
  }
}

const stringify = (writer: ByteWriter, value: unknown): void => {
  let text: string | undefined
  let lossy: string | undefined
  try {
    text = JSON.stringify(
      value,
      function (this: Readonly<Record<string, unknown>>, key: string, inner: unknown) {
        // As it stands in its holder, before its `toJSON`.
        const stood = this[key]
        if (isLossy(stood, Array.isArray(this))) {
          lossy ??= key === "" ? describe(stood) : `${describe(stood)} at ${JSON.stringify(key)}`
        }
        return inner
      }
    )
  } catch {
    return writer.fail(
      `expected a value with a JSON form, got ${describe(value)} with a bigint or a cycle in it`
    )
  }
  if (lossy !== undefined) writer.fail(`expected a value with a JSON form, got ${lossy}`)
  else if (text === undefined) writer.fail(`expected a value with a JSON form, got ${describe(value)}`)
  else writer.text(text)
}

const encode: Encode = (writer, value) => {
  if (value instanceof JsonText) writeText(writer, value.text)
  else stringify(writer, value)
}

const encodeFamiliar: Encode = (writer, value) => {
  if (typeof value === "string") writeText(writer, value)
  else encode(writer, value)
}

const behindVersion =
  (encode: Encode): Encode =>
  (writer, value) => {
    writer.uint8(version)
    encode(writer, value)
  }

/** Parsed with `JSON.parse`: numbers become doubles. */
export const json: Codec = {
  name: "json",
  oid: Oid.json,
  arrayOid: Oid.jsonArray,
  delimiter: ",",
  elementsNest: true,
  decodeText: parse,
  decodeBinary: parse,
  encodeText: encode,
  encodeBinary: encode
}

/** Parsed with `JSON.parse`: numbers become doubles. */
export const jsonb: Codec = {
  ...json,
  name: "jsonb",
  oid: Oid.jsonb,
  arrayOid: Oid.jsonbArray,
  decodeBinary: versioned(parse, null),
  encodeBinary: behindVersion(encode)
}

/** `json` as its text, with every digit, space and repeated key. */
export const jsonAsText: Codec<JsonText> = { ...json, decodeText: keep, decodeBinary: keep }

/** `jsonb` as the text that the server prints, with every digit. */
export const jsonbAsText: Codec<JsonText> = {
  ...jsonb,
  decodeText: keep,
  decodeBinary: versioned(keep, new JsonText("null"))
}

export const jsonFamiliar: Codec = { ...json, encodeText: encodeFamiliar, encodeBinary: encodeFamiliar }

export const jsonbFamiliar: Codec = {
  ...jsonb,
  encodeText: encodeFamiliar,
  encodeBinary: behindVersion(encodeFamiliar)
}
