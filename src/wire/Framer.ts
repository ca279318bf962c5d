/**
 * Cuts a stream of bytes into frames, wherever the network has cut it. The chunk itself is not copied: frames that
 * lie in it whole are handed out as places in it. A frame that spans chunks is kept in pieces and joined once, when its
 * last byte is there, so memory grows with what has arrived and never with what was announced.
 */
import { FrameLengthError } from "./FrameLengthError.js"
import type { FrameLimits } from "./FrameLimits.js"
import type { FrameRun } from "./FrameRun.js"

/** Tag and length word. */
const headerSize = 5
/** Most frames in one run: bounds the table of starts, 64 kB. */
export const longestRun = 16_384
/** Pieces shorter than this are copied into one buffer, so that a peer that sends byte by byte does not cost an object for each byte. */
const smallPiece = 1_024
const gatherSize = 16_384

/** A larger frame is joined in memory of its own. */
const mostReused = 1 << 18

const empty = new Uint8Array(0)

/** The one run a framer hands out again and again. */
class Run implements FrameRun {
  tag = 0
  bytes: Uint8Array = empty
  starts = new Int32Array(64)
  count = 0
}

/** Cuts incoming bytes into messages without copying them. Chunks may end anywhere. */
export class Framer {
  /** Bytes held of a frame that is not complete. */
  buffered = 0
  /** Set once a length was out of bounds; from then on nothing is interpreted. */
  failure: FrameLengthError | null = null

  /**
   * Whether joined frames lie in the same memory, one after the other: their receiver keeps nothing of a run beyond the next call. Otherwise data in frames of half a chunk would be copied into new memory for each second frame.
   */
  reusesMemory = false

  private readonly run = new Run()
  private chunk: Uint8Array = empty
  private at = 0
  private readonly waiting: Array<Uint8Array> = []

  private readonly header = new Uint8Array(headerSize)
  private pieces: Array<Uint8Array> = []
  private sizes: Array<number> = []
  /** Size of the unfinished frame with its tag; 0 while its header is not complete. */
  private needed = 0
  /** Where frames are joined while memory is used again. */
  private joined: Uint8Array = empty

  /** `limits` may be replaced between two calls of `next`, when the phase changes. */
  constructor(public limits: FrameLimits) {}

  /** Takes a chunk, which from now on belongs to the framer and to the runs it hands out. */
  push(chunk: Uint8Array): void {
    if (this.at < this.chunk.length || this.waiting.length > 0) {
      this.waiting.push(chunk)
    } else {
      this.chunk = chunk
      this.at = 0
    }
  }

  /**
   * The next frames, `null` when more bytes are needed, or the failure, which stays. The run is the same object each
   * time: it is good until the next call.
   */
  next(): FrameRun | FrameLengthError | null {
    for (;;) {
      if (this.failure !== null) return this.failure
      if (this.at < this.chunk.length) {
        if (this.buffered === 0 ? this.scan() : this.resume()) return this.run
      } else {
        const chunk = this.waiting.shift()
        if (chunk === undefined) {
          // The last run is over: an idle connection keeps no memory of received data.
          this.chunk = empty
          this.at = 0
          this.run.bytes = empty
          return null
        }
        this.chunk = chunk
        this.at = 0
      }
    }
  }

  /** Bytes the unfinished frame still lacks; 0 between frames. While its header is cut, what the header lacks. */
  missing(): number {
    if (this.buffered === 0) return 0
    return (this.needed === 0 ? headerSize : this.needed) - this.buffered
  }

  /** Gives back every byte not handed out as a frame, in order, and keeps none: the link goes to another owner. */
  takeRest(): Uint8Array {
    const parts = this.needed === 0 ? [this.header.subarray(0, this.buffered)] : this.held()
    parts.push(this.chunk.subarray(this.at), ...this.waiting)
    const rest = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
    let at = 0
    for (const part of parts) {
      rest.set(part, at)
      at += part.length
    }
    this.forget()
    this.chunk = empty
    this.at = 0
    this.waiting.length = 0
    return rest
  }

  /** Frames that lie whole in the chunk; false when no whole frame is left and the rest has been put aside. */
  private scan(): boolean {
    const bytes = this.chunk
    const end = bytes.length
    let at = this.at
    if (end - at < headerSize) {
      this.header.set(bytes.subarray(at))
      this.buffered = end - at
      this.at = end
      return false
    }
    const tag = bytes[at]!
    let length = (bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!
    const least = this.limits.least[tag]!
    const most = this.limits.most[tag]!
    if (length < least || length > most) return this.refuse(tag, length, least, most)
    if (end - at <= length) {
      this.needed = length + 1
      this.at = end
      this.hold(bytes, at, end)
      return false
    }
    const run = this.run
    run.tag = tag
    run.bytes = bytes
    run.starts[0] = at + headerSize
    at += length + 1
    let count = 1
    if (this.limits.runs[tag] === 1) {
      let starts = run.starts
      while (end - at >= headerSize && bytes[at] === tag) {
        length = (bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!
        // What is wrong or cut ends the run; the next call looks at it again.
        if (length < least || length > most || end - at <= length) break
        if (count === starts.length) {
          if (count === longestRun) break
          starts = new Int32Array(count * 2)
          starts.set(run.starts)
          run.starts = starts
        }
        starts[count++] = at + headerSize
        at += length + 1
      }
    }
    run.count = count
    this.at = at
    return true
  }

  /** Goes on with a frame that began in an earlier chunk; true when it is complete. */
  private resume(): boolean {
    const bytes = this.chunk
    const end = bytes.length
    if (this.needed === 0) {
      while (this.buffered < headerSize && this.at < end) this.header[this.buffered++] = bytes[this.at++]!
      if (this.buffered < headerSize) return false
      const header = this.header
      const tag = header[0]!
      const length = (header[1]! << 24) | (header[2]! << 16) | (header[3]! << 8) | header[4]!
      const least = this.limits.least[tag]!
      const most = this.limits.most[tag]!
      if (length < least || length > most) return this.refuse(tag, length, least, most)
      this.needed = length + 1
      this.pieces.push(header)
      this.sizes.push(headerSize)
    }
    const lacking = this.needed - this.buffered
    const start = this.at
    if (end - start < lacking) {
      this.at = end
      this.hold(bytes, start, end)
      return false
    }
    const frame = this.memory(this.needed)
    let at = 0
    for (const piece of this.held()) {
      frame.set(piece, at)
      at += piece.length
    }
    frame.set(bytes.subarray(start, start + lacking), at)
    this.at = start + lacking
    this.forget()
    const run = this.run
    run.tag = frame[0]!
    run.bytes = frame
    run.starts[0] = headerSize
    run.count = 1
    return true
  }

  private memory(size: number): Uint8Array {
    if (!this.reusesMemory || size > mostReused) {
      this.joined = empty
      return new Uint8Array(size)
    }
    if (this.joined.length < size) this.joined = new Uint8Array(size)
    return this.joined
  }

  /** Puts a piece of the unfinished frame aside. */
  private hold(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start
    const last = this.pieces.length - 1
    if (size >= smallPiece || last < 0) {
      this.pieces.push(bytes.subarray(start, end))
      this.sizes.push(size)
    } else {
      const gather = this.pieces[last]!
      const used = this.sizes[last]!
      // Only a gathering buffer is longer than what it holds.
      if (gather.length - used >= size) {
        gather.set(bytes.subarray(start, end), used)
        this.sizes[last] = used + size
      } else {
        const fresh = new Uint8Array(Math.min(gatherSize, this.needed - this.buffered))
        fresh.set(bytes.subarray(start, end))
        this.pieces.push(fresh)
        this.sizes.push(size)
      }
    }
    this.buffered += size
  }

  private held(): Array<Uint8Array> {
    return this.pieces.map((piece, index) => piece.subarray(0, this.sizes[index]))
  }

  private forget(): void {
    if (this.pieces.length > 0) {
      this.pieces = []
      this.sizes = []
    }
    this.buffered = 0
    this.needed = 0
  }

  private refuse(tag: number, length: number, least: number, most: number): false {
    this.failure = new FrameLengthError({ tag, length, least, most, phase: this.limits.phase })
    return false
  }
}
