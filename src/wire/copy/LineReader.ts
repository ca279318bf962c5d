/**
 * What the two formats of lines have in common: where a line ends, the header, the count of fields.
 *
 * The first line decides whether lines end in LF, CR LF or CR; a line end of another kind in the data is refused, as
 * the server does. The last line needs no end.
 */
import * as Utf8 from "../../bytes/Utf8.js"
import type { LineFormat } from "./LineFormat.js"
import { RecordReader, type RecordOptions, wrongWidth } from "./RecordReader.js"

export interface LineOptions<F extends LineFormat> extends RecordOptions {
  readonly format: F
  /** Names of the columns, for a header that is to match. */
  readonly names?: ReadonlyArray<string> | undefined
}

const lf = 10
const cr = 13
const lineEnds = { LF: "a line feed", CR: "a carriage return", CRLF: "carriage return and line feed" }

export abstract class LineReader<F extends LineFormat> extends RecordReader {
  protected readonly format: F
  private readonly names: ReadonlyArray<string>
  private lineEnd: keyof typeof lineEnds | undefined
  /** Whether the line at hand is the header. */
  headerLeft: boolean
  /** Where the line after the current one begins. */
  private after = 0
  /** Whether a mark has ended the data; what comes behind it means nothing. */
  private marked = false

  constructor(options: LineOptions<F>) {
    super(options)
    this.format = options.format
    this.names = options.names ?? []
    this.headerLeft = options.format.header !== false
  }

  /** The next byte from `p` on that ends a line, or a place at or behind `end`. Goes on where it stopped. */
  protected abstract scan(bytes: Uint8Array, p: number, end: number): number

  /** Writes the fields of the line as a body at `to`; the place behind it, or the reason of a failure. */
  protected abstract split(bytes: Uint8Array, at: number, stop: number, to: number): number | string

  /** Whether the line is the mark that ends the data. */
  protected abstract isMark(bytes: Uint8Array, at: number, stop: number): boolean

  protected step(index: number): boolean {
    for (;;) {
      if (this.marked) {
        this.unread.clear()
        return false
      }
      const stop = this.line()
      if (stop === false) return false
      const { at, bytes } = this.unread
      if (stop - at > this.maxRecordBytes) return this.refuseSize(stop - at, this.place())
      if (this.headerLeft) {
        if (this.format.header === "match" && !this.matches(bytes, at, stop)) return false
        this.headerLeft = false
      } else if (this.isMark(bytes, at, stop)) {
        this.marked = true
      } else {
        if (!this.record(index, bytes, at, stop)) return false
        this.advance()
        return true
      }
      this.advance()
    }
  }

  private advance(): void {
    this.unread.at = this.after
    this.scanned = 0
  }

  /** Where the line at hand stops; false when more bytes are needed, all is over or something is wrong. */
  private line(): number | false {
    const { at, bytes, end } = this.unread
    const p = this.scan(bytes, at + this.scanned, end)
    this.scanned = p - at
    if (p >= end) {
      if (end - at > this.maxRecordBytes) return this.refuseSize(end - at, this.place())
      if (!this.finished || end === at) return false
      this.after = end
      return end
    }
    this.after = p + 1
    if (bytes[p] === cr && this.lineEnd !== "CR" && this.lineEnd !== "LF") {
      // The line feed behind it may be in the next chunk.
      if (p + 1 === end && !this.finished) return false
      if (p + 1 < end && bytes[p + 1] === lf) this.after = p + 2
    }
    const found = bytes[p] === lf ? "LF" : this.after === p + 2 ? "CRLF" : "CR"
    this.lineEnd ??= found
    if (found === this.lineEnd) return p
    const expected = lineEnds[this.lineEnd]
    return this.refuse("malformed", `${lineEnds[found]} where lines end in ${expected}`, this.place())
  }

  private place(): number {
    return this.headerLeft ? 0 : this.records + 1
  }

  private record(index: number, bytes: Uint8Array, at: number, stop: number): boolean {
    const start = this.begin(index, this.room(stop - at))
    if (start < 0) return false
    const end = this.split(bytes, at, stop, start)
    if (typeof end === "string") {
      // A line without its end may have been cut.
      return this.refuse(this.after === stop ? "truncated" : "malformed", end)
    }
    this.end(start, end)
    return true
  }

  /** Most bytes of a body made from a line of this many. */
  private room(size: number): number {
    return size + 2 + 4 * (this.width + 1)
  }

  private matches(bytes: Uint8Array, at: number, stop: number): boolean {
    const isMarked = bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf
    const start = this.begin(0, this.room(stop - at))
    if (start < 0) return false
    const end = this.split(bytes, isMarked ? at + 3 : at, stop, start)
    if (typeof end === "string") return this.refuse("malformed", end, 0)
    this.end(start, end)
    const different = this.differsFrom(start)
    this.out.rollback(start - 4)
    return (
      different === 0 || this.refuse("malformed", `name ${different} differs from the name of its column`, 0)
    )
  }

  /** The first name, from 1, that is not the column's; 0 when all are. */
  private differsFrom(start: number): number {
    const { bytes, view } = this.out
    let p = start + 2
    for (let index = 0; index < this.width; index++) {
      const length = view.getInt32(p)
      p += 4
      if (length < 0 || Utf8.decode(bytes, p, p + length) !== this.names[index]) return index + 1
      p += length
    }
    return 0
  }

  /** Ends a body of `fields` fields at `stop`, or returns the reason when the number of columns differs. */
  protected count(to: number, fields: number, stop: number): number | string {
    if (fields !== this.width) return wrongWidth(fields, this.width)
    this.out.view.setInt16(to, fields)
    return stop
  }
}
