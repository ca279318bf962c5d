/**
 * A replication slot as the catalog has it, in the same form from every version. A column that an older server does not
 * have gets the value that it would have there.
 *
 * @see https://www.postgresql.org/docs/current/view-pg-replication-slots.html
 */
import * as Option from "effect/Option"
import * as Lsn from "../../model/Lsn.js"
import { PgTimestampTz } from "../../model/PgTimestampTz.js"
import type { CatalogRow } from "../walsender/CatalogRow.js"
import { fromText, text, whole, yes } from "../walsender/CatalogRow.js"

/** Why a slot can no longer be used. Newer servers may know more. */
export type Invalidation =
  /** The log it needs has been removed, because it kept too much. */
  | "wal_removed"
  /** Rows of the catalog that it needs have been removed, on a standby. */
  | "rows_removed"
  /** The primary no longer writes what logical decoding needs. */
  | "wal_level_insufficient"
  /** It has not been used for too long. PostgreSQL 18. */
  | "idle_timeout"
  /** Recovery conflicted with it; PostgreSQL 16 reports no more. */
  | "conflict"
  | (string & {})

/**
 * A replication slot as `pg_replication_slots` shows it; fields that the server is too old for are undefined.
 *
 * @see https://www.postgresql.org/docs/current/view-pg-replication-slots.html
 */
export interface SlotState {
  readonly name: string
  readonly kind: "logical" | "physical"
  /** Of a logical slot. */
  readonly plugin: string | undefined
  /** Of a logical slot. */
  readonly database: string | undefined
  readonly temporary: boolean
  /** The process of the server that uses it; `undefined` when it is not in use. */
  readonly activePid: number | undefined
  /** From here on the log is kept; `undefined` when nothing is. */
  readonly restart: Lsn.Lsn | undefined
  /** Everything before has been confirmed and is never sent again. Of a logical slot. */
  readonly confirmed: Lsn.Lsn | undefined
  /** Bytes of log from what is confirmed (of a physical slot: from `restart`) to the end of the server's log. */
  readonly lag: bigint | undefined
  /** Bytes of log that are kept for it. */
  readonly retained: bigint | undefined
  /** `lost`: the slot is of no use any more. */
  readonly walStatus: "reserved" | "extended" | "unreserved" | "lost" | undefined
  /** Bytes that may still be written before the slot is in danger of being lost; `undefined` without such a limit. */
  readonly safeWalBytes: bigint | undefined
  readonly twoPhase: boolean
  /** Whether it is copied to standbys. PostgreSQL 17. */
  readonly failover: boolean
  /** Whether it is such a copy, which cannot be used before the standby is promoted. PostgreSQL 17. */
  readonly synced: boolean
  /** Since when it is not in use; `undefined` while it is. PostgreSQL 17. */
  readonly inactiveSince: PgTimestampTz | undefined
  /** Why it can no longer be used; `undefined` when it can. */
  readonly invalidation: Invalidation | undefined
}

/** Every slot as JSON, which has the columns that this server has, the end of the log, and which run of the server answers. */
export const query =
  "select pg_catalog.pg_postmaster_start_time()::pg_catalog.text as server_start, pg_catalog.pg_is_in_recovery() as in_recovery," +
  " pg_catalog.to_jsonb(s)::pg_catalog.text as slot, (case when pg_catalog.pg_is_in_recovery()" +
  " then pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_lsn() end)::pg_catalog.text as wal_end" +
  " from pg_catalog.pg_replication_slots s order by s.slot_name"

const lsn = (value: string | undefined): Lsn.Lsn | undefined =>
  Option.getOrUndefined(Lsn.fromText(value ?? ""))

const behind = (end: Lsn.Lsn | undefined, from: Lsn.Lsn | undefined): bigint | undefined =>
  end === undefined || from === undefined ? undefined : end > from ? end - from : 0n

const walStatuses = ["reserved", "extended", "unreserved", "lost"] as const

/** 17 gives the reason, 16 that there was a conflict, and all of them when the log is gone. */
const invalidationOf = (row: CatalogRow): Invalidation | undefined => {
  const reason = text(row, "invalidation_reason")
  if (reason !== undefined) return reason
  if (yes(row, "conflicting")) return "conflict"
  return text(row, "wal_status") === "lost" ? "wal_removed" : undefined
}

/** A row of `query`; `undefined` for any other row. */
export const fromRow = (source: string, walEnd: string | undefined): SlotState | undefined => {
  const row = fromText(source)
  const name = row === undefined ? undefined : text(row, "slot_name")
  if (row === undefined || name === undefined) return undefined
  const kind = text(row, "slot_type") === "physical" ? "physical" : "logical"
  const restart = lsn(text(row, "restart_lsn"))
  const confirmed = lsn(text(row, "confirmed_flush_lsn"))
  const end = lsn(walEnd)
  const since = text(row, "inactive_since")
  const safe = whole(row, "safe_wal_size")
  return {
    name,
    kind,
    plugin: text(row, "plugin"),
    database: text(row, "database"),
    temporary: yes(row, "temporary"),
    activePid: whole(row, "active_pid"),
    restart,
    confirmed,
    lag: behind(end, kind === "logical" ? confirmed : restart),
    retained: behind(end, restart),
    walStatus: walStatuses.find((status) => status === text(row, "wal_status")),
    safeWalBytes: safe === undefined ? undefined : BigInt(safe),
    twoPhase: yes(row, "two_phase"),
    failover: yes(row, "failover"),
    synced: yes(row, "synced"),
    inactiveSince:
      since === undefined
        ? undefined
        : Option.getOrUndefined(PgTimestampTz.fromText(since.replace("T", " "))),
    invalidation: invalidationOf(row)
  }
}
