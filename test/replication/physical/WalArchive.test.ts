/** An archive at work, with a server that goes through a script and a file that fails once. */
import { assert, describe, it } from "@effect/vitest"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schedule from "effect/Schedule"
import { PgWalArchiveError } from "../../../src/model/WalArchiveError.js"
import type { Written } from "../../../src/replication/physical/SyncedFile.js"
import { SyncedFile } from "../../../src/replication/physical/SyncedFile.js"
import * as WalArchive from "../../../src/replication/physical/WalArchive.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import * as WalMessage from "../../../src/wire/replication/WalMessage.js"
import { logBytes, opening, politely, started, wal } from "../physicalServer.js"
import { identified, scripted } from "../scriptedSessions.js"

const { expectAny, run, send, simpleQuery, startup } = ScriptedServer

const start = 0x2000000n
const end = start + 1700n
const name = "000000010000000000000002.partial"
const failure = "EIO: i/o error, write"

/** The session that asks for the size of segments, before the feed opens its own. */
const asked: ScriptedServer.Script = [
  startup({ parameters: { server_version: "18.1" } }),
  identified(1, "0/2000000"),
  simpleQuery('SHOW "wal_segment_size"', [
    { columns: [ScriptedServer.column("wal_segment_size")], rows: [["16MB"]] }
  ])
]
const begun = [opening(), started("START_REPLICATION PHYSICAL 0/2000000 TIMELINE 1")]

/** Takes reports until one has the log up to this position flushed; `seen` has the positions of each. */
const untilFlushed = (position: bigint, seen: Array<bigint>): ScriptedServer.Script => [
  expectAny("a report", (message) => {
    if (message._tag !== "CopyData") return `got ${message._tag}`
    const report = Either.getOrThrow(WalMessage.decodeClient(message.data))
    if (report._tag !== "StandbyStatus") return []
    seen.push(report.flushed)
    return report.flushed >= position ? [] : untilFlushed(position, seen)
  })
]

/** Takes everything until the client ends, and notes its reports. */
const noting = (seen: Array<bigint>): ScriptedServer.Script => [
  ScriptedServer.repeat(
    expectAny("anything", (message) => {
      if (message._tag === "CopyDone")
        return [
          send(
            { _tag: "CopyDone" },
            { _tag: "CommandComplete", commandTag: "COPY 0" },
            { _tag: "CommandComplete", commandTag: "START_REPLICATION" },
            ScriptedServer.readyForQuery()
          )
        ]
      if (message._tag !== "CopyData") return []
      const report = Either.getOrThrow(WalMessage.decodeClient(message.data))
      if (report._tag === "StandbyStatus") seen.push(report.flushed)
      return []
    })
  )
]

/**
 * Until the scope closes the first write that has another beside it waits for that one to be on the disk, and then fails. The one
 * before, with which the segment is opened, is alone.
 */
const failingOnce = (begun: Deferred.Deferred<void>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { write } = Object.getOwnPropertyDescriptors(SyncedFile.prototype)
      const original = write.value as SyncedFile["write"]
      let calls = 0
      let held: Written | undefined
      SyncedFile.prototype.write = function (this: SyncedFile, bytes, place, written) {
        calls++
        if (calls === 2) {
          held = written
          return Deferred.unsafeDone(begun, Effect.void)
        }
        original.call(this, bytes, place, (error) => {
          written(error)
          held?.(new Error(failure))
          held = undefined
        })
      }
      return original
    }),
    (original) => Effect.sync(() => void (SyncedFile.prototype.write = original))
  )

describe("a synchronous archive", () => {
  it.scoped(
    "whose write fails reports nothing behind it as flushed, names file and cause, and goes on when the cause is gone (W04)",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const folder = yield* fs.makeTempDirectoryScoped()
        const hasBegun = yield* Deferred.make<void>()
        yield* failingOnce(hasBegun)
        const before: Array<bigint> = []
        const after: Array<bigint> = []
        const connector = yield* scripted([
          asked,
          [
            ...begun,
            send(wal(start, 1000)),
            untilFlushed(start + 1000n, before),
            send(wal(start + 1000n, 500)),
            run("the write that fails has begun", () => Deferred.await(hasBegun)),
            send(wal(start + 1500n, 100)),
            noting(before)
          ],
          asked,
          [...begun, send(wal(start, 1700)), untilFlushed(end, after), politely]
        ])
        const stalls: Array<unknown> = []
        const archive: WalArchive.WalArchive = yield* WalArchive.open({
          folder,
          synchronous: true,
          until: end,
          reconnect: Schedule.forever,
          onEvent: (event) =>
            Effect.gen(function* () {
              if (event._tag !== "ArchiveStalled") return
              stalls.push(event.error)
              assert.deepInclude(yield* archive.status, { state: "stalled", flushed: start + 1000n })
            })
        })
        yield* Effect.provide(archive.run, connector)
        const [error] = stalls
        assert.lengthOf(stalls, 1)
        assert.instanceOf(error, PgWalArchiveError)
        assert.deepInclude(error, { reason: "file", path: `${folder}/${name}` })
        assert.include(error.message, failure)
        assert.strictEqual(
          before.reduce((most, each) => (each > most ? each : most), 0n),
          start + 1000n
        )
        assert.strictEqual(after.at(-1), end)
        assert.deepInclude(yield* archive.status, { state: "stopped", flushed: end })
        const bytes = yield* fs.readFile(`${folder}/${name}`)
        assert.isTrue(Buffer.from(logBytes(start, 1700)).equals(bytes.subarray(0, 1700)))
      }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})
