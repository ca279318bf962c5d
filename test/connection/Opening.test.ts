import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as PgConfig from "../../src/config/PgConfig.js"
import * as PgConnector from "../../src/connection/PgConnector.js"
import * as Host from "../../src/host/Host.js"
import * as Judgement from "../../src/model/Judgement.js"
import * as Statement from "../../src/model/Statement.js"
import * as S from "../../src/testing/ScriptedServer.js"

const settings = { host: "db.test", user: "app", database: "shop", sslMode: "disable" } as const

const configure = (more: PgConfig.PgConfigInput = {}) =>
  Either.getOrThrow(PgConfig.make({ ...settings, ...more }))

/** Opens a session against the scripts, and answers with it or with why not. */
const opening = (
  scripts: ReadonlyArray<S.Script | S.RefusedConnection>,
  more: PgConfig.PgConfigInput = {},
  overrides?: PgConnector.OpenOverrides
) =>
  Effect.gen(function* () {
    const connector = yield* PgConnector.PgConnector
    const opened = yield* Effect.either(Effect.asVoid(Effect.scoped(connector.open(overrides))))
    return opened
  }).pipe(
    Effect.provide(
      Layer.provideMerge(
        PgConnector.layerWith(configure(more)),
        Layer.merge(S.layer(scripts), Host.layerTest())
      )
    )
  )

const failure = (
  scripts: ReadonlyArray<S.Script | S.RefusedConnection>,
  more: PgConfig.PgConfigInput = {},
  overrides?: PgConnector.OpenOverrides
) => Effect.map(opening(scripts, more, overrides), (opened) => Either.getOrThrow(Either.flip(opened)))

const hello = S.expect({ _tag: "StartupMessage" })
const fatal = (code: string) => S.send(S.errorResponse({ severity: "FATAL", code }))
const refusing = (code: string): S.Script => [hello, fatal(code), S.hangUp]

describe("opening a session", () => {
  it.effect.each([["database"], ["true"]] as const)(
    "asks for replication mode %s by that very word (CON-009)",
    ([replication]) =>
      Effect.gen(function* () {
        const script = [
          S.startup({
            expects: {
              parameters: (sent) =>
                sent.some(([name, value]) => name === "replication" && value === replication)
            }
          }),
          S.goodbye
        ]
        assert.isTrue(Either.isRight(yield* opening([script], {}, { replication })))
      })
  )

  it.effect("gives up on a server that stays silent at any point before it is ready (CON-019)", () =>
    Effect.gen(function* () {
      const silentAfter = (...script: ReadonlyArray<S.Script[number]>): S.Script => [
        hello,
        ...script,
        S.expectEnd
      ]
      for (const script of [
        silentAfter(),
        silentAfter(S.send({ _tag: "AuthenticationOk" })),
        silentAfter(S.send({ _tag: "AuthenticationOk" }, { _tag: "BackendKeyData", ...S.defaultKey }))
      ]) {
        const fiber = yield* Effect.fork(failure([script], { connectTimeout: "3 seconds" }))
        yield* TestClock.adjust("2999 millis")
        assert.isNull(fiber.unsafePoll())
        yield* TestClock.adjust("1 millis")
        const error = yield* Fiber.join(fiber)
        if (error._tag !== "PgConnectError") return assert.fail(error._tag)
        const cause = error.attempts[0]?.cause
        assert.strictEqual(cause?._tag, "PgTimeoutError")
        assert.deepInclude(cause, { deadline: "connect", millis: 3000 })
        assert.isTrue(Judgement.isRetryable(error))
      }
    })
  )

  it.effect("waits for ever when the deadline is zero (CON-019)", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(failure([[hello, S.expectEnd]], { connectTimeout: 0 }))
      yield* TestClock.adjust(Duration.days(365))
      assert.isNull(fiber.unsafePoll())
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect.each([
    ["28P01", "PgAuthError", false],
    ["28000", "PgAuthError", false],
    ["3D000", "PgConnectError", false],
    ["53300", "PgConnectError", true],
    ["57P03", "PgConnectError", true],
    ["0A000", "PgConnectError", false],
    ["42704", "PgConnectError", false],
    ["55000", "PgConnectError", false]
  ] as const)("reports refusal %s as %s, retryable: %s (CON-080)", ([code, tag, retryable]) =>
    Effect.gen(function* () {
      const error = yield* failure([refusing(code)])
      assert.strictEqual(error._tag, tag)
      assert.strictEqual(Judgement.isRetryable(error), retryable)
      const said =
        error._tag === "PgAuthError"
          ? error.server?.code
          : error._tag === "PgConnectError" && error.attempts[0]?.cause._tag === "PgServerError"
            ? error.attempts[0].cause.code
            : undefined
      assert.strictEqual(said, code)
    })
  )

  it.effect(
    "names the phase it had reached when the server closes the connection without an answer (CON-081)",
    () =>
      Effect.gen(function* () {
        const phases = [
          [[hello, S.hangUp], "startup"],
          [
            [
              hello,
              S.send({ _tag: "AuthenticationCleartextPassword" }),
              S.expect({ _tag: "PasswordMessage" }),
              S.hangUp
            ],
            "authentication"
          ],
          [[hello, S.send({ _tag: "AuthenticationOk" }), S.hangUp], "ready"]
        ] as const
        for (const [script, phase] of phases) {
          const error = yield* failure([script], { password: "secret" })
          if (error._tag !== "PgConnectError") return assert.fail(error._tag)
          assert.strictEqual(error.attempts[0]?.phase, phase)
          assert.strictEqual(error.attempts[0]?.cause._tag, "PgClosedError")
          assert.notInclude(error.message, "secret")
        }
      })
  )

  it.effect("names a method it does not speak, and hangs up (AUT-001)", () =>
    Effect.gen(function* () {
      const script = [
        hello,
        S.send({ _tag: "AuthenticationOther", code: 6, data: new Uint8Array(0) }),
        S.expectEnd
      ]
      const error = yield* failure([script])
      if (error._tag !== "PgAuthError") return assert.fail(error._tag)
      assert.strictEqual(error.reason, "method-unsupported")
      assert.include(error.message, "6")
    })
  )

  it.effect("takes a refusal after AuthenticationOk for one of the role: Ok is no login yet (AUT-007)", () =>
    Effect.gen(function* () {
      const error = yield* failure([[hello, S.send({ _tag: "AuthenticationOk" }), fatal("28000"), S.hangUp]])
      if (error._tag !== "PgAuthError") return assert.fail(error._tag)
      assert.strictEqual(error.reason, "rejected")
    })
  )

  it.effect.each([[{}], [{ password: "" }]] as const)(
    "sends nothing when the server asks for a password and none is configured, or an empty one (AUT-008)",
    ([more]) =>
      Effect.gen(function* () {
        const script = [hello, S.send({ _tag: "AuthenticationCleartextPassword" }), S.expectEnd]
        const error = yield* failure([script], more)
        if (error._tag !== "PgAuthError") return assert.fail(error._tag)
        assert.strictEqual(error.reason, "password-missing")
      })
  )

  it.effect("sends a cleartext password as it is, unless require_auth forbids the method (AUT-010)", () =>
    Effect.gen(function* () {
      const willing = [S.startup({ auth: S.cleartext("pass wörd") }), S.goodbye]
      assert.isTrue(Either.isRight(yield* opening([willing], { password: "pass wörd" })))
      const script = [hello, S.send({ _tag: "AuthenticationCleartextPassword" }), S.expectEnd]
      const error = yield* failure([script], { password: "secret", requireAuth: "!password" })
      if (error._tag !== "PgAuthError") return assert.fail(error._tag)
      assert.strictEqual(error.reason, "method-refused")
    })
  )

  it.effect("takes a notice between AuthenticationOk and the first ReadyForQuery calmly (AUT-014)", () =>
    Effect.gen(function* () {
      const script = [
        hello,
        S.send(
          { _tag: "AuthenticationOk" },
          S.noticeResponse({ severity: "WARNING", code: "01P01" }),
          S.readyForQuery()
        ),
        S.goodbye
      ]
      assert.isTrue(Either.isRight(yield* opening([script])))
    })
  )

  it.effect("sends Terminate once, behind everything else it has sent (CON-132, CON-133)", () =>
    Effect.gen(function* () {
      const connector = yield* PgConnector.PgConnector
      yield* Effect.scoped(
        Effect.gen(function* () {
          const connection = yield* connector.open()
          yield* connection.simple("select 1")
          yield* Effect.fork(connection.query(Statement.make("select 2")))
          // The first turn lets the fiber ask, the second what it has written leave.
          yield* Effect.yieldNow()
          yield* Effect.yieldNow()
        })
      )
      const server = yield* S.ScriptedServer
      yield* server.done
      assert.deepStrictEqual(
        server.connections()[0]?.received.map(({ _tag }) => _tag),
        ["StartupMessage", "Query", "Parse", "Describe", "Flush", "Terminate"]
      )
    }).pipe(
      Effect.provide(
        Layer.provideMerge(
          PgConnector.layerWith(configure()),
          Layer.merge(
            S.layer([
              [
                S.startup({}),
                S.simpleQuery("select 1", []),
                S.expect({ _tag: "Parse" }),
                S.expect({ _tag: "Describe" }),
                S.expect({ _tag: "Flush" }),
                S.goodbye
              ]
            ]),
            Host.layerTest()
          )
        )
      )
    )
  )
})
