import { TaggedError } from "./TaggedError.js"

/** Why an archive of the log cannot be written. */
export type WalArchiveFailure =
  /** Another process, or another archive of this process, writes to the folder. */
  | "locked"
  /** The folder holds the log of another cluster. */
  | "other-system"
  /** The segments in the folder are of another size than the server's. */
  | "segment-size"
  /** A file could not be written, synced, renamed or read. */
  | "file"
  /** The file system has too little space for the next segment. */
  | "disk-full"

/** An archive of the log cannot be written. What was reported as flushed is in it. */
export class PgWalArchiveError extends TaggedError("PgWalArchiveError")<{
  readonly reason: WalArchiveFailure
  /** The file or the folder that the error is about. */
  readonly path: string
  readonly detail: string
  /** What the file system failed with, if it did. */
  readonly cause?: unknown
}> {
  readonly nothingSent = false
  override get message(): string {
    return `archive of the log: ${this.reason}: ${this.path}: ${this.detail}`
  }
}
