/**
 * A cursor over bytes already received. Reads past the end do not throw: the first failure sticks,
 * every later read answers zero or empty, and one place (the caller who made the reader) looks at `failure`.
 * A loop over a count from the wire must stop when `failure` is set.
 */
import * as Utf8 from "./Utf8.js"

/** Longest string of the runtime: beyond it decoding would throw. */
export const longestText = 0x1fff_ffe8

export class ByteReader {
  /** The first thing that went wrong, or `null`. */
  failure: string | null = null
  /** The transaction that wrote the values, where they are read out of the server's log; 0 where they are as they are now. */
  writtenBy = 0
  /** For multi-byte numbers of hot decoders; same memory as `bytes`. */
  view: DataView
  /** Position of the next byte read. */
  offset: number
  /** One past the last byte that may be read. */
  end: number

  constructor(
    public bytes: Uint8Array,
    offset: number = 0,
    end: number = bytes.length
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.offset = offset
    this.end = end
  }

  /** Points the same reader at other bytes and forgets the failure: one reader serves a whole connection. */
  reset(bytes: Uint8Array, offset: number, end: number): this {
    if (this.bytes !== bytes) {
      this.bytes = bytes
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    this.offset = offset
    this.end = end
    this.failure = null
    return this
  }

  /** Lets go of the bytes, for a reader that is kept. */
  release(): void {
    this.bytes = empty
    this.view = emptyView
    this.offset = 0
    this.end = 0
  }

  get remaining(): number {
    return this.end - this.offset
  }

  /** Records the first failure. */
  fail(reason: string): void {
    if (this.failure === null) this.failure = reason
  }

  /** Reserves `size` bytes and returns where they begin, or −1 after recording the failure. */
  take(size: number): number {
    const at = this.offset
    if (this.failure !== null || size < 0 || size > this.end - at) {
      this.fail(`${size} bytes wanted at offset ${at}, ${this.end - at} left`)
      return -1
    }
    this.offset = at + size
    return at
  }

  uint8(): number {
    const at = this.take(1)
    return at < 0 ? 0 : this.bytes[at]!
  }

  int16(): number {
    const at = this.take(2)
    return at < 0 ? 0 : this.view.getInt16(at)
  }

  uint16(): number {
    const at = this.take(2)
    return at < 0 ? 0 : this.view.getUint16(at)
  }

  int32(): number {
    const at = this.take(4)
    return at < 0 ? 0 : this.view.getInt32(at)
  }

  uint32(): number {
    const at = this.take(4)
    return at < 0 ? 0 : this.view.getUint32(at)
  }

  int64(): bigint {
    const at = this.take(8)
    return at < 0 ? 0n : this.view.getBigInt64(at)
  }

  uint64(): bigint {
    const at = this.take(8)
    return at < 0 ? 0n : this.view.getBigUint64(at)
  }

  /** A view of the next `size` bytes; good only as long as the underlying buffer is not reused. */
  view8(size: number): Uint8Array {
    const at = this.take(size)
    return at < 0 ? empty : this.bytes.subarray(at, at + size)
  }

  /** A copy of the next `size` bytes, safe to keep, and a plain `Uint8Array` whatever the source is. */
  copy(size: number): Uint8Array {
    const at = this.take(size)
    if (at < 0) return empty
    const copy = new Uint8Array(size)
    copy.set(this.bytes.subarray(at, at + size))
    return copy
  }

  /** Text up to the next zero byte, which is consumed. Invalid UTF-8 becomes U+FFFD. */
  cstring(): string {
    if (this.failure !== null) return ""
    const stop = this.bytes.indexOf(0, this.offset)
    if (stop < 0 || stop >= this.end) {
      this.fail(`no terminator after offset ${this.offset}`)
      return ""
    }
    const start = this.offset
    this.offset = stop + 1
    return this.decode(start, stop)
  }

  /** `size` bytes as UTF-8 text. */
  text(size: number): string {
    const at = this.take(size)
    return at < 0 ? "" : this.decode(at, at + size)
  }

  private decode(start: number, end: number): string {
    if (end - start <= longestText) return Utf8.decode(this.bytes, start, end)
    this.fail(`text of ${end - start} bytes at offset ${start} is longer than a string may be`)
    return ""
  }

  /** Records a failure when bytes are left over. */
  finish(): void {
    if (this.failure === null && this.offset !== this.end) {
      this.fail(`${this.end - this.offset} bytes left over at offset ${this.offset}`)
    }
  }
}

const empty = new Uint8Array(0)
const emptyView = new DataView(empty.buffer)
