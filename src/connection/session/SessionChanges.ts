/**
 * Whether the statements of a session can have changed what its next user would notice: role, settings, LISTEN, temporary tables,
 * advisory locks, cursors. Command tags and the texts of statements show it; what a function does inside a SELECT is not seen, unless
 * the server reports a setting that it has changed.
 */

/** Tags of commands that leave something behind in a session. `DO` and `CALL` run code that is not seen. */
const changing: ReadonlySet<string> = new Set([
  "SET",
  "RESET",
  "LISTEN",
  "DECLARE CURSOR",
  "DO",
  "CALL",
  "LOAD"
])

/** Functions and temporary tables in the text of a statement. A match that means something else costs a reset and no more. */
const changingText =
  /\bset_config\b|\bpg_(try_)?advisory_lock|\b(create|into)\s+((local|global)\s+)?temp(orary)?\b|\bpg_temp\b/i

/** Whether the text of a statement shows that it can change what the next statement of its session would notice. */
export const changesSession = (sql: string): boolean => changingText.test(sql)

/** These hold until the end of the transaction. */
const forTransaction = /^\s*set\s+(local|transaction|constraints)\b[^;]*;?\s*$/i

/** Texts that are remembered with their judgement. */
const maxJudged = 512

export class SessionChanges {
  /** Something can have been changed since the session was opened or reset. */
  isChanged = false
  private readonly judged = new Map<string, boolean>()

  /** A command has been completed. `sql` is the text that it came in. */
  completed(commandTag: string, sql: string): void {
    if (this.isChanged) return
    const byTag = changing.has(commandTag)
    const isChanging = byTag
      ? !(commandTag === "SET" && forTransaction.test(sql))
      : (this.judged.get(sql) ?? this.judge(sql))
    if (isChanging) this.isChanged = true
  }

  private judge(sql: string): boolean {
    if (this.judged.size >= maxJudged) this.judged.clear()
    const isChanging = changesSession(sql)
    this.judged.set(sql, isChanging)
    return isChanging
  }
}

/** What is taken back: `settings` leaves prepared statements and cached plans alone, `all` is DISCARD ALL. */
export type SessionReset = "settings" | "all"

/**
 * The statements of a reset. RESET ALL leaves the role alone, and a session authorization; `settings` are first, so that a
 * `statement_timeout` or a `search_path` of the last user does not affect the rest.
 *
 * @see https://www.postgresql.org/docs/current/sql-discard.html
 */
export const resetText = (what: SessionReset): string =>
  what === "all"
    ? "discard all"
    : "reset all; set session authorization default; reset role; close all; unlisten *; " +
      "select pg_catalog.pg_advisory_unlock_all(); discard temp; discard sequences"
