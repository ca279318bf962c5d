/** The options of a backup to a folder, and its result. */
import type * as Redacted from "effect/Redacted"
import type { Lsn } from "../../model/Lsn.js"
import type { PhysicalError } from "../physical/PhysicalFailure.js"
import type { BackupError } from "./BackupFailure.js"
import type { BackupOptions } from "./BackupOptions.js"

/** Everything that a backup to a folder can fail with. */
export type FolderError = BackupError | PhysicalError

/** How a restored server follows the one that the backup is from. */
export interface StandbyOptions {
  /** Settings of `primary_conninfo` over those of this connection, such as `{ host: "primary.internal" }`. */
  readonly conninfo?: Readonly<Record<string, string>>
  /**
   * The password to write into `postgresql.auto.conf`: `true` for that of the configuration. Default: none, so that the standby needs
   * a password file or a certificate.
   */
  readonly password?: true | Redacted.Redacted<string>
  /** The slot that the standby will use, as `primary_slot_name`. Default: none. */
  readonly slot?: string
}

/** A backup to a folder: where to, in which form, and the options of the server. */
export interface FolderOptions extends Omit<BackupOptions, "wal" | "tablespaceMap" | "target"> {
  /** Where the backup is written. It must be empty, or missing: then it is made. */
  readonly folder: string
  /** A data folder from which a server starts, or the server's archives as files. Default `plain`. */
  readonly format?: "plain" | "archives"
  /**
   * How the log that the backup needs comes along: `stream` over a second connection, which keeps it with a temporary slot while the
   * backup is taken; `fetch` at the end of `base.tar`, for which the server must still have it by then (`wal_keep_size`); `none` when
   * an archive has it. Default `stream`.
   */
  readonly wal?: "stream" | "fetch" | "none"
  /**
   * New places of tablespaces, by their folders on the server; both absolute. A tablespace that is not named comes to the folder of
   * the same name on this machine. For `plain`.
   */
  readonly tablespaces?: Readonly<Record<string, string>>
  /** Whether the folder becomes a standby: with `standby.signal` and `primary_conninfo`. For `plain`. Default false. */
  readonly standby?: boolean | StandbyOptions
  /** Whether a manifest comes with the backup; `force-encode` as in `stream`. Default true. */
  readonly manifest?: boolean | "force-encode"
  /** Whether the server estimates the size first, for progress. Default true. */
  readonly progress?: boolean
  /**
   * Whether the files are compared with the manifest while they are written. Archives that the server compressed are not compared.
   * Default true.
   */
  readonly verify?: boolean
  /** Whether files and folders are synced to the disk. Default true. */
  readonly sync?: boolean
}

/** A tablespace of a backup, and where it is now. */
export interface RestoredTablespace {
  readonly oid: number
  /** The folder on the server. */
  readonly location: string
  /** The folder or the archive on this machine. */
  readonly path: string
}

/** A backup that is whole. */
export interface FolderBackup {
  readonly _tag: "FolderBackup"
  readonly folder: string
  readonly systemId: string
  /** Of the server, such as 180004; `undefined` when it reports none. */
  readonly serverVersion: number | undefined
  readonly timeline: number
  /** The range of the log that the backup needs. */
  readonly start: Lsn
  readonly end: Lsn
  readonly tablespaces: ReadonlyArray<RestoredTablespace>
  /** Bytes received of archives and manifest, before decompression. */
  readonly receivedBytes: bigint
  /** `undefined` when none was asked for. */
  readonly manifest: string | undefined
}
