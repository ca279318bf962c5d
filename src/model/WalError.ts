import { TaggedError } from "./TaggedError.js"

/** Why the log cannot be followed from a position. */
export type WalFailure =
  /** The server has removed this part of its log: a base backup is needed, or an archive that has it. */
  | "removed"
  /** The server's log ends before the position. */
  | "beyond-end"
  /** The server's history was never on the timeline, or left it before the position. */
  | "diverged"
  /** The server belongs to another cluster. */
  | "other-system"

/** The log cannot be followed from the position that was asked for, or that was reached. */
export class PgWalError extends TaggedError("PgWalError")<{
  readonly reason: WalFailure
  readonly position: bigint
  readonly timeline: number
  /** What is the case, and what can be done. */
  readonly detail: string
}> {
  readonly nothingSent = false
  override get message(): string {
    return `the log cannot be followed: ${this.reason}: ${this.detail}`
  }
}
