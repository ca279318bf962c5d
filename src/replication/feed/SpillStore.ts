/**
 * Where transactions that are streamed before their end wait for it: in memory up to a bound, and beyond it, if that is
 * wanted, in private files that no other user can read and that the scope removes.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { PgLimitError } from "../../model/PgError.js"
import type { TransactionStore } from "./TransactionStore.js"

/** Bytes of unfinished transactions that wait in memory, unless set otherwise. */
export const defaultMemoryBytes = 64 * 1024 * 1024

/** A store that a feed can use. */
export type SpillStore = TransactionStore<PgLimitError>

interface StoredTransaction {
  readonly blocks: Array<Uint8Array>
  bytes: number
}

const overflow = (limit: string, max: number): PgLimitError =>
  new PgLimitError({
    limit,
    max,
    reason: "the unfinished transactions of the feed take more bytes",
    sql: "",
    nothingSent: false
  })

/** What is in memory, by transaction. */
class Memory {
  readonly kept = new Map<number, StoredTransaction>()
  bytes = 0

  add(xid: number, block: Uint8Array): void {
    let kept = this.kept.get(xid)
    if (kept === undefined) this.kept.set(xid, (kept = { blocks: [], bytes: 0 }))
    kept.blocks.push(block)
    kept.bytes += block.length
    this.bytes += block.length
  }

  blocks(xid: number): ReadonlyArray<Uint8Array> {
    return this.kept.get(xid)?.blocks ?? []
  }

  drop(xid: number): void {
    this.bytes -= this.kept.get(xid)?.bytes ?? 0
    this.kept.delete(xid)
  }

  clear(): void {
    this.kept.clear()
    this.bytes = 0
  }
}

/** Keeps everything in memory. Passing `memoryBytes` fails the feed with `PgLimitError`. */
export const inMemory = (memoryBytes: number = defaultMemoryBytes): SpillStore => {
  const memory = new Memory()
  return {
    append: (xid, block) =>
      Effect.suspend(() => {
        if (memory.bytes + block.length > memoryBytes)
          return Effect.fail(overflow("memoryBytes", memoryBytes))
        memory.add(xid, block)
        return Effect.void
      }),
    read: (xid) => Stream.suspend(() => Stream.fromIterable(memory.blocks(xid))),
    drop: (xid) => Effect.sync(() => memory.drop(xid)),
    clear: Effect.sync(() => memory.clear())
  }
}

/** Where transactions wait on disk, and from which size on. */
export interface FileOptions {
  /** Bytes that wait in memory before a transaction goes to its file. Default `defaultMemoryBytes`. */
  readonly memoryBytes?: number
  /** Bytes in files at which the feed fails with `PgLimitError`. Default: none, and the disk is the bound. */
  readonly fileBytes?: number
}

/** A transaction's file: what is written to it, and the sizes of its blocks. */
interface SpillFile {
  readonly path: string
  readonly file: FileSystem.File
  readonly scope: Scope.CloseableScope
  readonly sizes: Array<number>
  bytes: number
}

/** Only its owner may read or write it. */
const privateMode = 0o600

/** A temporary file that cannot be written or read: the disk is full, or it cannot be used. */
const unusable = (reason: string): PgLimitError =>
  new PgLimitError({
    limit: "disk",
    max: undefined,
    reason: `a temporary file: ${reason}`,
    sql: "",
    nothingSent: false
  })

/**
 * Keeps up to `memoryBytes` in memory. A transaction that would pass that goes to a file of its own, in a folder for
 * temporary files that is made when it is first needed.
 */
export const inFiles = (
  options: FileOptions = {}
): Effect.Effect<SpillStore, never, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const outer = yield* Effect.scope
    const { fileBytes = Infinity, memoryBytes = defaultMemoryBytes } = options
    const memory = new Memory()
    const files = new Map<number, SpillFile>()
    let written = 0
    let made = 0
    let folder: string | undefined
    // Not `Effect.cached`: when the first caller is interrupted while it makes the value, the second would be interrupted too.
    const folderOf = Effect.suspend(() =>
      folder !== undefined
        ? Effect.succeed(folder)
        : Effect.tap(
            Scope.extend(fs.makeTempDirectoryScoped({ prefix: "effect-postgres-" }), outer),
            (made) => Effect.sync(() => (folder = made))
          )
    )

    const create = (xid: number): Effect.Effect<SpillFile, PlatformError> =>
      Effect.gen(function* () {
        // Numbered, so that a file that could not be removed does not block a later one.
        const path = `${yield* folderOf}/${xid}-${++made}`
        const scope = yield* Scope.fork(outer, outer.strategy)
        const file = yield* Scope.extend(fs.open(path, { flag: "wx+", mode: privateMode }), scope)
        const spill: SpillFile = { path, file, scope, sizes: [], bytes: 0 }
        files.set(xid, spill)
        return spill
      })

    const write = (spill: SpillFile, block: Uint8Array): Effect.Effect<void, PlatformError | PgLimitError> =>
      Effect.suspend((): Effect.Effect<void, PlatformError | PgLimitError> => {
        if (written + block.length > fileBytes) return Effect.fail(overflow("fileBytes", fileBytes))
        written += block.length
        spill.bytes += block.length
        spill.sizes.push(block.length)
        return spill.file.writeAll(block)
      })

    // Whole or not at all: a file that an interruption left unknown, or half a block, would be in the way of what comes
    // after it, and both last no longer than the disk needs.
    const append = (xid: number, block: Uint8Array): Effect.Effect<void, PlatformError | PgLimitError> =>
      Effect.gen(function* () {
        const existing = files.get(xid)
        if (existing !== undefined) return yield* write(existing, block)
        if (memory.bytes + block.length <= memoryBytes) return memory.add(xid, block)
        const spill = yield* create(xid)
        for (const earlier of memory.blocks(xid)) yield* write(spill, earlier)
        memory.drop(xid)
        yield* write(spill, block)
      }).pipe(Effect.uninterruptible)

    const readBlock = (
      { file }: SpillFile,
      size: number
    ): Effect.Effect<Uint8Array, PlatformError | PgLimitError> =>
      Effect.gen(function* () {
        const block = new Uint8Array(size)
        let at = 0
        while (at < size) {
          const got = Number(yield* file.read(block.subarray(at)))
          if (got === 0) {
            return yield* Effect.fail(unusable("it is shorter than the data that was written to it"))
          }
          at += got
        }
        return block
      })

    const read = (xid: number): Stream.Stream<Uint8Array, PgLimitError> =>
      Stream.suspend(() => {
        const spill = files.get(xid)
        if (spill === undefined) return Stream.fromIterable(memory.blocks(xid))
        return Stream.unwrap(
          Effect.as(
            spill.file.seek(0n, "start"),
            Stream.mapEffect(Stream.fromIterable(spill.sizes), (size) => readBlock(spill, size))
          )
        ).pipe(Stream.mapError((error) => (error._tag === "PgLimitError" ? error : unusable(error.message))))
      })

    const drop = (xid: number): Effect.Effect<void, PlatformError> =>
      Effect.suspend(() => {
        memory.drop(xid)
        const spill = files.get(xid)
        if (spill === undefined) return Effect.void
        files.delete(xid)
        written -= spill.bytes
        return Effect.zipRight(Scope.close(spill.scope, Exit.void), fs.remove(spill.path))
      }).pipe(Effect.uninterruptible)

    return {
      append: (xid, block) =>
        Effect.mapError(append(xid, block), (error) =>
          error._tag === "PgLimitError" ? error : unusable(error.message)
        ),
      read,
      drop: (xid) => Effect.mapError(drop(xid), ({ message }) => unusable(message)),
      clear: Effect.suspend(() => {
        memory.clear()
        return Effect.mapError(Effect.forEach([...files.keys()], drop, { discard: true }), ({ message }) =>
          unusable(message)
        )
      })
    }
  })
