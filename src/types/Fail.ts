/** The ways in which a value's bytes can be wrong, worded once. Messages carry sizes and never the value. */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"

/**
 * Adds to a failure the part of the value in which it lies, such as `element [1]`. Each reader or writer of a part adds its
 * own place in front after that part has failed, so that a value without a failure costs nothing. Positions are those of
 * the JavaScript value, from 0.
 */
export const inside = (failed: ByteReader | ByteWriter, part: string): void => {
  failed.failure = `${part}: ${failed.failure}`
}

/** The same of an element of nested arrays; `isInnermost`: it is the one that has failed, and no array around it. */
export const insideElement = (
  failed: ByteReader | ByteWriter,
  index: number,
  depth: number,
  isInnermost: boolean
): void => {
  failed.failure = `${depth === 0 ? "element " : ""}[${index}]${isInnermost ? ": " : ""}${failed.failure}`
}

/** A binary value of another size than its type has. */
export const size = (reader: ByteReader, expected: number, length: number): void =>
  reader.fail(`${expected} ${expected === 1 ? "byte" : "bytes"} expected, got ${length}`)

/** Text that is not a form of its type. */
export const text = (reader: ByteReader, expected: string, length: number): void =>
  reader.fail(`text of ${length} ${length === 1 ? "byte" : "bytes"} is not ${expected}`)
