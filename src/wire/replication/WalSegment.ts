/**
 * Segment files of the log: which bytes of the log each holds, and its name.
 *
 * @see https://www.postgresql.org/docs/current/wal-internals.html
 */
import type { Lsn } from "../../model/Lsn.js"

/** A segment by its timeline and its number from the beginning of the log. */
export interface WalSegment {
  readonly timeline: number
  readonly number: bigint
}

/** Of a server that was made without `initdb --wal-segsize`: 16 MiB. */
export const defaultSegmentSize = 1 << 24

const smallest = 1 << 20
const largest = 1 << 30

/** Whether a server can have segments of this size: a power of two from 1 MiB to 1 GiB. */
export const isSegmentSize = (size: number): boolean =>
  Number.isInteger(size) && size >= smallest && size <= largest && (size & (size - 1)) === 0

const units: Readonly<Record<string, number>> = { B: 1, kB: 1024, MB: 1 << 20, GB: 1 << 30 }

/** What `SHOW wal_segment_size` shows, such as `16MB`, in bytes; `undefined` when that is no size of a segment. */
export const sizeFromText = (shown: string): number | undefined => {
  const match = /^(\d{1,10})(B|kB|MB|GB)$/.exec(shown.trim())
  if (match === null) return undefined
  const size = Number(match[1]) * units[match[2]!]!
  return isSegmentSize(size) ? size : undefined
}

/** The segment that holds the byte at this position. */
export const at = (timeline: number, position: Lsn, size: number): WalSegment => ({
  timeline,
  number: position / BigInt(size)
})

/** Where the segment begins. */
export const startOf = ({ number }: WalSegment, size: number): Lsn => number * BigInt(size)

/** The beginning of the segment that holds the byte at this position. */
export const floor = (position: Lsn, size: number): Lsn => position - (position % BigInt(size))

const hex8 = (value: bigint): string => value.toString(16).toUpperCase().padStart(8, "0")

/** The name of the file: `000000010000000A000000FF`. */
export const fileName = ({ number, timeline }: WalSegment, size: number): string => {
  const perId = 0x1_0000_0000n / BigInt(size)
  return `${hex8(BigInt(timeline))}${hex8(number / perId)}${hex8(number % perId)}`
}

const namePattern = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/

/** The segment of this name; `undefined` when no segment of this size has such a name. */
export const fromFileName = (name: string, size: number): WalSegment | undefined => {
  const match = namePattern.exec(name)
  if (match === null) return undefined
  const [timeline, id, low] = match.slice(1).map((digits) => BigInt(`0x${digits}`))
  const perId = 0x1_0000_0000n / BigInt(size)
  return timeline === 0n || low! >= perId
    ? undefined
    : { timeline: Number(timeline), number: id! * perId + low! }
}
