import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scope from "effect/Scope"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { ShutdownCounts } from "../../../src/connection/session/ShutdownLog.js"
import * as SideChannels from "../../../src/connection/session/SideChannels.js"
import * as PgConfig from "../../../src/config/PgConfig.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as Host from "../../../src/host/Host.js"
import { Transport } from "../../../src/net/Transport.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import type { Severity } from "../../../src/model/ServerFields.js"
import { fields } from "../core.js"

const note = (channel: string, payload = "") => ({ processId: 1, channel, payload })

/** What was logged, as `LEVEL text`. */
const logging = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
  const lines: Array<string> = []
  const logger = Logger.make(
    ({ logLevel, message }) => void lines.push(`${logLevel.label} ${String(message)}`)
  )
  return effect.pipe(
    Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
    Logger.withMinimumLogLevel(LogLevel.All),
    Effect.as(lines)
  )
}

const sideChannels = (shutdowns?: ShutdownCounts) =>
  Effect.map(Effect.runtime<never>(), (runtime) => SideChannels.make(runtime, shutdowns))

const turns = Effect.repeatN(Effect.yieldNow(), 20)

describe("a subscriber", () => {
  it.scoped("receives what comes after its subscription, in order, until the end", () =>
    Effect.gen(function* () {
      const side = yield* sideChannels()
      side.notification(note("early"))
      const stream = yield* side.notifications.subscribe
      const other = yield* side.notifications.subscribe
      side.notification(note("a", "1"))
      side.notification(note("a", "2"))
      side.end()
      assert.deepStrictEqual([...(yield* Stream.runCollect(stream))], [note("a", "1"), note("a", "2")])
      assert.deepStrictEqual([...(yield* Stream.runCollect(other))], [note("a", "1"), note("a", "2")])
      const late = yield* side.notifications.subscribe
      assert.deepStrictEqual([...(yield* Stream.runCollect(late))], [])
    })
  )

  it.scoped("that falls behind loses its oldest elements, and the loss is counted", () =>
    Effect.gen(function* () {
      const side = yield* sideChannels()
      const stream = yield* side.notifications.subscribe
      const extra = 10
      for (let index = 0; index < SideChannels.subscriberCapacity + extra; index++) {
        side.notification(note("a", String(index)))
      }
      assert.deepStrictEqual(side.losses, { notices: 0, notifications: extra, parameterChanges: 0 })
      side.end()
      const heard = [...(yield* Stream.runCollect(stream))]
      assert.deepStrictEqual(
        [heard.length, heard[0]],
        [SideChannels.subscriberCapacity, note("a", String(extra))]
      )
    })
  )

  it.effect(
    "is gone with its scope: later notices go to the log, and those the log cannot keep up with are counted",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const side = yield* sideChannels()
          const scope = yield* Scope.make()
          yield* Scope.extend(side.notices.subscribe, scope)
          assert.strictEqual(side.notices.isTaken, true)
          yield* Scope.close(scope, Exit.void)
          assert.strictEqual(side.notices.isTaken, false)
          for (let index = 0; index < 5000; index++) side.notice(fields("00000"))
          assert.strictEqual(side.losses.notices, 5000 - 256)
        })
      )
  )

  it.effect("that does not exist loses every notification, and the loss is counted", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const side = yield* sideChannels()
        for (let index = 0; index < 3; index++) side.notification({ processId: 1, channel: "c", payload: "" })
        assert.strictEqual(side.losses.notifications, 3)
      })
    )
  )
})

describe("notices", () => {
  const levels: ReadonlyArray<readonly [Severity, string]> = [
    ["WARNING", "WARN"],
    ["NOTICE", "INFO"],
    ["INFO", "INFO"],
    ["LOG", "INFO"],
    ["DEBUG", "DEBUG"]
  ]

  it.effect("without a subscriber are logged at the level of their severity (ERR-007, ERR-008)", () =>
    Effect.gen(function* () {
      const lines = yield* logging(
        Effect.scoped(
          Effect.gen(function* () {
            const side = yield* sideChannels()
            for (const [severity] of levels) side.notice(fields("01000", { severity, text: "be warned" }))
            yield* turns
          })
        )
      )
      assert.deepStrictEqual(
        lines,
        levels.map(([severity, level]) => `${level} ${severity} 01000: be warned`)
      )
    })
  )

  it.effect("with a subscriber are not logged (ERR-008)", () =>
    Effect.gen(function* () {
      const lines = yield* logging(
        Effect.scoped(
          Effect.gen(function* () {
            const side = yield* sideChannels()
            const stream = yield* side.notices.subscribe
            side.notice(fields("00000"))
            yield* turns
            assert.deepStrictEqual([...(yield* Stream.runCollect(Stream.take(stream, 1)))], [fields("00000")])
          })
        )
      )
      assert.deepStrictEqual(lines, [])
    })
  )
})

describe("a setting the server reports", () => {
  it.scoped(
    "is kept, the last value of a name winning, and found in any letter case (CON-082, CON-083)",
    () =>
      Effect.gen(function* () {
        const side = yield* sideChannels()
        const changes = yield* side.changes.subscribe
        for (const [name, value] of [
          ["TimeZone", "UTC"],
          ["pooler.odd", "x"],
          ["TimeZone", "Europe/Berlin"]
        ] as const) {
          assert.isUndefined(side.parameter(name, value))
        }
        assert.deepStrictEqual(
          [side.find("TimeZone"), side.find("timezone"), side.find("POOLER.ODD"), side.find("none")],
          ["Europe/Berlin", "Europe/Berlin", "x", undefined]
        )
        side.end()
        assert.deepStrictEqual(
          [...(yield* Stream.runCollect(changes))].map(({ value }) => value),
          ["UTC", "x", "Europe/Berlin"]
        )
      })
  )

  it.each([
    ["client_encoding", "UTF8", undefined],
    ["client_encoding", "UNICODE", undefined],
    ["client_encoding", "LATIN1", "LATIN1"],
    ["integer_datetimes", "on", undefined],
    ["integer_datetimes", "off", "integer_datetimes"],
    ["server_encoding", "LATIN1", undefined]
  ])("%s = %s: whether the session can go on with it (CON-087, CON-090)", (name, value, reason) => {
    const refused = SideChannels.refusal(name, value)
    if (reason === undefined) assert.isUndefined(refused)
    else assert.include(refused, reason)
  })

  it("does not stop a walsender that reports SQL_ASCII (CON-086, TRP-119)", () => {
    assert.isUndefined(SideChannels.refusal("client_encoding", "SQL_ASCII"))
    assert.isUndefined(SideChannels.refusal("server_encoding", "SQL_ASCII"))
  })

  it("is not converted by a server whose database has another encoding (CON-087)", () => {
    assert.include(SideChannels.refusal("client_encoding", "SQL_ASCII", "LATIN1"), "SQL_ASCII")
    for (const known of ["UTF8", "SQL_ASCII"])
      assert.isUndefined(SideChannels.refusal("client_encoding", "SQL_ASCII", known))
  })
})

describe("a notice that has no subscriber", () => {
  it.effect("is logged, and so is one that comes when the log was at rest", () =>
    Effect.gen(function* () {
      const lines = yield* logging(
        Effect.gen(function* () {
          const side = yield* sideChannels()
          for (const code of ["00001", "00002"]) {
            side.notice(fields(code, { severity: "WARNING" }))
            yield* turns
          }
        })
      )
      assert.deepStrictEqual(lines, [
        "WARN WARNING 00001: text of 00001",
        "WARN WARNING 00002: text of 00002"
      ])
    })
  )
})

describe("the warning of a server that ends at once", () => {
  const crash = fields("57P02", { severity: "WARNING" })

  it.effect("is logged once for all connections of a connector, with how many they were", () =>
    Effect.gen(function* () {
      const lines = yield* logging(
        Effect.gen(function* () {
          const [first, second, third] = yield* Effect.replicateEffect(sideChannels(new ShutdownCounts()), 3)
          for (const side of [first!, second!, third!]) side.notice(crash)
          yield* turns
          yield* TestClock.adjust("1 second")
          yield* turns
          first!.notice(crash)
          yield* turns
          yield* TestClock.adjust("1 second")
          yield* turns
        })
      )
      assert.deepStrictEqual(lines, [
        "WARN WARNING 57P02: text of 57P02 (reported by 3 sessions)",
        "WARN WARNING 57P02: text of 57P02"
      ])
    })
  )

  it.effect("is logged with others of its code and another text, and apart from other warnings", () =>
    Effect.gen(function* () {
      const lines = yield* logging(
        Effect.gen(function* () {
          const side = yield* sideChannels()
          side.notice(crash)
          side.notice({ ...crash, text: "going down" })
          side.notice(fields("01000", { severity: "WARNING" }))
          yield* turns
          yield* TestClock.adjust("1 second")
          yield* turns
        })
      )
      assert.strictEqual(lines[0], "WARN WARNING 01000: text of 01000")
      assert.deepStrictEqual(lines.slice(1).sort(), [
        "WARN WARNING 57P02: going down",
        "WARN WARNING 57P02: text of 57P02"
      ])
    })
  )
})

describe("a connector whose server ends at once", () => {
  it.scoped("logs that once for all of its sessions", () =>
    Effect.gen(function* () {
      const { expect: expects, send } = ScriptedServer
      const script: ScriptedServer.Script = [
        expects({ _tag: "StartupMessage" }),
        send(
          { _tag: "AuthenticationOk" },
          ScriptedServer.readyForQuery(),
          ScriptedServer.noticeResponse({ code: "57P02" as never, severity: "WARNING", text: "crash" })
        ),
        ScriptedServer.hangUp
      ]
      const lines = yield* logging(
        Effect.gen(function* () {
          const server = yield* ScriptedServer.make([script, script, script])
          const config = yield* PgConfig.make({ host: "db", user: "app", sslMode: "disable" })
          const connector = yield* PgConnector.make(config).pipe(
            Effect.provideService(Transport, server.transport),
            Effect.provideService(Host.Host, Host.make())
          )
          yield* Effect.replicateEffect(Effect.either(connector.open()), 3)
          yield* server.done
          yield* turns
          yield* TestClock.adjust("1 second")
          yield* turns
        })
      )
      assert.deepStrictEqual(lines, ["WARN WARNING 57P02: crash (reported by 3 sessions)"])
    })
  )
})
