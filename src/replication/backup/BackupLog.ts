/**
 * The log that a backup needs, streamed over a second connection while the backup is taken. A temporary slot keeps it on the server
 * until it has come.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { PgConnector } from "../../connection/PgConnector.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgWalArchiveError } from "../../model/WalArchiveError.js"
import * as WalSegment from "../../wire/replication/WalSegment.js"
import { partialSuffix } from "../physical/ArchiveFolder.js"
import type { PhysicalEvent } from "../physical/PhysicalEvent.js"
import type { PhysicalError } from "../physical/PhysicalFailure.js"
import * as PhysicalFeed from "../physical/PhysicalFeed.js"
import { SegmentWriter } from "../physical/SegmentWriter.js"
import * as Walsender from "../walsender/Walsender.js"
import type { BackupStarted } from "./BackupEvent.js"
import { failure, onFile } from "./BackupFailure.js"
import type { FolderError, FolderOptions } from "./FolderOptions.js"

export interface BackupLogOptions {
  readonly fs: FileSystem.FileSystem
  /** Where the segments come to; it must be there. */
  readonly folder: string
  readonly fileMode: number
  /** A name that no other session has. */
  readonly slot: string
  readonly started: BackupStarted
  readonly targetSessionAttrs: FolderOptions["targetSessionAttrs"]
}

/** The log of a backup that is being taken. */
export interface BackupLog {
  /** Fails when the log cannot be had any more. */
  readonly broken: Effect.Effect<never, FolderError>
  /** Waits for the log up to here, and gives its files their own names, which it returns. */
  readonly finish: (end: Lsn) => Effect.Effect<ReadonlyArray<string>, FolderError>
}

/** How a lost connection is opened again: the server may have removed the log by then, for the slot is gone with the connection. */
const reconnect: Schedule.Schedule<unknown, PhysicalError> = Schedule.exponential("100 millis").pipe(
  Schedule.upTo("20 seconds")
)

const bufferBytes = 1 << 22

const asBackup = (error: PhysicalError | PgWalArchiveError): FolderError =>
  error._tag === "PgWalArchiveError"
    ? failure(error.reason === "disk-full" ? "disk-full" : "file", error.path, error.detail, error.cause)
    : error

/** Begins to stream from the segment in which the backup begins. */
export const open = (
  options: BackupLogOptions
): Effect.Effect<BackupLog, FolderError, PgConnector | Scope.Scope> =>
  Effect.gen(function* () {
    const { fileMode, folder, fs, slot, started, targetSessionAttrs } = options
    const feed = yield* PhysicalFeed.open(
      {
        slot,
        create: { temporary: true },
        start: started.start,
        timeline: started.timeline,
        systemId: started.systemId,
        bufferBytes,
        reconnect,
        ...(targetSessionAttrs === undefined ? {} : { targetSessionAttrs })
      },
      { wholeSegments: true }
    )
    const { segmentSize } = feed.facts
    const writer = new SegmentWriter(fs, {
      folder,
      segmentSize,
      compression: undefined,
      fileMode,
      minFreeBytes: 0
    })
    yield* Effect.addFinalizer(() => writer.close)
    if (started.timeline > 1) {
      const keep = Effect.flatMap(Walsender.openPhysical, (session) =>
        Effect.flatMap(Walsender.history(session, started.timeline), (file) => writer.keepHistory(file))
      )
      yield* Effect.mapError(Effect.scoped(keep), asBackup)
    }
    const names: Array<string> = []
    const ended = yield* Deferred.make<Lsn>()
    let end: Lsn | undefined
    let received = feed.facts.start

    const take = (event: PhysicalEvent) => {
      if (event._tag === "WalData") {
        received = event.end
        return Effect.map(writer.write(event.timeline, event.start, event.data), (complete) => {
          for (const { name } of complete) names.push(name)
        })
      }
      return event._tag === "TimelineSwitched"
        ? Effect.zipRight(writer.leave, writer.keepHistory(event.history))
        : Effect.void
    }
    const acknowledge = Effect.suspend(() => {
      const { flushed } = writer
      return feed.acknowledge({ written: received, ...(flushed === undefined ? {} : { flushed }) })
    })
    const pulled = Effect.catchAll(feed.reader.pull, (cause) =>
      Effect.fail(
        Option.getOrElse(cause, (): FolderError =>
          failure("file", folder, "the server ended the stream of the log before the end of the backup")
        )
      )
    )
    const step = Effect.gen(function* () {
      const events = yield* end === undefined
        ? Effect.raceFirst(
            pulled,
            Effect.map(Deferred.await(ended), (at) => ((end = at), Chunk.empty<PhysicalEvent>()))
          )
        : pulled
      yield* Effect.forEach(events, take, { discard: true })
      if (Chunk.isNonEmpty(events)) yield* acknowledge
    })
    const receive = Effect.repeat(Effect.mapError(step, asAny), {
      until: () => end !== undefined && received >= end
    })
    const receiving = yield* Effect.forkScoped(receive)

    const finish = (at: Lsn) =>
      Effect.gen(function* () {
        yield* Deferred.succeed(ended, at)
        yield* Fiber.join(receiving)
        const { fileName } = writer
        yield* Effect.mapError(writer.leave, asBackup)
        if (fileName !== undefined) {
          const name = fileName.slice(0, -partialSuffix.length)
          yield* onFile(`${folder}/${name}`, fs.rename(`${folder}/${fileName}`, `${folder}/${name}`))
          if (WalSegment.fromFileName(name, segmentSize) !== undefined) names.push(name)
        }
        return names
      })
    return {
      broken: Effect.zipRight(Fiber.join(receiving), Effect.never),
      finish
    }
  })

const asAny = (error: FolderError | PgWalArchiveError): FolderError =>
  error._tag === "PgWalArchiveError" ? asBackup(error) : error
