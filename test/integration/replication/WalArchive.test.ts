/** Archives of real servers' logs: the same files as the server's, over kills and timelines, and restores from them. */
import { assert, describe, it } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { spawn, spawnSync } from "node:child_process"
import * as NodeFs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Lsn } from "../../../src/model/Lsn.js"
import * as LsnText from "../../../src/model/Lsn.js"
import * as WalArchive from "../../../src/replication/physical/WalArchive.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import type { EmbeddedServer } from "../../../src/testing/EmbeddedPostgres.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import * as WalSegment from "../../../src/wire/replication/WalSegment.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { describeEachVersion, describeWithServer, isolated, matrix } from "../support/server.js"
import { killing } from "./archiveKills.js"
import { caughtUp, flushed, MiB, promote, standbyOf, write } from "./physicalSupport.js"
import { connecting, slotName, slotRow } from "./support.js"

const soon = Schedule.spaced("50 millis")

/** A folder that is gone with the scope; every user may read it. */
const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    const path = NodeFs.mkdtempSync(join(tmpdir(), "effect-postgres-archive-"))
    NodeFs.chmodSync(path, 0o755)
    return path
  }),
  (path) => Effect.sync(() => NodeFs.rmSync(path, { recursive: true, force: true }))
)

const open = (options: WalArchive.WalArchiveOptions) =>
  Effect.provide(WalArchive.open({ reconnect: soon, fileMode: 0o644, ...options }), NodeFileSystem.layer)

/** Runs an archive for the scope. */
const running = (options: WalArchive.WalArchiveOptions) =>
  Effect.tap(open(options), (archive) => Effect.forkScoped(archive.run))

const synced = (archive: WalArchive.WalArchive, end: Lsn) =>
  eventually(archive.status, (status) => status.flushed >= end)

/** Begins another segment on the server, and gives where it begins. */
const switched = (server: EmbeddedServer, size = 16 * MiB) =>
  Effect.flatMap(rawRows(server, "select pg_switch_wal()"), () =>
    Effect.zipRight(
      rawRows(server, "checkpoint"),
      Effect.map(flushed(server), (end) => WalSegment.floor(end, size))
    )
  )

const names = (path: string): ReadonlyArray<string> => NodeFs.readdirSync(path).sort()
const segments = (path: string): ReadonlyArray<string> =>
  names(path).filter((name) => /^[0-9A-F]{24}$/.test(name))

/** Complete files that are not the server's, byte for byte, of those that the server still has. */
const different = (server: EmbeddedServer, path: string): ReadonlyArray<string> =>
  segments(path).filter((name) => {
    const own = `${server.dataFolder}/pg_wal/${name}`
    return NodeFs.existsSync(own) && !NodeFs.readFileSync(own).equals(NodeFs.readFileSync(join(path, name)))
  })

describeEachVersion(
  "an archive",
  (server) => {
    it.scopedLive(
      "has the server's files, byte for byte, reports what is synced, and goes on where it was (REP-029, REP-080, REP-081, REP-082, W04)",
      () =>
        connecting({ target: server() })(
          Effect.gen(function* () {
            const path = yield* folder
            const slot = yield* slotName(server())
            const options = { folder: path, slot, create: {} }
            const end = yield* Effect.scoped(
              Effect.gen(function* () {
                const archive = yield* running(options)
                yield* eventually(archive.status, ({ state }) => state === "streaming")
                yield* write(server(), 60_000)
                const end = yield* switched(server())
                yield* synced(archive, end)
                assert.deepStrictEqual(different(server(), path), [])
                assert.isAtLeast(segments(path).length, 1)
                const restart = yield* eventually(
                  slotRow(slot, "restart_lsn", server()),
                  (row) => LsnText.Order(positionOf(row![0]!), end) >= 0
                )
                assert.isAtMost(Number(positionOf(restart![0]!) - end), 16 * MiB)
                return end
              })
            )
            // What was received and is not complete is synced and left.
            assert.lengthOf(
              names(path).filter((name) => name.endsWith(".partial")),
              1
            )
            assert.strictEqual(NodeFs.statSync(join(path, names(path).at(-1)!)).size, 16 * MiB)
            yield* write(server(), 60_000)
            const next = yield* switched(server())
            assert.isTrue(next > end)
            const archive = yield* running(options)
            yield* synced(archive, next)
            assert.deepStrictEqual(different(server(), path), [])
            const found = segments(path).map((name) => WalSegment.fromFileName(name, 16 * MiB)!.number)
            found.forEach((number, index) => assert.strictEqual(number, found[0]! + BigInt(index)))
            const { missing, needed } = yield* Effect.provide(
              WalArchive.retention(path, found[0]! * BigInt(16 * MiB)),
              NodeFileSystem.layer
            )
            assert.isUndefined(missing)
            assert.isAtLeast(needed.length, found.length)
          })
        )
    )
  },
  { settings: { wal_keep_size: "512MB" } }
)

const positionOf = (text: string): Lsn => {
  const [high, low] = text.split("/").map((part) => BigInt(`0x${part}`))
  return (high! << 32n) | low!
}

describeWithServer(
  "the folder of an archive",
  { listen: "tcp", settings: { wal_keep_size: "512MB" } },
  (server) => {
    it.scopedLive("is held by one archive at a time, and given back", () =>
      Effect.gen(function* () {
        const path = yield* folder
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* open({ folder: path })
            const error = yield* Effect.flip(Effect.scoped(open({ folder: path })))
            assert.deepInclude(error, { _tag: "PgWalArchiveError", reason: "locked", path })
          })
        )
        yield* open({ folder: path })
        const missing = yield* Effect.flip(open({ folder: join(path, "nowhere") }))
        assert.deepInclude(missing, { _tag: "PgWalArchiveError", reason: "file" })
      })
    )

    it.scopedLive("is refused when it holds the log of another cluster (REP-083)", () =>
      Effect.gen(function* () {
        const path = yield* folder
        // Of another version: those of one version are copies of one cluster, and have its identifier.
        const other = yield* isolated({ version: 17, listen: "tcp", settings: { wal_keep_size: "512MB" } })
        yield* connecting({ target: other })(
          Effect.scoped(
            Effect.gen(function* () {
              const archive = yield* running({ folder: path })
              yield* eventually(archive.status, ({ state }) => state === "streaming")
              yield* write(other, 1000)
              yield* synced(archive, yield* switched(other))
            })
          )
        )
        const before = names(path)
        const error = yield* connecting({ target: server() })(
          Effect.flatMap(open({ folder: path }), ({ run }) => Effect.flip(run))
        )
        assert.deepInclude(error, { _tag: "PgWalArchiveError", reason: "other-system" })
        assert.deepStrictEqual(names(path), before)
      })
    )

    it.scopedLive(
      "that cannot be written to stops the archive, which goes on when it can, without a loss (W04)",
      () =>
        connecting({ target: server() })(
          Effect.gen(function* () {
            const path = yield* folder
            const slot = yield* slotName(server())
            const archive = yield* running({ folder: path, slot, create: {} })
            yield* eventually(archive.status, ({ state }) => state === "streaming")
            yield* write(server(), 100)
            yield* synced(archive, yield* switched(server()))
            // A folder where the next segment's file must be: the file can be neither opened nor made.
            const next = WalSegment.fileName(WalSegment.at(1, yield* flushed(server()), 16 * MiB), 16 * MiB)
            const later = (BigInt(`0x${next.slice(16)}`) + 1n).toString(16).toUpperCase().padStart(8, "0")
            const blocked = join(path, `${next.slice(0, 16)}${later}.partial`)
            NodeFs.mkdirSync(blocked)
            yield* write(server(), 100)
            yield* switched(server())
            yield* write(server(), 100)
            const stalled = yield* eventually(archive.status, ({ state }) => state === "stalled")
            assert.deepInclude(stalled.error, { _tag: "PgWalArchiveError", reason: "file", path: blocked })
            NodeFs.rmdirSync(blocked)
            yield* synced(archive, yield* switched(server()))
            assert.deepStrictEqual(different(server(), path), [])
          })
        )
    )

    it.scopedLive("has compressed segments where that is asked for, and goes on behind them", () =>
      connecting({ target: server() })(
        Effect.gen(function* () {
          const path = yield* folder
          const slot = yield* slotName(server())
          yield* Slot.createPhysical(slot, { reserveWal: true })
          for (let round = 0; round < 2; round++) {
            yield* Effect.scoped(
              Effect.gen(function* () {
                const archive = yield* running({ folder: path, slot, compression: "gzip" })
                yield* eventually(archive.status, ({ state }) => state === "streaming")
                yield* write(server(), 1000)
                yield* synced(archive, yield* switched(server()))
              })
            )
          }
          const compressed = names(path).filter((name) => name.endsWith(".gz"))
          assert.isAtLeast(compressed.length, 2)
          for (const name of compressed) {
            const plain = spawnSync("gzip", ["-dc", join(path, name)], { maxBuffer: 32 * MiB }).stdout
            const own = NodeFs.readFileSync(`${server().dataFolder}/pg_wal/${name.slice(0, 24)}`)
            assert.isTrue(own.equals(plain), name)
          }
          assert.lengthOf(
            names(path).filter((name) => name.endsWith(".partial")),
            1
          )
        })
      )
    )

    it.scopedLive("is what a synchronous primary waits for (REP-053)", () =>
      Effect.gen(function* () {
        const path = yield* folder
        const primary = yield* isolated({
          listen: "tcp",
          settings: { synchronous_standby_names: "the_archive", wal_keep_size: "512MB" }
        })
        yield* connecting({ target: primary, config: { applicationName: "the_archive" } })(
          Effect.gen(function* () {
            const commit = yield* Effect.fork(rawRows(primary, "create table waits (id int)"))
            yield* eventually(
              rawRows(primary, "select count(*) from pg_stat_activity where wait_event = 'SyncRep'"),
              (rows) => rows[0]![0] === "1"
            )
            const archive = yield* running({ folder: path, synchronous: true })
            yield* Fiber.join(commit)
            // Side by side, over the end of a segment, so that pieces are written at the same time and the last of them alone.
            for (let round = 0; round < 2; round++) {
              const inserts = Array.from({ length: 40 }, (_, id) => `insert into waits values (${id})`)
              yield* Effect.forEach(inserts, (insert) => rawRows(primary, insert), { concurrency: 8 })
              const { fileName, flushed } = yield* archive.status
              const name = fileName!.slice(0, 24)
              const begin = WalSegment.startOf(WalSegment.fromFileName(name, 16 * MiB)!, 16 * MiB)
              const stored = NodeFs.readFileSync(join(path, fileName!)).subarray(0, Number(flushed - begin))
              const own = NodeFs.readFileSync(`${primary.dataFolder}/pg_wal/${name}`)
              assert.isTrue(own.subarray(0, stored.length).equals(stored))
              yield* synced(archive, yield* switched(primary))
            }
            assert.isAtLeast(segments(path).length, 2)
            assert.deepStrictEqual(different(primary, path), [])
          })
        )
      })
    )
  }
)

const receiver = "/usr/lib/postgresql/15/bin/pg_receivewal"
const hasReceiver = NodeFs.existsSync(receiver)

describe("beside pg_receivewal", () => {
  it.scopedLive.skipIf(!hasReceiver)(
    `the same bytes are in both folders${hasReceiver ? "" : ": skipped, pg_receivewal 15 is not installed"} (W12)`,
    () =>
      Effect.gen(function* () {
        const server = yield* isolated({ version: 15, listen: "tcp", settings: { wal_keep_size: "512MB" } })
        const ours = yield* folder
        const theirs = yield* folder
        yield* connecting({ target: server })(
          Effect.gen(function* () {
            const archive = yield* running({ folder: ours })
            yield* eventually(archive.status, ({ state }) => state === "streaming")
            yield* Effect.acquireRelease(
              Effect.sync(() =>
                spawn(
                  receiver,
                  ["-D", theirs, "-h", "127.0.0.1", "-p", String(server.port), "-U", "postgres"],
                  {
                    stdio: "ignore"
                  }
                )
              ),
              (child) => Effect.sync(() => child.kill("SIGKILL"))
            )
            yield* eventually(
              Effect.sync(() => names(theirs)),
              (found) => found.length > 0
            )
            for (let round = 0; round < 3; round++) {
              yield* write(server, 30_000)
              const end = yield* switched(server)
              yield* synced(archive, end)
            }
            const last = segments(ours).at(-1)!
            yield* eventually(
              Effect.sync(() => segments(theirs)),
              (found) => found.includes(last)
            )
            assert.isAtLeast(segments(ours).length, 3)
            assert.includeMembers([...segments(ours)], [...segments(theirs)])
            for (const name of segments(theirs)) {
              assert.isTrue(
                NodeFs.readFileSync(join(ours, name)).equals(NodeFs.readFileSync(join(theirs, name))),
                name
              )
            }
          })
        )
      })
  )
})

describe("an archiving process", () => {
  it.scopedLive(
    "that is killed twenty times, amid restarts and broken links, has everything that it has reported, and it is replayed (W04)",
    () =>
      Effect.gen(function* () {
        let state = 20
        const whole = (least: number, most: number): number => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
          // The low bits of such a sequence repeat at once.
          return least + Math.floor((state / 2 ** 32) * (most - least + 1))
        }
        const counts = yield* killing(yield* folder, yield* folder, 20, { whole })
        for (const [kind, count] of Object.entries(counts)) assert.isAbove(count, 0, kind)
      }),
    600_000
  )
})

describe("a restore from an archive", () => {
  for (const version of matrix) {
    it.scopedLive(
      `brings back what a mistake has dropped, and goes over a promotion (PostgreSQL ${version}) (W04, REP-084)`,
      () =>
        Effect.gen(function* () {
          const path = yield* folder
          const base = yield* folder
          const primary = yield* isolated({ version, listen: "tcp", settings: { wal_keep_size: "512MB" } })
          const standby = yield* standbyOf(primary, version, { wal_keep_size: "512MB" })
          yield* connecting({ target: standby })(
            Effect.gen(function* () {
              yield* rawRows(primary, "create table orders (id int)")
              yield* caughtUp(standby, yield* flushed(primary))
              const begin = yield* flushed(primary)
              const archive = yield* running({ folder: path })
              yield* eventually(archive.status, ({ state }) => state === "streaming")
              yield* primary.stop()
              NodeFs.cpSync(primary.dataFolder, join(base, "data"), { recursive: true })
              yield* promote(standby)
              yield* rawRows(standby, "insert into orders values (1), (2)")
              const [row] = yield* rawRows(standby, "select pg_current_wal_lsn()")
              const before = row![0]!
              yield* rawRows(standby, "drop table orders")
              const end = yield* switched(standby)
              yield* synced(archive, end)
              assert.isTrue(end > begin)
              assert.include(names(path), "00000002.history")
              const restored = yield* start({
                version,
                listen: "tcp",
                dataFolder: join(base, "data"),
                inPlace: true,
                settings: {
                  restore_command: `cp ${path}/%f %p`,
                  recovery_target_lsn: before,
                  recovery_target_action: "promote"
                }
              })
              yield* eventually(
                rawRows(restored, "select pg_is_in_recovery()"),
                (rows) => rows[0]![0] === "f"
              )
              assert.strictEqual(restored.dataFolder, join(base, "data"))
              assert.deepStrictEqual(yield* rawRows(restored, "select id from orders order by id"), [
                ["1"],
                ["2"]
              ])
            })
          )
        })
    )
  }
})
