/** How a backup is verified, and what is found. */
import type { ManifestFacts } from "./Manifest.js"

/** What of a backup is verified, and how much of it is remembered. */
export interface VerifyOptions {
  /** The manifest, where it is not `backup_manifest` in the folder. */
  readonly manifest?: string
  /** Whether the contents of files are read for their checksums. Default true; sizes are compared in any case. */
  readonly checksums?: boolean
  /** Whether the log that the backup needs is looked for. Default true; false for a backup whose log is in an archive. */
  readonly log?: boolean
  /** Deviations that are listed; more are only counted. Default 1000. */
  readonly limit?: number
  /** Files of the manifest that are remembered at a time, about 200 bytes each. Default 100,000. */
  readonly filesAtOnce?: number
}

/** What is wrong with a backup. */
export type DeviationKind =
  /** The manifest itself is malformed, or its checksum is another. */
  | "manifest"
  /** A file of the manifest is not there. */
  | "missing"
  /** A file is there that the manifest does not have, or something that is no file. */
  | "extra"
  /** A file of the manifest is listed twice. */
  | "repeated"
  | "size"
  | "checksum"
  /** A file or folder cannot be read. */
  | "unreadable"
  /** An archive is malformed or cut. */
  | "archive"
  /** The control file is of another cluster than the manifest. */
  | "system"
  /** The log that the backup needs is not there, or its pages are not what they should be. */
  | "log"

/** One difference between a backup and its manifest. */
export interface BackupDeviation {
  readonly kind: DeviationKind
  /** From the folder of the backup. */
  readonly path: string
  readonly detail: string
}

/** What was found. */
export interface BackupReport {
  /** Whether there is no deviation. */
  readonly isWhole: boolean
  /** Files that were compared, and their bytes. */
  readonly files: number
  readonly bytes: bigint
  readonly deviations: ReadonlyArray<BackupDeviation>
  /** How many there are, listed or not. */
  readonly deviationCount: number
  /** The content of the manifest; `undefined` when it is malformed. */
  readonly manifest: ManifestFacts | undefined
}
