/** Backups of real servers, 14 to 18, replayed by the scripted server: see `test/fixtures/backup/recipe.ts`. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import type { BackupEvent } from "../../../src/replication/backup/BackupEvent.js"
import type { BackupOptions } from "../../../src/replication/backup/BackupOptions.js"
import { stream } from "../../../src/replication/backup/BackupStream.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import { scripted } from "../scriptedSessions.js"

interface Turn {
  /** A command; nothing for the start-up. */
  readonly sent: string
  /** In hex; between them how many were left out. */
  readonly messages: ReadonlyArray<string>
}

interface Scene {
  /** The folder of the tablespace. */
  readonly place: string
  readonly turns: ReadonlyArray<Turn>
}

interface Capture {
  readonly version: number
  readonly scenes: {
    readonly whole: Scene
    /** The server was built without lz4. */
    readonly noCompression?: Scene
    /** A page of the tablespace has a wrong checksum. */
    readonly badPage?: Scene
  }
}

const captures = [14, 15, 16, 17, 18].map(
  (version) =>
    JSON.parse(
      readFileSync(new URL(`../../fixtures/backup/v${version}.json`, import.meta.url), "utf8")
    ) as Capture
)

const { expect, goodbye, send, startup } = ScriptedServer

const bytesOf = (messages: ReadonlyArray<string>): ReadonlyArray<Buffer> =>
  messages.filter((hex) => !hex.endsWith("left out")).map((hex) => Buffer.from(hex, "hex"))

const versionOf = ([first]: ReadonlyArray<Turn>): string =>
  bytesOf(first!.messages)
    .map((bytes) => bytes.toString("latin1"))
    .find((text) => text.includes("server_version"))!
    .split("\0")
    .at(-2)!

/** What the client makes of the captured answers; the session is clean behind them. */
const replayed = ({ turns }: Scene, options: BackupOptions) =>
  Effect.gen(function* () {
    const script = turns
      .slice(1)
      .map(({ messages, sent }): ScriptedServer.Script => [
        expect({ _tag: "Query", sql: sent }),
        send(...bytesOf(messages))
      ])
    const connector = yield* scripted([
      [startup({ parameters: { server_version: versionOf(turns) } }), script, goodbye]
    ])
    const events: Array<BackupEvent> = []
    const outcome = yield* Stream.runForEach(stream(options), (event) =>
      Effect.sync(() => events.push(event))
    ).pipe(Effect.either, Effect.provide(connector), Effect.provide(NodeFileSystem.layer))
    return { events, error: outcome._tag === "Left" ? outcome.left : undefined }
  })

const asked: BackupOptions = {
  label: "golden",
  progress: true,
  checkpoint: "fast",
  wait: false,
  tablespaceMap: true,
  manifest: true
}

/** The archives' bytes as they lie in the captured messages, read without the code under test; the manifest's last. */
const contentsOf = ({ turns }: Scene, hasTags: boolean): ReadonlyArray<Buffer> => {
  const all: Array<Buffer> = []
  for (const bytes of bytesOf(turns.at(-1)!.messages)) {
    const tag = String.fromCharCode(bytes[0]!)
    const kind = String.fromCharCode(bytes[5] ?? 0)
    if (hasTags ? tag === "d" && (kind === "n" || kind === "m") : tag === "H") all.push(Buffer.alloc(0))
    else if (tag === "d" && (!hasTags || kind === "d")) {
      all.push(Buffer.concat([all.pop()!, bytes.subarray(hasTags ? 6 : 5)]))
    }
  }
  // The ends of archives of PostgreSQL 14 are for the client to add.
  return hasTags ? all : all.map((bytes, at) => (at < 2 ? Buffer.concat([bytes, Buffer.alloc(1024)]) : bytes))
}

const given = (events: ReadonlyArray<BackupEvent>): ReadonlyArray<Buffer> => {
  const all: Array<Buffer> = []
  for (const event of events) {
    if (event._tag === "ArchiveStarted" || event._tag === "ManifestStarted") all.push(Buffer.alloc(0))
    else if (event._tag === "ArchiveData" || event._tag === "ManifestData") {
      all.push(Buffer.concat([all.pop()!, event.data]))
    }
  }
  return all
}

const stretches = (events: ReadonlyArray<BackupEvent>): ReadonlyArray<string> =>
  events
    .map((event) => (event._tag === "ArchiveStarted" ? event.name : event._tag))
    .filter((name) => name !== "BackupProgressed")
    .filter((name, index, all) => name !== all[index - 1])

for (const { scenes, version } of captures) {
  const hasTags = version >= 15
  describe(`a captured backup of PostgreSQL ${version}`, () => {
    it.scoped(
      "is given as the same events in every version (REP-066, REP-067, REP-069, REP-070, REP-072)",
      () =>
        Effect.gen(function* () {
          const { error, events } = yield* replayed(scenes.whole, asked)
          assert.isUndefined(error)
          const [first] = events
          assert.deepInclude(first, { _tag: "BackupStarted", start: 0x2000028n, timeline: 1 })
          const tablespaces = first?._tag === "BackupStarted" ? first.tablespaces : []
          assert.deepStrictEqual(
            tablespaces.map(({ location, oid }) => ({ location, oid })),
            [
              { location: scenes.whole.place, oid: 16384 },
              { location: undefined, oid: undefined }
            ]
          )
          assert.isTrue(tablespaces.every(({ estimatedBytes }) => estimatedBytes! > 0n))
          const archive = ["ArchiveData", "ArchiveEnded"]
          const whole = ["BackupStarted", "16384.tar", ...archive, "base.tar", ...archive]
          assert.deepStrictEqual(stretches(events), [
            ...whole,
            "ManifestStarted",
            "ManifestData",
            "BackupFinished"
          ])
          assert.deepStrictEqual(given(events), contentsOf(scenes.whole, hasTags))
          assert.isTrue(events.some(({ _tag }) => _tag === "BackupProgressed"))
          const last = events.at(-1)
          assert.isTrue(last?._tag === "BackupFinished" && last.end > 0x2000028n && last.timeline === 1)
        })
    )

    const { badPage, noCompression } = scenes
    if (noCompression !== undefined) {
      it.scoped("is refused when the server was not built with the compression (REP-063)", () =>
        Effect.gen(function* () {
          const { error, events } = yield* replayed(noCompression, { compression: { method: "lz4" } })
          assert.deepInclude(error, { _tag: "PgServerError", code: "42601" })
          assert.deepStrictEqual(events, [])
        })
      )
    }
    if (badPage !== undefined) {
      it.scoped("with a bad page comes whole, and fails behind its end position (REP-075)", () =>
        Effect.gen(function* () {
          const { error, events } = yield* replayed(badPage, asked)
          assert.deepInclude(error, { _tag: "PgServerError", code: "XX001" })
          assert.deepStrictEqual(given(events), contentsOf(badPage, hasTags))
          assert.isFalse(events.some(({ _tag }) => _tag === "BackupFinished"))
        })
      )
    }
  })
}
