/** A stream in memory, and what its owner wrote. */
import { Duplex } from "node:stream"

export class TestDuplex extends Duplex {
  readonly written: Array<Buffer> = []
  /** Set to hold writes back, and call it to let the held one go, with an error or without. */
  release: ((error?: Error) => void) | undefined
  hold = false
  /** Calls of the stream, with one piece or several. */
  writes = 0
  ended = false

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.taken([chunk], callback)
  }

  override _writev(
    chunks: ReadonlyArray<{ readonly chunk: Buffer }>,
    callback: (error?: Error | null) => void
  ): void {
    this.taken(
      chunks.map(({ chunk }) => chunk),
      callback
    )
  }

  private taken(chunks: ReadonlyArray<Buffer>, callback: (error?: Error | null) => void): void {
    this.writes++
    this.written.push(...chunks)
    if (!this.hold) return callback()
    this.release = (error) => {
      this.release = undefined
      callback(error ?? null)
    }
  }

  override _final(callback: () => void): void {
    this.ended = true
    callback()
  }
}
