/**
 * WAIT FOR: waits until a server has written, flushed or replayed the log up to a position, so that a standby shows what was written on the primary before.
 *
 * @see https://www.postgresql.org/docs/current/sql-wait-for.html
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Lsn from "../model/Lsn.js"
import { PgUsageError } from "../model/PgError.js"
import type { PgSessionError } from "../model/PgError.js"
import type { PgConnection } from "./PgConnection.js"

/** What the position is compared with: of a standby what it has replayed (the default), written or flushed, of a primary what it has flushed. */
export type WaitMode = "standby_replay" | "standby_write" | "standby_flush" | "primary_flush"

/** How long, and for what, is waited. */
export interface WaitOptions {
  readonly mode?: WaitMode
  /** The server gives up after this, and the result is `timeout`. Unless given, there is no limit. */
  readonly timeout?: Duration.DurationInput
}

/** The server's answer; `not in recovery`: it is no standby, or has been promoted meanwhile. */
export type WaitResult = "success" | "timeout" | "not in recovery"

const since = 190_000

const refusal = (argument: string, reason: string): PgUsageError =>
  new PgUsageError({ operation: "waitForLsn", argument, reason, sql: "" })

const modes: ReadonlySet<string> = new Set([
  "standby_replay",
  "standby_write",
  "standby_flush",
  "primary_flush"
])

const isResult = (value: unknown): value is WaitResult =>
  typeof value === "string" && /^(?:success|timeout|not in recovery)$/.test(value)

/**
 * Waits on the connection's server for a position of the log, such as `pg_current_wal_insert_lsn()` of the primary behind a write: what was written before is then seen. Interrupting
 * cancels the wait. Inside a transaction the server refuses it with `PgServerError`.
 *
 * Fails with `PgUsageError`, before anything is sent, on a server before PostgreSQL 19, which does not know WAIT FOR.
 */
export const waitForLsn = (
  connection: PgConnection,
  lsn: Lsn.Lsn,
  options: WaitOptions = {}
): Effect.Effect<WaitResult, PgSessionError> =>
  Effect.gen(function* () {
    const { mode = "standby_replay", timeout } = options
    const version = yield* connection.serverVersion
    if (version !== undefined && version < since)
      return yield* refusal(
        "",
        `WAIT FOR needs PostgreSQL 19 or later, and the server has ${Math.floor(version / 10_000)}.${version % 10_000}`
      )
    if (!modes.has(mode))
      return yield* refusal("mode", `must be one of ${[...modes].join(", ")}, got ${JSON.stringify(mode)}`)
    // The server takes zero for no limit.
    const limit =
      timeout === undefined ? "" : `timeout '${Math.max(1, Math.ceil(Duration.toMillis(timeout)))}ms', `
    const sql = `wait for lsn '${Lsn.toText(lsn)}' with (mode '${mode}', ${limit}no_throw)`
    const [result] = yield* connection.simple(sql, { timeout: Duration.infinity })
    const status = Object.values(result?.rows[0] ?? {})[0]
    return isResult(status)
      ? status
      : yield* refusal(
          "",
          `the server must answer WAIT FOR with success, timeout or not in recovery, got ${JSON.stringify(status)}`
        )
  })
