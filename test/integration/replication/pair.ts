/** A primary and a standby, which copies its failover slots from PostgreSQL 17 on. */
import * as Effect from "effect/Effect"
import type { PgConfigInput } from "../../../src/config/Input.js"
import type { EmbeddedServer, MajorVersion } from "../../../src/testing/EmbeddedPostgres.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { slotRow } from "./support.js"

export interface Pair {
  readonly primary: EmbeddedServer
  readonly standby: EmbeddedServer
}

/** Wakes the process that copies slots, which sleeps up to thirty seconds when it has found nothing new. */
export const syncNow = (standby: EmbeddedServer) => rawRows(standby, "select pg_reload_conf()")

/** Both run until the scope closes. */
export const pair = (version: MajorVersion = 18) =>
  Effect.gen(function* () {
    const primary = yield* start({ version, listen: "tcp" })
    yield* rawRows(primary, "select pg_create_physical_replication_slot('standby', true)")
    yield* primary.stop()
    const standby = yield* start({
      version,
      listen: "tcp",
      dataFolder: primary.dataFolder,
      settings: {
        primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres dbname=postgres`,
        primary_slot_name: "standby",
        hot_standby: "on",
        hot_standby_feedback: "on",
        wal_retrieve_retry_interval: "100ms"
      }
    })
    yield* primary.startAgain
    // Not before the primary is there: the process that copies slots ends when it is not, and is started again ten seconds later.
    if (version >= 17) {
      yield* rawRows(standby, "alter system set sync_replication_slots = on")
      yield* syncNow(standby)
    }
    return { primary, standby } satisfies Pair
  })

/** Names both as hosts. */
export const hostsOf = ({ primary, standby }: Pair): PgConfigInput => ({
  host: undefined,
  port: undefined,
  hosts: [primary, standby].map(({ host, port }) => ({ host, port }))
})

/** Waits until the standby can go on from its copy of the slot. */
export const synced = ({ primary, standby }: Pair, slot: string) => {
  // The standby trusts its copy once the primary's slot has left what the standby has thrown away already.
  const moved = rawRows(
    primary,
    `select pg_log_standby_snapshot(), pg_replication_slot_advance('${slot}', pg_current_wal_lsn())`
  ).pipe(Effect.zipRight(Effect.sleep("100 millis")), Effect.zipRight(syncNow(standby)))
  return eventually(
    Effect.zipRight(moved, slotRow(slot, "synced, temporary", standby)),
    (row) => row?.[0] === "t" && row[1] === "f"
  )
}
