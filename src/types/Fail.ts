/** The ways in which a value's bytes can be wrong, worded once. Messages carry sizes and never the value. */
import type { ByteReader } from "../bytes/ByteReader.js"

/** A binary value of another size than its type has. */
export const size = (reader: ByteReader, expected: number, length: number): void =>
  reader.fail(`${expected} ${expected === 1 ? "byte" : "bytes"} expected, got ${length}`)

/** Text that is not a form of its type. */
export const text = (reader: ByteReader, expected: string, length: number): void =>
  reader.fail(`text of ${length} ${length === 1 ? "byte" : "bytes"} is not ${expected}`)
