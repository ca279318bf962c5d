import { assert, describe, it } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import type { VerifyOptions } from "../../../src/replication/backup/VerifyReport.js"
import { verify } from "../../../src/replication/backup/Verify.js"
import * as WalPageHeader from "../../../src/wire/replication/WalPageHeader.js"
import { backupOf, files, manifestFor, scratch, small, take } from "./backupServer.js"

const systemId = 7000000000000000001n
const control = Buffer.alloc(8192)
control.writeBigUInt64LE(systemId)
const MiB = 1 << 20

/** A segment of one mebibyte, as a server fills it. */
const segment = (start: bigint, timeline = 1): Buffer => {
  const bytes = Buffer.alloc(MiB)
  bytes.set(
    WalPageHeader.encode({
      magic: 0xd118,
      timeline,
      position: start,
      systemId: String(systemId),
      segmentSize: MiB,
      blockSize: 8192,
      littleEndian: true
    })
  )
  for (let at = 8192; at < MiB; at += 8192) {
    bytes.writeUInt16LE(0xd118, at)
    bytes.writeUInt32LE(timeline, at + 4)
    bytes.writeBigUInt64LE(start + BigInt(at), at + 8)
  }
  return bytes
}

const withControl = files.map((made) =>
  made.name === "global/pg_control" ? { ...made, content: control } : made
)
const segmentFile = "pg_wal/000000010000000000000020"

/** A backup on the disk that is right; its log begins in segment 0x20. */
const backup = Effect.gen(function* () {
  const path = yield* scratch
  const folder = `${path}/data`
  const archives = small.archives.map((archive) => ({ ...archive }))
  const { archiveOf } = yield* Effect.promise(() => import("./tar.js"))
  yield* take(
    backupOf({
      archives: [{ ...archives[0], bytes: archiveOf(...withControl) }],
      manifest: manifestFor(...withControl)
    }),
    { folder }
  )
  NodeFs.writeFileSync(`${folder}/${segmentFile}`, segment(0x2000000n))
  return folder
})

const report = (folder: string, options?: VerifyOptions) =>
  Effect.provide(verify(folder, options), NodeFileSystem.layer)

const found = (folder: string, options?: VerifyOptions) =>
  Effect.map(report(folder, options), ({ deviations }) =>
    deviations.map(({ kind, path }) => `${kind} ${path}`)
  )

describe("a backup on the disk", () => {
  it.scoped("is whole when every file matches the manifest, and the log is there (REP-074)", () =>
    Effect.gen(function* () {
      const folder = yield* backup
      const { files, isWhole, manifest } = yield* report(folder)
      assert.isTrue(isWhole)
      assert.strictEqual(files, 4)
      assert.strictEqual(manifest?.systemId, String(systemId))
      // A part of the files at a time.
      assert.deepInclude(yield* report(folder, { filesAtOnce: 1 }), { isWhole: true, files: 4 })
    })
  )

  it.scoped("has files of any size, which are read to their last byte (REP-074)", () =>
    Effect.gen(function* () {
      const folder = yield* backup
      const piece = 1 << 19
      const large = [0, 1, piece - 1, piece, piece + 1, 2 * piece - 1, 2 * piece, 3 * piece + 7].map(
        (size) => ({
          name: `base/5/${size}`,
          content: Buffer.alloc(size, 5)
        })
      )
      for (const { content, name } of large) NodeFs.writeFileSync(`${folder}/${name}`, content)
      NodeFs.writeFileSync(`${folder}/backup_manifest`, manifestFor(...withControl, ...large))
      assert.deepStrictEqual(yield* found(folder), [])
      for (const { content, name } of large.slice(1)) {
        content[content.length - 1] = 6
        NodeFs.writeFileSync(`${folder}/${name}`, content)
      }
      assert.sameMembers(
        [...(yield* found(folder))],
        large.slice(1).map(({ name }) => `checksum ${name}`)
      )
    })
  )

  it.scoped("is reported with each file that differs, is missing or is too much (REP-074, W08)", () =>
    Effect.gen(function* () {
      const folder = yield* backup
      NodeFs.writeFileSync(`${folder}/base/5/1259`, `y${"x".repeat(8999)}`)
      NodeFs.appendFileSync(`${folder}/backup_label`, "more")
      NodeFs.rmSync(`${folder}/base/5/empty`)
      NodeFs.writeFileSync(`${folder}/base/5/extra`, "")
      const expected = [
        "checksum base/5/1259",
        "extra base/5/extra",
        "missing base/5/empty",
        "size backup_label"
      ]
      assert.deepStrictEqual([...(yield* found(folder))].sort(), expected)
      for (const filesAtOnce of [1, 2, 3]) {
        assert.deepStrictEqual([...(yield* found(folder, { filesAtOnce }))].sort(), expected)
      }
      assert.notInclude(yield* found(folder, { checksums: false }), "checksum base/5/1259")
      const bounded = yield* report(folder, { limit: 1 })
      assert.deepInclude(bounded, { deviationCount: 4, isWhole: false })
      assert.strictEqual(bounded.deviations.length, 1)
    })
  )

  it.scoped("may have what a restore adds to it", () =>
    Effect.gen(function* () {
      const folder = yield* backup
      for (const name of ["postgresql.auto.conf", "standby.signal", "recovery.signal", "pg_wal/anything"]) {
        NodeFs.writeFileSync(`${folder}/${name}`, "x")
      }
      assert.deepStrictEqual(yield* found(folder), [])
      NodeFs.writeFileSync(`${folder}/postgresql.conf`, "x")
      assert.deepStrictEqual(yield* found(folder), ["extra postgresql.conf"])
    })
  )

  it.scoped("is followed through no link to a folder elsewhere", () =>
    Effect.gen(function* () {
      const folder = yield* backup
      NodeFs.symlinkSync("/", `${folder}/base/root`)
      NodeFs.symlinkSync("..", `${folder}/base/5/loop`)
      assert.sameMembers([...(yield* found(folder))], ["extra base/5/loop", "extra base/root"])
    })
  )

  it.scoped("of another cluster than its manifest is reported (W08)", () =>
    Effect.gen(function* () {
      const folder = yield* backup
      const other = Buffer.from(control)
      other.writeBigUInt64LE(systemId + 1n)
      const changed = withControl.map((made) =>
        made.name === "global/pg_control" ? { ...made, content: other } : made
      )
      NodeFs.writeFileSync(`${folder}/global/pg_control`, other)
      NodeFs.writeFileSync(`${folder}/backup_manifest`, manifestFor(...changed))
      assert.deepStrictEqual(yield* found(folder), ["system global/pg_control"])
    })
  )

  it.scoped(
    "with a manifest that is malformed, cut or changed is reported, and no file is opened (REP-074, W08)",
    () =>
      Effect.gen(function* () {
        const folder = yield* backup
        const path = `${folder}/backup_manifest`
        const text = NodeFs.readFileSync(path, "utf8")
        for (const other of [
          "",
          "{",
          "[".repeat(1_000_000),
          text.slice(0, -30),
          text.replace("1259", "1260"),
          `${text}x`
        ]) {
          NodeFs.writeFileSync(path, other)
          const { deviations, manifest } = yield* report(folder)
          assert.deepStrictEqual(
            deviations.map(({ kind }) => kind),
            ["manifest"]
          )
          assert.isUndefined(manifest)
        }
        NodeFs.rmSync(path)
        assert.deepInclude(yield* Effect.flip(report(folder)), { _tag: "PgBackupError", reason: "file" })
      })
  )

  it.scoped("whose log is missing, cut or of other pages is reported (REP-076)", () =>
    Effect.gen(function* () {
      const folder = yield* backup
      const path = `${folder}/${segmentFile}`
      const broken = (change: (bytes: Buffer) => Buffer | void) => {
        const bytes = segment(0x2000000n)
        NodeFs.writeFileSync(path, change(bytes) ?? bytes)
        return found(folder)
      }
      const wrong = [`log ${segmentFile}`]
      assert.deepStrictEqual(yield* broken((bytes) => bytes.subarray(0, 100)), wrong)
      assert.include(yield* broken(() => Buffer.alloc(MiB)), wrong[0])
      assert.include(yield* broken(() => segment(0x2100000n)), wrong[0])
      assert.include(yield* broken(() => segment(0x2000000n, 2)), wrong[0])
      // The range ends in the first page: what is behind it may be anything.
      assert.deepStrictEqual(yield* broken((bytes) => bytes.fill(0, 8192)), [])
      NodeFs.rmSync(path)
      assert.deepStrictEqual(
        yield* found(folder),
        wrong.map(() => "log pg_wal/000000010000000000000002")
      )
      assert.deepStrictEqual(yield* found(folder, { log: false }), [])
    })
  )
})
