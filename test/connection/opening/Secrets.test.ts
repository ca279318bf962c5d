/** What is secret about a login is in nothing that can be printed afterwards: sessions, connectors, errors. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as PgConfig from "../../../src/config/PgConfig.js"
import type { ConnectOptions } from "../../../src/connection/opening/ConnectOptions.js"
import * as PgConnection from "../../../src/connection/PgConnection.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as Host from "../../../src/host/Host.js"
import { Transport } from "../../../src/net/Transport.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import { printed } from "../../support/printed.js"
import { scramServer } from "../../support/scramServer.js"
import { opening } from "../scripted.js"

const { errorResponse, expect, expectEnd, goodbye, sasl, send, startup } = ScriptedServer

const marker = "Zq7hushZq7hushZq7"
const cancelKey = Uint8Array.of(201, 117, 203, 119)
/** As `inspect` and JSON print the key's bytes. */
const shownKeys = ["201, 117, 203, 119", "201,117,203,119", '"0":201,"1":117']

const conceals = (value: unknown): void => {
  const text = printed(value)
  for (const secret of [marker, Buffer.from(marker).toString("base64"), ...shownKeys]) {
    const at = text.indexOf(secret)
    assert.strictEqual(at < 0 ? "" : text.slice(Math.max(0, at - 200), at + secret.length), "")
  }
}

const backendKey = { processId: 1, secretKey: cancelKey }
const cleartext = [expect({ _tag: "StartupMessage" }), send({ _tag: "AuthenticationCleartextPassword" })]
const refusal = send(errorResponse({ severity: "FATAL", code: "28P01", text: "no" }))

const ways: ReadonlyArray<readonly [name: string, conninfo: string, options: ConnectOptions]> = [
  ["in the connection string", `password=${marker}`, {}],
  ["in credentials", "", { credentials: { password: Redacted.make(marker) } }],
  ["from an effect", "", { credentials: Effect.succeed({ password: Redacted.make(marker) }) }]
]

describe("a secret", () => {
  for (const [name, conninfo, options] of ways) {
    it.effect(`${name} is in no session and no error of one (A15)`, () =>
      Effect.gen(function* () {
        const scram = startup({ auth: sasl(scramServer({ password: marker })), backendKey })
        const { outcome } = yield* opening([[scram, goodbye]], conninfo, options)
        const core = yield* outcome
        conceals(core)
        conceals(PgConnection.fromState(core))
        const wrong = yield* opening(
          [[...cleartext, expect({ _tag: "PasswordMessage" }), refusal, expectEnd]],
          conninfo,
          options
        )
        conceals(yield* Effect.flip(wrong.outcome))
      }).pipe(Effect.scoped)
    )
  }

  it.effect("is in no error of a source that gave what is not fit to send (A15)", () =>
    Effect.gen(function* () {
      for (const password of [`${marker}\0`, Redacted.make(`${marker}\0`)]) {
        const { outcome } = yield* opening([[expectEnd]], "", {
          credentials: Effect.succeed({ password } as never)
        })
        conceals(yield* Effect.flip(outcome))
      }
      const failed = yield* opening([[expectEnd]], "", { credentials: Effect.fail({ token: marker }) })
      conceals(yield* Effect.flip(failed.outcome))
    }).pipe(Effect.scoped)
  )

  it.effect("is in no error of a bearer token that cannot be sent, or is refused (A15)", () =>
    Effect.gen(function* () {
      const asks = send({ _tag: "AuthenticationSASL", mechanisms: ["OAUTHBEARER"] })
      const issuer = "https://issuer.example"
      for (const [token, rest] of [
        [`${marker} with a space`, [expectEnd]],
        [marker, [expect({ _tag: "SASLInitialResponse" }), refusal, expectEnd]]
      ] as const) {
        const { outcome } = yield* opening(
          [[expect({ _tag: "StartupMessage" }), asks, ...rest]],
          `host=/tmp oauth_issuer=${issuer} oauth_client_id=me oauth_client_secret=${marker}`,
          { oauthToken: () => Effect.succeed(Redacted.make(token)) }
        )
        conceals(yield* Effect.flip(outcome))
      }
    }).pipe(Effect.scoped)
  )

  it.effect("is in no connector, nor in what it refuses (A15)", () =>
    Effect.gen(function* () {
      const server = yield* ScriptedServer.make([])
      const key = Buffer.alloc(32, marker).toString("base64")
      const config = yield* PgConfig.make({
        host: "db",
        user: "app",
        scramClientKey: key,
        scramServerKey: key
      })
      const connector = yield* PgConnector.make(config, {
        credentials: { password: Redacted.make(marker) }
      }).pipe(
        Effect.provideService(Transport, server.transport),
        Effect.provideService(Host.Host, Host.make())
      )
      conceals(connector)
      assert.notInclude(printed(connector), key)
      conceals(yield* Effect.flip(connector.open({ password: Redacted.make(`${marker}\0`) })))
      conceals(yield* Effect.flip(connector.open({ password: marker as never })))
    }).pipe(Effect.scoped)
  )
})
