/**
 * Bytes that have arrived and do not make a whole record yet. A chunk is looked at where it lies; only when a record
 * goes on in the next chunk are the two put together, in a buffer that grows by doubling: a record of many chunks is
 * copied a bounded number of times, however they are cut.
 */

/** A buffer longer than this is given up when a fraction of it is enough. */
const largestKept = 1 << 20

const empty = new Uint8Array(0)

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
