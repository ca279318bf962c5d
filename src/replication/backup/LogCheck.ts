/**
 * Whether segments have the log that a backup needs, as far as the headers of their pages show: each page is there, belongs
 * to its position, and is of the timeline or of one before it.
 *
 * @see https://www.postgresql.org/docs/current/wal-internals.html
 */
import * as LsnText from "../../model/Lsn.js"
import * as WalPageHeader from "../../wire/replication/WalPageHeader.js"
import * as WalSegment from "../../wire/replication/WalSegment.js"
import type { ManifestWalRange } from "./Manifest.js"

const shortHeader = 16

interface Segment extends WalSegment.WalSegment {
  readonly start: bigint
  readonly header: WalPageHeader.WalPageHeader
}

export class LogCheck {
  private name = ""
  private segment: Segment | undefined
  private offset = 0
  private readonly head = Buffer.alloc(WalPageHeader.headerBytes)
  private headBytes = 0
  private isRefused = false
  private segmentSize: number | undefined
  /** How far the pages of a segment are right, by its name. */
  private readonly right = new Map<string, bigint>()
  /** What is wrong, with the file that it is about. */
  readonly faults: Array<{ readonly name: string; readonly detail: string }> = []

  constructor(private readonly ranges: ReadonlyArray<ManifestWalRange>) {}

  /** A file of the log begins; `name` without its folder. */
  begin(name: string): void {
    this.name = name
    this.segment = undefined
    this.offset = 0
    this.headBytes = 0
    this.isRefused = !/^[0-9A-F]{24}$/.test(name)
  }

  update(bytes: Uint8Array): void {
    let at = 0
    while (!this.isRefused && at < bytes.length) {
      const wanted = this.segment === undefined ? WalPageHeader.headerBytes : shortHeader
      const inPage = this.segment === undefined ? this.offset : this.offset % this.segment.header.blockSize
      if (inPage < wanted) {
        const size = Math.min(wanted - inPage, bytes.length - at)
        this.head.set(bytes.subarray(at, at + size), inPage)
        this.headBytes = inPage + size
        this.offset += size
        at += size
        if (this.headBytes === wanted) this.page()
        continue
      }
      const rest = this.segment!.header.blockSize - inPage
      const size = Math.min(rest, bytes.length - at)
      this.offset += size
      at += size
      if (size === rest) this.complete()
    }
  }

  private refuse(detail: string): void {
    this.isRefused = true
    this.faults.push({ name: this.name, detail })
  }

  /** The header of a page has come. */
  private page(): void {
    if (this.segment === undefined) return this.first()
    const { header, start, timeline } = this.segment
    const position = start + BigInt(this.offset - shortHeader)
    if (!this.isNeeded(position)) return
    const view = new DataView(this.head.buffer, this.head.byteOffset, shortHeader)
    const { littleEndian, magic } = header
    const tli = view.getUint32(4, littleEndian)
    const address = view.getBigUint64(8, littleEndian)
    const where = `its page at ${LsnText.toText(position)}`
    if (view.getUint16(0, littleEndian) !== magic) this.refuse(`${where} has no page header`)
    else if (address !== position) this.refuse(`${where} belongs to ${LsnText.toText(address)}`)
    else if (tli === 0 || tli > timeline)
      this.refuse(`${where} has timeline ${tli}, and the segment timeline ${timeline}`)
  }

  private first(): void {
    const header = WalPageHeader.decode(this.head)
    if (header === undefined || !WalSegment.isSegmentSize(header.segmentSize) || header.blockSize < 1024) {
      return this.refuse("its first page has no header of a segment")
    }
    const named = WalSegment.fromFileName(this.name, header.segmentSize)
    if (named === undefined) return this.refuse("its name does not fit a segment of its size")
    const start = WalSegment.startOf(named, header.segmentSize)
    if (header.position !== start) return this.refuse("its first page belongs to another segment")
    if (header.timeline > named.timeline) return this.refuse("its first page is of a later timeline")
    this.segmentSize ??= header.segmentSize
    this.segment = { ...named, start, header }
  }

  private complete(): void {
    const { segment } = this
    if (segment !== undefined) this.right.set(this.name, segment.start + BigInt(this.offset))
  }

  private isNeeded(position: bigint): boolean {
    return this.ranges.some(({ end, start }) => position < end && position + 8192n > start)
  }

  /** Every file has gone by: adds the ranges that are not there. */
  finish(): void {
    const size = this.segmentSize ?? WalSegment.defaultSegmentSize
    for (const { end, start, timeline } of this.ranges) {
      for (let at = WalSegment.floor(start, size); at < end; at += BigInt(size)) {
        const name = WalSegment.fileName(WalSegment.at(timeline, at, size), size)
        const wanted = end < at + BigInt(size) ? end : at + BigInt(size)
        if (this.faults.some((fault) => fault.name === name)) continue
        const have = this.right.get(name)
        if (have !== undefined && have >= wanted) continue
        const lacks = have === undefined ? "it is missing" : `it ends at ${LsnText.toText(have)}`
        this.faults.push({
          name,
          detail: `${lacks}, and the backup needs it up to ${LsnText.toText(wanted)}`
        })
        // A range that would have a million segments is one that nothing has.
        if (this.faults.length > 1000) return
      }
    }
  }
}
