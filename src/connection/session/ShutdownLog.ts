/**
 * The log of a server's end. A server that crashes or is stopped at once warns every session of it: a pool of 200 would log 200 lines, so
 * that the sessions of one connector log one.
 *
 * @see https://www.postgresql.org/docs/current/server-shutdown.html
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type { Notice } from "../../model/Notice.js"

/** How long warnings of the same text are counted before the line is logged. */
export const shutdownLogDelay: Duration.Duration = Duration.seconds(1)

/** Whether the server sends such a warning to every session before it ends. */
export const isShutdown = (notice: Notice): boolean =>
  notice.severity === "WARNING" && notice.code.startsWith("57P0")

/** Shared by the sessions of one connector. */
export class ShutdownCounts {
  /** Sessions by what is logged of them. */
  private readonly sessions = new Map<string, number>()

  /** Counts the warning; the first of a text is logged after `shutdownLogDelay`, as a log of `runtime` would be. */
  add(notice: Notice, runtime: Runtime.Runtime<never>): void {
    const text = `${notice.severity} ${notice.code}: ${notice.text}`
    const before = this.sessions.get(text)
    this.sessions.set(text, (before ?? 0) + 1)
    if (before !== undefined) return
    Runtime.runFork(
      runtime,
      Effect.delay(
        Effect.suspend(() => this.log(text)),
        shutdownLogDelay
      ),
      { immediate: false }
    )
  }

  private log(text: string): Effect.Effect<void> {
    const count = this.sessions.get(text) ?? 0
    this.sessions.delete(text)
    return Effect.logWarning(count === 1 ? text : `${text} (reported by ${count} sessions)`)
  }
}
