/** Base backups of real servers: restored, started and compared, and beside those of PostgreSQL's own tools. */
import { assert, describe, it } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { spawnSync } from "node:child_process"
import * as NodeFs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as BaseBackup from "../../../src/replication/backup/BaseBackup.js"
import type { BackupEvent } from "../../../src/replication/backup/BackupEvent.js"
import type { EmbeddedServer } from "../../../src/testing/EmbeddedPostgres.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { describeEachVersion, describeWithServer } from "../support/server.js"
import { connecting } from "./support.js"

const bin = "/usr/lib/postgresql/15/bin"
const hasTools = NodeFs.existsSync(`${bin}/pg_basebackup`) && NodeFs.existsSync(`${bin}/pg_verifybackup`)
const withTools = hasTools ? "" : " (skipped: PostgreSQL 15's tools are not installed)"

/** A folder that is gone with the scope; every user may enter it, and make folders in it. */
const scratch: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    const path = NodeFs.mkdtempSync(join(tmpdir(), "effect-postgres-backup-"))
    NodeFs.chmodSync(path, 0o777)
    return path
  }),
  (path) => Effect.sync(() => NodeFs.rmSync(path, { recursive: true, force: true }))
)

const on = (server: EmbeddedServer) => {
  const connected = connecting({ target: server })
  return <A, E, R>(effect: Effect.Effect<A, E, R>) => connected(Effect.provide(effect, NodeFileSystem.layer))
}

/** A backup that need not outlive a crash of this machine. */
const quick = { checkpoint: "fast", sync: false } as const

const one = (server: EmbeddedServer, sql: string) => Effect.map(rawRows(server, sql), (rows) => rows[0]![0]!)

/** A folder that belongs to the server's user. */
const ownFolder = (server: EmbeddedServer, path: string) => {
  NodeFs.mkdirSync(path)
  const { gid, uid } = NodeFs.statSync(server.dataFolder)
  NodeFs.chownSync(path, uid, gid)
  return path
}

/** Every file below a folder, with its bytes. */
const filesBelow = (path: string): ReadonlyMap<string, Buffer> =>
  new Map(
    NodeFs.readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry): [string, Buffer] => {
        const full = join(entry.parentPath, entry.name)
        return [full.slice(path.length + 1), NodeFs.readFileSync(full)]
      })
      .sort(([a], [b]) => (a < b ? -1 : 1))
  )

describeEachVersion(
  "a base backup",
  (server, version) => {
    it.scopedLive(
      "under write load is restored, starts by itself, and has all that was committed before its end (REP-076, W10, TRP-114)",
      () =>
        Effect.gen(function* () {
          const path = yield* scratch
          const fast = ownFolder(server(), `${path}/fast`)
          yield* rawRows(server(), `create tablespace fast location '${fast}'`)
          yield* rawRows(server(), `create table spread (id int) tablespace fast`)
          yield* rawRows(
            server(),
            `insert into spread select generate_series(1, 5000);
             create table written (id int primary key, filler text)`
          )
          let count = 0
          const insert = Effect.suspend(() =>
            rawRows(
              server(),
              `insert into written select i, repeat(md5(i::text), 20) from generate_series(${count * 100 + 1}, ${(count + 1) * 100}) i`
            )
          ).pipe(Effect.map(() => void count++))
          yield* insert
          const load = yield* Effect.fork(Effect.forever(insert))
          const before = count
          const [backup] = yield* on(server())(
            BaseBackup.toFolder({
              ...quick,
              folder: `${path}/data`,
              tablespaces: { [fast]: `${path}/restored-fast` }
            })
          ).pipe(Effect.map((backup) => [backup]))
          yield* Fiber.interrupt(load)
          assert.isAbove(count, before, "there was load")
          assert.strictEqual(backup!.tablespaces[0]?.path, `${path}/restored-fast`)

          const report = yield* Effect.provide(BaseBackup.verify(`${path}/data`), NodeFileSystem.layer)
          assert.deepStrictEqual(report.deviations, [])

          const restored = yield* start({ version, listen: "tcp", dataFolder: `${path}/data`, inPlace: true })
          const rows = Number(yield* one(restored, "select count(*) from written"))
          assert.isAtLeast(rows, before * 100)
          assert.strictEqual(rows % 100, 0, "whole transactions")
          const sum = `select md5(string_agg(id || filler, '' order by id)) from written where id <= ${rows}`
          assert.strictEqual(yield* one(restored, sum), yield* one(server(), sum))
          assert.strictEqual(yield* one(restored, "select sum(id) from spread"), "12502500")
          yield* rawRows(restored, "insert into spread values (0)")
          assert.strictEqual(yield* one(server(), "select count(*) from pg_replication_slots"), "0")
        }),
      60_000
    )

    it.scopedLive(
      "as archives with the log fetched is unpacked by tar, with its tablespace at another place, and starts (REP-073, W10)",
      () =>
        Effect.gen(function* () {
          const path = yield* scratch
          const place = ownFolder(server(), `${path}/place`)
          yield* rawRows(server(), `create tablespace kept location '${place}'`)
          yield* rawRows(
            server(),
            "create table inside tablespace kept as select generate_series(1, 5000) id"
          )
          const folder = `${path}/archives`
          const { tablespaces } = yield* on(server())(
            BaseBackup.toFolder({ ...quick, folder, format: "archives", wal: "fetch" })
          )
          const { oid } = tablespaces.find(({ location }) => location === place)!
          const names = NodeFs.readdirSync(folder).filter((name) => name !== "backup_manifest")
          assert.sameMembers(names, [...tablespaces.map((one) => `${one.oid}.tar`), "base.tar"])
          const report = yield* Effect.provide(BaseBackup.verify(folder), NodeFileSystem.layer)
          assert.deepStrictEqual(report.deviations, [], "the log is in base.tar")

          const unpack = (name: string, into: string) => {
            NodeFs.chmodSync(ownFolder(server(), into), 0o700)
            // The archive names the owner too, who may be another user here.
            const words = ["-xf", `${folder}/${name}`, "-C", into, "--numeric-owner"]
            assert.strictEqual(spawnSync("tar", words).status, 0, name)
          }
          unpack("base.tar", `${path}/data`)
          for (const one of tablespaces) unpack(`${one.oid}.tar`, `${path}/moved-${one.oid}`)
          NodeFs.writeFileSync(
            `${path}/data/tablespace_map`,
            tablespaces.map((one) => `${one.oid} ${path}/moved-${one.oid}\n`).join("")
          )
          const restored = yield* start({ version, listen: "tcp", dataFolder: `${path}/data`, inPlace: true })
          assert.strictEqual(yield* one(restored, "select sum(id) from inside"), "12502500")
          assert.strictEqual(
            yield* one(restored, `select pg_tablespace_location(${oid})`),
            `${path}/moved-${oid}`
          )
          // The next test of this server counts its tablespaces.
          yield* rawRows(server(), "drop table inside")
          yield* rawRows(server(), "drop tablespace kept")
        }),
      60_000
    )

    it.scopedLive(
      "is given as events, the same in every version (REP-063, REP-065, REP-066, REP-069, REP-070)",
      () =>
        Effect.gen(function* () {
          const events: Array<BackupEvent> = []
          yield* on(server())(
            Stream.runForEach(
              BaseBackup.stream({
                label: "it's a test",
                checkpoint: "fast",
                wal: true,
                wait: false,
                maxRate: 1_048_576,
                progress: true,
                tablespaceMap: true,
                verifyChecksums: true,
                manifest: "force-encode",
                manifestChecksums: "SHA224"
              }),
              (event) => Effect.sync(() => events.push(event))
            )
          )
          const order = events
            .map((event) => (event._tag === "ArchiveStarted" ? event.name : event._tag))
            .filter((name, index, all) => name !== all[index - 1] && name !== "BackupProgressed")
            .filter((name, index, all) => name !== all[index - 1])
          const oid = order[1]
          assert.match(oid ?? "", /^\d+\.tar$/)
          assert.deepStrictEqual(order, [
            "BackupStarted",
            oid,
            "ArchiveData",
            "ArchiveEnded",
            "base.tar",
            "ArchiveData",
            "ArchiveEnded",
            "ManifestStarted",
            "ManifestData",
            "BackupFinished"
          ])
          const text = Buffer.concat(
            events.flatMap((event) => (event._tag === "ManifestData" ? [event.data] : []))
          ).toString()
          assert.include(text, "Encoded-Path")
          assert.include(text, "SHA224")
          assert.isTrue(events.some((event) => event._tag === "BackupProgressed"))
        })
    )
  },
  { listen: "tcp" }
)

describeWithServer("a base backup of PostgreSQL 18", { version: 18, listen: "tcp" }, (server) => {
  it.scopedLive("becomes a standby that follows its primary, without a password in its files", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      yield* on(server())(BaseBackup.toFolder({ ...quick, folder: `${path}/data`, standby: true }))
      const conf = NodeFs.readFileSync(`${path}/data/postgresql.auto.conf`, "utf8")
      assert.match(conf, /primary_conninfo = 'user=postgres host=127\.0\.0\.1 port=\d+ sslmode=\w+/)
      assert.notInclude(conf, "password")
      const standby = yield* start({ version: 18, listen: "tcp", dataFolder: `${path}/data`, inPlace: true })
      yield* rawRows(server(), "create table later as select 1 as id")
      yield* eventually(
        Effect.orElseSucceed(one(standby, "select count(*) from later"), () => "none"),
        (count) => count === "1"
      )
      assert.strictEqual(yield* one(standby, "select pg_is_in_recovery()::text"), "true")
    })
  )

  it.scopedLive("leaves no file and no slot when it is interrupted (REP-075)", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      const taking = yield* Effect.fork(
        on(server())(BaseBackup.toFolder({ ...quick, folder: `${path}/data`, maxRate: 1000 }))
      )
      yield* eventually(
        Effect.sync(() => NodeFs.existsSync(`${path}/data/base`)),
        (isThere) => isThere
      )
      assert.strictEqual(yield* one(server(), "select count(*) from pg_replication_slots"), "1")
      yield* Fiber.interrupt(taking)
      assert.deepStrictEqual(NodeFs.readdirSync(path), [])
      yield* eventually(one(server(), "select count(*) from pg_replication_slots"), (slots) => slots === "0")
    })
  )

  it.scopedLive("reports progress, and the backup last", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      const seen = yield* on(server())(
        Stream.runCollect(
          BaseBackup.toFolderProgress({ ...quick, folder: `${path}/data`, format: "archives" })
        )
      )
      const all = [...seen]
      assert.strictEqual(all.at(-1)?._tag, "FolderBackup")
      const [first] = all
      assert.isTrue(first?._tag === "BackupProgressed" && first.estimatedBytes! > 1_000_000n)
      assert.deepStrictEqual(NodeFs.readdirSync(`${path}/data`).sort(), [
        "backup_manifest",
        "base.tar",
        "pg_wal.tar"
      ])
      const report = yield* Effect.provide(BaseBackup.verify(`${path}/data`), NodeFileSystem.layer)
      assert.deepStrictEqual(report.deviations, [])
      assert.isAbove(report.files, 900)
    })
  )

  it.scopedLive("is discarded by the target blackhole, and reports its progress (REP-071)", () =>
    on(server())(
      Effect.gen(function* () {
        const events = yield* Stream.runCollect(
          BaseBackup.stream({ checkpoint: "fast", target: "blackhole", manifest: true })
        )
        const tags = new Set([...events].map(({ _tag }) => _tag))
        assert.isTrue(tags.has("BackupFinished"))
        assert.isFalse(tags.has("ArchiveData"))
      })
    )
  )

  it.scopedLive(
    "is decompressed on the way to a folder, and refused where the server cannot compress (REP-063)",
    () =>
      Effect.gen(function* () {
        const path = yield* scratch
        const compression = { method: "gzip", level: 1 } as const
        yield* on(server())(BaseBackup.toFolder({ ...quick, folder: `${path}/data`, compression }))
        assert.isTrue(NodeFs.existsSync(`${path}/data/global/pg_control`))
        const refused = yield* on(server())(
          Effect.flip(Stream.runDrain(BaseBackup.stream({ compression: { method: "lz4" } })))
        )
        assert.deepInclude(refused, { _tag: "PgServerError", code: "42601" })
      })
  )

  it.scopedLive("with bad page checksums fails at the end, and nothing is left (REP-075, W06)", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      yield* rawRows(server(), "create table broken as select generate_series(1, 2000) as id")
      const file = yield* one(server(), "select pg_relation_filepath('broken')")
      yield* rawRows(server(), "checkpoint")
      const handle = NodeFs.openSync(`${server().dataFolder}/${file}`, "r+")
      NodeFs.writeSync(handle, Buffer.alloc(64, 0x55), 0, 64, 8192 + 4000)
      NodeFs.closeSync(handle)
      const error = yield* on(server())(
        Effect.flip(BaseBackup.toFolder({ ...quick, folder: `${path}/data` }))
      )
      assert.deepInclude(error, { _tag: "PgServerError", code: "XX001" })
      assert.deepStrictEqual(NodeFs.readdirSync(path), [])
      yield* rawRows(server(), "drop table broken")
    })
  )
})

const compare: typeof describeWithServer = hasTools
  ? describeWithServer
  : (name) => describe.skip(name, () => it("needs PostgreSQL 15's tools", () => {}))

compare(
  `a base backup of PostgreSQL 15 beside its own tools${withTools}`,
  { version: 15, listen: "tcp" },
  (server) => {
    it.scopedLive(
      "has the same bytes as that of pg_basebackup, and pg_verifybackup accepts it (W10, W12)",
      () =>
        Effect.gen(function* () {
          const path = yield* scratch
          yield* rawRows(
            server(),
            "create table kept as select i, md5(i::text) from generate_series(1, 10000) i"
          )
          const { port } = server()
          const own = spawnSync(
            `${bin}/pg_basebackup`,
            [
              "-h",
              "127.0.0.1",
              "-p",
              String(port),
              "-U",
              "postgres",
              "-D",
              `${path}/own`,
              "-c",
              "fast",
              "-N"
            ],
            { encoding: "utf8" }
          )
          assert.strictEqual(own.status, 0, own.stderr)
          yield* on(server())(BaseBackup.toFolder({ ...quick, folder: `${path}/ours` }))
          const verified = spawnSync(`${bin}/pg_verifybackup`, ["-e", `${path}/ours`], { encoding: "utf8" })
          assert.strictEqual(verified.status, 0, verified.stderr)
          const theirs = filesBelow(`${path}/own`)
          const ours = filesBelow(`${path}/ours`)
          const isLog = (name: string) => name.startsWith("pg_wal/")
          const names = (files: ReadonlyMap<string, Buffer>) =>
            [...files.keys()].filter((name) => !isLog(name))
          assert.deepStrictEqual(names(ours), names(theirs))
          const differ = names(ours).filter((name) => !ours.get(name)!.equals(theirs.get(name)!))
          // What speaks of this backup's own checkpoint.
          assert.deepStrictEqual(differ, ["backup_label", "backup_manifest", "global/pg_control"])
        })
    )
  }
)
