/**
 * What the workload of replication reads: a table, a publication, a slot made before anything was written, and the changes.
 * No client reads that slot; every measurement gets copies of it, so that all read the same from the same place.
 */
import * as Effect from "effect/Effect"
import * as PgConfig from "../../src/config/PgConfig.js"
import * as PgConnector from "../../src/connection/PgConnector.js"
import * as Statement from "../../src/model/Statement.js"
import type { BenchServer } from "./Server.js"
import type { Workload } from "./Workload.js"
import { narrow, smallTransaction, wideBetween } from "./Workload.js"

/** The settings that a client gets. */
export interface Feed {
  readonly publication: string
  /** For the uncounted run, and for the other. */
  readonly slots: readonly [string, string]
  /** Where the server's log ended when everything was written. */
  readonly end: string
}

const table = "bench_changes"
const publication = "bench_publication"
const original = "bench_original"
const slots = ["bench_uncounted", "bench_counted"] as const

/** The first value of the last statement's result, over a session of its own. */
const value = Effect.fn("Changes.value")(function* (server: BenchServer, ...texts: ReadonlyArray<string>) {
  const { database, host, port, user } = server.trusted
  const config = yield* PgConfig.make({ database, host, port, user, sslMode: "disable" })
  const answer = Effect.gen(function* () {
    const connector = yield* PgConnector.PgConnector
    const connection = yield* connector.open()
    let last: unknown
    for (const text of texts) last = (yield* connection.values(Statement.make(text)))[0]?.[0]
    return last
  })
  return yield* Effect.provide(Effect.scoped(answer), PgConnector.layer(config))
})

/** Wide rows, half of them in one transaction and the others in small ones. */
const wideInserts = (items: number): ReadonlyArray<string> => {
  const half = items / 2
  return [
    `insert into ${table} ${wideBetween("1", String(half))}`,
    `do $$ begin
       for t in 1..${half / smallTransaction} loop
         insert into ${table} ${wideBetween(`${half + 1} + (t - 1) * ${smallTransaction}`, `${half} + t * ${smallTransaction}`)};
         commit;
       end loop;
     end $$`
  ]
}

const columnsOf = {
  wide: "id int4, name text, score float8, active bool, at timestamptz, pad text",
  narrow: "id int4"
}

/** Narrow rows are one transaction. */
const inserts = ({ items, shape }: Workload): ReadonlyArray<string> =>
  shape === "narrow" ? [`insert into ${table} ${narrow(items)}`] : wideInserts(items)

/** Writes the changes of a workload, once for all its rounds. */
export const write = Effect.fn("Changes.write")(function* (server: BenchServer, workload: Workload) {
  yield* Effect.logInfo(`writing ${workload.items} changes`)
  const end = yield* value(
    server,
    "select pg_drop_replication_slot(slot_name) from pg_replication_slots",
    `drop table if exists ${table}`,
    `drop publication if exists ${publication}`,
    `create table ${table} (${columnsOf[workload.shape ?? "wide"]})`,
    `create publication ${publication} for table ${table}`,
    `select pg_create_logical_replication_slot('${original}', 'pgoutput')`,
    ...inserts(workload),
    `select pg_current_wal_flush_lsn()::text`
  )
  const feed: Feed = { publication, slots, end: String(end) }
  return { server, feed }
})

export type Changes = Effect.Effect.Success<ReturnType<typeof write>>

const drop = (server: BenchServer) =>
  value(
    server,
    `select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name <> '${original}' and not active`
  )

/** Gives one measurement slots of its own, which are gone after it. */
export const withFeed = <A, E, R>(
  changes: Changes | undefined,
  use: (feed: Feed | undefined) => Effect.Effect<A, E, R>
) =>
  changes === undefined
    ? use(undefined)
    : Effect.acquireUseRelease(
        value(
          changes.server,
          ...slots.map((slot) => `select pg_copy_logical_replication_slot('${original}', '${slot}')`)
        ),
        () => use(changes.feed),
        () => Effect.ignoreLogged(drop(changes.server))
      )
