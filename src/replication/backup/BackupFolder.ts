/**
 * Folders that a backup is written to: empty before, and emptied again when it fails. Files are written one after another, and synced
 * and closed beside that, several at once.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { PgBackupError } from "../../model/BackupError.js"
import { failure, onFile } from "./BackupFailure.js"

/** Files that are synced at the same time. */
const syncs = 16

/**
 * A file of so many bytes is synced as soon as it is closed, while others are written. Smaller ones are synced when all have been
 * written: the first of them writes what the file system has noted of all, and the others find that done.
 */
const largeBytes = 1 << 22

/** Small pieces are gathered up to so many bytes. */
const writeBytes = 1 << 18

/** What the name of a file ends with until the backup is whole. */
export const partialSuffix = ".partial"

type Write<A = void> = Effect.Effect<A, PgBackupError>

/** A file that is being written. */
export interface BackupFile {
  readonly path: string
  readonly file: FileSystem.File
  readonly scope: Scope.CloseableScope
  /** What was gathered. */
  readonly pending: Array<Uint8Array>
  pendingBytes: number
  /** Bytes written. */
  bytes: number
}

export class BackupFolder {
  private readonly places = Effect.unsafeMakeSemaphore(syncs)
  private broken: PgBackupError | undefined
  /** Files that are synced at the end. */
  private small: Array<string> = []
  /** Folders whose entries are to be synced. */
  private readonly folders = new Set<string>()
  /** What is removed when the backup fails: a folder, or what is in one that was there. */
  private readonly made: Array<{ readonly path: string; readonly wasThere: boolean }> = []

  constructor(
    private readonly fs: FileSystem.FileSystem,
    private readonly scope: Scope.Scope,
    private readonly isSynced: boolean
  ) {}

  /** Takes a folder for the backup: an empty one, or one that is made. */
  take(path: string, mode: number): Write {
    const { fs } = this
    return Effect.gen(this, function* () {
      const exists = yield* onFile(path, fs.exists(path))
      if (exists) {
        const { type } = yield* onFile(path, fs.stat(path))
        if (type !== "Directory") return yield* Effect.fail(failure("target", path, "it is not a folder"))
        const names = yield* onFile(path, fs.readDirectory(path))
        if (names.length > 0) return yield* Effect.fail(failure("target", path, "it is not empty"))
      }
      this.made.push({ path, wasThere: exists })
      if (!exists) yield* onFile(path, fs.makeDirectory(path, { recursive: true, mode }))
      yield* onFile(path, fs.chmod(path, mode))
      this.folders.add(path)
    })
  }

  /** Removes everything that was written. */
  readonly discard: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach(
      this.made.splice(0).reverse(),
      ({ path, wasThere }) =>
        wasThere
          ? Effect.flatMap(this.fs.readDirectory(path), (names) =>
              Effect.forEach(names, (name) =>
                Effect.ignore(this.fs.remove(`${path}/${name}`, { recursive: true, force: true }))
              )
            ).pipe(Effect.ignore)
          : Effect.ignore(this.fs.remove(path, { recursive: true, force: true })),
      { discard: true }
    )
  )

  /** Makes a folder inside one that was taken; one that is there stays. */
  makeFolder(path: string, mode: number): Write {
    const { fs } = this
    return Effect.gen(this, function* () {
      this.folders.add(path)
      const made = fs.makeDirectory(path, { mode })
      yield* onFile(
        path,
        Effect.catchIf(
          made,
          (error) => error._tag === "SystemError" && error.reason === "AlreadyExists",
          () => Effect.void
        )
      )
      // The process's mask may have taken what a group is to have.
      if ((mode & 0o077) !== 0) yield* onFile(path, fs.chmod(path, mode))
    })
  }

  /** Removes a folder that was made. */
  removeFolder(path: string): Write {
    this.folders.delete(path)
    return onFile(path, this.fs.remove(path, { recursive: true }))
  }

  /** Opens a new file. */
  open(path: string, mode: number): Write<BackupFile> {
    const { fs } = this
    return Effect.gen(this, function* () {
      if (this.broken !== undefined) return yield* Effect.fail(this.broken)
      const scope = yield* Scope.fork(this.scope, this.sequential)
      const file = yield* onFile(path, Scope.extend(fs.open(path, { flag: "wx", mode }), scope))
      if ((mode & 0o077) !== 0) yield* onFile(path, fs.chmod(path, mode))
      return { path, file, scope, pending: [], pendingBytes: 0, bytes: 0 }
    })
  }

  private readonly sequential = { _tag: "Sequential" } as const

  /** Writes bytes to the file. They must stay as they are until it is done. */
  write(file: BackupFile, data: Uint8Array): Write {
    return Effect.suspend(() => {
      file.bytes += data.length
      return onFile(file.path, file.file.writeAll(data))
    })
  }

  /** Adds bytes to the file, which are kept until enough have come. `undefined`: nothing is to be waited for. */
  gather(file: BackupFile, data: Uint8Array): Write | undefined {
    if (data.length === 0) return undefined
    file.pending.push(data)
    file.pendingBytes += data.length
    return file.pendingBytes >= writeBytes ? this.flush(file) : undefined
  }

  private flush(file: BackupFile): Write {
    return Effect.suspend(() => {
      const { pending } = file
      if (pending.length === 0) return Effect.void
      const bytes = pending.length === 1 ? pending[0]! : Buffer.concat(pending, file.pendingBytes)
      pending.length = 0
      file.pendingBytes = 0
      return this.write(file, bytes)
    })
  }

  /** Writes what was gathered, and closes the file; a large one is synced while others are written. */
  close(file: BackupFile): Write {
    return Effect.gen(this, function* () {
      yield* this.flush(file)
      if (this.isSynced && file.bytes >= largeBytes) {
        return yield* this.syncNow(file.path, file.file, Scope.close(file.scope, Exit.void))
      }
      if (this.isSynced) this.small.push(file.path)
      yield* Scope.close(file.scope, Exit.void)
    })
  }

  /** Begins to sync a file, and waits only when many are being synced. */
  private syncNow(path: string, file: Pick<FileSystem.File, "sync">, close: Effect.Effect<void>): Write {
    return Effect.zipRight(
      this.places.take(1),
      Effect.asVoid(
        Effect.forkIn(
          onFile(path, file.sync).pipe(
            Effect.catchAll((error) => Effect.sync(() => void (this.broken ??= error))),
            Effect.zipRight(close),
            Effect.ensuring(this.places.release(1))
          ),
          this.scope
        )
      )
    )
  }

  /** A new file with these bytes. */
  writeFile(path: string, data: ReadonlyArray<Uint8Array>, mode: number): Write {
    return Effect.flatMap(this.open(path, mode), (file) =>
      Effect.zipRight(
        Effect.forEach(data, (one) => this.write(file, one), { discard: true }),
        this.close(file)
      )
    )
  }

  /** Makes a file as a copy of one outside. */
  copyFile(from: string, to: string, bytes: number): Write {
    return Effect.zipRight(
      onFile(to, this.fs.copyFile(from, to)),
      Effect.suspend(() => {
        if (!this.isSynced) return Effect.void
        if (bytes >= largeBytes) return this.syncNow(to, { sync: this.synced(to) }, Effect.void)
        this.small.push(to)
        return Effect.void
      })
    )
  }

  /** Waits until every file is synced, then syncs the folders. */
  readonly settle: Write = Effect.suspend(() =>
    this.places
      .withPermits(syncs)(Effect.void)
      .pipe(
        Effect.zipRight(
          Effect.suspend(() => (this.broken === undefined ? Effect.void : Effect.fail(this.broken)))
        ),
        Effect.zipRight(Effect.suspend(() => this.syncAll(this.small.splice(0)))),
        Effect.zipRight(
          Effect.forEach(this.folders, (path) => this.syncFolder(path), { discard: true, concurrency: 4 })
        )
      )
  )

  private syncAll(paths: ReadonlyArray<string>): Write {
    return Effect.forEach(paths, (path) => this.syncFolder(path), { discard: true, concurrency: syncs })
  }

  private synced(path: string): Effect.Effect<void, PlatformError> {
    return Effect.scoped(Effect.flatMap(this.fs.open(path, { flag: "r" }), (file) => file.sync))
  }

  /** Syncs a folder, or a file. */
  syncFolder(path: string): Write {
    return this.isSynced ? onFile(path, this.synced(path)) : Effect.void
  }

  /** Gives a file that is synced its own name. */
  rename(from: string, to: string): Write {
    return onFile(to, this.fs.rename(from, to))
  }

  /** A new file with this text. */
  writeText(path: string, text: string, mode: number): Write {
    return this.writeFile(path, text === "" ? [] : [Buffer.from(text)], mode)
  }

  /** Adds text to a file that is there, or makes it. */
  append(path: string, text: string, mode: number): Write {
    return onFile(
      path,
      Effect.scoped(
        Effect.gen(this, function* () {
          const file = yield* this.fs.open(path, { flag: "a", mode })
          yield* file.writeAll(Buffer.from(text))
          if (this.isSynced) yield* file.sync
        })
      )
    )
  }
}
