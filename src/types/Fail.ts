/** The ways in which a value's bytes can be wrong, worded once. Messages carry sizes and never the value. */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"

/**
 * Says of a failure in which part of the value it lies, such as `element [1]`. Each who has a part read or written puts its own
 * in front once that has failed, so that the way there costs nothing as long as nothing fails. Positions are those of the
 * JavaScript value, from 0.
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
