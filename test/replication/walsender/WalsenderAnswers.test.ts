import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import * as Walsender from "../../../src/replication/walsender/Walsender.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import { answer, historyOf, identified, scripted } from "../scriptedSessions.js"

const { errorResponse, expect, readyForQuery, send, simpleQuery, startup } = ScriptedServer

/** Runs the effect on a session with a server that goes through the script. */
const on = <A, E>(
  script: ScriptedServer.Script,
  body: (connection: PgConnection) => Effect.Effect<A, E>,
  version = "18.1"
) =>
  Effect.gen(function* () {
    const connector = yield* scripted([
      [startup({ parameters: { server_version: version } }), script, ScriptedServer.goodbye]
    ])
    return yield* Effect.scoped(Effect.provide(Effect.flatMap(Walsender.openPhysical, body), connector))
  })

describe("TIMELINE_HISTORY", () => {
  const read = (script: ScriptedServer.Script) => on(script, (connection) => Walsender.history(connection, 2))

  it.scoped("is the file's bytes, unchanged, and the entries read from them (REP-014, W02)", () =>
    Effect.gen(function* () {
      const content = Uint8Array.of(...new TextEncoder().encode("1\t0/3000148\tby "), 0xff, 0x80, 10)
      const file = yield* read(historyOf(2, content))
      assert.deepStrictEqual(file.content, content)
      assert.deepStrictEqual(file.entries, [{ timeline: 1, end: 0x3000148n, reason: "by \ufffd\ufffd" }])
      assert.strictEqual(file.name, "00000002.history")
    })
  )

  it.scoped("is refused under another name, of which no path is made (W02)", () =>
    Effect.gen(function* () {
      for (const name of ["../../00000002.history", "00000003.history", "00000002.history\0", ""]) {
        const error = yield* Effect.flip(read(historyOf(2, "1\t0/3000148\tx\n", name)))
        assert.deepInclude(error, { _tag: "PgCodecError", type: "timeline history" })
        assert.match(error.message, /must be 00000002\.history/)
      }
    })
  )

  it.scoped("is refused with a content that is no history, and the session goes on (W02)", () =>
    Effect.gen(function* () {
      const script = [historyOf(2, "rm -rf /\n"), identified(2, "0/4000000")]
      const [error, system] = yield* on(script, (connection) =>
        Effect.zip(Effect.flip(Walsender.history(connection, 2)), Walsender.identify(connection))
      )
      assert.match(error.message, /line 1: a timeline and a position were expected/)
      assert.strictEqual(system.timeline, 2)
    })
  )

  it.scoped("is refused without content", () =>
    Effect.gen(function* () {
      const script = simpleQuery("TIMELINE_HISTORY 2", [
        answer(["filename", "content"], ["00000002.history", null])
      ])
      assert.strictEqual((yield* Effect.flip(read(script)))._tag, "PgCodecError")
    })
  )
})

describe("IDENTIFY_SYSTEM", () => {
  it.scoped("keeps every digit, and reads padded positions (REP-008, REP-013)", () =>
    Effect.gen(function* () {
      const system = yield* on(
        identified(4294967295, "0/0174F268", "18446744073709551615"),
        Walsender.identify
      )
      assert.deepStrictEqual(system, {
        systemId: "18446744073709551615",
        timeline: 4294967295,
        end: 0x174f268n,
        database: undefined
      })
    })
  )

  it.scoped("is refused without an identifier, a timeline or a position", () =>
    Effect.gen(function* () {
      for (const script of [identified(1, "0/1", "x"), identified(0, "0/1"), identified(1, "nowhere")]) {
        assert.strictEqual((yield* Effect.flip(on(script, Walsender.identify)))._tag, "PgCodecError")
      }
    })
  )
})

describe("READ_REPLICATION_SLOT", () => {
  const columns = ["slot_type", "restart_lsn", "restart_tli"]
  const slot = (values: ReadonlyArray<string | null>) =>
    on(simpleQuery('READ_REPLICATION_SLOT "s"', [answer(columns, values)]), (connection) =>
      Walsender.readSlot(connection, "s")
    )

  it.scoped("is where the slot stands, nothing while it keeps nothing, and nothing at all without one", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* slot(["physical", "0/3000000", "2"]), {
        restart: 0x3000000n,
        timeline: 2
      })
      assert.deepStrictEqual(yield* slot(["physical", null, null]), {
        restart: undefined,
        timeline: undefined
      })
      assert.isUndefined(yield* slot([null, null, null]))
    })
  )

  it.scoped("is refused for a logical slot", () =>
    Effect.gen(function* () {
      const script = [
        expect({ _tag: "Query", sql: 'READ_REPLICATION_SLOT "s"' }),
        send(errorResponse({ code: "0A000" }), readyForQuery())
      ]
      const error = yield* Effect.flip(on(script, (connection) => Walsender.readSlot(connection, "s")))
      assert.deepInclude(error, { _tag: "PgUsageError", argument: "slot" })
    })
  )

  it.scoped("is not asked of a server that is too old", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(on([], (connection) => Walsender.readSlot(connection, "s"), "14.2"))
      assert.match(error.message, /needs PostgreSQL 15/)
    })
  )
})

describe("the size of a segment", () => {
  it.scoped("is in bytes (REP-012)", () =>
    Effect.gen(function* () {
      const size = (shown: string) =>
        on(
          simpleQuery('SHOW "wal_segment_size"', [answer(["wal_segment_size"], [shown])]),
          Walsender.segmentSize
        )
      assert.strictEqual(yield* size("64MB"), 64 << 20)
      assert.strictEqual((yield* Effect.flip(size("3MB")))._tag, "PgCodecError")
    })
  )
})
