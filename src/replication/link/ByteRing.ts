/**
 * Bytes between a socket and a disk: while one part is written, the next gathers behind it. The memory is the same all the time, so
 * that it stays in the processor's cache, and what is received dies young.
 */

export class ByteRing {
  private readonly bytes: Uint8Array
  /** Bytes that have come in, and bytes that have been given back: the difference is in use. */
  private filled = 0
  private released = 0

  constructor(readonly capacity: number) {
    this.bytes = new Uint8Array(capacity)
  }

  /** Bytes in use. */
  get used(): number {
    return this.filled - this.released
  }

  /** Where the next byte will lie. */
  get place(): number {
    return this.filled % this.capacity
  }

  /** Copies what there is room for in one stretch; gives how many bytes that were. */
  fill(data: Uint8Array, from: number): number {
    const { capacity, place } = this
    const size = Math.min(data.length - from, capacity - place, capacity - this.used)
    if (size > 0) {
      this.bytes.set(from === 0 && size === data.length ? data : data.subarray(from, from + size), place)
      this.filled += size
    }
    return size
  }

  /** Bytes that are in use. */
  view(at: number, size: number): Uint8Array {
    return this.bytes.subarray(at, at + size)
  }

  /** Gives back the oldest bytes. */
  release(size: number): void {
    this.released += size
  }
}
