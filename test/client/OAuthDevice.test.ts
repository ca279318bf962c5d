import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import type { TokenRequest } from "../../src/connection/opening/ConnectOptions.js"
import type { DevicePrompt } from "../../src/client/OAuthDevice.js"
import { deviceFlow } from "../../src/client/OAuthDevice.js"

const issuer = "https://issuer.example/realm"
const challenge = {
  status: "invalid_token",
  scope: "openid postgres",
  openidConfiguration: `${issuer}/.well-known/openid-configuration`
}
const asked: TokenRequest = {
  issuer,
  clientId: "our client",
  clientSecret: undefined,
  scope: "openid postgres",
  challenge
}

const discovery = {
  issuer,
  device_authorization_endpoint: "https://issuer.example/device",
  token_endpoint: "https://issuer.example/token"
}
const device = {
  device_code: "D",
  user_code: "WDJB-MJHT",
  verification_uri: "https://issuer.example/enter",
  interval: 2,
  expires_in: 60
}
const pending = [400, { error: "authorization_pending" }] as const
const granted = (token: string) =>
  [200, { access_token: token, token_type: "Bearer", expires_in: 100 }] as const

type Answer = readonly [status: number, body: unknown]

/** An issuer that gives these answers for tokens, one after the other, and the last again and again. */
const issuerOf = (
  answers: ReadonlyArray<Answer>,
  document: unknown = discovery,
  authorization: Answer = [200, device]
) => {
  const requests: Array<readonly [url: string, form: string, authorization: string | undefined]> = []
  let at = 0
  const bodyOf = ({ body }: HttpClientRequest.HttpClientRequest): string =>
    body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""
  const client = HttpClient.make((request, url) =>
    Effect.sync(() => {
      requests.push([url.href, bodyOf(request), request.headers["authorization"]])
      const [status, body] = url.href.endsWith("/device")
        ? authorization
        : url.href.endsWith("/token")
          ? answers[Math.min(at++, answers.length - 1)]!
          : [200, document]
      return HttpClientResponse.fromWeb(request, new Response(JSON.stringify(body), { status }))
    })
  )
  return { client, requests }
}

const sourceOf = ({ client }: ReturnType<typeof issuerOf>, prompts: Array<DevicePrompt> = []) =>
  Effect.provideService(
    deviceFlow({ prompt: (prompt) => Effect.sync(() => void prompts.push(prompt)) }),
    HttpClient.HttpClient,
    client
  )

const valueOf = (token: Redacted.Redacted<string> | undefined) => token && Redacted.value(token)

describe("the device flow", () => {
  it.effect("shows the code, asks at the issuer's pace, and keeps the token as long as it is good", () =>
    Effect.gen(function* () {
      const prompts: Array<DevicePrompt> = []
      const server = issuerOf([pending, [400, { error: "slow_down" }], granted("first"), granted("second")])
      const source = yield* sourceOf(server, prompts)
      assert.isUndefined(yield* source({ ...asked, challenge: undefined }))
      const waiting = yield* Effect.fork(source(asked))
      const questions = () => server.requests.filter(([url]) => url.endsWith("/token")).length
      const seen: Array<number> = []
      // Two seconds, two more, and seven behind "slower".
      for (const seconds of [1, 1, 2, 6, 1]) {
        yield* TestClock.adjust(seconds * 1000)
        seen.push(questions())
      }
      assert.deepStrictEqual(seen, [0, 1, 2, 2, 3])
      assert.strictEqual(valueOf(yield* Fiber.join(waiting)), "first")
      assert.deepStrictEqual(
        prompts.map(({ userCode, verificationUri }) => [userCode, verificationUri]),
        [["WDJB-MJHT", "https://issuer.example/enter"]]
      )
      assert.deepStrictEqual(
        server.requests.slice(0, 3).map(([url, form]) => [url, form]),
        [
          [challenge.openidConfiguration, ""],
          ["https://issuer.example/device", "scope=openid+postgres&client_id=our+client"],
          [
            "https://issuer.example/token",
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=D&client_id=our+client"
          ]
        ]
      )
      assert.strictEqual(valueOf(yield* source({ ...asked, challenge: undefined })), "first")
      yield* TestClock.adjust("100 seconds")
      assert.isUndefined(yield* source({ ...asked, challenge: undefined }))
    })
  )

  it.effect("has connections that ask together wait for one login", () =>
    Effect.gen(function* () {
      const prompts: Array<DevicePrompt> = []
      const source = yield* sourceOf(issuerOf([granted("one")]), prompts)
      const waiting = yield* Effect.fork(
        Effect.all([source(asked), source(asked), source(asked)], { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual((yield* Fiber.join(waiting)).map(valueOf), ["one", "one", "one"])
      assert.strictEqual(prompts.length, 1)
      // A server that does not take it has the user log in again.
      const again = yield* Effect.fork(source(asked))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(again)
      assert.strictEqual(prompts.length, 2)
    })
  )

  it.effect("sends a secret as the user of the request, and not in its body", () =>
    Effect.gen(function* () {
      const server = issuerOf([granted("one")])
      const source = yield* sourceOf(server)
      const waiting = yield* Effect.fork(source({ ...asked, clientSecret: Redacted.make("a:b") }))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(waiting)
      const [, form, authorization] = server.requests[1]!
      assert.strictEqual(authorization, `Basic ${btoa("our%20client:a%3Ab")}`)
      assert.notInclude(form, "client_id")
    })
  )

  it.effect("fails when the code is not entered in time", () =>
    Effect.gen(function* () {
      const source = yield* sourceOf(issuerOf([pending]))
      const waiting = yield* Effect.fork(Effect.flip(source(asked)))
      yield* TestClock.adjust("60 seconds")
      assert.include(String(yield* Fiber.join(waiting)), "not entered in time")
    })
  )

  it.effect.each([
    ["an issuer that refuses", issuerOf([[400, { error: "access_denied" }]]), "access_denied"],
    [
      "a document of another issuer",
      issuerOf([pending], { ...discovery, issuer: "https://other" }),
      "another issuer"
    ],
    [
      "an address without encryption",
      issuerOf([pending], { ...discovery, token_endpoint: "http://issuer.example/token" }),
      "must be an https address"
    ],
    ["an issuer without the device flow", issuerOf([pending], { issuer }), "device_authorization_endpoint"],
    ["an answer without a code", issuerOf([pending], discovery, [200, {}]), "no user_code"]
  ] as const)("fails, with the reason, for %s", ([, server, reason]) =>
    Effect.gen(function* () {
      const source = yield* sourceOf(server)
      const waiting = yield* Effect.fork(Effect.flip(source(asked)))
      yield* TestClock.adjust("10 seconds")
      assert.include(String(yield* Fiber.join(waiting)), reason)
    })
  )

  it.effect("fails without a client id, and sends no request", () =>
    Effect.gen(function* () {
      const server = issuerOf([pending])
      const source = yield* sourceOf(server)
      assert.include(String(yield* Effect.flip(source({ ...asked, clientId: undefined }))), "oauth_client_id")
      assert.deepStrictEqual(server.requests, [])
    })
  )
})
