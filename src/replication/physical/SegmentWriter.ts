/**
 * Writes the log to segment files: `.partial` until a segment is complete, synced before a position is reported as safe. A
 * failure ends the writer. The next writer begins where the files of the folder end.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Lsn } from "../../model/Lsn.js"
import { PgWalArchiveError } from "../../model/WalArchiveError.js"
import * as WalSegment from "../../wire/replication/WalSegment.js"
import type { TimelineHistoryFile } from "../walsender/Walsender.js"
import * as ArchiveFolder from "./ArchiveFolder.js"
import type { WalCompression } from "./Compression.js"
import * as Compression from "./Compression.js"
import * as FreeSpace from "./FreeSpace.js"
import { SyncedFile } from "./SyncedFile.js"
import { SyncedWrites } from "./SyncedWrites.js"

export interface SegmentWriterOptions {
  readonly folder: string
  readonly segmentSize: number
  readonly compression: WalCompression | undefined
  readonly fileMode: number
  /** Bytes that must be left once a segment has been opened. */
  readonly minFreeBytes: number
  /** Given, `begin` writes and syncs side by side; it is called when more is safe, and when a write has failed. */
  readonly onSafe?: () => void
}

interface OpenSegment {
  readonly segment: WalSegment.WalSegment
  readonly name: string
  readonly file: FileSystem.File
  readonly scope: Scope.CloseableScope
  readonly writes: SyncedWrites | undefined
  /** Bytes from its beginning that were given to the file, and those of them that have been written without a gap. */
  offset: number
  written: number
  isDirty: boolean
}

type Write<A = void> = Effect.Effect<A, PgWalArchiveError>

export class SegmentWriter {
  private current: OpenSegment | undefined
  /** Everything before it is in synced files. `undefined` until something is. */
  private safe: Lsn | undefined

  constructor(
    private readonly fs: FileSystem.FileSystem,
    private readonly options: SegmentWriterOptions
  ) {}

  /** Everything before it is in synced files; `undefined` until something is. */
  get flushed(): Lsn | undefined {
    return this.safe
  }

  /** Everything before it has been written; `undefined` until something has. */
  get written(): Lsn | undefined {
    return this.current === undefined ? this.safe : this.positionOf(this.current)
  }

  /** The name of the file that is written; `undefined` between two. */
  get fileName(): string | undefined {
    return this.current?.name
  }

  private at<A, R>(
    name: string,
    effect: Effect.Effect<A, PlatformError | Error, R>
  ): Effect.Effect<A, PgWalArchiveError, R> {
    return Effect.mapError(effect, (cause) =>
      ArchiveFolder.fileFailure(`${this.options.folder}/${name}`, cause)
    )
  }

  private syncFolder(): Write {
    const { folder } = this.options
    return Effect.mapError(
      Effect.scoped(Effect.flatMap(this.fs.open(folder, { flag: "r" }), (file) => file.sync)),
      (cause) => ArchiveFolder.fileFailure(folder, cause)
    )
  }

  /**
   * Writes what the log has from `start` on; gives the names of the segments that are complete by that, with their ends. A segment is
   * begun at its beginning.
   */
  write(
    timeline: number,
    start: Lsn,
    data: Uint8Array
  ): Write<ReadonlyArray<{ readonly name: string; readonly end: Lsn }>> {
    const { segmentSize } = this.options
    const { current } = this
    if (current !== undefined && data.length < segmentSize - current.offset) {
      return Effect.as(this.append(current, data), [])
    }
    return Effect.gen(this, function* () {
      const complete: Array<{ readonly name: string; readonly end: Lsn }> = []
      for (let from = 0; from < data.length;) {
        const position = start + BigInt(from)
        const open = this.current ?? (yield* this.open(WalSegment.at(timeline, position, segmentSize)))
        const size = Math.min(data.length - from, segmentSize - open.offset)
        yield* this.append(open, data.subarray(from, from + size))
        from += size
        if (open.offset === segmentSize) complete.push(yield* this.finish(open))
      }
      return complete
    })
  }

  private append(open: OpenSegment, data: Uint8Array): Write {
    const { file, name, writes } = open
    const inPlace =
      writes === undefined ? this.at(name, file.writeAll(data)) : this.appendAlone(open, writes, data)
    return Effect.map(inPlace, () => {
      open.offset += data.length
      open.written = open.offset
      open.isDirty = true
    })
  }

  /** Not by the file that `writeAll` uses: that one does not know where the writes side by side have come to. */
  private appendAlone(open: OpenSegment, writes: SyncedWrites, data: Uint8Array): Write {
    const write = Effect.suspend(() => writes.alone(data, open.offset))
    return Effect.zipRight(this.settled, this.at(open.name, write))
  }

  /**
   * Begins to write and sync what follows, beside what is on its way; `settle` is called when the bytes may change. Gives false, and
   * does nothing, when that is for `write`: the segment is not open yet, or is complete by it.
   */
  begin(data: Uint8Array, settle: () => void): boolean {
    const open = this.current
    if (open?.writes === undefined || open.isDirty) return false
    if (data.length >= this.options.segmentSize - open.offset) return false
    const place = open.offset
    open.offset += data.length
    open.writes.begin(data, place, settle)
    return true
  }

  /** Waits until another write may begin. Fails when one before has failed. */
  readonly room: Write = Effect.suspend(() => {
    const writes = this.current?.writes
    return writes === undefined ? Effect.void : Effect.zipRight(writes.room, this.unbroken)
  })

  /** Waits until no write is on its way. Fails when one has failed. */
  private readonly settled: Write = Effect.suspend(() => {
    const writes = this.current?.writes
    return writes === undefined ? Effect.void : Effect.zipRight(writes.settled, this.unbroken)
  })

  /** Fails when a write of `begin` has failed. */
  readonly unbroken: Write = Effect.suspend(() => {
    const open = this.current
    const failure = open?.writes?.failure
    return failure === undefined ? Effect.void : this.at(open!.name, Effect.fail(failure))
  })

  private open(segment: WalSegment.WalSegment): Write<OpenSegment> {
    const { fileMode, folder, minFreeBytes, segmentSize } = this.options
    const name = WalSegment.fileName(segment, segmentSize) + ArchiveFolder.partialSuffix
    const path = `${folder}/${name}`
    return Effect.gen(this, function* () {
      const exists = yield* this.at(name, this.fs.exists(path))
      const free = exists ? undefined : yield* FreeSpace.of(folder)
      if (free !== undefined && free < segmentSize + minFreeBytes) {
        return yield* Effect.fail(
          new PgWalArchiveError({
            reason: "disk-full",
            path,
            detail: `${free} bytes are free, and ${segmentSize + minFreeBytes} are needed for the next segment`
          })
        )
      }
      const scope = yield* Scope.make()
      const file = yield* this.at(
        name,
        // What is there already may have been reported as flushed, and the same bytes are written over it.
        Scope.extend(this.fs.open(path, { flag: exists ? "r+" : "wx+", mode: fileMode }), scope)
      )
      const open: OpenSegment = {
        segment,
        name,
        file,
        scope,
        writes: yield* this.writesTo(name, scope),
        offset: 0,
        written: 0,
        isDirty: true
      }
      this.current = open
      yield* this.at(name, file.truncate(segmentSize))
      // Also when it was there: a crash may have come between its making and the sync of the folder.
      yield* this.at(name, file.sync)
      yield* this.syncFolder()
      return open
    })
  }

  private writesTo(name: string, scope: Scope.Scope): Write<SyncedWrites | undefined> {
    const { onSafe } = this.options
    if (onSafe === undefined) return Effect.succeed(undefined)
    const path = `${this.options.folder}/${name}`
    const opened = this.at(name, Scope.extend(SyncedFile.open(path), scope))
    const advance = (end: number | undefined): void => {
      const open = this.current
      if (open !== undefined && end !== undefined) {
        open.written = end
        this.note(this.positionOf(open))
      }
      onSafe()
    }
    return Effect.map(opened, (file) => new SyncedWrites(file, advance))
  }

  private positionOf({ segment, written }: OpenSegment): Lsn {
    return WalSegment.startOf(segment, this.options.segmentSize) + BigInt(written)
  }

  private note(position: Lsn): void {
    if (this.safe === undefined || position > this.safe) this.safe = position
  }

  /** Syncs the written bytes. */
  readonly sync: Write = Effect.suspend(() => {
    const open = this.current
    if (open === undefined) return Effect.void
    if (!open.isDirty) return this.settled
    return Effect.map(this.at(open.name, open.file.sync), () => {
      open.isDirty = false
      this.note(this.positionOf(open))
    })
  })

  private finish(open: OpenSegment): Write<{ readonly name: string; readonly end: Lsn }> {
    const { compression, folder, segmentSize } = this.options
    return Effect.gen(this, function* () {
      yield* this.at(open.name, open.file.sync)
      yield* Scope.close(open.scope, Exit.void)
      this.current = undefined
      const plain = WalSegment.fileName(open.segment, segmentSize)
      const name = compression === undefined ? plain : plain + Compression.suffixOf[compression]
      if (compression === undefined) {
        yield* this.at(open.name, this.fs.rename(`${folder}/${open.name}`, `${folder}/${name}`))
      } else {
        yield* this.compress(compression, open.name, name)
      }
      yield* this.syncFolder()
      if (compression !== undefined) yield* this.at(open.name, this.fs.remove(`${folder}/${open.name}`))
      const end = this.positionOf(open)
      this.note(end)
      return { name, end }
    })
  }

  private compress(compression: WalCompression, from: string, to: string): Write {
    const { fileMode, folder } = this.options
    const temporary = `${folder}/${to}.tmp`
    return Effect.zipRight(
      Effect.scoped(
        Effect.gen(this, function* () {
          const source = yield* this.at(from, this.fs.open(`${folder}/${from}`, { flag: "r" }))
          const target = yield* this.at(`${to}.tmp`, this.fs.open(temporary, { flag: "w+", mode: fileMode }))
          yield* this.at(`${to}.tmp`, Compression.copy(compression, source, target))
          yield* this.at(`${to}.tmp`, target.sync)
        })
      ),
      this.at(to, this.fs.rename(temporary, `${folder}/${to}`))
    )
  }

  /** Leaves the open segment as it is, synced, because its timeline has ended. */
  readonly leave: Write = Effect.suspend(() => {
    const open = this.current
    if (open === undefined) return Effect.void
    return Effect.zipRight(
      this.sync,
      Effect.suspend(() => {
        this.current = undefined
        return Scope.close(open.scope, Exit.void)
      })
    )
  })

  /** Closes what is open, whether it could be synced or not. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const open = this.current
    this.current = undefined
    if (open === undefined) return Effect.void
    return Effect.zipRight(open.writes?.settled ?? Effect.void, Scope.close(open.scope, Exit.void))
  })

  /** Keeps a history file under its own name, unless it is there already. */
  keepHistory({ content, name }: TimelineHistoryFile): Write {
    const { fileMode, folder } = this.options
    const path = `${folder}/${name}`
    return Effect.gen(this, function* () {
      if (yield* this.at(name, this.fs.exists(path))) return
      yield* Effect.scoped(
        this.at(
          name,
          Effect.gen(this, function* () {
            const file = yield* this.fs.open(`${path}.tmp`, { flag: "w+", mode: fileMode })
            yield* file.writeAll(content)
            yield* file.sync
          })
        )
      )
      yield* this.at(name, this.fs.rename(`${path}.tmp`, path))
      yield* this.syncFolder()
    })
  }
}
