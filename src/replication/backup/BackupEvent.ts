/** What a base backup is made of, in the order in which the server sends it. */
import type { Lsn } from "../../model/Lsn.js"

/** A folder of the server that is an archive of its own. */
export interface BackupTablespace {
  /** `undefined` for the data folder itself. */
  readonly oid: number | undefined
  /** The folder on the server; relative to the data folder for a tablespace that lies in it; `undefined` for the data folder. */
  readonly location: string | undefined
  /** What the server estimates; `undefined` unless `progress` was asked for. */
  readonly estimatedBytes: bigint | undefined
}

/** The first event: the server has written its checkpoint, and begins to read its files. */
export interface BackupStarted {
  readonly _tag: "BackupStarted"
  /** The cluster's identifier. */
  readonly systemId: string
  /** Of the server, such as 180004; `undefined` when it reports none. */
  readonly serverVersion: number | undefined
  /** The first byte of the log that the backup needs. */
  readonly start: Lsn
  readonly timeline: number
  /** One for each archive that follows; the data folder is the last. */
  readonly tablespaces: ReadonlyArray<BackupTablespace>
}

/** An archive begins. */
export interface ArchiveStarted {
  readonly _tag: "ArchiveStarted"
  /** A file name, such as `base.tar` or `16384.tar.gz`; never a path. */
  readonly name: string
  readonly tablespace: BackupTablespace
}

/** Bytes of the archive that began last. They are the consumer's. */
export interface ArchiveData {
  readonly _tag: "ArchiveData"
  readonly data: Uint8Array
}

/** The archive has ended, with its two blocks of zeros, unless the server compressed it. */
export interface ArchiveEnded {
  readonly _tag: "ArchiveEnded"
}

/** The manifest begins. */
export interface ManifestStarted {
  readonly _tag: "ManifestStarted"
}

/** Bytes of the manifest. They are the consumer's. */
export interface ManifestData {
  readonly _tag: "ManifestData"
  readonly data: Uint8Array
}

/** How far the server is with the whole backup. */
export interface BackupProgressed {
  readonly _tag: "BackupProgressed"
  /** Bytes of all archives so far, before compression. */
  readonly bytes: bigint
  /** What the server estimated before, or `bytes` when that is more; `undefined` unless `progress` was asked for. */
  readonly estimatedBytes: bigint | undefined
}

/** The last event: the server confirms that the backup is whole. Without it nothing that was received is a backup. */
export interface BackupFinished {
  readonly _tag: "BackupFinished"
  /** Behind the last byte of the log that the backup needs. */
  readonly end: Lsn
  readonly timeline: number
}

/** An element of a base backup, in the order in which the server sends it. */
export type BackupEvent =
  | BackupStarted
  | ArchiveStarted
  | ArchiveData
  | ArchiveEnded
  | ManifestStarted
  | ManifestData
  | BackupProgressed
  | BackupFinished
