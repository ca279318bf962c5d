/**
 * The log that the workloads of physical replication receive: a cluster of PostgreSQL 15 of its own, because Debian's programs are
 * of that version and refuse a newer server. A slot keeps the log; every measurement gets a copy of it.
 */
import * as Effect from "effect/Effect"
import * as PgConfig from "../../src/config/PgConfig.js"
import * as PgConnector from "../../src/connection/PgConnector.js"
import * as Statement from "../../src/model/Statement.js"
import * as EmbeddedPostgres from "../../src/testing/EmbeddedPostgres.js"
import type { Access, BenchServer } from "./Server.js"
import type { Workload } from "./Workload.js"

/** What a client gets. */
export interface LogFeed {
  readonly slot: string
  /** Where the log ended when everything was written. */
  readonly end: string
  /** The name under which a synchronous standby is known. */
  readonly application: string
}

const original = "bench_log"
const slot = "bench_archive"
const application = "bench_standby"

/** The first value of the last statement, over a session that waits for no standby. */
const value = Effect.fn("Log.value")(function* (access: Access, ...texts: ReadonlyArray<string>) {
  const { database, host, port, user } = access
  const config = yield* PgConfig.make({ database, host, port, user, sslMode: "disable" })
  const answer = Effect.gen(function* () {
    const connection = yield* (yield* PgConnector.PgConnector).open()
    yield* connection.query(Statement.make("set synchronous_commit = local"))
    let last: unknown
    for (const text of texts) last = (yield* connection.values(Statement.make(text)))[0]?.[0]
    return last
  })
  return yield* Effect.provide(Effect.scoped(answer), PgConnector.layer(config))
})

/** Pages that no compression makes small, as logical messages: the server writes them as fast as its disk takes them. */
const filling = (megabytes: number): ReadonlyArray<string> => [
  `select count(pg_logical_emit_message(false, 'bench',
     (select string_agg(md5(random()::text), '') from generate_series(1, 4096)) || i))
   from generate_series(1, ${Math.ceil((megabytes * 2 ** 20) / 131_072)}) i`,
  "select pg_switch_wal()"
]

/** Starts the cluster, and writes what the workload receives. */
export const write = Effect.fn("Log.write")(function* (workload: Workload) {
  yield* Effect.logInfo("starting PostgreSQL 15 for its log")
  const isSynchronous = workload.kind === "walSynchronous"
  const { database, host, port, user } = yield* EmbeddedPostgres.start({
    version: 15,
    listen: "tcp",
    settings: {
      shared_buffers: "256MB",
      max_wal_size: "8GB",
      autovacuum: "off",
      ...(isSynchronous ? { synchronous_standby_names: application } : {})
    },
    hba: ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
  })
  const trusted: Access = { database, host, port, user }
  const version = String(yield* value(trusted, "show server_version"))
  yield* value(
    trusted,
    "create table bench_commits (id int4)",
    `select pg_create_physical_replication_slot('${original}', true)`,
    ...(isSynchronous ? [] : filling(workload.items))
  )
  const end = String(yield* value(trusted, "select pg_current_wal_flush_lsn()::text"))
  const server: BenchServer = { trusted, scram: trusted, version }
  return { server, feed: { slot, end, application } satisfies LogFeed }
})

export type Log = Effect.Effect.Success<ReturnType<typeof write>>

/** Gives one measurement a slot of its own, which is gone after it. */
export const withSlot = <A, E, R>({ feed, server }: Log, use: (feed: LogFeed) => Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    value(
      server.trusted,
      "truncate bench_commits",
      "checkpoint",
      `select pg_copy_physical_replication_slot('${original}', '${slot}')`
    ),
    () => use(feed),
    () => Effect.ignoreLogged(value(server.trusted, `select pg_drop_replication_slot('${slot}')`))
  )
