/**
 * A relation's file put together of the blocks of a chain's files. Blocks are read by the window: of each file, the stretch of it that the
 * window needs, at once.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { PgBackupError } from "../../model/BackupError.js"
import { failure, onFile } from "./BackupFailure.js"
import { readAt, readInto } from "./FileRange.js"
import * as IncrementalFile from "./IncrementalFile.js"

const { blockBytes } = IncrementalFile

/** Blocks that are read, summed and written at a time. */
export const windowBlocks = 64

/** A stretch of a file that has more blocks which the window does not need is read block by block. */
const longestStretch = 2 * windowBlocks

/** A file of the chain. */
export interface SourceFile {
  readonly path: string
  readonly blocks: IncrementalFile.BlockSource
}

interface OpenFile extends SourceFile {
  readonly file: FileSystem.File
}

type Read<A> = Effect.Effect<A, PgBackupError>

/** A whole file. */
export const whole = (fs: FileSystem.FileSystem, path: string): Read<SourceFile> =>
  Effect.map(onFile(path, fs.stat(path)), ({ size }) => {
    const bytes = Number(size)
    return { path, blocks: { _tag: "WholeFile", blocks: Math.floor(bytes / blockBytes), bytes } }
  })

/** The file of an increment: which blocks it has. */
export const changed = (fs: FileSystem.FileSystem, path: string): Read<SourceFile> =>
  Effect.gen(function* () {
    const checked = <A>(read: Either.Either<A, string>): Read<A> =>
      Either.isRight(read) ? Effect.succeed(read.right) : Effect.fail(failure("content", path, read.left))
    const file = yield* onFile(path, fs.open(path, { flag: "r" }))
    const first = Option.getOrElse(
      yield* onFile(path, file.readAlloc(IncrementalFile.headBytes)),
      () => new Uint8Array(0)
    )
    const { blocks, truncation } = yield* checked(IncrementalFile.head(Buffer.from(first)))
    if (blocks === 0) {
      return { path, blocks: { _tag: "ChangedBlocks", truncation, numbers: new Uint32Array(0) } } as const
    }
    const { size } = yield* onFile(path, file.stat)
    if (size < BigInt(IncrementalFile.dataOffset(blocks) + blocks * blockBytes)) {
      return yield* Effect.fail(
        failure("content", path, `it is truncated: it has ${size} bytes for ${blocks} blocks`)
      )
    }
    const list = yield* readAt(path, file, IncrementalFile.headBytes, 4 * blocks)
    const numbers = yield* checked(IncrementalFile.numbers(list, blocks))
    return { path, blocks: { _tag: "ChangedBlocks", truncation, numbers } } as const
  }).pipe(Effect.scoped)

/** Opens the files from which the plan takes blocks; `undefined` for others. */
const openAll = (
  fs: FileSystem.FileSystem,
  plan: IncrementalFile.BlockPlan,
  sources: ReadonlyArray<SourceFile>
): Effect.Effect<ReadonlyArray<OpenFile | undefined>, PgBackupError, Scope.Scope> => {
  const used = new Set(plan.source)
  return Effect.forEach(sources, (source, index) =>
    used.has(index)
      ? Effect.map(onFile(source.path, fs.open(source.path, { flag: "r" })), (file) => ({ ...source, file }))
      : Effect.succeed(undefined)
  )
}

class Windows {
  private stretch: Buffer | undefined

  constructor(
    private readonly plan: IncrementalFile.BlockPlan,
    private readonly files: ReadonlyArray<OpenFile | undefined>
  ) {}

  private read({ blocks, file, path }: OpenFile, index: number, bytes: Buffer): Read<void> {
    return readInto(path, file, IncrementalFile.offsetOf(blocks, index), bytes)
  }

  /** Reads the blocks from `at` on into the buffer, which is as long as they are. */
  fill(at: number, bytes: Buffer): Read<void> {
    const { plan } = this
    const count = bytes.length / blockBytes
    return Effect.forEach(
      IncrementalFile.stretches(plan, at, count),
      ({ first, last, source, used }) => {
        const file = this.files[source]
        if (file === undefined) return this.zeros(at, count, bytes)
        const length = last - first + 1
        if (used === count && length === count && IncrementalFile.runOf(plan, at, count) === count) {
          return this.read(file, first, bytes)
        }
        return length <= longestStretch
          ? this.scattered(file, source, first, length, at, count, bytes)
          : this.byRun(file, source, at, count, bytes)
      },
      { discard: true }
    )
  }

  private zeros(at: number, count: number, bytes: Buffer): Read<void> {
    return Effect.sync(() => {
      for (let block = 0; block < count; block++) {
        if (this.plan.source[at + block] === -1) bytes.fill(0, block * blockBytes, (block + 1) * blockBytes)
      }
    })
  }

  private scattered(
    file: OpenFile,
    source: number,
    first: number,
    length: number,
    at: number,
    count: number,
    bytes: Buffer
  ): Read<void> {
    this.stretch ??= Buffer.allocUnsafeSlow(longestStretch * blockBytes)
    const stretch = this.stretch.subarray(0, length * blockBytes)
    return Effect.map(this.read(file, first, stretch), () => {
      const { plan } = this
      for (let block = 0; block < count; block++) {
        if (plan.source[at + block] !== source) continue
        const from = (plan.index[at + block]! - first) * blockBytes
        stretch.copy(bytes, block * blockBytes, from, from + blockBytes)
      }
    })
  }

  private byRun(file: OpenFile, source: number, at: number, count: number, bytes: Buffer): Read<void> {
    return Effect.gen(this, function* () {
      for (let block = 0; block < count;) {
        const run = IncrementalFile.runOf(this.plan, at + block, count - block)
        if (this.plan.source[at + block] === source) {
          const part = bytes.subarray(block * blockBytes, (block + run) * blockBytes)
          yield* this.read(file, this.plan.index[at + block]!, part)
        }
        block += run
      }
    })
  }
}

/** Gives the file to `write`, piece by piece; each is written while the next is read, and is good until it has been written. */
export const assemble = (
  fs: FileSystem.FileSystem,
  plan: IncrementalFile.BlockPlan,
  sources: ReadonlyArray<SourceFile>,
  write: (bytes: Uint8Array) => Effect.Effect<void, PgBackupError>
): Effect.Effect<void, PgBackupError> =>
  Effect.gen(function* () {
    const windows = new Windows(plan, yield* openAll(fs, plan, sources))
    const size = Math.min(plan.length, windowBlocks) * blockBytes
    const [one, other] = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)]
    let writing: Effect.Effect<void, PgBackupError> = Effect.void
    for (let at = 0; at < plan.length; at += windowBlocks) {
      const buffer = (at / windowBlocks) % 2 === 0 ? one : other
      const bytes = buffer.subarray(0, Math.min(windowBlocks, plan.length - at) * blockBytes)
      yield* Effect.zipRight(writing, windows.fill(at, bytes), { concurrent: true })
      writing = write(bytes)
    }
    yield* writing
  }).pipe(Effect.scoped)
