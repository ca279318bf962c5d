/**
 * The cluster that the workloads of base backups copy: PostgreSQL 15, because Debian's programs are of that version and refuse a newer
 * server; where backups are combined PostgreSQL 18, whose chain of a full backup and three increments is taken beforehand.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as PgConfig from "../../src/config/PgConfig.js"
import * as PgConnector from "../../src/connection/PgConnector.js"
import * as Statement from "../../src/model/Statement.js"
import * as BaseBackup from "../../src/replication/backup/BaseBackup.js"
import * as EmbeddedPostgres from "../../src/testing/EmbeddedPostgres.js"
import type { Access, BenchServer } from "./Server.js"
import type { Workload } from "./Workload.js"

/** What a client gets. */
export interface BackupJob {
  readonly format: "plain" | "archives"
  /** Whether files are compared with the manifest while they are written, where a client can do that. */
  readonly verify: boolean
  /** The folders of a chain, the full backup first. */
  readonly chain: ReadonlyArray<string>
  /** What becomes of the chain, for a client that only copies it. */
  readonly combined: string
}

const connectorOf = ({ database, host, port, user }: Access) =>
  Effect.map(PgConfig.make({ database, host, port, user, sslMode: "disable" }), PgConnector.layer)

const execute = Effect.fn("Cluster.execute")(function* (access: Access, ...texts: ReadonlyArray<string>) {
  const all = Effect.gen(function* () {
    const connection = yield* (yield* PgConnector.PgConnector).open()
    let last: unknown
    for (const text of texts) last = (yield* connection.values(Statement.make(text)))[0]?.[0]
    return last
  })
  return yield* Effect.provide(Effect.scoped(all), yield* connectorOf(access))
})

/** Rows of a kilobyte that the server does not compress. */
const filling = (name: string, megabytes: number): string =>
  `create table ${name} as select i as id,
     (select string_agg(md5(random()::text || i || j), '') from generate_series(1, 30) j) as filler
   from generate_series(1, ${Math.round(megabytes * 990)}) i`

/** A full backup and three increments, between which one row of fifty changes. */
const chainOf = Effect.fn("Cluster.chainOf")(function* (access: Access, root: string) {
  const connector = yield* connectorOf(access)
  const chain: Array<string> = []
  for (let number = 0; number < 4; number++) {
    const folder = `${root}/${number}`
    const before = chain.at(-1)
    yield* Effect.provide(
      BaseBackup.toFolder({
        folder,
        checkpoint: "fast",
        sync: false,
        ...(before === undefined ? {} : { incrementalFrom: `${before}/backup_manifest` })
      }),
      connector
    )
    chain.push(folder)
    yield* execute(access, `update a set filler = md5(id::text) where id % 50 = ${number}`)
  }
  yield* BaseBackup.combine(chain, `${root}/combined`, { sync: false })
  return chain
})

/** Starts the cluster, and fills it. */
export const write = Effect.fn("Cluster.write")(function* (workload: Workload) {
  const isCombined = workload.kind === "backupCombine"
  const version = isCombined ? 18 : 15
  yield* Effect.logInfo(`starting PostgreSQL ${version} for its backups`)
  const { database, host, port, user } = yield* EmbeddedPostgres.start({
    version,
    listen: "tcp",
    settings: {
      shared_buffers: "256MB",
      max_wal_size: "8GB",
      autovacuum: "off",
      ...(isCombined ? { summarize_wal: "on" } : {})
    },
    hba: ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
  })
  const trusted: Access = { database, host, port, user }
  const half = workload.items / 2
  yield* execute(trusted, filling("a", half), filling("b", half), "checkpoint")
  const fs = yield* FileSystem.FileSystem
  const root = yield* fs.makeTempDirectoryScoped({ prefix: "effect-postgres-bench-chain-" })
  const chain = isCombined ? yield* chainOf(trusted, root) : []
  const server: BenchServer = {
    trusted,
    scram: trusted,
    version: String(yield* execute(trusted, "show server_version"))
  }
  const job: BackupJob = {
    format: workload.backup?.format ?? "plain",
    verify: workload.backup?.verify ?? false,
    chain,
    combined: `${root}/combined`
  }
  return { server, job }
})
