/**
 * A position in the write-ahead log: a byte offset of 64 bits without sign, as a `bigint`.
 *
 * @see https://www.postgresql.org/docs/current/datatype-pg-lsn.html
 */
import * as Option from "effect/Option"
import * as order from "effect/Order"

/**
 * A position in the write-ahead log: a byte offset below 2^64. `toText` and `fromText` know the form `16/B374D848`.
 *
 * @see https://www.postgresql.org/docs/current/datatype-pg-lsn.html
 */
export type Lsn = bigint

/** `0/0`: no position, where the server asks for one that is not known. */
export const zero: Lsn = 0n

/** The highest position, `FFFFFFFF/FFFFFFFF`. */
export const maximum: Lsn = 2n ** 64n - 1n

/** Earlier in the log first. */
export const Order: order.Order<Lsn> = order.bigint

/** Whether the value is a `bigint` from 0 to 2^64 - 1. */
export const isLsn = (value: unknown): value is Lsn =>
  typeof value === "bigint" && value >= 0n && value <= maximum

const pattern = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/

/** From `16/B374D848`: two hexadecimal numbers of up to 32 bits. */
export const fromText = (text: string): Option.Option<Lsn> => {
  const match = pattern.exec(text)
  return match === null
    ? Option.none()
    : Option.some((BigInt(`0x${match[1]!}`) << 32n) | BigInt(`0x${match[2]!}`))
}

/** `16/B374D848`, as servers up to 18 print it; all versions read it. */
export const toText = (lsn: Lsn): string =>
  `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`

/** The later of two positions. */
export const max = (self: Lsn, that: Lsn): Lsn => (self > that ? self : that)
