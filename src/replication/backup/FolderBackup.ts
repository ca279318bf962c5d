/**
 * A base backup as files.
 *
 * @see https://www.postgresql.org/docs/current/app-pgbasebackup.html
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { PgConnector } from "../../connection/PgConnector.js"
import * as TracedFacts from "../../connection/session/TracedFacts.js"
import { annotated, traced } from "../../connection/session/Traced.js"
import type { PgBackupError } from "../../model/BackupError.js"
import { PgUsageError } from "../../model/PgError.js"
import * as Walsender from "../walsender/Walsender.js"
import { ArchiveSink } from "./ArchiveSink.js"
import { BackupBuffer } from "./BackupBuffer.js"
import type { BackupEvent, BackupFinished, BackupProgressed, BackupStarted } from "./BackupEvent.js"
import { failure } from "./BackupFailure.js"
import type { BackupFile } from "./BackupFolder.js"
import { BackupFolder, partialSuffix } from "./BackupFolder.js"
import type { BackupLog } from "./BackupLog.js"
import * as Log from "./BackupLog.js"
import type { BackupOptions } from "./BackupOptions.js"
import * as BackupStream from "./BackupStream.js"
import * as Decompression from "./Decompression.js"
import type { FolderBackup, FolderError, FolderOptions } from "./FolderOptions.js"
import * as LogArchive from "./LogArchive.js"
import { manifestFile, PlainSink } from "./PlainSink.js"
import * as Standby from "./Standby.js"
import * as TarReader from "./TarReader.js"
import { WrittenFiles } from "./WrittenFiles.js"

const refuse = (argument: string, reason: string): PgUsageError =>
  new PgUsageError({ operation: "BaseBackup.toFolder", argument, reason, sql: "" })

const checked = (options: FolderOptions): PgUsageError | undefined => {
  const { compression, folder, format = "plain", standby, tablespaces, wal } = options
  if (typeof folder !== "string" || folder === "" || folder.includes("\0")) {
    return refuse("folder", "must be the path of a folder")
  }
  if (format !== "plain" && format !== "archives")
    return refuse("format", `must be plain or archives, got ${String(format)}`)
  if (wal !== undefined && !["stream", "fetch", "none"].includes(wal))
    return refuse("wal", `must be stream, fetch or none, got ${String(wal)}`)
  if (format === "archives") {
    if (standby !== undefined && standby !== false) return refuse("standby", "needs the format plain")
    if (tablespaces !== undefined) return refuse("tablespaces", "needs the format plain")
  } else if (compression !== undefined && !Decompression.isAvailable(compression.method)) {
    return refuse(
      "compression",
      `${compression.method} cannot be decompressed by this version of Node: use gzip, or the format archives`
    )
  }
  return undefined
}

/** What the server is asked for. */
const asked = (options: FolderOptions): BackupOptions => {
  const { folder: _, format, standby: _s, sync: _y, tablespaces: _t, verify: _v, wal, ...others } = options
  return {
    ...others,
    progress: options.progress ?? true,
    manifest: options.manifest ?? true,
    wal: wal === "fetch",
    tablespaceMap: format === "archives"
  }
}

/** As the server's data folder, so that its group may read the backup where it may read that. */
const modeOf = (shown: string): number => (/^0?750$/.test(shown) ? 0o750 : 0o700)

type Sink = PlainSink | ArchiveSink

/** The backup's files, from the first event to the last. */
class Writing {
  private received = 0n
  private manifest: BackupFile | undefined
  private log: BackupLog | undefined
  private started: BackupStarted | undefined
  private finished: BackupFinished | undefined

  constructor(
    private readonly fs: FileSystem.FileSystem,
    private readonly options: FolderOptions,
    private readonly output: BackupFolder,
    private readonly sink: Sink,
    private readonly written: WrittenFiles | undefined,
    private readonly openLog: (started: BackupStarted) => Effect.Effect<BackupLog, FolderError, Scope.Scope>,
    private readonly onProgress: (progress: BackupProgressed) => Effect.Effect<void>,
    private readonly fail: (error: FolderError) => Effect.Effect<void>,
    private readonly mode: number
  ) {}

  take(event: BackupEvent): Effect.Effect<void, FolderError, Scope.Scope> {
    switch (event._tag) {
      case "BackupStarted":
        return this.begin(event)
      case "ArchiveStarted":
        return this.sink.archive(event)
      case "ArchiveData":
        this.received += BigInt(event.data.length)
        return this.sink.data(event.data)
      case "ArchiveEnded":
        return this.sink.archiveEnd
      case "ManifestStarted":
        return Effect.map(
          this.output.open(`${this.options.folder}/${manifestFile}${partialSuffix}`, this.mode & 0o660),
          (file) => void (this.manifest = file)
        )
      case "ManifestData":
        this.received += BigInt(event.data.length)
        return this.takeManifest(event.data)
      case "BackupProgressed":
        return this.onProgress(event)
      case "BackupFinished":
        return Effect.sync(() => void (this.finished = event))
    }
  }

  private begin(started: BackupStarted): Effect.Effect<void, FolderError, Scope.Scope> {
    const { folder, wal = "stream" } = this.options
    return Effect.gen(this, function* () {
      this.started = started
      if (this.sink instanceof PlainSink) yield* this.sink.begin(started)
      if (wal !== "stream") return
      const pgWal = this.logFolder
      yield* this.output.makeFolder(pgWal, this.mode)
      if (pgWal === `${folder}/pg_wal`) yield* this.output.makeFolder(`${pgWal}/archive_status`, this.mode)
      this.log = yield* this.openLog(started)
      yield* Effect.forkScoped(Effect.catchAll(this.log.broken, this.fail))
    })
  }

  get logFolder(): string {
    const { folder } = this.options
    return this.sink instanceof PlainSink ? `${folder}/pg_wal` : `${folder}/pg_wal${partialSuffix}`
  }

  private checked(read: Either.Either<unknown, string>): Effect.Effect<void, PgBackupError> {
    return Either.isRight(read) ? Effect.void : Effect.fail(failure("manifest", manifestFile, read.left))
  }

  private takeManifest(data: Uint8Array): Effect.Effect<void, PgBackupError> {
    const written = this.output.write(this.manifest!, data)
    return this.written === undefined
      ? written
      : Effect.zipRight(this.checked(this.written.manifest(data)), written)
  }

  /**
   * All has arrived, and the server has confirmed that the backup is complete: the rest of the log comes, then the files
   * get their names.
   */
  finish(standby: string | undefined): Effect.Effect<FolderBackup, FolderError> {
    const { folder } = this.options
    const { output } = this
    return Effect.gen(this, function* () {
      const started = this.started!
      const finished = this.finished!
      if (this.sink instanceof PlainSink) yield* this.sink.finish
      if (this.manifest !== undefined) {
        yield* output.close(this.manifest)
        if (this.written !== undefined) yield* this.checked(this.written.finish(started.systemId))
      }
      if (this.log !== undefined) yield* this.keepLog(yield* this.log.finish(finished.end))
      if (standby !== undefined) {
        yield* output.append(`${folder}/postgresql.auto.conf`, standby, this.mode & 0o660)
        yield* output.writeText(`${folder}/standby.signal`, "", this.mode & 0o660)
      }
      yield* output.settle
      yield* this.sink.publish
      const manifest = `${folder}/${manifestFile}`
      if (this.manifest !== undefined) yield* output.rename(manifest + partialSuffix, manifest)
      yield* output.syncFolder(folder)
      return {
        _tag: "FolderBackup",
        folder,
        systemId: started.systemId,
        serverVersion: started.serverVersion,
        timeline: finished.timeline,
        start: started.start,
        end: finished.end,
        tablespaces: this.restored(started),
        receivedBytes: this.received,
        manifest: this.manifest === undefined ? undefined : manifest
      } as const
    })
  }

  private restored({ tablespaces }: BackupStarted): FolderBackup["tablespaces"] {
    if (this.sink instanceof PlainSink) {
      return this.sink.tablespaces.map(({ location, oid, path }) => ({ oid, location, path }))
    }
    const { compression, folder } = this.options
    const suffix =
      compression === undefined ? "" : { gzip: ".gz", lz4: ".lz4", zstd: ".zst" }[compression.method]
    return tablespaces.flatMap(({ location, oid }) =>
      oid === undefined || location === undefined
        ? []
        : [{ oid, location, path: `${folder}/${oid}.tar${suffix}` }]
    )
  }

  /** The segments are there: they need not be archived again, or become an archive of their own. */
  private keepLog(names: ReadonlyArray<string>): Effect.Effect<void, FolderError> {
    const { output } = this
    if (this.sink instanceof PlainSink) {
      return Effect.forEach(
        names,
        (name) => output.writeText(`${this.logFolder}/archive_status/${name}.done`, "", this.mode & 0o660),
        { discard: true }
      )
    }
    const name = "pg_wal.tar"
    this.sink.add(name)
    return LogArchive.write(
      this.fs,
      output,
      this.logFolder,
      names,
      `${this.options.folder}/${name}${partialSuffix}`,
      this.mode & 0o660
    )
  }
}

/** Takes the backup; `onProgress` is waited for. */
const write = (
  options: FolderOptions,
  onProgress: (progress: BackupProgressed) => Effect.Effect<void>
): Effect.Effect<FolderBackup, FolderError, PgConnector | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const wrong = checked(options)
    if (wrong !== undefined) return yield* Effect.fail(wrong)
    const fs = yield* FileSystem.FileSystem
    const connector = yield* PgConnector
    const { folder, standby } = options
    const opened = yield* BackupStream.session(options)
    yield* annotated(() => TracedFacts.placeOf(opened.connection.facts))
    const mode = modeOf(yield* Walsender.setting(opened.connection, "data_directory_mode"))
    const makeTar = yield* TarReader.load
    const scope = yield* Effect.scope
    const output = new BackupFolder(fs, scope, options.sync ?? true)
    yield* Effect.addFinalizer((exit) => (Exit.isFailure(exit) ? output.discard : Effect.void))
    const prepared = yield* BackupStream.prepare(opened, asked(options))
    yield* output.take(folder, mode)
    const isReadable = options.format !== "archives" || options.compression === undefined
    const isCompared = isReadable && (options.verify ?? true) && (options.manifest ?? true) !== false
    const written = isCompared ? new WrittenFiles(options.manifestChecksums ?? "CRC32C") : undefined
    const common = { folder, mode, output, makeTar, written }
    const sink: Sink =
      options.format === "archives"
        ? new ArchiveSink(common)
        : new PlainSink({ ...common, fs, tablespaces: options.tablespaces ?? {} })
    // The first thing that breaks the log ends the backup.
    const broken = yield* Deferred.make<never, FolderError>()
    const writing: Writing = new Writing(
      fs,
      options,
      output,
      sink,
      written,
      (started) =>
        Log.open({
          fs,
          folder: writing.logFolder,
          fileMode: mode & 0o660,
          slot: `effect_postgres_backup_${opened.connection.facts.processId ?? 0}`,
          started,
          targetSessionAttrs: options.targetSessionAttrs
        }).pipe(Effect.provideService(PgConnector, connector)),
      onProgress,
      (error) => Effect.asVoid(Deferred.fail(broken, error)),
      mode
    )
    const buffer = new BackupBuffer(prepared.bufferBytes)
    const storing = Effect.repeat(
      Effect.flatMap(buffer.take, (event) => Effect.as(writing.take(event), event._tag)),
      { until: (tag) => tag === "BackupFinished" }
    )
    const receiving = Effect.zipRight(BackupStream.into(prepared, buffer), Effect.never)
    yield* Effect.raceFirst(storing, Effect.raceFirst(receiving, Deferred.await(broken)))
    return yield* writing.finish(
      standby === undefined || standby === false
        ? undefined
        : Standby.settings(opened.connection.facts, connector.config, standby === true ? {} : standby)
    )
  }).pipe(
    Effect.scoped,
    traced("base backup", () => ({ "db.operation.name": "BASE_BACKUP" }))
  )

/**
 * Takes a base backup of the whole cluster into a folder: a data folder from which a server starts, or with `format: "archives"` the
 * server's archives as files.
 *
 * The log that the backup needs comes along: streamed beside it over a second connection, with a temporary slot, so that it starts by
 * itself; `wal` chooses the way. Files are compared with the manifest while they are written, and synced. Permissions are those of the
 * server's files; owner is the user of this process, and a server that runs under another one needs its own (`chown -R`). Tablespaces
 * come to the places that `tablespaces` gives. With `standby` the folder becomes a standby of the server.
 *
 * **A backup that is not whole cannot be taken for one.** The control file, without which no server starts, and the manifest get their
 * names when everything else is synced, behind the server's last word. When the backup fails or is interrupted, in whatever phase,
 * the server is sent a cancel request, and everything that was written is removed; the folder itself stays if it was there before.
 *
 * The role needs the attribute REPLICATION, the server two free walsenders, and a slot.
 *
 * Fails with `PgUsageError`, before anything is written, for options that the server does not know or that do not go together. Fails
 * with `PgBackupError`: `target` when a folder is not empty, `archive` when an archive is cut or has members that a server does not
 * send, `manifest` when files and manifest differ, `file` and `disk-full` when it cannot be written; with `PgServerError`: `XX001` when
 * the server has found bad page checksums; with `PgWalError` (`removed`) when the server has removed the log that the backup needs;
 * and as `stream` does.
 *
 * @see https://www.postgresql.org/docs/current/app-pgbasebackup.html
 */
export const toFolder = (
  options: FolderOptions
): Effect.Effect<FolderBackup, FolderError, PgConnector | FileSystem.FileSystem> =>
  write(options, () => Effect.void)

/** Reports of progress that wait for a consumer who is slow; then the older ones are left out. */
const waitingReports = 16

/**
 * As `toFolder`: how far the backup is, as the server reports it, and as the last element the backup. Interrupting the stream, or leaving
 * it before its end, ends the backup and removes what was written.
 */
export const toFolderProgress = (
  options: FolderOptions
): Stream.Stream<BackupProgressed | FolderBackup, FolderError, PgConnector | FileSystem.FileSystem> =>
  Stream.unwrapScoped(
    Effect.gen(function* () {
      const reports = yield* Queue.sliding<BackupProgressed>(waitingReports)
      const backup = yield* Effect.forkScoped(
        write(options, (progress) => Queue.offer(reports, progress)).pipe(
          Effect.ensuring(Queue.shutdown(reports))
        )
      )
      return Stream.concat(Stream.fromQueue(reports), Stream.fromEffect(Fiber.join(backup)))
    })
  )
