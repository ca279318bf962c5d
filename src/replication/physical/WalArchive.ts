/**
 * The log of a cluster as segment files in a folder, from which a server restores: what `pg_receivewal` does, under its names and
 * rules.
 *
 * @see https://www.postgresql.org/docs/current/app-pgreceivewal.html
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { PgConnector } from "../../connection/PgConnector.js"
import * as Reconnect from "../../connection/Reconnect.js"
import { isTransientAnew } from "../../model/Judgement.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import { PgUsageError } from "../../model/PgError.js"
import { PgWalArchiveError } from "../../model/WalArchiveError.js"
import { Signal } from "../link/Signal.js"
import * as Walsender from "../walsender/Walsender.js"
import * as ArchiveFolder from "./ArchiveFolder.js"
import * as ArchiveMetrics from "./ArchiveMetrics.js"
import * as Compression from "./Compression.js"
import * as FolderLock from "./FolderLock.js"
import type { PhysicalEvent, TimelineSwitched } from "./PhysicalEvent.js"
import type { PhysicalError } from "./PhysicalFailure.js"
import * as PhysicalFeed from "./PhysicalFeed.js"
import { SegmentWriter } from "./SegmentWriter.js"
import type { LogEvent, WalPiece } from "./WalBuffer.js"
import { WalBuffer } from "./WalBuffer.js"
import type {
  WalArchive,
  WalArchiveEvent,
  WalArchiveFailureCause,
  WalArchiveOptions,
  WalArchiveStatus
} from "./WalArchiveOptions.js"

export { histories, list, retention } from "./ArchiveFolder.js"
export type { ArchivedSegment, Retention } from "./ArchiveFolder.js"
export type { WalCompression } from "./Compression.js"
export type {
  ArchiveStalled,
  SegmentCompleted,
  WalArchive,
  WalArchiveEvent,
  WalArchiveFailureCause,
  WalArchiveOptions,
  WalArchiveStatus
} from "./WalArchiveOptions.js"

/** Bytes of the log that wait for the disk at which reading from the socket stops: small enough to stay in a processor's cache. */
export const defaultArchiveBuffer = 2 << 20

/** Who may read the files, unless set otherwise: their owner alone. */
export const defaultFileMode = 0o600

/** How long an archive waits for the session before it to let the slot go. */
const slotWait = "60 seconds"

/** How often the metrics are brought up to date. */
const measureInterval = "1 second"

const refused = (argument: string, reason: string): PgUsageError =>
  new PgUsageError({ operation: "WalArchive.open", argument, reason, sql: "" })

/** Holds the folder until the scope closes. */
const lock = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const info = yield* Effect.mapError(fs.stat(folder), (cause) => ArchiveFolder.fileFailure(folder, cause))
    if (info.type !== "Directory") {
      return yield* Effect.fail(
        new PgWalArchiveError({ reason: "file", path: folder, detail: "it must be a folder" })
      )
    }
    const key = `wal-archive-${info.dev}-${Option.getOrElse(info.ino, () => 0)}`
    yield* Effect.mapError(
      FolderLock.acquire(key),
      (code) =>
        new PgWalArchiveError({
          reason: code === "EADDRINUSE" ? "locked" : "file",
          path: folder,
          detail:
            code === "EADDRINUSE"
              ? "another archive on this machine writes to it"
              : `it cannot be locked: ${code}`
        })
    )
  })

/** Whether another try may do better. A full disk may be emptied, and permissions may be mended. */
const isPassing = (error: WalArchiveFailureCause): boolean =>
  error._tag === "PgWalArchiveError"
    ? error.reason === "file" || error.reason === "disk-full"
    : isTransientAnew(error)

/** Takes over the events from this one on; waits while there is no room. */
const putAll = <End>(
  buffer: WalBuffer<End>,
  events: Chunk.Chunk<PhysicalEvent>,
  from: number
): Effect.Effect<void> => {
  for (let index = from; index < events.length; index++) {
    const waiting = buffer.put(Chunk.unsafeGet(events, index))
    if (waiting !== undefined) return Effect.flatMap(waiting, () => putAll(buffer, events, index + 1))
  }
  return Effect.void
}

/** What is known from one try to the next. */
interface Known {
  state: WalArchiveStatus["state"]
  error: WalArchiveFailureCause | undefined
  systemId: string | undefined
  timeline: number | undefined
  received: Lsn
  flushed: Lsn
  serverEnd: Lsn
  bytes: bigint
  writer: SegmentWriter | undefined
}

/** A compressed segment is complete before its uncompressed file is removed: one that was left is removed now. */
const removeLeftovers = (folder: string, segments: ReadonlyArray<ArchiveFolder.ArchivedSegment>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    for (const [index, { isComplete, name, number, timeline }] of segments.entries()) {
      const next = segments[index + 1]
      if (isComplete || next?.number !== number || next.timeline !== timeline || !next.isComplete) continue
      const path = `${folder}/${name}`
      yield* Effect.mapError(fs.remove(path), (cause) => ArchiveFolder.fileFailure(path, cause))
    }
  })

/** One attempt, from the position of the folder, the slot or the server to the end. */
const receive = (
  options: WalArchiveOptions,
  known: Known,
  tell: (event: WalArchiveEvent) => Effect.Effect<void>
): Effect.Effect<void, WalArchiveFailureCause, PgConnector | FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const { folder, onEvent: _, reconnect, synchronous, ...others } = options
    const { segmentSize, systemId } = yield* Effect.scoped(
      Effect.gen(function* () {
        const session = yield* Walsender.openPhysical
        const { systemId } = yield* Walsender.identify(session)
        return { systemId, segmentSize: yield* Walsender.segmentSize(session) }
      })
    )
    const segments = yield* ArchiveFolder.list(folder, segmentSize)
    yield* ArchiveFolder.check(folder, segments, systemId, segmentSize)
    yield* removeLeftovers(folder, segments)
    const resumed = ArchiveFolder.resumeAt(segments, segmentSize)
    const { bufferBytes, compression, fileMode, minFreeBytes, ...feedOptions } = others
    const feed = yield* PhysicalFeed.open(
      {
        slotWait,
        ...feedOptions,
        systemId,
        ...(resumed === undefined ? {} : { start: resumed.position, timeline: resumed.timeline }),
        ...(reconnect === undefined ? {} : { reconnect })
      },
      { wholeSegments: true }
    )
    const safe = new Signal()
    const onSafe = (): void => safe.notify()
    const writer = new SegmentWriter(yield* FileSystem.FileSystem, {
      ...(synchronous === true ? { onSafe } : {}),
      folder,
      segmentSize,
      compression,
      fileMode: fileMode ?? defaultFileMode,
      minFreeBytes: minFreeBytes ?? 0
    })
    known.writer = writer
    known.systemId = systemId
    known.received = feed.facts.start

    const buffer = new WalBuffer<Option.Option<PhysicalError>>(bufferBytes ?? defaultArchiveBuffer)
    const { reader } = feed
    const acknowledge = Effect.sync(() => {
      const { end: serverEnd, received } = reader
      known.serverEnd = serverEnd
      // On a new timeline the log is read from the beginning of the segment: what was flushed lies behind that.
      const { flushed, written } = writer
      const upTo = (position: Lsn | undefined): Lsn =>
        position === undefined ? LsnText.zero : position < received ? position : received
      if (flushed !== undefined) known.flushed = LsnText.max(known.flushed, flushed)
      known.received = LsnText.max(received, known.received)
      reader.acknowledge({ written: upTo(written), flushed: upTo(flushed) })
    })
    let counted = known.bytes
    const measure = Effect.suspend(() => {
      const { bytes, flushed, serverEnd } = known
      const since = bytes - counted
      counted = bytes
      return ArchiveMetrics.set(since, flushed, serverEnd)
    })
    const keepFirstHistory = Effect.scoped(
      Effect.gen(function* () {
        if (feed.facts.timeline === 1) return
        const session = yield* Walsender.openPhysical
        yield* writer.keepHistory(yield* Walsender.history(session, feed.facts.timeline))
      })
    )
    const store = ({ data, start, timeline }: WalPiece) =>
      Effect.uninterruptible(
        Effect.map(writer.write(timeline, start, data), (complete) => {
          known.bytes += BigInt(data.length)
          known.state = "streaming"
          return complete
        })
      )
    const goOver = ({ history, to }: TimelineSwitched) =>
      Effect.uninterruptible(
        Effect.zipRight(
          writer.leave,
          Effect.map(writer.keepHistory(history), () => void (known.timeline = to))
        )
      )
    // Also when it is interrupted: what has come is written and synced, and the feed reports it when its scope closes.
    const storeRest: Effect.Effect<void, PgWalArchiveError> = Effect.suspend(() => {
      const next = buffer.take()
      if (next === undefined) return writer.sync
      if (next._tag === "WalPiece") return Effect.zipRight(store(next), storeRest)
      return next._tag === "TimelineSwitched" ? Effect.zipRight(goOver(next), storeRest) : storeRest
    })
    yield* Effect.addFinalizer(() =>
      Effect.zipRight(
        Effect.ignore(Effect.zipRight(storeRest, acknowledge)),
        Effect.zipRight(writer.close, measure)
      )
    )
    const reading: Effect.Effect<never, Option.Option<PhysicalError>, PgConnector> = Effect.forever(
      Effect.flatMap(reader.pull, (events) => Effect.suspend(() => putAll(buffer, events, 0)))
    )
    yield* Effect.forkScoped(Effect.repeat(measure, Schedule.spaced(measureInterval)))
    yield* Effect.forkScoped(Effect.catchAll(reading, (end) => Effect.sync(() => buffer.finish(end))))

    /** Gives true when a segment is complete. */
    const take = (next: WalPiece | LogEvent): Effect.Effect<boolean, WalArchiveFailureCause, PgConnector> =>
      Effect.gen(function* () {
        switch (next._tag) {
          case "WalPiece": {
            const complete = yield* store(next)
            for (const { end, name } of complete) yield* tell({ _tag: "SegmentCompleted", name, end })
            return complete.length > 0
          }
          case "PhysicalOpened":
            known.timeline = next.facts.timeline
            known.state = "streaming"
            yield* keepFirstHistory
            break
          case "TimelineSwitched":
            yield* goOver(next)
            break
          case "PhysicalLost":
            known.state = "lost"
            known.error = next.reason
            break
          case "PhysicalResumed":
            known.state = "streaming"
            known.error = undefined
        }
        yield* tell(next)
        return false
      })
    /** Begins to store a piece beside those before it, of a synchronous archive. */
    const begin = ({ data: { length }, data }: WalPiece): boolean => {
      if (!writer.begin(data, () => buffer.giveBack(length))) return false
      buffer.keep()
      known.bytes += BigInt(length)
      return true
    }
    const acknowledgeNow = Effect.zipRight(acknowledge, Effect.ignore(feed.report))
    /** Stores what has gathered, from this on. */
    const storeFrom = (first: WalPiece | LogEvent | undefined) =>
      Effect.gen(function* () {
        let isComplete = false
        // What goes on gathering does not keep from reporting.
        for (let next = first; next !== undefined; next = isComplete ? undefined : buffer.take()) {
          isComplete = yield* take(next)
        }
        if (synchronous === true) yield* writer.sync
        yield* isComplete || synchronous === true ? acknowledgeNow : acknowledge
      })
    /** Stores what has gathered; gives what the feed has ended with. */
    const step = Effect.zipLeft(
      buffer.arrival,
      Effect.flatMap(writer.room, () => {
        const next = buffer.take()
        return next?._tag === "WalPiece" && begin(next) ? Effect.void : storeFrom(next)
      })
    )
    const storing = Effect.repeat(step, { until: (over) => over !== undefined })
    const reporting = Effect.forever(
      Effect.zipRight(safe.wait, Effect.zipRight(writer.unbroken, acknowledgeNow))
    )
    const over = yield* (synchronous === true ? Effect.raceFirst(storing, reporting) : storing).pipe(
      // What waits cannot be stored behind a gap.
      Effect.tapError(() => Effect.sync(() => buffer.clear()))
    )
    yield* writer.sync
    yield* acknowledge
    yield* Effect.ignore(feed.report)
    if (over !== undefined && Option.isSome(over.end)) yield* Effect.fail(over.end.value)
  })

/**
 * Opens an archive of the cluster's log in a folder, and holds the folder for itself until the scope closes. `run` receives the log.
 *
 * The archive begins behind its newest complete segment, or at the beginning of its newest `.partial` one; in an empty folder at the
 * beginning of the segment at which the slot stands, or without a slot of the one that the server writes now. A segment is written as
 * `.partial`, and gets its own name when it is complete and synced. Positions are reported as flushed only when file and folder have
 * been synced, so a slot keeps what a crash of this machine could lose. When the timeline changes, the history file is kept under its
 * own name, the old timeline's last segment stays `.partial`, and the new timeline's first segment repeats its beginning.
 *
 * A process that is killed at any moment is started again in the same way. When the disk is full or a file cannot be written, the
 * slot keeps what was not flushed, and the archive goes on by `reconnect` when the cause is gone.
 *
 * Fails with `PgWalArchiveError`: `locked` when another archive on this machine holds the folder, `file` when there is no such folder.
 * `run` fails with `other-system` when the folder holds the log of another cluster, `segment-size` when its segments have another
 * size, and as `physical` does.
 *
 * @see https://www.postgresql.org/docs/current/continuous-archiving.html
 */
export const open = (
  options: WalArchiveOptions
): Effect.Effect<WalArchive, PgWalArchiveError | PgUsageError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const { compression, folder } = options
    if (compression !== undefined && !Compression.isAvailable(compression)) {
      return yield* Effect.fail(
        refused("compression", `${compression} is not in this version of Node; gzip is`)
      )
    }
    const fs = yield* FileSystem.FileSystem
    yield* lock(folder)
    const known: Known = {
      state: "starting",
      error: undefined,
      systemId: undefined,
      timeline: undefined,
      received: LsnText.zero,
      flushed: LsnText.zero,
      serverEnd: LsnText.zero,
      bytes: 0n,
      writer: undefined
    }
    const tell = options.onEvent ?? (() => Effect.void)
    const run = Effect.gen(function* () {
      const again = yield* Reconnect.make<WalArchiveFailureCause, never>(
        options.reconnect ??
          (PhysicalFeed.defaultPhysicalReconnect as Schedule.Schedule<unknown, WalArchiveFailureCause>),
        () => Effect.void
      )
      const once: Effect.Effect<boolean, WalArchiveFailureCause, PgConnector> = Effect.gen(function* () {
        const before = known.flushed
        const outcome = yield* Effect.either(
          Effect.provideService(Effect.scoped(receive(options, known, tell)), FileSystem.FileSystem, fs)
        )
        if (outcome._tag === "Right") return true
        const error = outcome.left
        if (!isPassing(error)) return yield* Effect.fail(error)
        known.state = "stalled"
        known.error = error
        yield* tell({ _tag: "ArchiveStalled", error })
        if (known.flushed > before) yield* again.reset
        return (yield* again.next(error)) ? false : yield* Effect.fail(error)
      })
      yield* Effect.repeat(once, { until: (done) => done })
    }).pipe(
      Effect.onExit(() => Effect.sync(() => (known.state = "stopped"))),
      Effect.asVoid
    )
    return {
      run,
      status: Effect.sync(() => {
        const { writer, ...status } = known
        const { flushed, serverEnd } = status
        return { ...status, lag: serverEnd > flushed ? serverEnd - flushed : 0n, fileName: writer?.fileName }
      })
    }
  })
