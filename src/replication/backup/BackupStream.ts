/**
 * A base backup as the server sends it.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-BASE-BACKUP
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ArrayChunk from "../../connection/session/ArrayChunk.js"
import type { PgConnection } from "../../connection/PgConnection.js"
import { PgConnector } from "../../connection/PgConnector.js"
import type { PgOpenError, PgProtocolError, PgSessionError } from "../../model/PgError.js"
import { atLeast } from "../walsender/Command.js"
import type { System } from "../walsender/Walsender.js"
import * as Walsender from "../walsender/Walsender.js"
import type { BackupBuffer } from "./BackupBuffer.js"
import * as BackupCommand from "./BackupCommand.js"
import type { BackupEvent } from "./BackupEvent.js"
import type { BackupError } from "./BackupFailure.js"
import { onFile } from "./BackupFailure.js"
import type { BackupOptions } from "./BackupOptions.js"
import { defaultBackupBuffer } from "./BackupOptions.js"
import { BackupReader } from "./BackupReader.js"

/** A session that takes the commands of a backup, and who its server is. */
export interface BackupSession {
  readonly connection: PgConnection
  readonly system: System
  readonly version: number | undefined
}

/** Opens one, scoped. */
export const session = ({
  targetSessionAttrs
}: Pick<BackupOptions, "targetSessionAttrs">): Effect.Effect<
  BackupSession,
  PgOpenError | PgSessionError,
  PgConnector | Scope.Scope
> =>
  Effect.gen(function* () {
    const connector = yield* PgConnector
    const connection = yield* connector.open({
      replication: "true",
      ...(targetSessionAttrs === undefined ? {} : { targetSessionAttrs })
    })
    const system = yield* Walsender.identify(connection)
    return { connection, system, version: yield* connection.serverVersion }
  })

/** Gives the server the manifest that the backup is to be incremental to. */
const upload = (connection: PgConnection, path: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const manifest = Stream.mapErrorCause(fs.stream(path), (cause) => cause)
    yield* Effect.scoped(onFile(path, fs.open(path, { flag: "r" })))
    yield* connection.copyFrom(BackupCommand.uploadManifest, manifest, { timeout: Duration.infinity }).pipe(
      Effect.catchTags({
        BadArgument: (cause) => onFile(path, Effect.fail(cause)),
        SystemError: (cause) => onFile(path, Effect.fail(cause))
      })
    )
  })

/** A backup that the server has been made ready for. */
interface PreparedBackup {
  readonly connection: PgConnection
  readonly command: string
  readonly reader: BackupReader
  readonly timeout: Duration.DurationInput
  readonly bufferBytes: number
}

/** Checks the options, and gives the server the manifest that the backup is incremental to. */
export const prepare = (
  { connection, system, version }: BackupSession,
  options: BackupOptions
): Effect.Effect<PreparedBackup, BackupError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const command = yield* BackupCommand.baseBackup(options, version)
    if (options.incrementalFrom !== undefined) yield* upload(connection, options.incrementalFrom)
    const reader = new BackupReader({
      systemId: system.systemId,
      serverVersion: version,
      hasTags: atLeast(version, 15),
      isSent: options.target === undefined || options.target === "client",
      hasManifest: options.manifest === true || options.manifest === "force-encode"
    })
    const { bufferBytes = defaultBackupBuffer, timeout = Duration.infinity } = options
    return { connection, command, reader, timeout, bufferBytes }
  })

/** Receives the backup into a buffer, from which another fiber takes it. */
export const into = (
  { command, connection, reader, timeout }: PreparedBackup,
  buffer: BackupBuffer
): Effect.Effect<void, BackupError> =>
  connection
    .copyPartsInto<PgProtocolError>(
      command,
      (part) => {
        const events = reader.read([part])
        if (Either.isLeft(events)) return Effect.fail(events.left)
        let wait: Effect.Effect<void> | undefined
        for (const event of events.right) wait = buffer.put(event) ?? wait
        return wait
      },
      { timeout }
    )
    .pipe(
      Effect.zipRight(Effect.suspend(() => reader.finish())),
      Effect.map((finished) => void buffer.put(finished))
    )

/** The backup over a session that is open. */
const over = (
  session: BackupSession,
  options: BackupOptions
): Effect.Effect<Stream.Stream<BackupEvent, BackupError>, BackupError, FileSystem.FileSystem> =>
  Effect.map(prepare(session, options), ({ bufferBytes, command, connection, reader, timeout }) => {
    const parts = connection.copyParts(command, { timeout, bufferBytes })
    return parts.pipe(
      Stream.mapChunksEffect((chunk) => Effect.map(reader.read(chunk), ArrayChunk.make)),
      Stream.concat(Stream.suspend(() => Stream.fromEffect(reader.finish())))
    )
  })

/**
 * A base backup of the whole cluster as typed events, for those who store it elsewhere than in files. `toFolder` writes files.
 *
 * The first event has the start position and the tablespaces, then comes each archive with its bytes, the data folder last, then the
 * manifest, and in between how far the server is. **The backup is whole when `BackupFinished` has come**, which the stream gives after
 * the server's final answer; a server that has found bad page checksums sends everything and fails then, with `PgServerError`
 * (`XX001`). The log from the start to the end position is needed with it: by `wal`, or from an archive.
 *
 * PostgreSQL 14 sends archives without their end, which is added here, so that they are the same as those of later versions. The names of archives
 * are checked: no path can be hidden in one.
 *
 * The consumer's pace is the server's: at `bufferBytes` reading from the socket stops. Leaving the stream or interrupting it cancels the
 * backup on the server and closes the session. The role needs the attribute REPLICATION.
 *
 * Fails with `PgUsageError`, before the command is sent, for an option that the server's version does not know or that lacks another
 * one; with `PgServerError`: `42601` when the server was not built with the compression, `55000` when an incremental backup is wanted
 * and `summarize_wal` is off or summaries are missing; with `PgProtocolError` for an answer that is no backup; with `PgBackupError`
 * (`file`) when the manifest of `incrementalFrom` cannot be read.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-BASE-BACKUP
 */
export const stream = (
  options: BackupOptions = {}
): Stream.Stream<BackupEvent, BackupError, PgConnector | FileSystem.FileSystem> =>
  Stream.unwrapScoped(Effect.flatMap(session(options), (opened) => over(opened, options)))
