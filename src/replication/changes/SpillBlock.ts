/**
 * Payloads of `XLogData` packed into one block of bytes, each behind its length in 32 bits, so that a chunk of a streamed
 * transaction costs its store one call and not one per change.
 */
import { ByteWriter } from "../../bytes/ByteWriter.js"

/** A block under construction. */
export class SpillBlock {
  private readonly writer = new ByteWriter()

  /** Bytes so far. */
  get size(): number {
    return this.writer.offset
  }

  /** Adds the payload at `bytes[start, end)`, header included; false when a block cannot be as large as that. */
  append(bytes: Uint8Array, start: number, end: number): boolean {
    const mark = this.writer.offset
    this.writer.int32(end - start)
    this.writer.raw(bytes.subarray(start, end))
    if (this.writer.failure === null) return true
    this.writer.rollback(mark)
    return false
  }

  /** The block, which is its receiver's from now on; the next one begins empty. */
  take(): Uint8Array {
    return this.writer.detach()
  }
}

/** Goes through the payloads of a block. */
export class SpillReader {
  private readonly view: DataView
  private offset = 0
  /** Where the present payload is. */
  start = 0
  end = 0
  /** Why the block is malformed. No payload follows then. */
  failure: string | null = null

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Moves to the next payload; false at the end, and where the block is damaged. */
  next(): boolean {
    const left = this.bytes.length - this.offset
    if (left === 0 || this.failure !== null) return false
    const length = left < 4 ? -1 : this.view.getInt32(this.offset)
    if (length < 0 || length > left - 4) {
      this.failure = `a block of ${this.bytes.length} bytes is damaged at ${this.offset}`
      return false
    }
    this.start = this.offset + 4
    this.offset = this.end = this.start + length
    return true
  }
}
