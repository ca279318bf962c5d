/**
 * Base backups beside `pg_basebackup` and `pg_verifybackup` of Debian's PostgreSQL 15, in one run: `npx tsx test/bench/micro/backups.ts
 * [megabytes] [rounds]`. Both sides sync; the server, its data and the backups are on one disk. Increments are those of an embedded 18.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { spawnSync } from "node:child_process"
import * as NodeFs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as PgConfig from "../../../src/config/PgConfig.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as Statement from "../../../src/model/Statement.js"
import * as BaseBackup from "../../../src/replication/backup/BaseBackup.js"
import type { EmbeddedServer } from "../../../src/testing/EmbeddedPostgres.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"

const megabytes = Number(process.argv[2] ?? 1500)
const rounds = Number(process.argv[3] ?? 3)
const bin = "/usr/lib/postgresql/15/bin"
const root = NodeFs.mkdtempSync(join(tmpdir(), "effect-postgres-bench-backup-"))
NodeFs.chmodSync(root, 0o755)

const on = (server: EmbeddedServer) => {
  const layer = PgConnector.layer(Either.getOrThrow(PgConfig.fromConnectionString(server.uri)))
  return <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    effect.pipe(Effect.provide(layer), Effect.provide(NodeFileSystem.layer))
}

const run = (server: EmbeddedServer, ...texts: ReadonlyArray<string>) =>
  on(server)(
    Effect.scoped(
      Effect.gen(function* () {
        const session = yield* (yield* PgConnector.PgConnector).open()
        for (const text of texts) yield* session.query(Statement.make(text))
      })
    )
  )

const program = (name: string, ...words: ReadonlyArray<string>) =>
  Effect.sync(() => {
    const { status, stderr } = spawnSync(`${bin}/${name}`, words, { encoding: "utf8" })
    if (status !== 0) throw new Error(stderr)
  })

const median = (values: ReadonlyArray<number>): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1]!

const remove = (folder: string) => NodeFs.rmSync(folder, { recursive: true, force: true })

/** Seconds of each, in turns, and how much the memory of this process has grown. */
const compare = Effect.fn("compare")(function* <E>(
  title: string,
  sides: Readonly<Record<string, (folder: string) => Effect.Effect<unknown, E>>>,
  keep = false
) {
  const seconds: Record<string, Array<number>> = {}
  let grown = 0
  for (let round = 0; round < rounds; round++) {
    for (const [name, side] of Object.entries(sides)) {
      const folder = join(root, "taken")
      spawnSync("sync")
      const before = process.memoryUsage.rss()
      let most = before
      const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20)
      const begin = performance.now()
      yield* side(folder)
      ;(seconds[name] ??= []).push((performance.now() - begin) / 1000)
      clearInterval(watch)
      if (name.startsWith("ours")) grown = Math.max(grown, most - before)
      if (!keep) remove(folder)
    }
  }
  const names = Object.keys(sides)
  const reference = median(seconds[names[0]!]!)
  console.log(`\n${title}`)
  for (const name of names) {
    const taken = median(seconds[name]!)
    console.log(`  ${name.padEnd(34)} ${taken.toFixed(2)} s  rate × ${(reference / taken).toFixed(2)}`)
  }
  console.log(`  memory grew by ${(grown / 2 ** 20).toFixed(0)} MB at most`)
})

/** Rows of a kilobyte that the server does not compress. */
const filling = (name: string, size: number) =>
  `create table ${name} as select i as id, (select string_agg(md5(random()::text || i || j), '') from generate_series(1, 30) j) as filler
   from generate_series(1, ${Math.round(size * 990)}) i`

const against15 = Effect.gen(function* () {
  const server = yield* start({
    version: 15,
    listen: "tcp",
    settings: { max_wal_size: "8GB", autovacuum: "off" }
  })
  yield* run(server, filling("a", megabytes / 2), filling("b", megabytes / 2), "checkpoint")
  const connect = ["-h", "127.0.0.1", "-p", String(server.port), "-U", "postgres", "-c", "fast"]
  const taken = (options: Partial<BaseBackup.FolderOptions>) => (folder: string) =>
    on(server)(BaseBackup.toFolder({ folder, checkpoint: "fast", ...options }))
  yield* compare("a plain folder", {
    "pg_basebackup -Fp": (folder) => program("pg_basebackup", ...connect, "-D", folder),
    "ours, not compared": taken({ verify: false }),
    "ours, compared while written": taken({})
  })
  yield* compare("archives", {
    "pg_basebackup -Ft": (folder) => program("pg_basebackup", ...connect, "-Ft", "-D", folder),
    "ours, not compared": taken({ format: "archives", verify: false }),
    "ours, compared while written": taken({ format: "archives" })
  })
  const kept = join(root, "kept")
  yield* taken({ sync: false })(kept)
  yield* compare("verified", {
    pg_verifybackup: () => program("pg_verifybackup", "-n", kept),
    ours: () => Effect.provide(BaseBackup.verify(kept, { log: false }), NodeFileSystem.layer)
  })
  remove(kept)
}).pipe(Effect.scoped)

const combined = Effect.gen(function* () {
  const server = yield* start({
    version: 18,
    listen: "tcp",
    settings: { summarize_wal: "on", autovacuum: "off", max_wal_size: "4GB" }
  })
  yield* run(server, filling("a", megabytes / 3))
  const chain: Array<string> = []
  for (let number = 0; number < 4; number++) {
    const folder = join(root, `chain-${number}`)
    const before = chain.at(-1)
    yield* on(server)(
      BaseBackup.toFolder({
        folder,
        checkpoint: "fast",
        sync: false,
        ...(before === undefined ? {} : { incrementalFrom: `${before}/backup_manifest` })
      })
    )
    chain.push(folder)
    yield* run(server, `update a set filler = md5(id::text) where id % 50 = ${number}`)
  }
  const whole = join(root, "whole")
  yield* Effect.provide(BaseBackup.combine(chain, whole, { sync: false }), NodeFileSystem.layer)
  yield* compare("a full backup and three increments", {
    "cp -a of the result, and sync": (folder) =>
      Effect.sync(() => {
        spawnSync("cp", ["-a", whole, folder])
        spawnSync("sync", ["-f", folder])
      }),
    "ours, put together": (folder) => Effect.provide(BaseBackup.combine(chain, folder), NodeFileSystem.layer)
  })
}).pipe(Effect.scoped)

await Effect.runPromise(
  Effect.zipRight(against15, combined).pipe(Effect.ensuring(Effect.sync(() => remove(root))))
)
