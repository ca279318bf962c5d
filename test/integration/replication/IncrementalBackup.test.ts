/** Increments of real servers: taken, put together, verified, started and compared. */
import { assert, it } from "@effect/vitest"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeFs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as BaseBackup from "../../../src/replication/backup/BaseBackup.js"
import type { EmbeddedServer } from "../../../src/testing/EmbeddedPostgres.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import { rawRows } from "../support/rawSession.js"
import { describeWithServer } from "../support/server.js"
import { connecting } from "./support.js"

const scratch: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    const path = NodeFs.mkdtempSync(join(tmpdir(), "effect-postgres-increments-"))
    NodeFs.chmodSync(path, 0o777)
    return path
  }),
  (path) => Effect.sync(() => NodeFs.rmSync(path, { recursive: true, force: true }))
)

const quick = { checkpoint: "fast", sync: false } as const

const one = (server: EmbeddedServer, sql: string) => Effect.map(rawRows(server, sql), (rows) => rows[0]![0]!)

const files = <A, E>(effect: Effect.Effect<A, E, FileSystem>) => Effect.provide(effect, NodeFileSystem.layer)

/** What happens before each increment; each kind of change to a relation's files at least once. */
const history: ReadonlyArray<ReadonlyArray<string>> = [
  [
    "create table grows (id int, filler text)",
    "insert into grows select i, repeat(md5(i::text), 8) from generate_series(1, 5000) i",
    "create table shrinks as select i as id, repeat('x', 200) as filler from generate_series(1, 20000) i",
    "create table emptied as select i as id from generate_series(1, 20000) i",
    "create table dropped as select i as id from generate_series(1, 20000) i",
    "create table inside (id int) tablespace fast",
    "insert into inside select generate_series(1, 10000)"
  ],
  [
    "update grows set filler = 'new' where id = 2500",
    "insert into grows select i, 'more' from generate_series(5001, 9000) i",
    "delete from shrinks where id > 5000",
    "vacuum (truncate) shrinks",
    "update inside set id = 0 where id = 5000"
  ],
  ["truncate emptied", "insert into emptied values (1)", "drop table dropped", "create database later"],
  [
    "insert into shrinks select i, 'again' from generate_series(6000, 12000) i",
    "delete from grows where id < 100"
  ]
]

const sums = [
  "select md5(string_agg(id || coalesce(filler, ''), ',' order by id, filler)) from grows",
  "select md5(string_agg(id || filler, ',' order by id, filler)) from shrinks",
  "select count(*)::text from emptied",
  "select md5(string_agg(id::text, ',' order by id)) from inside",
  "select count(*)::text from pg_class where relname = 'dropped'",
  "select count(*)::text from pg_database where datname = 'later'"
]

for (const version of [17, 18] as const) {
  describeWithServer(
    `increments of PostgreSQL ${version}`,
    { version, listen: "tcp", settings: { summarize_wal: "on", wal_summary_keep_time: "1d" } },
    (server) => {
      const on = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        connecting({ target: server() })(Effect.provide(effect, NodeFileSystem.layer))

      it.scopedLive(
        "become a full backup that is whole, starts, and has the rows of the last (REP-077, REP-078, REP-079, W09, W10)",
        () =>
          Effect.gen(function* () {
            const path = yield* scratch
            const fast = `${path}/fast`
            NodeFs.mkdirSync(fast)
            const { gid, uid } = NodeFs.statSync(server().dataFolder)
            NodeFs.chownSync(fast, uid, gid)
            yield* rawRows(server(), `create tablespace fast location '${fast}'`)
            const chain: Array<string> = []
            for (const [number, statements] of history.entries()) {
              for (const sql of statements) yield* rawRows(server(), sql)
              const folder = `${path}/${number}`
              const before = chain.at(-1)
              yield* on(
                BaseBackup.toFolder({
                  ...quick,
                  folder,
                  tablespaces: { [fast]: `${folder}-fast` },
                  ...(before === undefined ? {} : { incrementalFrom: `${before}/backup_manifest` })
                })
              )
              chain.push(folder)
            }
            const into = `${path}/whole`
            const tablespaces = { [`${chain.at(-1)}-fast`]: `${into}-fast` }
            const increment = yield* files(BaseBackup.verify(chain.at(-1)!))
            assert.deepStrictEqual(increment.deviations, [])
            // Invalid chains are refused, and nothing is made.
            const [full, first, second, third] = chain as [string, string, string, string]
            const wrong: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
              [[full, second, third], /it was taken from the backup that begins at/],
              [[full, second, first], /it was taken from the backup that begins at/],
              [[first, second], /the first backup must be a full one/],
              [[full, full], /only the first backup may be a full one/],
              [[], /the chain must have at least one backup/]
            ]
            for (const [folders, pattern] of wrong) {
              const error = yield* files(Effect.flip(BaseBackup.combine(folders, into, { tablespaces })))
              assert.match(error.message, pattern)
              assert.isFalse(NodeFs.existsSync(into))
            }
            const unmapped = yield* files(Effect.flip(BaseBackup.combine(chain, into)))
            assert.match(unmapped.message, /tablespaces must name a new folder for this tablespace/)

            const combined = yield* files(BaseBackup.combine(chain, into, { tablespaces, sync: false }))
            assert.isAbove(combined.rebuilt, 0)
            const { deviations } = yield* files(BaseBackup.verify(into))
            assert.deepStrictEqual(deviations, [])
            const restored = yield* start({ version, listen: "tcp", dataFolder: into, inPlace: true })
            for (const sql of sums)
              assert.strictEqual(yield* one(restored, sql), yield* one(server(), sql), sql)
            // What was put together can be written to, and its indexes and pages are sound.
            yield* rawRows(restored, "vacuum full grows")
            for (const sql of ["drop table inside", "drop tablespace fast"]) yield* rawRows(server(), sql)
          }),
        90_000
      )

      it.scopedLive(
        "are refused by a server that does not know the manifest's cluster or has no summaries (REP-077, REP-078)",
        () =>
          Effect.gen(function* () {
            const path = yield* scratch
            const base = { ...quick, folder: `${path}/data` }
            yield* on(BaseBackup.toFolder({ ...base, folder: `${path}/full` }))
            const manifest = `${path}/full/backup_manifest`
            const text = NodeFs.readFileSync(manifest, "utf8")
            NodeFs.writeFileSync(`${path}/cut`, text.slice(0, 500))
            NodeFs.writeFileSync(`${path}/changed`, text.replace(/"Size": \d/, '"Size": 9'))
            for (const name of ["cut", "changed"]) {
              const error = yield* on(
                Effect.flip(BaseBackup.toFolder({ ...base, incrementalFrom: `${path}/${name}` }))
              )
              assert.deepInclude(error, { _tag: "PgServerError", code: "XX000" })
              assert.isFalse(NodeFs.existsSync(base.folder))
            }
            const missing = yield* on(
              Effect.flip(BaseBackup.toFolder({ ...base, incrementalFrom: `${path}/nowhere` }))
            )
            assert.deepInclude(missing, { _tag: "PgBackupError", reason: "file" })
            yield* rawRows(server(), "alter system set summarize_wal = off")
            yield* rawRows(server(), "select pg_reload_conf()")
            const off = yield* on(Effect.flip(BaseBackup.toFolder({ ...base, incrementalFrom: manifest })))
            assert.deepInclude(off, { _tag: "PgServerError", code: "55000" })
            yield* rawRows(server(), "alter system reset summarize_wal")
            yield* rawRows(server(), "select pg_reload_conf()")
          })
      )
    }
  )
}
