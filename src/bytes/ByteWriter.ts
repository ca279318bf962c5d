/**
 * A growing buffer for outgoing bytes. A value that cannot be written does not throw: the first failure sticks. The owner
 * of the writer checks `failure` and rolls back to a mark, so a half-written message is never sent.
 */
import * as Utf8 from "./Utf8.js"

const initialSize = 4096
/** A detached buffer larger than this is not written on: its tail would keep all of it in memory. */
const largestShared = 1 << 18
/** Text that would reserve more than this for its worst case is measured first. */
const measured = 1 << 20

export class ByteWriter {
  /** The first thing that went wrong, or `null`. */
  failure: string | null = null
  bytes: Uint8Array
  view: DataView
  /** Where the next byte goes; everything before it is written. */
  offset = 0
  /** How often what was written has been handed over: a mark is good as long as this is the same. */
  detached = 0

  /** `limit`: the most bytes this writer may ever hold; beyond it writing fails. */
  constructor(
    size: number = initialSize,
    readonly limit: number = 0x7fffffff
  ) {
    this.bytes = new Uint8Array(Math.min(size, limit))
    this.view = new DataView(this.bytes.buffer)
  }

  /** Records the first failure. */
  fail(reason: string): void {
    if (this.failure === null) this.failure = reason
  }

  /** Makes room for `size` more bytes; false, with the failure recorded, when that passes the limit. */
  reserve(size: number): boolean {
    const needed = this.offset + size
    if (needed <= this.bytes.length) return true
    if (needed > this.limit) {
      this.fail(`${needed} bytes are more than the limit of ${this.limit}`)
      return false
    }
    const grown = allocate(Math.min(this.limit, Math.max(needed, this.bytes.length * 2)))
    if (grown === undefined) {
      this.fail(`there is no memory for ${needed} bytes`)
      return false
    }
    grown.set(this.bytes.subarray(0, this.offset))
    this.use(grown)
    return true
  }

  private use(bytes: Uint8Array): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  uint8(value: number): void {
    if (this.reserve(1)) this.bytes[this.offset++] = value
  }

  int16(value: number): void {
    if (!this.reserve(2)) return
    this.view.setInt16(this.offset, value)
    this.offset += 2
  }

  int32(value: number): void {
    if (!this.reserve(4)) return
    this.view.setInt32(this.offset, value)
    this.offset += 4
  }

  uint32(value: number): void {
    if (!this.reserve(4)) return
    this.view.setUint32(this.offset, value)
    this.offset += 4
  }

  int64(value: bigint): void {
    if (!this.reserve(8)) return
    this.view.setBigInt64(this.offset, value)
    this.offset += 8
  }

  float32(value: number): void {
    if (!this.reserve(4)) return
    this.view.setFloat32(this.offset, value)
    this.offset += 4
  }

  float64(value: number): void {
    if (!this.reserve(8)) return
    this.view.setFloat64(this.offset, value)
    this.offset += 8
  }

  raw(value: Uint8Array): void {
    if (!this.reserve(value.length)) return
    this.bytes.set(value, this.offset)
    this.offset += value.length
  }

  /** UTF-8 without a terminator. A lone surrogate fails: it has no UTF-8 form and would be changed silently. */
  text(value: string): void {
    if (!Utf8.isWellFormed(value)) {
      this.fail("text with a lone surrogate has no UTF-8 form")
      return
    }
    const most = value.length * 3
    const exact = most > measured || this.offset + most > this.limit
    if (!this.reserve(exact ? Utf8.byteLength(value) : most)) return
    this.offset += Utf8.write(this.bytes, value, this.offset)
  }

  /** UTF-8 and a zero byte. A zero byte inside fails: it would split the field. */
  cstring(value: string): void {
    if (value.includes("\0")) {
      this.fail("text with a zero byte cannot be sent")
      return
    }
    this.text(value)
    this.uint8(0)
  }

  /** Puts a 32-bit number where room was left earlier. */
  patchInt32(at: number, value: number): void {
    this.view.setInt32(at, value)
  }

  /** Forgets everything from `mark` on, and the failure. */
  rollback(mark: number): void {
    this.offset = mark
    this.failure = null
  }

  /** The bytes written so far, as a view: good until the next write. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.offset)
  }

  /**
   * Hands over the bytes written so far and starts anew in a fresh buffer, because the socket
   * may read the handed bytes later.
   */
  detach(): Uint8Array {
    const bytes = this.bytes.subarray(0, this.offset)
    const left = this.bytes.length - this.offset
    // The tail of a roomy buffer is used on: small batches do not allocate a buffer each.
    const shared = left >= initialSize && this.bytes.buffer.byteLength <= largestShared
    this.use(
      shared ? this.bytes.subarray(this.offset) : new Uint8Array(Math.min(initialSize * 4, this.limit))
    )
    this.offset = 0
    this.detached++
    return bytes
  }
}

/** Zeroed bytes, or `undefined` when the runtime refuses so many. */
const allocate = (size: number): Uint8Array | undefined => {
  try {
    return new Uint8Array(size)
  } catch {
    return undefined
  }
}
