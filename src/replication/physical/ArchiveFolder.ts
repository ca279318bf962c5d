/**
 * A folder with segment files: what is in it, whose it is, where to go on, and what may be removed. The names and the rules are those
 * of `pg_receivewal`.
 *
 * @see https://www.postgresql.org/docs/current/app-pgreceivewal.html
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import { PgWalArchiveError } from "../../model/WalArchiveError.js"
import * as TimelineHistory from "../../wire/replication/TimelineHistory.js"
import * as WalPageHeader from "../../wire/replication/WalPageHeader.js"
import * as WalSegment from "../../wire/replication/WalSegment.js"
import type { WalCompression } from "./Compression.js"
import * as Compression from "./Compression.js"
import type { LogPlace } from "./PhysicalFailure.js"

/** What the name of a segment ends with until it is complete. */
export const partialSuffix = ".partial"

/** A segment file of an archive. */
export interface ArchivedSegment extends WalSegment.WalSegment {
  /** The file's name. */
  readonly name: string
  /** Whether it is complete. One that is not has the log up to some position, and zeros behind it. */
  readonly isComplete: boolean
  readonly compression: WalCompression | undefined
  /** Of the file. */
  readonly bytes: number
}

export const fileFailure = (path: string, cause: unknown): PgWalArchiveError =>
  new PgWalArchiveError({
    reason: isFull(cause) ? "disk-full" : "file",
    path,
    detail: cause instanceof Error ? cause.message : String(cause),
    cause
  })

const isFull = (cause: unknown): boolean =>
  /ENOSPC|EDQUOT/.test(String((cause as Error | undefined)?.message))

const endings: ReadonlyArray<
  readonly [suffix: string, compression: WalCompression | undefined, isComplete: boolean]
> = [
  [partialSuffix, undefined, false],
  [Compression.suffixOf.gzip, "gzip", true],
  [Compression.suffixOf.zstd, "zstd", true],
  ["", undefined, true]
]

const parse = (name: string, size: number): Omit<ArchivedSegment, "bytes"> | undefined => {
  for (const [suffix, compression, isComplete] of endings) {
    if (!name.endsWith(suffix)) continue
    const segment = WalSegment.fromFileName(name.slice(0, name.length - suffix.length), size)
    if (segment !== undefined) return { ...segment, name, compression, isComplete }
  }
  return undefined
}

/** By number, then by timeline; of one segment the complete file last. */
const inOrder = (a: ArchivedSegment, b: ArchivedSegment): number =>
  a.number !== b.number
    ? a.number < b.number
      ? -1
      : 1
    : a.timeline - b.timeline || Number(a.isComplete) - Number(b.isComplete)

/** The segment files of this size, in their order. Of a complete one that is not compressed the size is looked at. */
export const list = (
  folder: string,
  segmentSize: number
): Effect.Effect<ReadonlyArray<ArchivedSegment>, PgWalArchiveError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const names = yield* Effect.mapError(fs.readDirectory(folder), (cause) => fileFailure(folder, cause))
    const found: Array<ArchivedSegment> = []
    for (const name of names) {
      const segment = parse(name, segmentSize)
      if (segment === undefined) continue
      const path = `${folder}/${name}`
      const { size } = yield* Effect.mapError(fs.stat(path), (cause) => fileFailure(path, cause))
      const bytes = Number(size)
      if (segment.isComplete && segment.compression === undefined && bytes !== segmentSize) {
        yield* Effect.logWarning(
          `${path} has ${bytes} bytes, and a segment has ${segmentSize}: it is ignored`
        )
      } else found.push({ ...segment, bytes })
    }
    return found.sort(inOrder)
  })

/** Where an archive goes on: behind its newest complete segment, or at the beginning of one that is not complete. */
export const resumeAt = (
  segments: ReadonlyArray<ArchivedSegment>,
  segmentSize: number
): LogPlace | undefined => {
  const newest = segments.at(-1)
  if (newest === undefined) return undefined
  const start = WalSegment.startOf(newest, segmentSize)
  return { timeline: newest.timeline, position: newest.isComplete ? start + BigInt(segmentSize) : start }
}

/** Enough of a compressed file for its first page's header. */
const headBytes = 1 << 16

const headerOf = (folder: string, segment: ArchivedSegment) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fs.open(`${folder}/${segment.name}`, { flag: "r" })
    const read = yield* file.readAlloc(headBytes)
    const bytes = Option.getOrElse(read, () => new Uint8Array(0))
    const plain = segment.compression === undefined ? bytes : Compression.head(segment.compression, bytes)
    return WalPageHeader.decode(plain)
  }).pipe(
    Effect.scoped,
    Effect.mapError((cause) => fileFailure(`${folder}/${segment.name}`, cause))
  )

/** Refuses a folder that holds the log of another cluster, or segments of another size. */
export const check = (
  folder: string,
  segments: ReadonlyArray<ArchivedSegment>,
  systemId: string,
  segmentSize: number
): Effect.Effect<void, PgWalArchiveError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    // The newest that has a header: one that was just begun may have none yet.
    for (const segment of segments.slice(-4).reverse()) {
      const header = yield* headerOf(folder, segment)
      if (header === undefined) continue
      const refused = (reason: "other-system" | "segment-size", detail: string) =>
        Effect.fail(new PgWalArchiveError({ reason, path: `${folder}/${segment.name}`, detail }))
      if (header.systemId !== systemId) {
        return yield* refused(
          "other-system",
          `it belongs to the cluster ${header.systemId}, and the server to the cluster ${systemId}. Use another folder`
        )
      }
      if (header.segmentSize !== segmentSize) {
        return yield* refused(
          "segment-size",
          `its segments have ${header.segmentSize} bytes, and the server's ${segmentSize}. Use another folder`
        )
      }
      return
    }
  })

/** What a backup needs of an archive, and what nothing needs. */
export interface Retention {
  /** Segment files before the one that holds `from`, in their order. Nothing removes them but you. */
  readonly removable: ReadonlyArray<ArchivedSegment>
  /** What their removal frees. */
  readonly removableBytes: number
  /** Segment files that are needed for a restore from `from` on. */
  readonly needed: ReadonlyArray<ArchivedSegment>
  /** The first byte that is not there of what is needed; `undefined` when there is no gap up to the newest file. */
  readonly missing: Lsn | undefined
}

/**
 * What of an archive may be removed when the oldest backup that is kept begins at `from` (`START WAL LOCATION` of its
 * `backup_label`). Files of all timelines are compared by their place in the log alone, as `pg_archivecleanup` does; history files are
 * always kept. Nothing is removed.
 */
export const retention = (
  folder: string,
  from: Lsn,
  segmentSize: number = WalSegment.defaultSegmentSize
): Effect.Effect<Retention, PgWalArchiveError, FileSystem.FileSystem> =>
  Effect.map(list(folder, segmentSize), (segments) => {
    const first = WalSegment.at(1, from, segmentSize).number
    const removable = segments.filter(({ number }) => number < first)
    const needed = segments.filter(({ number }) => number >= first)
    let next = first
    for (const { number } of needed) {
      if (number > next) break
      next = number + 1n
    }
    const last = needed.at(-1)
    return {
      removable,
      removableBytes: removable.reduce((sum, { bytes }) => sum + bytes, 0),
      needed,
      missing:
        last !== undefined && last.number < next ? undefined : LsnText.max(from, next * BigInt(segmentSize))
    }
  })

/** The timelines whose history files are in the folder. */
export const histories = (
  folder: string
): Effect.Effect<ReadonlyArray<number>, PgWalArchiveError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const names = yield* Effect.mapError(fs.readDirectory(folder), (cause) => fileFailure(folder, cause))
    return names.flatMap((name) => TimelineHistory.timelineOfName(name) ?? []).sort((a, b) => a - b)
  })
