/**
 * Writes to one file that are on their way at the same time, in the order in which they were begun. What is safe is a beginning of
 * them without a gap, whichever ends first.
 */
import * as Effect from "effect/Effect"
import { Signal } from "../link/Signal.js"
import type { SyncedFile } from "./SyncedFile.js"

/** Writes on their way at the same time: the thread pool has four threads, and one is left to others. */
export const mostWrites = 3

interface Begun {
  /** Behind its last byte in the file. */
  readonly end: number
  readonly settle: () => void
  isOver: boolean
}

export class SyncedWrites {
  private readonly begun: Array<Begun> = []
  private failed: Error | undefined
  private readonly changed = new Signal()

  /** `onSafe` is called when more is safe, with the place behind it, and when a write has failed. */
  constructor(
    private readonly file: Pick<SyncedFile, "write">,
    private readonly onSafe: (end: number | undefined) => void
  ) {}

  /** The failure of a write. Nothing that was begun behind it is safe. */
  get failure(): Error | undefined {
    return this.failed
  }

  /** Begins to write. `settle` is called when the bytes may change, in the order of the writes. */
  begin(bytes: Uint8Array, place: number, settle: () => void): void {
    const begun: Begun = { end: place + bytes.length, settle, isOver: false }
    this.begun.push(begun)
    this.file.write(bytes, place, (failure) => {
      begun.isOver = true
      if (failure !== null) this.failed ??= failure
      this.advance()
    })
  }

  /** Writes and syncs while no other write is on its way; `onSafe` is not called. */
  alone(bytes: Uint8Array, place: number): Effect.Effect<void, Error> {
    const written = Effect.async<void, Error>((resume) =>
      this.file.write(bytes, place, (failure) =>
        resume(failure === null ? Effect.void : Effect.fail(failure))
      )
    )
    // The bytes and the file are in use until the write has ended.
    return Effect.uninterruptible(written)
  }

  private advance(): void {
    let end: number | undefined
    while (this.begun[0]?.isOver === true) {
      const first = this.begun.shift()!
      end = first.end
      first.settle()
    }
    if (this.failed !== undefined) this.onSafe(undefined)
    else if (end !== undefined) this.onSafe(end)
    this.changed.notify()
  }

  private whenFewer(than: number): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.begun.length < than ? Effect.void : Effect.zipRight(this.changed.wait, this.whenFewer(than))
    )
  }

  /** Waits until another write may be begun. */
  readonly room: Effect.Effect<void> = this.whenFewer(mostWrites)

  /** Waits until no write is on its way, whether they fail or not. */
  readonly settled: Effect.Effect<void> = this.whenFewer(1)
}
