/** Chains of backups made up by hand, put together. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as NodeFs from "node:fs"
import { dirname } from "node:path"
import * as Combine from "../../../src/replication/backup/Combine.js"
import { verify } from "../../../src/replication/backup/Verify.js"
import { scratch, tree } from "./backupServer.js"
import { line, manifestOf } from "./manifests.js"

const blockBytes = 8192
const block = (fill: number): Buffer => Buffer.alloc(blockBytes, fill)
const blocks = (...fills: ReadonlyArray<number>): Buffer => Buffer.concat(fills.map(block))

/** The file of an increment with these blocks, in the order given. */
const changed = (
  truncation: number,
  ...some: ReadonlyArray<readonly [number: number, fill: number]>
): Buffer => {
  const head = Buffer.alloc(
    some.length === 0 ? 12 : Math.ceil((12 + 4 * some.length) / blockBytes) * blockBytes
  )
  head.writeUInt32LE(0xd3ae1f0d, 0)
  head.writeUInt32LE(some.length, 4)
  head.writeUInt32LE(truncation, 8)
  some.forEach(([number], index) => head.writeUInt32LE(number, 12 + 4 * index))
  return Buffer.concat([head, ...some.map(([, fill]) => block(fill))])
}

const control = (systemId: bigint): Buffer => {
  const bytes = Buffer.alloc(100, 1)
  bytes.writeBigUInt64LE(systemId, 0)
  return bytes
}

const system = 7000000000000000001n

interface Made {
  /** Its number in the chain, from which its start follows. */
  readonly number: number
  readonly files: Readonly<Record<string, Buffer | string>>
  readonly from?: number
  readonly systemId?: bigint
  readonly hasManifest?: boolean
}

const make = (
  folder: string,
  { files, from, hasManifest = true, number, systemId = system }: Made
): string => {
  const all: Record<string, Buffer | string> = {
    PG_VERSION: "17\n",
    backup_label:
      `START WAL LOCATION: 0/${number}000028 (file x)\nSTART TIMELINE: 1\n` +
      (from === undefined ? "" : `INCREMENTAL FROM LSN: 0/${from}000028\nINCREMENTAL FROM TLI: 1\n`),
    "global/pg_control": control(systemId),
    ...files
  }
  for (const name of ["base/5", "global", "pg_tblspc", "pg_wal"]) {
    NodeFs.mkdirSync(`${folder}/${name}`, { recursive: true })
  }
  for (const [name, content] of Object.entries(all)) {
    NodeFs.mkdirSync(dirname(`${folder}/${name}`), { recursive: true })
    NodeFs.writeFileSync(`${folder}/${name}`, content, { mode: 0o600 })
  }
  if (hasManifest) {
    const lines = Object.entries(all).map(([name, content]) => line(name, content))
    NodeFs.writeFileSync(`${folder}/backup_manifest`, manifestOf(lines, String(systemId)))
  }
  return folder
}

const combine = (chain: ReadonlyArray<string>, into: string, options: Combine.CombineOptions = {}) =>
  Effect.provide(Combine.combine(chain, into, { sync: false, ...options }), NodeFileSystem.layer)

describe("a chain of backups", () => {
  it.scoped("becomes one whose files have each block from the newest backup that has it (REP-079)", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      const chain = [
        make(`${path}/0`, {
          number: 2,
          files: {
            "base/5/changed": blocks(1, 2, 3, 4),
            "base/5/same": blocks(5, 6),
            "base/5/short": blocks(7, 8, 9),
            "base/5/dropped": blocks(1),
            "base/5/1259_fsm": "not by blocks"
          }
        }),
        make(`${path}/1`, {
          number: 3,
          from: 2,
          files: {
            "base/5/INCREMENTAL.changed": changed(4, [1, 22]),
            "base/5/INCREMENTAL.same": changed(2),
            "base/5/INCREMENTAL.short": changed(3, [2, 99]),
            "base/5/new": blocks(1),
            "base/5/1259_fsm": "changed"
          }
        }),
        make(`${path}/2`, {
          number: 4,
          from: 3,
          files: {
            "base/5/INCREMENTAL.changed": changed(4, [3, 44], [5, 66]),
            "base/5/INCREMENTAL.same": changed(2),
            "base/5/INCREMENTAL.short": changed(1),
            "base/5/INCREMENTAL.new": changed(1),
            "base/5/1259_fsm": "changed again"
          }
        })
      ]
      const into = `${path}/whole`
      const combined = yield* combine(chain, into)
      const read = (name: string) => NodeFs.readFileSync(`${into}/base/5/${name}`)
      assert.isTrue(read("changed").equals(blocks(1, 22, 3, 44, 0, 66)))
      assert.isTrue(read("same").equals(blocks(5, 6)))
      assert.isTrue(read("short").equals(blocks(7)))
      assert.isTrue(read("new").equals(blocks(1)))
      assert.strictEqual(read("1259_fsm").toString(), "changed again")
      assert.deepInclude(combined, { systemId: String(system), rebuilt: 2 })
      assert.notInclude(tree(into).join(), "dropped")
      assert.notInclude(NodeFs.readFileSync(`${into}/backup_label`, "utf8"), "INCREMENTAL")
      const report = yield* Effect.provide(verify(into, { log: false }), NodeFileSystem.layer)
      assert.deepStrictEqual(report.deviations, [])
    })
  )

  it.scoped("is the same with manifests and without, however blocks lie in its files (REP-079)", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      let round = 0
      const some = fc.uniqueArray(fc.nat(299), { maxLength: 80 })
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(
            fc.integer({ min: 1, max: 300 }),
            fc.nat(300),
            some,
            some,
            fc.boolean(),
            async (size, truncation, first, second, hasManifest) => {
              const place = `${path}/${round++}`
              const fills = Array.from({ length: size }, (_, index) => (index % 250) + 1)
              const older = first.map((number) => [number, 251] as const)
              const newer = second.map((number) => [number, 252] as const)
              const chain = [
                make(`${place}/0`, { number: 2, hasManifest, files: { "base/5/1": blocks(...fills) } }),
                make(`${place}/1`, {
                  number: 3,
                  from: 2,
                  hasManifest,
                  files: { "base/5/INCREMENTAL.1": changed(300, ...older) }
                }),
                make(`${place}/2`, {
                  number: 4,
                  from: 3,
                  hasManifest,
                  files: { "base/5/INCREMENTAL.1": changed(truncation, ...newer) }
                })
              ]
              const length = Math.max(truncation, ...second.map((number) => number + 1))
              const expected = Array.from({ length }, (_, number) =>
                second.includes(number)
                  ? 252
                  : number >= truncation
                    ? 0
                    : first.includes(number)
                      ? 251
                      : (fills[number] ?? 0)
              )
              await Effect.runPromise(combine(chain, `${place}/whole`))
              const file = NodeFs.readFileSync(`${place}/whole/base/5/1`)
              assert.isTrue(file.equals(blocks(...expected)), "each block is where it belongs")
              NodeFs.rmSync(place, { recursive: true })
            }
          ),
          { numRuns: 25 }
        )
      )
    })
  )

  it.scoped(
    "of two clusters, in another order or with a gap is refused, and nothing is made (REP-079, W09)",
    () =>
      Effect.gen(function* () {
        const path = yield* scratch
        const full = make(`${path}/full`, { number: 2, files: {} })
        const next = make(`${path}/next`, { number: 3, from: 2, files: {} })
        const last = make(`${path}/last`, { number: 4, from: 3, files: {} })
        const foreign = make(`${path}/foreign`, { number: 3, from: 2, files: {}, systemId: system + 1n })
        const cases: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
          [[], /the chain must have at least one backup/],
          [
            [full, foreign],
            /foreign: it belongs to the cluster 7000000000000000002, and the backup before it to the cluster 7000000000000000001/
          ],
          [[next, last], /next: the first backup must be a full one, and this is an increment/],
          [[full, last], /last: it was taken from the backup that begins at 0\/3000028/],
          [[full, full], /only the first backup may be a full one, and this is a full backup/]
        ]
        for (const [chain, pattern] of cases) {
          const error = yield* Effect.flip(combine(chain, `${path}/whole`))
          assert.deepInclude(error, { _tag: "PgBackupError", reason: "chain" })
          assert.match(error.message, pattern)
          assert.deepStrictEqual(tree(`${path}/whole`), ["nothing"])
        }
      })
  )

  it.scoped("with a file that is missing, cut or malformed fails, and nothing is left (W09)", () =>
    Effect.gen(function* () {
      const path = yield* scratch
      const whole = { "base/5/1": blocks(1, 2) }
      const cases: ReadonlyArray<readonly [Made["files"], Made["files"], RegExp]> = [
        [
          {},
          { "base/5/INCREMENTAL.1": changed(1) },
          /the manifest lists it, and the backup has neither the file nor an increment of it/
        ],
        [
          whole,
          { "base/5/INCREMENTAL.1": changed(2, [1, 9]).subarray(0, 9000) },
          /it is truncated: it has 9000 bytes for 1 blocks/
        ],
        [whole, { "base/5/INCREMENTAL.1": Buffer.alloc(12) }, /it is not an incremental file of PostgreSQL/],
        [whole, { "base/5/INCREMENTAL.1": Buffer.alloc(0) }, /it is too short/],
        [
          { "base/5/INCREMENTAL.1": changed(1) },
          { "base/5/INCREMENTAL.1": changed(1) },
          /no backup of the chain has the whole file/
        ]
      ]
      for (const [index, [before, after, pattern]] of cases.entries()) {
        const chain = [
          make(`${path}/${index}/0`, { number: 2, files: before }),
          make(`${path}/${index}/1`, { number: 3, from: 2, files: after })
        ]
        const error = yield* Effect.flip(combine(chain, `${path}/whole`))
        assert.deepInclude(error, { _tag: "PgBackupError", reason: "content" })
        assert.match(error.message, pattern)
        assert.deepStrictEqual(tree(`${path}/whole`), ["nothing"])
      }
    })
  )
})
