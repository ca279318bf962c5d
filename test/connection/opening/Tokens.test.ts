import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { inspect } from "node:util"
import type { TokenRequest, TokenSource } from "../../../src/connection/opening/ConnectOptions.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import { failing, succeeding } from "../scripted.js"

const { expect: expects, expectEnd, send } = ScriptedServer
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const hello = expects({ _tag: "StartupMessage" })
const offer = send({ _tag: "AuthenticationSASL", mechanisms: ["OAUTHBEARER"] })
const ready = send({ _tag: "AuthenticationOk" }, ScriptedServer.readyForQuery())
const first = (text: string) =>
  expects({ _tag: "SASLInitialResponse", mechanism: "OAUTHBEARER", data: bytes(text) })
const withToken = (token: string) => first(`n,,\x01auth=Bearer ${token}\x01\x01`)
const discovery = first("n,,\x01auth=\x01\x01")
const issuer = "https://login.example.com"
const configuration = `${issuer}/.well-known/openid-configuration`

/** The server sends why it refuses the token, receives one byte, and fails. */
const refusing = (challenge: object | string): ScriptedServer.Script => [
  send({
    _tag: "AuthenticationSASLContinue",
    data: bytes(typeof challenge === "string" ? challenge : JSON.stringify(challenge))
  }),
  expects({ _tag: "SASLResponse", data: bytes("\x01") }),
  send(
    ScriptedServer.errorResponse({ severity: "FATAL", code: "28000", text: "bearer authentication failed" })
  ),
  expectEnd
]
const invalid = { status: "invalid_token", scope: "openid", "openid-configuration": configuration }

/** Gives these tokens in turn, and writes down what it was asked. */
const source = (...tokens: ReadonlyArray<string | undefined>) => {
  const requests: Array<TokenRequest> = []
  const give: TokenSource = (request) =>
    Effect.sync(() => {
      const token = tokens[requests.length]
      requests.push(request)
      return token === undefined ? undefined : Redacted.make(token)
    })
  return { requests, give }
}

/** A Unix socket: a token never travels in the clear. */
const local = `host=/tmp oauth_issuer=${issuer} oauth_client_id=me`

describe("a bearer token", () => {
  it.scoped("logs us in at once (AUT-059, AUT-060, AUT-061)", () =>
    Effect.gen(function* () {
      const { give, requests } = source("good.token~1")
      const core = yield* succeeding([[hello, offer, withToken("good.token~1"), ready]], local, {
        oauthToken: give
      })
      assert.strictEqual(core.facts.authentication, "oauth")
      assert.deepInclude(requests[0], { issuer, clientId: "me", scope: undefined, challenge: undefined })
    })
  )

  it.scoped(
    "is requested with the server's discovery answer when the client has no token, over a new connection (AUT-061, AUT-063, AUT-069)",
    () =>
      Effect.gen(function* () {
        const { give, requests } = source(undefined, "fresh")
        yield* succeeding(
          [
            [hello, offer, discovery, refusing(invalid)],
            [hello, offer, withToken("fresh"), ready]
          ],
          local,
          { oauthToken: give }
        )
        assert.deepInclude(requests[1], {
          scope: "openid",
          challenge: { status: "invalid_token", scope: "openid", openidConfiguration: configuration }
        })
      })
  )

  it.scoped(
    "may take a person ten minutes: no connection waits for it, and no deadline runs (AUT-069, CON-021)",
    () =>
      Effect.gen(function* () {
        const give: TokenSource = ({ challenge }) =>
          challenge === undefined
            ? Effect.succeed(undefined)
            : Effect.as(Effect.sleep("10 minutes"), Redacted.make("fresh"))
        const opening = yield* Effect.fork(
          succeeding(
            [
              [hello, offer, discovery, refusing(invalid)],
              [hello, offer, withToken("fresh"), ready]
            ],
            `${local} connect_timeout=3`,
            { oauthToken: give }
          )
        )
        yield* TestClock.adjust("9 minutes")
        assert.isTrue((yield* Fiber.poll(opening))._tag === "None")
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* Fiber.join(opening)).facts.authentication, "oauth")
      })
  )

  it.effect("that is not at hand at once is given up at the connect deadline (AUT-069, CON-019)", () =>
    Effect.gen(function* () {
      const opening = yield* Effect.fork(
        failing([[hello, offer, expectEnd]], `${local} connect_timeout=3`, { oauthToken: () => Effect.never })
      )
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(opening))._tag, "PgConnectError")
    })
  )

  it.scoped("that was at hand and is invalid is renewed once (AUT-063, AUT-065, TRP-033)", () =>
    Effect.gen(function* () {
      const { give, requests } = source("stale", "fresh")
      yield* succeeding(
        [
          [hello, offer, withToken("stale"), refusing(invalid)],
          [hello, offer, withToken("fresh"), ready]
        ],
        `${local} oauth_scope=ours`,
        { oauthToken: give }
      )
      assert.strictEqual(requests[1]?.scope, "ours")
    })
  )

  it.effect(
    "that is invalid a second time ends the attempt, with the server's reason and without the token (AUT-061, AUT-063, TRP-033)",
    () =>
      Effect.gen(function* () {
        const { give, requests } = source("stale", "s3cr3t")
        const error = yield* failing(
          [
            [hello, offer, withToken("stale"), refusing(invalid)],
            [hello, offer, withToken("s3cr3t"), refusing(invalid)]
          ],
          local,
          { oauthToken: give }
        )
        assert.deepInclude(error, { _tag: "PgAuthError", reason: "rejected", method: "oauth" })
        assert.include(error.message, "invalid_token")
        assert.notInclude(inspect(error, { depth: 9 }), "s3cr3t")
        assert.lengthOf(requests, 2)
      })
  )

  it.effect("of too little scope is not renewed (AUT-063)", () =>
    Effect.gen(function* () {
      const { give, requests } = source("narrow", "never")
      yield* failing(
        [[hello, offer, withToken("narrow"), refusing({ status: "insufficient_scope" })]],
        local,
        { oauthToken: give }
      )
      assert.lengthOf(requests, 1)
    })
  )

  for (const [name, settings, address] of [
    ["another issuer than ours", local, "https://evil.example.com/.well-known/openid-configuration"],
    ["an address that is not https", local, "http://login.example.com/.well-known/openid-configuration"],
    ["an issuer, and we trust none", "host=/tmp", configuration]
  ] as const) {
    it.effect(`is not asked for when the server names ${name} (AUT-064)`, () =>
      Effect.gen(function* () {
        const { give, requests } = source(undefined, "never")
        const error = yield* failing(
          [[hello, offer, discovery, refusing({ ...invalid, "openid-configuration": address })]],
          settings,
          { oauthToken: give }
        )
        assert.deepInclude(error, { _tag: "PgAuthError", reason: "server-unproven" })
        assert.lengthOf(requests, 1)
      })
    )
  }

  it.effect("is never sent in the clear (AUT-067)", () =>
    Effect.gen(function* () {
      const { give } = source("token")
      const error = yield* failing([[hello, offer, expectEnd]], "", { oauthToken: give })
      assert.deepInclude(error, { _tag: "PgAuthError", reason: "method-refused" })
    })
  )

  it.effect("with characters that no token has is not sent (AUT-066)", () =>
    Effect.gen(function* () {
      const { give } = source("a\x01auth=Bearer b")
      const error = yield* failing([[hello, offer, expectEnd]], local, { oauthToken: give })
      assert.strictEqual(error._tag, "PgAuthError")
    })
  )

  it.effect(
    "is not requested where require_auth excludes it, or no source of tokens is configured (AUT-015, AUT-048)",
    () =>
      Effect.gen(function* () {
        const { give, requests } = source("token")
        const ruledOut = yield* failing([[hello, offer, expectEnd]], `${local} require_auth=!oauth`, {
          oauthToken: give
        })
        assert.deepInclude(ruledOut, { _tag: "PgAuthError", reason: "method-refused" })
        assert.isEmpty(requests)
        const nobody = yield* failing([[hello, offer, expectEnd]], local)
        assert.deepInclude(nobody, { _tag: "PgAuthError", reason: "method-unsupported" })
      })
  )

  it.effect("that cannot be had ends the attempt with the reason", () =>
    Effect.gen(function* () {
      const error = yield* failing([[hello, offer, expectEnd]], local, {
        oauthToken: () => Effect.fail(new Error("the provider is down"))
      })
      assert.deepInclude(error, { _tag: "PgAuthError", reason: "password-missing" })
      assert.include(error.message, "the provider is down")
    })
  )

  for (const [name, challenge] of [
    ["that is no JSON", "nonsense"],
    ["with a field given twice", '{"status":"invalid_token","status":"x"}'],
    ["without a status", "{}"]
  ] as const) {
    it.effect(`answered by a challenge ${name} ends the attempt, and nothing more is sent (AUT-062)`, () =>
      Effect.gen(function* () {
        const { give } = source("token")
        const error = yield* failing(
          [
            [
              hello,
              offer,
              withToken("token"),
              send({ _tag: "AuthenticationSASLContinue", data: bytes(challenge) }),
              expectEnd
            ]
          ],
          local,
          { oauthToken: give }
        )
        assert.deepInclude(error, { _tag: "PgAuthError", reason: "server-unproven" })
      })
    )
  }

  it.effect("is taken or refused, and nothing else may follow (AUT-005)", () =>
    Effect.gen(function* () {
      const { give } = source("token")
      const error = yield* failing(
        [
          [
            hello,
            offer,
            withToken("token"),
            send({ _tag: "AuthenticationSASLFinal", data: bytes("v=x") }),
            expectEnd
          ]
        ],
        local,
        { oauthToken: give }
      )
      assert.strictEqual(error._tag, "PgConnectError")
    })
  )
})
