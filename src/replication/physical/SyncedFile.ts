/**
 * A file whose writes are synced when they end. Several may be on their way: syncs that run at the same time share the file system's
 * journal, so that four of them take little longer than one.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeFs from "node:fs"

/** Linux syncs what is written to such a file before the write ends. Elsewhere that promises less than a sync. */
const isSyncedByWriting = process.platform === "linux"

/** Ends with the failure, or with none when the bytes are on the disk. */
export type Written = (failure: Error | null) => void

export class SyncedFile {
  private constructor(private readonly descriptor: number) {}

  /** Writes the bytes at this place. They must stay as they are until `written` is called. */
  write(bytes: Uint8Array, place: number, written: Written): void {
    NodeFs.write(this.descriptor, bytes, 0, bytes.length, place, (failure, count) => {
      if (failure !== null) return written(failure)
      if (count === 0) return written(new Error("no byte was written"))
      if (count < bytes.length) return this.write(bytes.subarray(count), place + count, written)
      return isSyncedByWriting ? written(null) : NodeFs.fsync(this.descriptor, written)
    })
  }

  /** Opens a file that is there; it is closed with the scope. */
  static open(path: string): Effect.Effect<SyncedFile, Error, Scope.Scope> {
    const { O_DSYNC, O_RDWR } = NodeFs.constants
    const opened = Effect.async<number, Error>((resume) => {
      NodeFs.open(path, isSyncedByWriting ? O_RDWR | O_DSYNC : O_RDWR, (failure, descriptor) =>
        resume(failure === null ? Effect.succeed(descriptor) : Effect.fail(failure))
      )
    })
    const close = (descriptor: number): Effect.Effect<void> =>
      Effect.async((resume) => NodeFs.close(descriptor, () => resume(Effect.void)))
    return Effect.map(Effect.acquireRelease(opened, close), (descriptor) => new SyncedFile(descriptor))
  }
}
