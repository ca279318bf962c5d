/**
 * One payload of the server's stream, read without an object for it: the same view serves for every one. Halves of 64-bit
 * numbers stay halves until the whole number is needed.
 *
 * The plain twin is `WalMessage.decodeServer`.
 */
import type * as Lsn from "../../model/Lsn.js"
import { PgTimestampTz } from "../../model/PgTimestampTz.js"
import type { MalformedMessage } from "../MalformedMessage.js"
import * as Payload from "./Payload.js"

/** Tag bytes of a server's messages. */
export const xLogData = 0x77
export const primaryKeepalive = 0x6b
export const primaryStatus = 0x73

/** Bytes before the data of `XLogData`, tag included. */
export const headerSize = 25
const keepaliveSize = 18
const statusSize = 33

/** The position whose halves these are; each half as any 32-bit integer, signed or not. */
export const lsnOf = (high: number, low: number): Lsn.Lsn =>
  high === 0 ? BigInt(low >>> 0) : (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)

export class WalView {
  /** `xLogData`, `primaryKeepalive` or `primaryStatus`. */
  tag = 0
  /** Signed halves of `XLogData`'s start; of the one position of the others. */
  startHigh = 0
  startLow = 0
  /** Signed halves of `XLogData`'s end; of the one position of the others. */
  endHigh = 0
  endLow = 0
  private timeHigh = 0
  private timeLow = 0
  /** Of a keepalive; false otherwise. */
  replyRequested = false
  /** Where the data of `XLogData` is in the bytes; nothing of the others. */
  dataStart = 0
  dataEnd = 0

  /** Where the data begins: for a plugin's message the position of the change, `0/0` for one that has none. */
  get start(): Lsn.Lsn {
    return lsnOf(this.startHigh, this.startLow)
  }

  /** How far the server is. */
  get end(): Lsn.Lsn {
    return lsnOf(this.endHigh, this.endLow)
  }

  /** The server's clock when it sent this. */
  get time(): PgTimestampTz {
    return new PgTimestampTz(this.timeHigh, this.timeLow)
  }

  /** Points the view at the payload `bytes[start, end)`. On failure the view is not valid. */
  read(bytes: Uint8Array, start: number, end: number): MalformedMessage | null {
    const size = end - start
    if (size < 1 || end > bytes.length)
      return Payload.malformed("WAL message", undefined, "a payload without a tag")
    const tag = bytes[start]!
    this.tag = tag
    this.replyRequested = false
    if (tag === xLogData) {
      if (size < headerSize) return truncated("XLogData", tag, size)
      this.startHigh = int32(bytes, start + 1)
      this.startLow = int32(bytes, start + 5)
      this.endHigh = int32(bytes, start + 9)
      this.endLow = int32(bytes, start + 13)
      this.timeHigh = int32(bytes, start + 17)
      this.timeLow = int32(bytes, start + 21)
      this.dataStart = start + headerSize
      this.dataEnd = end
      return null
    }
    this.dataStart = this.dataEnd = end
    if (tag === primaryKeepalive) {
      if (size !== keepaliveSize) return truncated("PrimaryKeepalive", tag, size)
      const flag = bytes[start + 17]!
      if (flag > 1) return Payload.malformed("PrimaryKeepalive", tag, `${flag} where 0 or 1 must be`)
      this.replyRequested = flag === 1
      this.timeHigh = int32(bytes, start + 9)
      this.timeLow = int32(bytes, start + 13)
    } else if (tag === primaryStatus) {
      if (size !== statusSize) return truncated("PrimaryStatus", tag, size)
      this.timeHigh = int32(bytes, start + 25)
      this.timeLow = int32(bytes, start + 29)
    } else return Payload.malformed("WAL message", tag, "no payload has this tag")
    this.startHigh = this.endHigh = int32(bytes, start + 1)
    this.startLow = this.endLow = int32(bytes, start + 5)
    return null
  }
}

const truncated = (kind: string, tag: number, size: number): MalformedMessage =>
  Payload.malformed(kind, tag, `a payload of ${size} bytes`)

/** Four loads: a payload of a chunk that is seen once is not worth a `DataView`. */
const int32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
