import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as NodeFs from "node:fs"
import * as Zlib from "node:zlib"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import type { Made } from "./tar.js"
import { archiveOf, ending, folder, member } from "./tar.js"
import { backupOf, failingDisk, files, manifestFor, scratch, small, take, tree } from "./backupServer.js"

const { cancelled, errorResponse, hangUp, readyForQuery, send } = ScriptedServer

/** Node has it from 22.15 on. */
const hasZstd = "createZstdDecompress" in Zlib

/** Backups whose data folder has one more member, which is not listed. */
const withMember = (made: Made) => ({
  archives: [{ bytes: archiveOf(files[0]!, made, ...files.slice(1)) }],
  manifest: manifestFor(...files)
})

/** The failure, once nothing is left in the folder; `undefined` for a backup that was taken. */
const failing = (
  messages: Parameters<typeof take>[0],
  options: Partial<Parameters<typeof take>[1]> = {},
  rest?: ScriptedServer.Script
) =>
  Effect.gen(function* () {
    const path = yield* scratch
    const outcome = yield* Effect.either(take(messages, { folder: `${path}/data`, ...options }, rest))
    if (outcome._tag === "Left") assert.deepStrictEqual(tree(path), [], "what was written is gone")
    return outcome._tag === "Left" ? outcome.left : undefined
  })

describe("a backup to a folder", () => {
  it.scoped("is the files of the archives, with their modes, and the manifest (REP-073, REP-074, W06)", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      const backup = yield* take(backupOf(small), { folder: `${path}/data` })
      assert.deepStrictEqual(tree(`${path}/data`), [
        "backup_label 600",
        "backup_manifest 600",
        "base 700",
        "base/5 700",
        "base/5/1259 640",
        "base/5/empty 600",
        "global 700",
        "global/pg_control 600",
        "pg_wal 700"
      ])
      assert.strictEqual(NodeFs.readFileSync(`${path}/data/base/5/1259`, "utf8"), "x".repeat(9000))
      assert.strictEqual(NodeFs.readFileSync(`${path}/data/backup_manifest`, "utf8"), small.manifest)
      assert.strictEqual(NodeFs.statSync(`${path}/data`).mode & 0o777, 0o700)
      assert.deepInclude(backup, {
        folder: `${path}/data`,
        start: 0x2000028n,
        end: 0x2000100n,
        timeline: 1,
        manifest: `${path}/data/backup_manifest`
      })
    })
  )

  it.scoped("may be read by the group where the server's data folder may", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      yield* take(backupOf(small), { folder: `${path}/data` }, undefined, "0750")
      assert.strictEqual(NodeFs.statSync(`${path}/data`).mode & 0o777, 0o750)
      assert.include(tree(`${path}/data`), "backup_manifest 640")
    })
  )

  it.scoped("has tablespaces at new places, and links to them (REP-073, W06)", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      const inTablespace = [folder("PG_18"), { name: "PG_18/1", content: "one" }]
      const main = [
        ...files,
        folder("pg_tblspc"),
        { name: "pg_tblspc/16384/", type: "2", target: "/srv/fast" }
      ]
      const listed = { name: "pg_tblspc/16384/PG_18/1", content: "one" }
      const messages = backupOf({
        tablespaces: [["16384", "/srv/fast"]],
        archives: [
          { name: "16384.tar", location: "/srv/fast", bytes: archiveOf(...inTablespace) },
          { bytes: archiveOf(...main) }
        ],
        manifest: manifestFor(...files, listed)
      })
      const backup = yield* take(messages, {
        folder: `${path}/data`,
        tablespaces: { "/srv/fast": `${path}/fast/` }
      })
      assert.include(tree(`${path}/data`), `pg_tblspc/16384 -> ${path}/fast`)
      assert.deepStrictEqual(tree(`${path}/fast`), ["PG_18 700", "PG_18/1 600"])
      assert.deepStrictEqual(backup.tablespaces, [
        { oid: 16384, location: "/srv/fast", path: `${path}/fast` }
      ])
    })
  )

  it.scoped("refuses places that are no places, and mappings of nothing", () =>
    Effect.gen(function* () {
      const messages = backupOf({
        tablespaces: [["16384", "/srv/fast"]],
        archives: [
          { name: "16384.tar", location: "/srv/fast", bytes: ending },
          { bytes: archiveOf(...files) }
        ]
      })
      const of = (tablespaces: Record<string, string>) =>
        Effect.map(failing(messages, { manifest: false, tablespaces }), (error) => error?.message ?? "taken")
      assert.match(yield* of({ "/srv/fast": "relative" }), /target: relative: .* must be absolute/)
      assert.match(yield* of({ "/srv/fast": "/a/../b" }), /must be absolute/)
      assert.match(yield* of({ "/srv/fast": "/tmp" }), /must not lie in each other|not empty/)
      assert.match(
        yield* of({ "/other": "/tmp/x" }),
        /\/other: the backup has no tablespace in this folder|srv/
      )
    })
  )

  it.scoped("refuses a folder that is not empty, and leaves it as it was", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      NodeFs.writeFileSync(`${path}/precious`, "x")
      const error = yield* Effect.flip(take(backupOf(small), { folder: path }))
      assert.match(error.message, /target: .*: it is not empty/)
      assert.deepStrictEqual(tree(path), ["precious 644"])
      const file = yield* Effect.flip(take(backupOf(small), { folder: `${path}/precious` }))
      assert.match(file.message, /it is not a folder/)
    })
  )

  it.scoped("keeps a folder that was there, and empties it when it fails", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      const messages = backupOf({ ...small, ending: [errorResponse({ code: "XX001" }), readyForQuery()] })
      const error = yield* Effect.flip(take(messages, { folder: path }))
      assert.deepInclude(error, { _tag: "PgServerError", code: "XX001" })
      assert.deepStrictEqual(tree(path), [])
    })
  )

  it.scoped("refuses members that lead out, are links elsewhere, or are no files (REP-068, W07)", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [Made, RegExp]> = [
        [{ name: "../x", content: "x" }, /its path has the part \.\./],
        [{ name: "/etc/x", content: "x" }, /its path must be relative/],
        [{ name: "base/../../x", content: "x" }, /its path has the part \.\./],
        [{ name: "a", type: "2", target: "/etc" }, /links lead to tablespaces/],
        [{ name: "base", type: "2", target: "/etc" }, /links lead to tablespaces/],
        [{ name: "pg_tblspc/16384", type: "2", target: "/etc" }, /links lead to tablespaces/],
        [{ name: "a", type: "1", target: "/etc/passwd" }, /got a Link/],
        [{ name: "a", type: "3" }, /got a CharacterDevice/],
        [{ name: "a", type: "6" }, /got a FIFO/],
        [{ name: "backup_manifest", content: "{}" }, /a server does not send this file/],
        [{ name: "tablespace_map", content: "1 /etc" }, /a server does not send this file/],
        [{ name: "backup_label", content: "twice" }, /EEXIST|AlreadyExists/]
      ]
      for (const [made, pattern] of cases) {
        const error = yield* failing(backupOf(withMember(made)))
        assert.match(error?.message ?? "taken", pattern, made.name)
        assert.deepInclude(error, { _tag: "PgBackupError" })
      }
    })
  )

  it.scoped("writes nothing through a link that an archive has made (W07)", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      const main = [
        { name: "pg_tblspc/16384/", type: "2", target: "/srv/fast" },
        { name: "pg_tblspc/16384/evil", content: "x" }
      ]
      const messages = backupOf({
        tablespaces: [["16384", "/srv/fast"]],
        archives: [
          { name: "16384.tar", location: "/srv/fast", bytes: ending },
          { bytes: archiveOf(folder("pg_tblspc"), ...main, ...files) }
        ]
      })
      const error = yield* Effect.flip(
        take(messages, {
          folder: `${path}/data`,
          manifest: false,
          tablespaces: { "/srv/fast": `${path}/fast` }
        })
      )
      assert.match(error.message, /must be a link, with nothing below it/)
      assert.deepStrictEqual(tree(path), [])
    })
  )

  it.scoped("is refused when an archive is cut, or has no control file (W07)", () =>
    Effect.gen(function* () {
      const whole = archiveOf(...files)
      for (const bytes of [whole.subarray(0, 1000), whole.subarray(0, whole.length - 1024)]) {
        const error = yield* failing(backupOf({ archives: [{ bytes }] }), { manifest: false })
        assert.match(error?.message ?? "taken", /two blocks of zeros/)
      }
      const lying = Buffer.concat([member({ name: "a", size: 100_000 }), ending])
      const swallowed = yield* failing(backupOf({ archives: [{ bytes: lying }] }), { manifest: false })
      assert.match(swallowed?.message ?? "taken", /it is truncated inside a file/)
      const without = archiveOf(...files.slice(0, -1))
      const error = yield* failing(backupOf({ archives: [{ bytes: without }] }), { manifest: false })
      assert.match(error?.message ?? "taken", /it has no global\/pg_control/)
    })
  )

  it.scoped("is refused when files and manifest differ, whichever is wrong (REP-074, W08)", () =>
    Effect.gen(function* () {
      const of = (manifest: string) => failing(backupOf({ ...small, manifest }))
      const cases: ReadonlyArray<readonly [string, RegExp]> = [
        [manifestFor(...files.slice(1)), /"backup_label" was received, and is not listed/],
        [manifestFor(...files, { name: "missing" }), /"missing" was not received/],
        [manifestFor(...files, files[0]!), /"backup_label" was not received, or is listed twice/],
        [
          manifestFor({ ...files[0]!, content: "START WAL LOCATION: 0/2000029\n" }, ...files.slice(1)),
          /"backup_label" was received with/
        ],
        [small.manifest!.replace("7000000000000000001", "7000000000000000002"), /its checksum is/],
        [small.manifest!.slice(0, -20), /it is truncated|its last line|ends inside/]
      ]
      for (const [manifest, pattern] of cases) {
        const error = yield* of(manifest)
        assert.match(error?.message ?? "taken", pattern)
        assert.deepInclude(error, { _tag: "PgBackupError", reason: "manifest" })
      }
    })
  )

  it.scoped("leaves nothing behind when the connection is lost, in whatever phase (REP-075, W06)", () =>
    Effect.gen(function* () {
      const messages = backupOf(small)
      for (let sent = 0; sent < messages.length - 1; sent++) {
        const error = yield* failing(messages.slice(0, sent), {}, [hangUp])
        assert.include(["PgClosedError", "PgConnectError"], error?._tag, `after ${sent} messages`)
      }
    })
  )

  it.scoped("leaves nothing behind when the server fails, in whatever phase (REP-075, W06)", () =>
    Effect.gen(function* () {
      const messages = backupOf(small)
      for (let sent = 0; sent < messages.length - 1; sent += 3) {
        const error = yield* failing([
          ...messages.slice(0, sent),
          errorResponse({ code: "58030" }),
          readyForQuery()
        ])
        assert.deepInclude(error, { _tag: "PgServerError", code: "58030" }, `after ${sent} messages`)
      }
    })
  )

  it.scoped("leaves nothing behind when the disk is full, at whichever call it is (REP-075, W06)", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      for (const format of ["plain", "archives"] as const) {
        for (let call = 1; ; call++) {
          const { isReached, layer } = failingDisk(call)
          const folder = `${path}/data`
          const outcome = yield* Effect.either(
            take(backupOf(small), { folder, format }, [], undefined, layer)
          )
          if (!isReached()) {
            assert.strictEqual(outcome._tag, "Right", "no call failed")
            assert.isAbove(call, format === "plain" ? 20 : 8)
            break
          }
          assert.deepInclude(outcome._tag === "Left" ? outcome.left : undefined, {
            _tag: "PgBackupError",
            reason: "disk-full"
          })
          assert.include(String(outcome._tag === "Left" ? outcome.left.message : ""), folder)
          assert.deepStrictEqual(tree(path), [], `call ${call}`)
        }
        NodeFs.rmSync(`${path}/data`, { recursive: true })
      }
    })
  )

  it.scoped("leaves nothing behind when it is interrupted, and closes the session (REP-075, W06)", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      const messages = backupOf(small)
      const reached = yield* Deferred.make<void>()
      const watching = Effect.iterate(0, {
        while: () => !NodeFs.existsSync(`${path}/data/base/5`),
        body: () => Effect.as(Effect.yieldNow(), 0)
      }).pipe(Effect.zipRight(Deferred.succeed(reached, undefined)))
      yield* Effect.forkScoped(watching)
      const taking = yield* Effect.fork(
        take(messages.slice(0, -8), { folder: `${path}/data` }, [
          cancelled,
          send(errorResponse({ code: "57014" }), readyForQuery()),
          ScriptedServer.goodbye
        ])
      )
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(taking)
      assert.deepStrictEqual(tree(path), [])
    })
  )

  it.scoped(
    "is the server's archives as files when that is wanted, also compressed ones that cannot be read here (REP-068)",
    () =>
      Effect.gen(function* () {
        const path = yield* scratch
        yield* take(backupOf(small), { folder: `${path}/data`, format: "archives" })
        assert.deepStrictEqual(tree(`${path}/data`), ["backup_manifest 600", "base.tar 600"])
        assert.isTrue(NodeFs.readFileSync(`${path}/data/base.tar`).equals(small.archives[0]!.bytes as Buffer))
        const lz4 = { ...small, archives: [{ name: "base.tar.lz4", bytes: Buffer.from("not looked at") }] }
        yield* take(backupOf(lz4), {
          folder: `${path}/lz4`,
          format: "archives",
          compression: { method: "lz4" }
        })
        assert.deepStrictEqual(tree(`${path}/lz4`), ["backup_manifest 600", "base.tar.lz4 600"])
        const bad = yield* failing(backupOf({ ...small, manifest: manifestFor(...files.slice(1)) }), {
          format: "archives"
        })
        assert.match(bad?.message ?? "taken", /was received, and is not listed/)
      })
  )

  it.scoped("refuses before anything is sent what cannot be decompressed here, or does not go together", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      const of = (options: Partial<Parameters<typeof take>[1]>) =>
        Effect.map(Effect.flip(take([], { folder: path, ...options }, [])), (error) => error.message)
      assert.match(
        yield* of({ compression: { method: "lz4" } }),
        /compression .*lz4 cannot be decompressed by this version of Node/
      )
      const zstd = yield* of({
        compression: { method: "zstd" },
        ...(hasZstd ? { standby: true, format: "archives" } : {})
      })
      assert.match(
        zstd,
        hasZstd ? /needs the format plain/ : /zstd cannot be decompressed by this version of Node: use gzip/
      )
      assert.match(yield* of({ format: "archives", standby: true }), /standby .*needs the format plain/)
      assert.match(yield* of({ format: "archives", tablespaces: {} }), /tablespaces .*needs the format plain/)
      assert.match(yield* of({ folder: "" }), /folder .*must be the path of a folder/)
    })
  )
})
