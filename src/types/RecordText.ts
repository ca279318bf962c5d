/**
 * The text form of composites: parentheses, commas, quotes and escapes; nothing between two commas is NULL.
 *
 * @see https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
 */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import type { Codec } from "./Codec.js"
import * as Fail from "./Fail.js"
import * as Quoting from "./Quoting.js"

const open = 40
const close = 41
const comma = 44
const stops = [comma, close]

const bad = (reader: ByteReader, reason: string): undefined => {
  reader.fail(`malformed composite: ${reason}`)
  return undefined
}

const skipSpace = (bytes: Uint8Array, from: number, end: number): number => {
  let at = from
  while (at < end && Quoting.isSpace(bytes[at])) at++
  return at
}

/** Which field it is, for failures. */
export const partOf = (labels: ReadonlyArray<string>, index: number): string => `field "${labels[index]}"`

/**
 * Reads the fields by their codecs; `undefined` after recording the failure. Fields without a codec are counted and not read:
 * the caller compares the number.
 */
export const decode = (
  codecs: ReadonlyArray<Codec | undefined>,
  labels: ReadonlyArray<string>,
  reader: ByteReader,
  from: number,
  length: number
): ReadonlyArray<unknown> | undefined => {
  const { bytes } = reader
  const end = from + length
  let at = skipSpace(bytes, from, end)
  if (at === end || bytes[at] !== open) return bad(reader, "an opening parenthesis is missing")
  at++
  const values: Array<unknown> = []
  // A composite without columns has the same text as one whose single column is NULL.
  const isEmpty = codecs.length === 0 && at < end && bytes[at] === close
  while (!isEmpty) {
    const start = at
    const stop = Quoting.scan(bytes, start, end, stops)
    if (stop.at < 0) return bad(reader, "it does not end")
    at = stop.at
    const codec = codecs[values.length]
    values.push(
      at === start || codec === undefined ? null : Quoting.decode(codec, reader, start, at, stop.plain)
    )
    if (reader.failure !== null) {
      Fail.inside(reader, partOf(labels, values.length - 1))
      return undefined
    }
    if (bytes[at] === close) break
    at++
  }
  return skipSpace(bytes, at + 1, end) === end ? values : bad(reader, "text behind its end")
}

/** Writes the fields; values are quoted where they must be. */
export const encode = (
  codecs: ReadonlyArray<Codec>,
  labels: ReadonlyArray<string>,
  writer: ByteWriter,
  values: ReadonlyArray<unknown>
): void => {
  writer.uint8(open)
  for (let index = 0; index < codecs.length; index++) {
    if (index > 0) writer.uint8(comma)
    const value = values[index]
    if (value === null) continue
    Quoting.encode(writer, codecs[index]!.encodeText, value)
    if (writer.failure !== null) return Fail.inside(writer, partOf(labels, index))
  }
  writer.uint8(close)
}
