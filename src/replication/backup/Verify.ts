/**
 * Compares a backup with its manifest.
 *
 * @see https://www.postgresql.org/docs/current/app-pgverifybackup.html
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { PgBackupError } from "../../model/BackupError.js"
import { PgUsageError } from "../../model/PgError.js"
import * as ArchiveSource from "./ArchiveSource.js"
import { failure, onFile } from "./BackupFailure.js"
import * as Crc32c from "./Crc32c.js"
import type { ManifestFacts, ManifestFile } from "./Manifest.js"
import { ManifestReader } from "./ManifestReader.js"
import * as MemberPath from "./MemberPath.js"
import { manifestFile } from "./PlainSink.js"
import * as TarReader from "./TarReader.js"
import type { BackupReport, VerifyOptions } from "./VerifyReport.js"
import { Verification } from "./Verification.js"

/** Files of the manifest that are remembered at a time; a backup with more is gone through several times. */
const filesAtOnce = 100_000

/** Files that are read at the same time. */
const readers = 4

const pieceBytes = 1 << 19

type Checked<A = void> = Effect.Effect<A, PgBackupError, FileSystem.FileSystem>

/** Goes through the manifest, and gives each file. Left: what is wrong with it. */
const readManifest = (
  path: string,
  onFiles: (files: ReadonlyArray<ManifestFile>) => void
): Checked<Either.Either<ManifestFacts, string>> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const reader = new ManifestReader()
    const file = yield* onFile(path, fs.open(path, { flag: "r" }))
    for (;;) {
      const piece = yield* onFile(path, file.readAlloc(pieceBytes))
      if (Option.isNone(piece)) return reader.finish()
      const read = reader.read(piece.value)
      if (Either.isLeft(read)) return Either.left(read.left)
      onFiles(read.right)
    }
  }).pipe(Effect.scoped)

/** In which of so many parts a path is looked at. */
const partOf = (path: string, parts: number): number =>
  parts === 1 ? 0 : Crc32c.update(0, Buffer.from(path)) % parts

/** Reads a file; each piece is looked at while the next is read. Gives whether it could be read. */
const readFile = (path: string, size: number, onPiece: (piece: Uint8Array) => void): Checked<boolean> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fs.open(path, { flag: "r" })
    // One byte more than the file should have, so that a short read shows that it was the last one.
    const length = Math.min(size + 1, pieceBytes)
    let [buffer, other] = [Buffer.allocUnsafe(length), Buffer.alloc(0)]
    let seen = 0
    for (let bytes = Number(yield* file.read(buffer)); bytes > 0;) {
      const piece = buffer.subarray(0, bytes)
      seen += bytes
      if (bytes < length && seen >= size) {
        onPiece(piece)
        break
      }
      if (other.length === 0) other = Buffer.allocUnsafe(length)
      const looked = Effect.sync(() => onPiece(piece))
      bytes = Number(yield* Effect.zipLeft(file.read(other), looked, { concurrent: true }))
      ;[buffer, other] = [other, buffer]
    }
    return true
  }).pipe(
    Effect.scoped,
    Effect.orElseSucceed(() => false)
  )

/** Goes through a data folder. */
const plainFolder = (folder: string, verification: Verification): Checked =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const check = (name: string): Checked =>
      Effect.gen(function* () {
        const path = `${folder}/${name}`
        const found = yield* Effect.option(fs.stat(path))
        if (Option.isNone(found)) return verification.unreadable(name)
        const { size, type } = found.value
        if (type === "Directory") {
          const isLink = Option.isSome(yield* Effect.option(fs.readLink(path)))
          if (isLink && !/^(?:pg_wal|pg_tblspc\/\d+)$/.test(name)) {
            return verification.extra(name, "it is a link to a folder")
          }
          return yield* walk(name)
        }
        if (type !== "File") return verification.extra(name, `it must be a file, got a ${type}`)
        const checking = verification.begin(name, size)
        if (checking === undefined) return
        const isRead = yield* readFile(path, Number(size), checking.update)
        if (isRead) checking.end()
        else verification.unreadable(name)
      })
    const walk = (name: string): Checked =>
      Effect.gen(function* () {
        const names = yield* Effect.option(fs.readDirectory(`${folder}/${name}`))
        if (Option.isNone(names)) return verification.unreadable(name)
        const below = name === "" ? names.value : names.value.map((one) => `${name}/${one}`)
        // The log is checked segment after segment.
        const concurrency = name === "pg_wal" ? 1 : readers
        yield* Effect.forEach(below.sort(), check, { discard: true, concurrency })
      })
    yield* walk("")
  })

const archiveName = /^(base|pg_wal|\d+)\.tar(?:\.gz|\.lz4|\.zst)?$/

const prefixOf = (stem: string): string =>
  stem === "base" ? "" : stem === "pg_wal" ? "pg_wal/" : `pg_tblspc/${stem}/`

/** Goes through the archives of a folder. */
const archives = (
  folder: string,
  names: ReadonlyArray<string>,
  makeTar: () => TarReader.TarReader,
  verification: Verification
): Checked =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    for (const name of names) {
      const [, stem] = archiveName.exec(name) ?? []
      if (stem === undefined) {
        if (name !== manifestFile) verification.extra(name)
        continue
      }
      const prefix = prefixOf(stem)
      let checking: ReturnType<Verification["begin"]>
      const onPart = (part: TarReader.TarPart): void => {
        if (part._tag === "TarData") checking?.update(part.data)
        else if (part._tag === "TarMemberEnd") {
          checking?.end()
          checking = undefined
        } else {
          const path = prefix + MemberPath.plain(part.path)
          const reason = MemberPath.refusal(part.path)
          if (reason !== undefined) verification.extra(path, reason)
          else if (part.type === "file") checking = verification.begin(path, BigInt(part.size))
          else if (part.type === "other")
            verification.extra(path, `it must be a file, a folder or a link, got a ${part.kind}`)
        }
      }
      const path = `${folder}/${name}`
      const read = Effect.gen(function* () {
        const source = yield* ArchiveSource.open(name, makeTar, (parts) => void parts.forEach(onPart))
        const file = yield* onFile(path, fs.open(path, { flag: "r" }))
        for (;;) {
          const piece = yield* onFile(path, file.readAlloc(pieceBytes))
          if (Option.isNone(piece)) break
          yield* source.write(piece.value)
        }
        yield* source.end
      }).pipe(Effect.scoped)
      yield* Effect.catchIf(
        read,
        (error) => error.reason === "archive",
        (error) => Effect.sync(() => verification.archive(name, error.detail))
      )
    }
  })

/**
 * Compares a backup with its manifest: a data folder, or archives. Every file of the manifest must be there with its size and
 * checksum, and none beside them; the manifest must have its own checksum, and be of the cluster that the control file names; and the
 * log that the backup needs must be in `pg_wal`, with pages that belong to their positions.
 *
 * What differs is in the report, each as a deviation with its path: the effect succeeds also for a backup that is broken. As with
 * `pg_verifybackup`, the files in `pg_wal` are compared with nothing, and `postgresql.auto.conf`, `standby.signal` and
 * `recovery.signal` may differ or come on top.
 *
 * Memory is bounded whatever the manifest and the folder are: a backup of more than 100,000 files is gone through several times, a
 * part of the files at a time, and at most `limit` deviations are listed. Checksums find accidents; against intent use those of SHA,
 * and keep the manifest elsewhere.
 *
 * Fails with `PgBackupError` (`file`) when the folder or its manifest cannot be read, and with `PgUsageError` for invalid
 * options. Interrupting it is safe at any time.
 *
 * @see https://www.postgresql.org/docs/current/app-pgverifybackup.html
 */
export const verify = (
  folder: string,
  options: VerifyOptions = {}
): Effect.Effect<BackupReport, PgBackupError | PgUsageError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { limit = 1000 } = options
    if (!Number.isInteger(limit) || limit < 1) {
      const reason = `must be a whole number from 1 on, got ${limit}`
      return yield* Effect.fail(
        new PgUsageError({ operation: "BaseBackup.verify", argument: "limit", reason, sql: "" })
      )
    }
    const fs = yield* FileSystem.FileSystem
    const path = options.manifest ?? `${folder}/${manifestFile}`
    const names = (yield* onFile(folder, fs.readDirectory(folder))).sort()
    const isArchives = names.some((name) => /^base\.tar(?:\.|$)/.test(name))
    const makeTar = yield* TarReader.load
    const verification = new Verification({ ...options, limit })
    const first = yield* readManifest(path, () => {})
    if (Either.isLeft(first)) {
      verification.manifest(first.left)
      return verification.report(undefined)
    }
    const facts = first.right
    const parts = Math.max(1, Math.ceil(facts.files / (options.filesAtOnce ?? filesAtOnce)))
    for (let part = 0; part < parts; part++) {
      const isPart = (name: string) => partOf(name, parts) === part
      verification.beginPart(facts, isPart, part === 0)
      const again = yield* readManifest(path, (files) => {
        for (const file of files) if (isPart(file.path)) verification.expect(file)
      })
      if (Either.isLeft(again)) {
        return yield* Effect.fail(failure("manifest", path, "it was changed while it was read"))
      }
      if (isArchives) yield* archives(folder, names, makeTar, verification)
      else yield* plainFolder(folder, verification)
      verification.endPart()
    }
    return verification.report(facts)
  })
