import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as ScriptedServer from "../../src/testing/ScriptedServer.js"
import type { BackendMessage } from "../../src/wire/BackendMessage.js"
import { failing, opening, succeeding } from "./scripted.js"

const { expect: expects, expectEnd, send } = ScriptedServer
const hello = expects({ _tag: "StartupMessage" })
const ok: BackendMessage = { _tag: "AuthenticationOk" }

describe("the start of a session", () => {
  it.scoped(
    "works without a cancel key, with unknown settings, and with notices in between (CON-074, CON-076, CON-077, CON-082, CON-083, TRP-018)",
    () =>
      Effect.gen(function* () {
        const notice = ScriptedServer.noticeResponse({ code: "00000" as never })
        const core = yield* succeeding(
          [
            [
              hello,
              send(notice, ok, { _tag: "ParameterStatus", name: "pooler_mode", value: "x" }, notice),
              send(
                { _tag: "ParameterStatus", name: "pooler_mode", value: "y" },
                ScriptedServer.readyForQuery()
              )
            ]
          ],
          ""
        )
        assert.isUndefined(core.facts.cancelKey)
        assert.strictEqual(core.side.find("POOLER_MODE"), "y")
      })
  )

  for (const [name, messages] of [
    ["a message that only a session has", [{ _tag: "DataRow", values: [] }]],
    ["a setting before the login", [{ _tag: "ParameterStatus", name: "a", value: "b" }]],
    ["readiness before the login", [ScriptedServer.readyForQuery()]],
    ["a transaction that is open at once", [ok, ScriptedServer.readyForQuery("T")]],
    [
      "a notification before it is ready",
      [ok, { _tag: "NotificationResponse", processId: 1, channel: "a", payload: "" }]
    ]
  ] as ReadonlyArray<readonly [string, ReadonlyArray<BackendMessage>]>) {
    it.effect(`is refused with ${name} (CON-074, CON-076, CON-079)`, () =>
      Effect.gen(function* () {
        const error = yield* failing([[hello, send(...messages), expectEnd]], "")
        assert.strictEqual(error._tag, "PgConnectError")
        if (error._tag === "PgConnectError")
          assert.strictEqual(error.attempts[0]?.cause._tag, "PgProtocolError")
      })
    )
  }

  it.effect("is refused in another encoding than ours (CON-087)", () =>
    Effect.gen(function* () {
      const error = yield* failing(
        [[hello, send(ok, { _tag: "ParameterStatus", name: "client_encoding", value: "LATIN1" }), expectEnd]],
        ""
      )
      assert.include(error.message, "client_encoding")
    })
  )

  it.effect("is refused with times as floating point (CON-090)", () =>
    Effect.gen(function* () {
      const error = yield* failing(
        [[hello, send(ok, { _tag: "ParameterStatus", name: "integer_datetimes", value: "off" }), expectEnd]],
        ""
      )
      assert.include(error.message, "integer_datetimes")
    })
  )

  it.effect("is not begun with a name that would end the packet early (CON-003)", () =>
    Effect.gen(function* () {
      const { outcome, server } = yield* opening([[expectEnd]], "", {
        credentials: Effect.succeed({ user: "app\0database\0other", password: Redacted.make("x") })
      })
      const error = yield* Effect.flip(outcome)
      assert.strictEqual(error._tag, "PgConfigError")
      yield* server.done
    }).pipe(Effect.scoped)
  )

  it.effect("is not begun with more settings than a server reads (CON-002)", () =>
    Effect.gen(function* () {
      const { outcome } = yield* opening([[expectEnd]], `options='-c x.y=${"z".repeat(11_000)}'`)
      const error = yield* Effect.flip(outcome)
      assert.strictEqual(error._tag, "PgConfigError")
    }).pipe(Effect.scoped)
  )

  it.scoped(
    "sends user, database and encoding first, and no setting that was not asked for (CON-005, CON-007, CON-010)",
    () =>
      Effect.gen(function* () {
        const { outcome, server } = yield* opening(
          [ScriptedServer.startup()],
          "dbname=shop application_name=till options='-c geqo=off'"
        )
        yield* outcome
        const [packet] = server.connections()[0]!.received
        assert.deepStrictEqual(packet?._tag === "StartupMessage" ? packet.parameters : [], [
          ["user", "app"],
          ["database", "shop"],
          ["options", "-c geqo=off"],
          ["application_name", "till"],
          ["client_encoding", "UTF8"]
        ])
      })
  )
})
