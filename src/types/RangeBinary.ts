/**
 * The binary form of ranges and multiranges: flags, then the bounds that the flags announce, each behind its length.
 *
 * @see https://www.postgresql.org/docs/current/rangetypes.html
 */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import { PgRange } from "../model/PgRange.js"
import type { Decode, Encode } from "./Codec.js"
import * as Fail from "./Fail.js"
import { lowerPart, partOf, upperPart } from "./RangeText.js"

const emptyFlag = 0x01
const lowerInclusive = 0x02
const upperInclusive = 0x04
const noLower = 0x08
const noUpper = 0x10

/** The flags the server sends: `empty` alone, and no end both inclusive and without a bound. */
const isPossible = (flags: number): boolean =>
  flags === emptyFlag ||
  ((flags & ~0x1e) === 0 &&
    (flags & (lowerInclusive | noLower)) !== (lowerInclusive | noLower) &&
    (flags & (upperInclusive | noUpper)) !== (upperInclusive | noUpper))

/** Reads one range of what `element` reads; `undefined` after recording the failure. */
export const decodeRange = <A>(
  element: Decode<A>,
  reader: ByteReader,
  at: number,
  length: number
): PgRange<A> | undefined => {
  const end = at + length
  const flags = length === 0 ? -1 : reader.bytes[at]!
  if (length === 0 || !isPossible(flags)) {
    reader.fail(length === 0 ? "a range without its flags" : `a range with the flags ${flags}`)
    return undefined
  }
  let next = at + 1
  let lower: A | null = null
  if ((flags & (emptyFlag | noLower)) === 0) {
    const size = boundSize(reader, next, end)
    if (size < 0) return undefined
    lower = element(reader, next + 4, size)
    if (reader.failure !== null) return unread(reader, lowerPart)
    next += 4 + size
  }
  let upper: A | null = null
  if ((flags & (emptyFlag | noUpper)) === 0) {
    const size = boundSize(reader, next, end)
    if (size < 0) return undefined
    upper = element(reader, next + 4, size)
    if (reader.failure !== null) return unread(reader, upperPart)
    next += 4 + size
  }
  if (next !== end) reader.fail(`${end - next} bytes left over after the range`)
  if (reader.failure !== null) return undefined
  return flags === emptyFlag
    ? PgRange.empty
    : PgRange.unsafeMake(lower, upper, (flags & lowerInclusive) !== 0, (flags & upperInclusive) !== 0)
}

const unread = (reader: ByteReader, part: string): undefined => {
  Fail.inside(reader, part)
  return undefined
}

/** Bytes of the bound whose length word is at `at`; −1 after recording that it does not fit. */
const boundSize = (reader: ByteReader, at: number, end: number): number => {
  const size = end - at < 4 ? -1 : reader.view.getInt32(at)
  if (size >= 0 && size <= end - at - 4) return size
  reader.fail("a bound of the range does not fit its bytes")
  return -1
}

/** Writes a value behind its length word; false when it could not be written. */
const writeSized = (writer: ByteWriter, encode: Encode, value: unknown): boolean => {
  writer.int32(0)
  const start = writer.offset
  encode(writer, value)
  if (writer.failure !== null) return false
  writer.patchInt32(start - 4, writer.offset - start)
  return true
}

/** Writes one range. */
export const encodeRange = (writer: ByteWriter, encode: Encode, range: PgRange<unknown>): void => {
  const { isEmpty, lower, upper } = range
  if (isEmpty) return writer.uint8(emptyFlag)
  writer.uint8(
    (range.lowerInclusive ? lowerInclusive : 0) |
      (range.upperInclusive ? upperInclusive : 0) |
      (lower === null ? noLower : 0) |
      (upper === null ? noUpper : 0)
  )
  if (lower !== null && !writeSized(writer, encode, lower)) Fail.inside(writer, lowerPart)
  else if (upper !== null && !writeSized(writer, encode, upper)) Fail.inside(writer, upperPart)
}

/** Reads the ranges of one multirange; none after recording the failure. */
export const decodeRanges = <A>(
  element: Decode<A>,
  reader: ByteReader,
  at: number,
  length: number
): ReadonlyArray<PgRange<A>> => {
  const end = at + length
  const count = length < 4 ? -1 : reader.view.getInt32(at)
  // Each range has at least its length word and its flags.
  if (count < 0 || count * 5 > length - 4) {
    reader.fail(length < 4 ? "a multirange without its count" : `a multirange of ${count} in ${length} bytes`)
    return []
  }
  const ranges: Array<PgRange<A>> = []
  let next = at + 4
  for (let index = 0; index < count; index++) {
    const size = end - next < 4 ? -1 : reader.view.getInt32(next)
    next += 4
    if (size < 0 || size > end - next) {
      reader.fail(`range ${index} of the multirange does not fit its bytes`)
      return []
    }
    const range = decodeRange(element, reader, next, size)
    if (range === undefined) {
      Fail.inside(reader, partOf(index))
      return []
    }
    ranges.push(range)
    next += size
  }
  if (next !== end) reader.fail(`${end - next} bytes left over after the multirange`)
  return ranges
}

/** Writes one multirange. */
export const encodeRanges = (
  writer: ByteWriter,
  encode: Encode,
  ranges: ReadonlyArray<PgRange<unknown>>
): void => {
  const encodeOne: Encode = (to, range) => encodeRange(to, encode, range as PgRange<unknown>)
  writer.int32(ranges.length)
  for (let index = 0; index < ranges.length; index++) {
    if (!writeSized(writer, encodeOne, ranges[index])) return Fail.inside(writer, partOf(index))
  }
}
