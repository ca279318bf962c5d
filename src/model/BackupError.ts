import { TaggedError } from "./TaggedError.js"

/** Why a base backup cannot be written, read or put together. */
export type BackupFailure =
  /** The folder, or a tablespace's folder, cannot take the backup: it is not empty, not absolute, or given twice. */
  | "target"
  /** An archive is malformed, cut, or has a member that a server would not send. */
  | "archive"
  /** The manifest is malformed, or does not agree with the files. */
  | "manifest"
  /** The backups do not follow each other. */
  | "chain"
  /** A file of a backup is not of the kind that its name states. */
  | "content"
  /** A file could not be written, synced, renamed or read. */
  | "file"
  /** The file system is full. */
  | "disk-full"

/** A base backup cannot be written, read or put together. What was written of it has been removed. */
export class PgBackupError extends TaggedError("PgBackupError")<{
  readonly reason: BackupFailure
  /** The file, folder or archive member that the error is about. */
  readonly path: string
  readonly detail: string
  /** What the file system or a library failed with, if it did. */
  readonly cause?: unknown
}> {
  readonly nothingSent = false
  override get message(): string {
    return `base backup: ${this.reason}: ${this.path}: ${this.detail}`
  }
}
