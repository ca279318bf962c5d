import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import * as PgConfig from "../../../src/config/PgConfig.js"
import type { GivenCredentials } from "../../../src/connection/opening/ConnectOptions.js"
import * as Connect from "../../../src/connection/opening/Connect.js"
import type { OpenOverrides } from "../../../src/connection/PgConnector.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as Host from "../../../src/host/Host.js"
import { Transport } from "../../../src/net/Transport.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import { failing, opening } from "../scripted.js"
import { sessionSettings } from "../core.js"

const { expect: expects, expectEnd, send } = ScriptedServer
const hello = expects({ _tag: "StartupMessage" })
const cleartext = send({ _tag: "AuthenticationCleartextPassword" })
const starting = send(ScriptedServer.errorResponse({ severity: "FATAL", code: "57P03", text: "starting" }))

const before = "s3cr3t"
const nul = `${before}\0behind`

/** The error of a connector's opening with these overrides: no server listens, so a socket would be another error. */
const overridden = (overrides: OpenOverrides) =>
  Effect.gen(function* () {
    const server = yield* ScriptedServer.make([])
    const config = yield* PgConfig.make({ host: "db", user: "app", sslMode: "disable" })
    const connector = yield* PgConnector.make(config).pipe(
      Effect.provideService(Transport, server.transport),
      Effect.provideService(Host.Host, Host.make())
    )
    const error = yield* Effect.flip(connector.open(overrides))
    assert.isEmpty(server.connections())
    return error
  }).pipe(Effect.scoped)

const shows = (error: unknown, key: string): void => {
  assert.deepInclude(error, { _tag: "PgConfigError", key })
  for (const text of [String(error), JSON.stringify(error), inspect(error, { depth: 9, showHidden: true })]) {
    assert.notInclude(text, before)
  }
}

const wrong: ReadonlyArray<readonly [key: string, credentials: GivenCredentials]> = [
  ["credentials.user", { user: nul }],
  ["credentials.password", { password: Redacted.make(nul) }]
]

describe("a zero byte", () => {
  it.effect("in what is overridden for a session is refused before a socket is opened (CON-003, S05)", () =>
    Effect.gen(function* () {
      shows(yield* overridden({ user: nul }), "user")
      shows(yield* overridden({ database: nul }), "database")
      shows(yield* overridden({ applicationName: nul }), "applicationName")
      shows(yield* overridden({ password: Redacted.make(nul) }), "password")
      shows(yield* overridden({ parameters: { search_path: nul } }), "parameters.search_path")
    })
  )

  it.effect("in credentials that are a value is refused before a socket is opened (CON-003)", () =>
    Effect.gen(function* () {
      for (const [key, credentials] of wrong) {
        const { outcome, server } = yield* opening([], "", { credentials })
        shows(yield* Effect.flip(outcome), key)
        assert.isEmpty(server.connections())
      }
    }).pipe(Effect.scoped)
  )

  it.effect("in credentials that an effect gives is refused before a byte is sent (CON-003)", () =>
    Effect.gen(function* () {
      for (const [key, credentials] of wrong) {
        shows(yield* failing([[expectEnd]], "", { credentials: Effect.succeed(credentials) }), key)
      }
    })
  )
})

describe("what is overridden for a session", () => {
  it.effect("is checked like any setting: an error, never a throw", () =>
    Effect.gen(function* () {
      for (const [overrides, key] of [
        [{ user: "" }, "user"],
        [{ pipelineDepth: 0 }, "pipelineDepth"],
        [{ statementCacheSize: 1.5 }, "statementCacheSize"],
        [{ targetSessionAttrs: "master" as never }, "targetSessionAttrs"],
        [{ parameters: { "": "x" } }, "parameters"],
        [{ parameters: { client_encoding: "LATIN1" } }, "parameters.client_encoding"]
      ] as const) {
        assert.deepInclude(yield* overridden(overrides), { _tag: "PgConfigError", key })
      }
    })
  )

  it.effect("puts another user's password in the place of the keys of SCRAM, which are the first one's", () =>
    Effect.gen(function* () {
      const key = Buffer.alloc(32).toString("base64")
      const config = yield* PgConfig.make({
        host: "db",
        user: "app",
        sslMode: "disable",
        scramClientKey: key,
        scramServerKey: key
      })
      const refused = send(
        ScriptedServer.errorResponse({ severity: "FATAL", code: "28P01", text: "wrong password" })
      )
      const sasl = send({ _tag: "AuthenticationSASL", mechanisms: ["SCRAM-SHA-256"] })
      const server = yield* ScriptedServer.make([
        [hello, sasl, expectEnd],
        [hello, sasl, expects({ _tag: "SASLInitialResponse" }), refused, expectEnd]
      ])
      const connector = yield* PgConnector.make(config).pipe(
        Effect.provideService(Transport, server.transport),
        Effect.provideService(Host.Host, Host.make())
      )
      const other = yield* Effect.flip(connector.open({ user: "other" }))
      assert.deepInclude(other, { _tag: "PgAuthError", reason: "password-missing" })
      const same = yield* Effect.flip(connector.open())
      assert.deepInclude(same, { _tag: "PgAuthError", reason: "rejected" })
    }).pipe(Effect.scoped)
  )
})

describe("a second host", () => {
  const hosts = (first: string | undefined, second: string | undefined) =>
    PgConfig.make({
      hosts: [
        { host: "a", ...(first === undefined ? {} : { password: first }) },
        { host: "b", ...(second === undefined ? {} : { password: second }) }
      ],
      user: "app",
      sslMode: "disable"
    })
  const connecting = (scripts: ReadonlyArray<ScriptedServer.Script>, config: PgConfig.PgConfig) =>
    Effect.gen(function* () {
      const server = yield* ScriptedServer.make(scripts)
      const error = yield* Effect.flip(Connect.connect(config, sessionSettings())).pipe(
        Effect.provideService(Transport, server.transport),
        Effect.provideService(Host.Host, Host.make())
      )
      yield* server.done
      return error
    }).pipe(Effect.scoped)

  it.effect("is never shown the password of the first", () =>
    Effect.gen(function* () {
      const first: ScriptedServer.Script = [
        hello,
        cleartext,
        expects({ _tag: "PasswordMessage", password: "first" }),
        starting,
        expectEnd
      ]
      const none = yield* connecting([first, [hello, cleartext, expectEnd]], yield* hosts("first", undefined))
      assert.deepInclude(none, { _tag: "PgAuthError", reason: "password-missing" })
      const refused = send(
        ScriptedServer.errorResponse({ severity: "FATAL", code: "28P01", text: "wrong password" })
      )
      const own = [
        hello,
        cleartext,
        expects({ _tag: "PasswordMessage", password: "second" }),
        refused,
        expectEnd
      ]
      const second = yield* connecting([first, own], yield* hosts("first", "second"))
      assert.deepInclude(second, { _tag: "PgAuthError", reason: "rejected" })
    })
  )

  it.effect("is held to all that the first was: nothing is weaker the second time (AUT-049, CON-117)", () =>
    Effect.gen(function* () {
      for (const [more, request] of [
        ["require_auth=scram-sha-256", cleartext],
        ["require_auth=scram-sha-256", send({ _tag: "AuthenticationOk" }, ScriptedServer.readyForQuery())],
        ["require_auth=!password", cleartext]
      ] as const) {
        const error = yield* failing(
          [
            [hello, starting, expectEnd],
            [hello, request, expectEnd]
          ],
          `host=a,b password=${before} ${more}`
        )
        assert.deepInclude(error, { _tag: "PgAuthError", reason: "method-refused" })
      }
    })
  )

  it.effect(
    "and a second way to the same host are: in the clear after TLS has failed (AUT-049, CON-052)",
    () =>
      Effect.gen(function* () {
        const error = yield* failing(
          [
            [expects({ _tag: "SSLRequest" }), ScriptedServer.sendBytes([0x53]), expectEnd],
            [hello, cleartext, expectEnd]
          ],
          `sslmode=prefer password=${before} require_auth=scram-sha-256`
        )
        assert.deepInclude(error, { _tag: "PgAuthError", reason: "method-refused" })
      })
  )

  it.effect("receives the same version, settings and user name as the first", () =>
    Effect.gen(function* () {
      const heard: Array<unknown> = []
      const listening = expects({ _tag: "StartupMessage" }, ({ parameters, version }) => {
        heard.push([version, parameters])
        return [starting, expectEnd]
      })
      yield* failing(
        [[listening], [listening]],
        "host=a,b max_protocol_version=3.2 options='-c geqo=off' application_name=shop dbname=shop"
      )
      assert.lengthOf(heard, 2)
      assert.deepStrictEqual(heard[0], heard[1])
    })
  )
})

describe("credentials that never come", () => {
  it.effect("are interrupted with the socket when the caller is interrupted", () =>
    Effect.gen(function* () {
      const server = yield* ScriptedServer.make([[expectEnd]])
      const config = yield* PgConfig.make({ host: "db", user: "app", sslMode: "disable" })
      const connecting = yield* Connect.connect(config, sessionSettings(), {
        credentials: Effect.never
      }).pipe(
        Effect.scoped,
        Effect.provideService(Transport, server.transport),
        Effect.provideService(Host.Host, Host.make()),
        Effect.fork
      )
      while (server.connections().length === 0) yield* Effect.yieldNow()
      yield* Fiber.interrupt(connecting)
      yield* server.done
    }).pipe(Effect.scoped)
  )
})
