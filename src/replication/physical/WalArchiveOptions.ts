/** The options of an archive of the log, its status, and its events. */
import type * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { PgConnector } from "../../connection/PgConnector.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgWalArchiveError } from "../../model/WalArchiveError.js"
import type { WalCompression } from "./Compression.js"
import type { PhysicalEvent, WalData } from "./PhysicalEvent.js"
import type { PhysicalError } from "./PhysicalFailure.js"
import type { PhysicalOptions } from "./PhysicalFeed.js"

/** What an archive can fail with. */
export type WalArchiveFailureCause = PhysicalError | PgWalArchiveError

/** Where the log is archived, and how. */
export interface WalArchiveOptions extends Pick<
  PhysicalOptions,
  "slot" | "create" | "until" | "statusInterval" | "silenceLimit" | "targetSessionAttrs"
> {
  /** Bytes of the log that wait for the disk at which reading from the socket stops. Default `defaultArchiveBuffer`, 2 MiB. */
  readonly bufferBytes?: number
  /** Where the files are. It must exist. */
  readonly folder: string
  /**
   * Every piece is synced and reported at once, so that a primary may name this archive in `synchronous_standby_names`, under the
   * `application_name` of the connection. Default false: each segment is synced when it is complete.
   */
  readonly synchronous?: boolean
  /** Complete segments are compressed. Default: they are not. A `restore_command` has to decompress them. */
  readonly compression?: WalCompression
  /** Permissions of the files. Default `0o600`: a server under another user cannot restore from them. */
  readonly fileMode?: number
  /** Bytes that must be left on the file system once a segment has been opened. Default 0. */
  readonly minFreeBytes?: number
  /** How the archive goes on after a lost connection or a failure of the disk. Default `defaultPhysicalReconnect`. */
  readonly reconnect?: Schedule.Schedule<unknown, WalArchiveFailureCause>
  /** Called with what happens, as it happens: the archive waits for it. */
  readonly onEvent?: (event: WalArchiveEvent) => Effect.Effect<void>
}

/** A segment is complete, synced, and under its own name. */
export interface SegmentCompleted {
  readonly _tag: "SegmentCompleted"
  /** Of the file. */
  readonly name: string
  /** Where the next segment begins. */
  readonly end: Lsn
}

/** The archive cannot go on now, and tries again. */
export interface ArchiveStalled {
  readonly _tag: "ArchiveStalled"
  readonly error: WalArchiveFailureCause
}

/** What happens to an archive, for logs and metrics. */
export type WalArchiveEvent = Exclude<PhysicalEvent, WalData> | SegmentCompleted | ArchiveStalled

/** How far an archive is. */
export interface WalArchiveStatus {
  /** `stalled`: it cannot go on now, for the reason in `error`. */
  readonly state: "starting" | "streaming" | "lost" | "stalled" | "stopped"
  readonly error: WalArchiveFailureCause | undefined
  /** `undefined` until a server has been reached. */
  readonly systemId: string | undefined
  readonly timeline: number | undefined
  /** Everything before has been received; `0/0` until something has. */
  readonly received: Lsn
  /** Everything before is in synced files. */
  readonly flushed: Lsn
  readonly serverEnd: Lsn
  /** Bytes of the log that the server has and the archive has not synced. */
  readonly lag: bigint
  /** Bytes received since the archive was opened. */
  readonly bytes: bigint
  /** The file that is written now. */
  readonly fileName: string | undefined
}

/** An archive at work: its state, and what happens to it. */
export interface WalArchive {
  /**
   * Receives the log into the folder, up to `until` or for ever. It goes on after lost connections and failures of the disk, by
   * `reconnect`. Interrupting it syncs the received log, reports it, and leaves the last segment as `.partial`.
   */
  readonly run: Effect.Effect<void, WalArchiveFailureCause, PgConnector>
  readonly status: Effect.Effect<WalArchiveStatus>
}
