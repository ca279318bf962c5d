/**
 * A full backup and its increments put together to a full backup.
 *
 * @see https://www.postgresql.org/docs/current/app-pgcombinebackup.html
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { PgBackupError } from "../../model/BackupError.js"
import { PgUsageError } from "../../model/PgError.js"
import { failure, onFile } from "./BackupFailure.js"
import type { BackupFile } from "./BackupFolder.js"
import { BackupFolder, partialSuffix } from "./BackupFolder.js"
import type { ManifestChecksums } from "./BackupOptions.js"
import * as Chain from "./BackupChain.js"
import * as BlockFile from "./BlockFile.js"
import * as Checksums from "./Checksum.js"
import * as IncrementalFile from "./IncrementalFile.js"
import type { ManifestFile } from "./Manifest.js"
import { ManifestWriter } from "./ManifestWriter.js"
import { controlFile, manifestFile } from "./PlainSink.js"
import { places } from "./TablespacePlace.js"
import { isInLog } from "./WrittenFiles.js"

/** How a chain of backups is put together. */
export interface CombineOptions {
  /** New places of tablespaces, by the folders to which the last backup links; both absolute. Each must be named. */
  readonly tablespaces?: Readonly<Record<string, string>>
  /** Whether a new manifest is written. Default true. */
  readonly manifest?: boolean
  /** Checksums in the new manifest. Those of files that are copied are taken over where they are of this kind. Default `CRC32C`. */
  readonly manifestChecksums?: ManifestChecksums
  /** Whether files and folders are synced to the disk. Default true. */
  readonly sync?: boolean
}

/** A backup that was put together. */
export interface CombinedBackup {
  readonly folder: string
  readonly systemId: string
  /** Files of the backup, and those among them that were put together of blocks. */
  readonly files: number
  readonly rebuilt: number
  readonly bytes: bigint
}

type Combine<A = void> = Effect.Effect<A, PgBackupError>

const pieceBytes = 1 << 18
/** Files that are worked on at the same time. */
const workers = 4

const isIncrementalFolder = (folder: string): boolean =>
  folder === "global" || folder.startsWith("base/") || folder.startsWith("pg_tblspc/")

const dateOf = (date: Date): string => `${date.toISOString().slice(0, 19).replace("T", " ")} GMT`

/** The names in the same folder of the backups before the newest, the newest of them first. */
type Earlier = ReadonlyArray<ReadonlySet<string>>

/** A file of an increment without blocks has so many bytes. */
const emptyBytes = IncrementalFile.headBytes

class Combining {
  private readonly writer = new ManifestWriter()
  private manifest: BackupFile | undefined
  /** Several files are worked on at once, and the manifest is written by one at a time. */
  private readonly turn = Effect.unsafeMakeSemaphore(1).withPermits(1)
  files = 0
  rebuilt = 0
  bytes = 0n

  constructor(
    private readonly fs: FileSystem.FileSystem,
    private readonly output: BackupFolder,
    private readonly into: string,
    /** The newest first. */
    private readonly chain: ReadonlyArray<Chain.BackupLink>,
    private readonly algorithm: ManifestChecksums,
    private readonly mode: number
  ) {}

  private get newest(): Chain.BackupLink {
    return this.chain[0]!
  }

  /** Opens the new manifest. */
  readonly begin: Combine = Effect.suspend(() =>
    Effect.flatMap(
      this.output.open(`${this.into}/${manifestFile}${partialSuffix}`, this.mode & 0o660),
      (file) => {
        this.manifest = file
        return this.put(this.writer.head(this.newest.manifest?.facts.systemId))
      }
    )
  )

  private put(text: string): Combine {
    const written = this.output.gather(this.manifest!, Buffer.from(text))
    return written === undefined ? Effect.void : this.turn(written)
  }

  readonly end: Combine = Effect.suspend(() =>
    this.manifest === undefined
      ? Effect.void
      : Effect.zipRight(
          this.put(this.writer.end(this.newest.manifest?.facts.walRanges ?? [])),
          Effect.suspend(() => this.output.close(this.manifest!))
        )
  )

  /** Everything below a folder of the newest backup. */
  folder(name: string): Combine {
    const { fs } = this
    return Effect.gen(this, function* () {
      const from = name === "" ? this.newest.folder : `${this.newest.folder}/${name}`
      const names = (yield* onFile(from, fs.readDirectory(from))).sort()
      const hasIncrements =
        isIncrementalFolder(name) && names.some((one) => one.startsWith(IncrementalFile.prefix))
      const earlier = hasIncrements ? yield* this.earlier(name) : []
      yield* Effect.forEach(names, (base) => this.entry(name, base, earlier), {
        discard: true,
        concurrency: workers
      })
    })
  }

  private earlier(name: string): Effect.Effect<Earlier> {
    return Effect.forEach(this.chain.slice(1), ({ folder }) =>
      Effect.map(
        Effect.orElseSucceed(this.fs.readDirectory(`${folder}/${name}`), () => []),
        (names) => new Set(names)
      )
    )
  }

  private entry(folder: string, base: string, earlier: Earlier): Combine {
    const { fs, newest } = this
    const name = folder === "" ? base : `${folder}/${base}`
    const path = `${newest.folder}/${name}`
    return Effect.gen(this, function* () {
      if (name === "backup_label" || name === manifestFile) return
      const { mode, size, type } = yield* onFile(path, fs.stat(path))
      if (type === "Directory") {
        // Folders of tablespaces have been made.
        if (!/^pg_tblspc\/\d+$/.test(name))
          yield* this.output.makeFolder(`${this.into}/${name}`, mode & 0o770)
        return yield* this.folder(name)
      }
      if (type !== "File") return
      if (isIncrementalFolder(folder) && base.startsWith(IncrementalFile.prefix)) {
        yield* this.rebuild(folder, base, earlier, mode & 0o660)
      } else {
        yield* this.copy(newest, name, size, mode & 0o660)
      }
    })
  }

  /** A file as it is in a backup. */
  private copy(backup: Chain.BackupLink, name: string, size: bigint, mode: number): Combine {
    const path = `${backup.folder}/${name}`
    return Effect.gen(this, function* () {
      const known = isInLog(name) ? "" : backup.manifest?.checksum(name, size, this.algorithm)
      const target = this.target(name)
      if (known !== undefined) {
        yield* this.output.copyFile(path, target, Number(size))
        return yield* this.list(name, size, known)
      }
      const checksum = Checksums.make(this.algorithm)
      const file = yield* this.output.open(target, mode)
      yield* Effect.scoped(
        Effect.gen(this, function* () {
          const source = yield* onFile(path, this.fs.open(path, { flag: "r" }))
          for (;;) {
            const piece = yield* onFile(path, source.readAlloc(pieceBytes))
            if (Option.isNone(piece)) return
            checksum.update(piece.value)
            yield* this.output.write(file, piece.value)
          }
        })
      )
      yield* this.output.close(file)
      yield* this.list(name, size, checksum.digest())
    })
  }

  private target(name: string): string {
    return `${this.into}/${name}${name === controlFile ? partialSuffix : ""}`
  }

  /** Adds the file to the manifest. */
  private list(name: string, size: bigint, checksum: string): Combine {
    this.files++
    this.bytes += size
    if (this.manifest === undefined || isInLog(name)) return Effect.void
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const file: ManifestFile = {
        path: name,
        size,
        lastModified: dateOf(new Date(now)),
        algorithm: this.algorithm,
        checksum
      }
      return this.put(this.writer.file(file))
    })
  }

  /** A file with new contents. */
  text(name: string, text: string): Combine {
    const checksum = Checksums.make(this.algorithm)
    const bytes = Buffer.from(text)
    checksum.update(bytes)
    return Effect.zipRight(
      this.output.writeText(this.target(name), text, this.mode & 0o660),
      Effect.suspend(() => this.list(name, BigInt(bytes.length), checksum.digest()))
    )
  }

  /** The files of the chain, the newest first, up to a whole one, and the backups that they are of. */
  private sources(
    folder: string,
    base: string,
    earlier: Earlier
  ): Effect.Effect<ReadonlyArray<readonly [BlockFile.SourceFile, Chain.BackupLink]>, PgBackupError> {
    const { fs, newest } = this
    const plain = base.slice(IncrementalFile.prefix.length)
    return Effect.gen(this, function* () {
      const first = yield* BlockFile.changed(fs, `${newest.folder}/${folder}/${base}`)
      const found: Array<readonly [BlockFile.SourceFile, Chain.BackupLink]> = [[first, newest]]
      for (const [index, names] of earlier.entries()) {
        const backup = this.chain[index + 1]!
        const path = `${backup.folder}/${folder}/${plain}`
        if (names.has(plain)) {
          found.push([yield* BlockFile.whole(fs, path), backup])
          return found
        }
        if (!names.has(base)) {
          return yield* Effect.fail(
            failure(
              "content",
              path,
              "the manifest lists it, and the backup has neither the file nor an increment of it"
            )
          )
        }
        // Most have no blocks, and the rest of their content is not needed any more.
        if (backup.manifest?.size(`${folder}/${base}`) === emptyBytes) continue
        found.push([yield* BlockFile.changed(fs, `${backup.folder}/${folder}/${base}`), backup])
      }
      return yield* Effect.fail(
        failure("content", `${folder}/${plain}`, "no backup of the chain has the whole file")
      )
    })
  }

  private rebuild(folder: string, base: string, earlier: Earlier, mode: number): Combine {
    const name = `${folder}/${base.slice(IncrementalFile.prefix.length)}`
    return Effect.gen(this, function* () {
      const found = yield* this.sources(folder, base, earlier)
      const sources = found.map(([source]) => source)
      const plan = IncrementalFile.plan(sources.map(({ blocks }) => blocks))
      const size = BigInt(plan.length) * BigInt(IncrementalFile.blockBytes)
      if (plan.copy !== undefined) return yield* this.copy(found[plan.copy]![1], name, size, mode)
      this.rebuilt++
      const checksum = Checksums.make(this.algorithm)
      const file = yield* this.output.open(this.target(name), mode)
      yield* BlockFile.assemble(this.fs, plan, sources, (bytes) => {
        checksum.update(bytes)
        return this.output.write(file, bytes)
      })
      yield* this.output.close(file)
      yield* this.list(name, size, checksum.digest())
    })
  }
}

/**
 * Puts a full backup and its increments together to a full backup in a new folder, from which a server starts, with a new manifest.
 * PostgreSQL 17 and later.
 *
 * `chain` has the folders of the backups, the full one first, each increment behind the backup that it was taken from; all as written by
 * `toFolder` with the format `plain`. Before the first byte is written they are compared: each must be of the same cluster and version,
 * and each increment must begin from the start of the backup before it.
 *
 * As in `toFolder`, control file and manifest get their names when everything else is synced, and what was written is removed
 * when it fails or is interrupted. The backups are read only.
 *
 * Fails with `PgBackupError`: `chain` when the backups do not follow each other; `content` when a file of an increment is malformed or
 * a backup lacks a file; `target` when a folder is not empty or a tablespace has no new place; `manifest`, `file` and `disk-full`. Fails
 * with `PgUsageError` for invalid options.
 *
 * @see https://www.postgresql.org/docs/current/app-pgcombinebackup.html
 */
export const combine = (
  chain: ReadonlyArray<string>,
  into: string,
  options: CombineOptions = {}
): Effect.Effect<CombinedBackup, PgBackupError | PgUsageError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { manifestChecksums: algorithm = "CRC32C" } = options
    if (!Checksums.algorithms.includes(algorithm)) {
      const reason = `must be one of ${Checksums.algorithms.join(", ")}, got ${String(algorithm)}`
      return yield* Effect.fail(
        new PgUsageError({ operation: "BaseBackup.combine", argument: "manifestChecksums", reason, sql: "" })
      )
    }
    const fs = yield* FileSystem.FileSystem
    const links = yield* Chain.read(chain)
    const newest = links.at(-1)!
    const { mode: shown } = yield* onFile(newest.folder, fs.stat(newest.folder))
    const mode = (shown & 0o050) === 0 ? 0o700 : 0o750
    const tablespaces = yield* Chain.tablespaces(newest.folder)
    const mapping = options.tablespaces ?? {}
    const unmapped = tablespaces.find(
      ({ location }) => location.startsWith("/") && !Object.keys(mapping).some((key) => same(key, location))
    )
    if (unmapped !== undefined) {
      return yield* Effect.fail(
        failure("target", unmapped.location, "tablespaces must name a new folder for this tablespace")
      )
    }
    const found = yield* places(
      into,
      tablespaces.map((one) => ({ ...one, estimatedBytes: undefined })),
      mapping
    )
    const output = new BackupFolder(fs, yield* Effect.scope, options.sync ?? true)
    yield* Effect.addFinalizer((exit) => (Exit.isFailure(exit) ? output.discard : Effect.void))
    yield* output.take(into, mode)
    for (const { isInPlace, path } of found) if (!isInPlace) yield* output.take(path, mode)
    const combining = new Combining(fs, output, into, [...links].reverse(), algorithm, mode)
    if (options.manifest !== false) yield* combining.begin
    yield* output.makeFolder(`${into}/pg_tblspc`, mode)
    for (const { isInPlace, oid, path } of found) {
      const link = `${into}/pg_tblspc/${oid}`
      yield* isInPlace ? output.makeFolder(link, mode) : onFile(link, fs.symlink(path, link))
    }
    yield* combining.folder("")
    yield* combining.text("backup_label", newest.fullLabel)
    yield* combining.end
    yield* output.settle
    yield* output.rename(`${into}/${controlFile}${partialSuffix}`, `${into}/${controlFile}`)
    yield* output.syncFolder(`${into}/global`)
    if (options.manifest !== false) {
      yield* output.rename(`${into}/${manifestFile}${partialSuffix}`, `${into}/${manifestFile}`)
    }
    yield* output.syncFolder(into)
    const { bytes, files, rebuilt } = combining
    return { folder: into, systemId: newest.systemId, files, rebuilt, bytes }
  }).pipe(Effect.scoped)

const same = (a: string, b: string): boolean => a.replace(/\/+$/, "") === b.replace(/\/+$/, "")
