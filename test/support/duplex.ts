/** A stream in memory, and what its owner wrote. */
import { Duplex } from "node:stream"

export class TestDuplex extends Duplex {
  readonly written: Array<Buffer> = []
  /** Set to hold writes back, and call it to let the held one go, with an error or without. */
  release: ((error?: Error) => void) | undefined
  hold = false
  ended = false

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.written.push(chunk)
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
