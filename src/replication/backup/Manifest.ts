/**
 * A backup manifest: the files of a backup with their sizes and checksums, and the ranges of the log that it needs.
 *
 * @see https://www.postgresql.org/docs/current/backup-manifest-format.html
 */
import type { Lsn } from "../../model/Lsn.js"
import type { ManifestChecksums } from "./BackupOptions.js"

/** A file of the backup. */
export interface ManifestFile {
  /** From the data folder, with `/` between its parts. */
  readonly path: string
  readonly size: bigint
  readonly lastModified: string | undefined
  readonly algorithm: ManifestChecksums
  /** Hexadecimal, in lower case; empty for `NONE`. */
  readonly checksum: string
}

/** A range of the log that the backup needs. */
export interface ManifestWalRange {
  readonly timeline: number
  readonly start: Lsn
  readonly end: Lsn
}

/** What a manifest has beside its files. */
export interface ManifestFacts {
  /** 1 up to PostgreSQL 16, 2 from 17 on. */
  readonly version: number
  /** The cluster's identifier; `undefined` in version 1. */
  readonly systemId: string | undefined
  readonly walRanges: ReadonlyArray<ManifestWalRange>
  readonly files: number
}
