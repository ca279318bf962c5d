/**
 * The binary format: a header, tuples, a trailer.
 *
 * Tuples look like the bodies of `DataRow` already and only get a length word. A stream without a trailer is refused as
 * truncated, although servers take it: it is unknown whether tuples are missing. Bytes after the trailer are refused.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import type { ByteWriter } from "../../bytes/ByteWriter.js"
import { RecordReader, wrongWidth } from "./RecordReader.js"

/** `PGCOPY`, LF, 0xFF, CR LF, zero: shows what a transfer as text would have changed. */
export const signature: Uint8Array = Uint8Array.of(80, 71, 67, 79, 80, 89, 10, 0xff, 13, 10, 0)

/** Signature, flags, length of the extension. */
const headerSize = signature.length + 8
/** The flag of old servers: each tuple begins with an OID. */
const withOids = 1 << 16
const trailer = -1

/** Writes the header: no flags, no extension. */
export const writeHeader = (writer: ByteWriter): void => {
  writer.raw(signature)
  writer.int32(0)
  writer.int32(0)
}

/** Writes the trailer, after which nothing may come. */
export const writeTrailer = (writer: ByteWriter): void => writer.int16(trailer)

export class Reader extends RecordReader {
  private phase: "header" | "extension" | "tuples" | "ended" = "header"
  /** Bytes of the header's extension still to be passed over. */
  private extension = 0
  /** Fields of the unfinished tuple not yet seen whole; meaningless while `scanned` is 0. */
  private left = 0

  protected step(index: number): boolean {
    switch (this.phase) {
      case "tuples":
        return this.tuple(index)
      case "header":
        return this.header() && this.step(index)
      case "extension":
        return this.passExtension() && this.step(index)
      case "ended":
        return this.afterTrailer()
    }
  }

  private header(): boolean {
    const { at, bytes, end, view } = this.unread
    const seen = Math.min(end - at, signature.length)
    for (let index = 0; index < seen; index++) {
      if (bytes[at + index] !== signature[index])
        return this.refuse(
          "malformed",
          "the data are not in the binary format of COPY: they do not begin with PGCOPY",
          0
        )
    }
    if (end - at < headerSize) return this.wait("the data end within the header", 0)
    const flags = view.getInt32(at + signature.length)
    if ((flags & withOids) !== 0)
      return this.refuse("malformed", "tuples with OIDs, which servers from 12 on do not have", 0)
    // Bits 0 to 15 may be passed over by who does not know them, the others may not.
    if (flags >>> 16 !== 0)
      return this.refuse("malformed", `unknown critical flags 0x${(flags >>> 0).toString(16)}`, 0)
    this.extension = view.getInt32(at + signature.length + 4)
    if (this.extension < 0) return this.refuse("malformed", `an extension of ${this.extension} bytes`, 0)
    this.unread.at = at + headerSize
    this.phase = "extension"
    return true
  }

  private passExtension(): boolean {
    const passed = Math.min(this.extension, this.unread.end - this.unread.at)
    this.extension -= passed
    this.unread.at += passed
    if (this.extension > 0) return this.wait("the data end within the header's extension", 0)
    this.phase = "tuples"
    return true
  }

  private tuple(index: number): boolean {
    const { at, bytes, end, view } = this.unread
    let p = at + this.scanned
    if (this.scanned === 0) {
      if (end - at < 2) {
        return this.wait(end === at ? "the data end without a trailer" : "the data end within a tuple")
      }
      const count = view.getInt16(at)
      if (count === trailer) {
        this.unread.at = at + 2
        this.phase = "ended"
        return this.afterTrailer()
      }
      if (count !== this.width) {
        return this.refuse(
          "malformed",
          count < 0 ? `a tuple has ${count} fields` : wrongWidth(count, this.width)
        )
      }
      this.left = count
      p = at + 2
    }
    while (this.left > 0) {
      if (end - p < 4) break
      const length = view.getInt32(p)
      if (length < -1) return this.refuse("malformed", `field ${this.field()} has the length ${length}`)
      const size = length < 0 ? 4 : length + 4
      if (p - at + size > this.maxRecordBytes) return this.refuseSize(p - at + size)
      if (end - p < size) break
      p += size
      this.left--
    }
    this.scanned = p - at
    if (this.left > 0) return this.wait(`the data end within field ${this.field()} of a tuple`)
    const size = this.scanned
    const start = this.begin(index, size)
    if (start < 0) return false
    this.out.bytes.set(bytes.subarray(at, p), start)
    this.end(start, start + size)
    this.unread.at = p
    this.scanned = 0
    return true
  }

  /** The field the reader is at, from 1. */
  private field(): number {
    return this.width - this.left + 1
  }

  private afterTrailer(): false {
    const rest = this.unread.end - this.unread.at
    return rest === 0
      ? false
      : this.refuse("malformed", `${rest} ${rest === 1 ? "byte" : "bytes"} after the trailer`)
  }

  /** More bytes are needed; if none can come, the data are cut short. */
  private wait(missing: string, record: number = this.records + 1): false {
    return this.finished ? this.refuse("truncated", missing, record) : false
  }
}
