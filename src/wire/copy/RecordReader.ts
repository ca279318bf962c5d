/**
 * What the three formats have in common: bytes go in as they come, wherever they are cut, and records come out as runs
 * of bodies in the form of `DataRow` (a 16-bit count, then each field's 32-bit length, −1 for NULL, and its bytes).
 * Whatever decodes rows decodes copies.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import { ByteWriter } from "../../bytes/ByteWriter.js"
import { TaggedError } from "../../model/TaggedError.js"
import * as FrameLimits from "../FrameLimits.js"
import type { FrameRun } from "../FrameRun.js"

/** Data that do not have the format of their COPY. What follows is not interpreted. */
export class CopyFormatError extends TaggedError("CopyFormatError")<{
  /**
   * `malformed`: against the format or with another number of fields than columns. `truncated`: the data end too early.
   * `too-large`: a record beyond the limit, found before memory is taken for it.
   */
  readonly kind: "malformed" | "truncated" | "too-large"
  /** The record, counted from 1 without the header; 0 for the header. */
  readonly record: number
  /** Carries sizes and bytes of the format, never a value. */
  readonly reason: string
}> {
  override get message(): string {
    return `copy data, ${this.record === 0 ? "header" : `record ${this.record}`}: ${this.reason}`
  }
}

/** The settings of every reader. */
export interface RecordOptions {
  /** Fields of a record. Another number is refused. */
  readonly width: number
  /** Greatest record in bytes, as it lies in the data. Default `0x3fffffff`, the server's bound on a message. */
  readonly maxRecordBytes?: number | undefined
}

/** A run ends when it has grown to this many bytes. */
const runBytes = 1 << 17
/** A longer buffer is given up when a fraction of it is enough. */
const largestKept = 1 << 20
const dataRow = 0x44

const empty = new Uint8Array(0)

/**
 * Bytes that have arrived and do not make a whole record yet. A chunk is looked at where it lies; only when a record
 * goes on in the next chunk are the two put together, in a buffer that grows by doubling: a record of many chunks is
 * copied a bounded number of times, however they are cut.
 */
export class Unread {
  bytes: Uint8Array = empty
  view: DataView = new DataView(empty.buffer)
  /** Where the unfinished record begins. */
  at = 0
  /** One past the last byte that has arrived. */
  end = 0
  /** Whether `bytes` is a buffer of our own, with room behind `end`. */
  private owned = false

  /** Adds a chunk, which must stay as it is until everything in it has been taken. */
  push(chunk: Uint8Array): void {
    const held = this.end - this.at
    if (held === 0) return this.use(chunk, 0, chunk.length, false)
    const needed = held + chunk.length
    const size = this.bytes.length
    if (!this.owned || needed > size || (size > largestKept && needed * 4 < size)) {
      const grown = new Uint8Array(Math.max(needed, held * 2))
      grown.set(this.bytes.subarray(this.at, this.end))
      this.use(grown, 0, held, true)
    } else if (size - this.end < chunk.length) {
      this.bytes.copyWithin(0, this.at, this.end)
      this.at = 0
      this.end = held
    }
    this.bytes.set(chunk, this.end)
    this.end += chunk.length
  }

  /** Forgets what has arrived, and the memory it took. */
  clear(): void {
    this.use(empty, 0, 0, false)
  }

  private use(bytes: Uint8Array, at: number, end: number, owned: boolean): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
    this.end = end
    this.owned = owned
  }
}

class Run implements FrameRun {
  readonly tag = dataRow
  bytes: Uint8Array = new Uint8Array(0)
  starts = new Int32Array(256)
  count = 0
}

export abstract class RecordReader {
  /** Set once the data were found wrong; from then on nothing is interpreted. */
  failure: CopyFormatError | null = null
  /** Records handed out so far. */
  records = 0

  protected readonly width: number
  protected readonly maxRecordBytes: number
  protected readonly unread = new Unread()
  /** How far the unfinished record has been looked at, from its beginning. */
  protected scanned = 0
  /** Whether no more bytes come. */
  protected finished = false
  protected out = new ByteWriter(runBytes)
  private readonly run = new Run()

  constructor(options: RecordOptions) {
    this.width = options.width
    this.maxRecordBytes = options.maxRecordBytes ?? FrameLimits.largeMessage
  }

  /** Takes a chunk, which must not change until `next` has answered `null`, and then again until the next one comes. */
  push(chunk: Uint8Array): void {
    this.unread.push(chunk)
  }

  /** No more bytes come: `next` then returns what is left, or the reason why the data are incomplete. */
  finish(): void {
    this.finished = true
  }

  /**
   * The next records, `null` when more bytes are needed or all is over, or the failure, which stays. The run is the
   * same object and the same memory each time: it is good until the next call.
   */
  next(): FrameRun | CopyFormatError | null {
    const run = this.run
    run.count = 0
    if (this.out.bytes.length > largestKept) this.out = new ByteWriter(runBytes)
    this.out.rollback(0)
    while (this.failure === null && this.out.offset < runBytes && this.step(run.count)) {
      run.count++
      this.records++
    }
    if (run.count === 0) return this.failure
    run.bytes = this.out.bytes
    return run
  }

  /** Appends one record to `out`, between `begin` and `end`; false when more bytes are needed, all is over or wrong. */
  protected abstract step(index: number): boolean

  /** Appends room for a body of at most `size` bytes and its length word; −1 when there is no memory for it. */
  protected begin(index: number, size: number): number {
    if (!this.out.reserve(size + 4)) {
      this.refuse("too-large", this.out.failure ?? "there is not enough memory for it")
      return -1
    }
    if (index === this.run.starts.length) {
      const grown = new Int32Array(index * 2)
      grown.set(this.run.starts)
      this.run.starts = grown
    }
    const start = this.out.offset + 4
    this.run.starts[index] = start
    return start
  }

  /** Ends the body that began at `start` where it stops. */
  protected end(start: number, stop: number): void {
    this.out.patchInt32(start - 4, stop - start + 4)
    this.out.offset = stop
  }

  /** Records why no further record can be read. */
  protected refuse(kind: CopyFormatError["kind"], reason: string, record: number = this.records + 1): false {
    this.failure ??= new CopyFormatError({ kind, record, reason })
    this.unread.clear()
    return false
  }

  protected refuseSize(size: number, record?: number): false {
    return this.refuse(
      "too-large",
      `it has ${size} bytes or more, and maxRecordBytes is ${this.maxRecordBytes}`,
      record
    )
  }
}

const columns = (width: number): string => `${width} ${width === 1 ? "column is" : "columns are"} expected`

/** The words for a record that does not fit the columns. */
export const wrongWidth = (fields: number, width: number): string =>
  `${fields} ${fields === 1 ? "field" : "fields"} where ${columns(width)}`

/** The same for one that has not been counted to its end. */
export const tooWide = (width: number): string => `more than ${width} fields where ${columns(width)}`
