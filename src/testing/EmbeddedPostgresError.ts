/** Why a throw-away server could not be started. */
import type { PlatformError } from "@effect/platform/Error"
import { TaggedError } from "../model/TaggedError.js"

/**
 * - `"missing"`: no server binaries of the version asked for, neither from npm nor on `PATH`;
 * - `"prepare"`: folders, binaries or the first `initdb` failed;
 * - `"start"`: the server ended before it was ready, usually because of a setting: read `log`;
 * - `"timeout"`: the server runs but does not accept sessions.
 */
export type EmbeddedPostgresReason = "missing" | "prepare" | "start" | "timeout"

/** A server could not be found, prepared or started. Its files have been removed. */
export class EmbeddedPostgresError extends TaggedError("EmbeddedPostgresError")<{
  readonly reason: EmbeddedPostgresReason
  readonly text: string
  /** The last 16 kB of what the server or `initdb` printed; empty when nothing was run. */
  readonly log: string
}> {
  override get message(): string {
    return this.log === "" ? this.text : `${this.text}\n${this.log}`
  }
}

/** A failed file operation on the way to a server. */
export const fromPlatform = (error: PlatformError): EmbeddedPostgresError =>
  new EmbeddedPostgresError({ reason: "prepare", text: error.message, log: "" })

const logLimit = 16_384

/** The end of a log, cut at a line. */
export const tail = (log: string): string => {
  const text = log.trimEnd()
  if (text.length <= logLimit) return text
  const cut = text.slice(-logLimit)
  return cut.slice(cut.indexOf("\n") + 1)
}
