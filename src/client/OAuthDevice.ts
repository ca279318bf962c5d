/**
 * A source of bearer tokens by the device flow, as libpq's optional module has it: the user opens an address in any browser and enters a code there, while the
 * program asks the issuer again and again whether that has been done.
 *
 * @see https://www.postgresql.org/docs/current/libpq-oauth.html
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { TokenRequest, TokenSource } from "../connection/opening/ConnectOptions.js"

/** What the user has to do. */
export interface DevicePrompt {
  /** The address to open. */
  readonly verificationUri: string
  /** The code to enter there. */
  readonly userCode: string
  /** An address that has the code in it, where the issuer gives one. */
  readonly verificationUriComplete: string | undefined
  /** How long the code is good. */
  readonly expiresIn: Duration.Duration
}

/** How a user logs in by the device flow. */
export interface DeviceFlowOptions {
  /** Shows the user what to do. The program asks for the token when it has succeeded. */
  readonly prompt: (prompt: DevicePrompt) => Effect.Effect<void, unknown>
}

interface Cached {
  readonly token: Redacted.Redacted<string>
  /** Milliseconds of the clock; `Infinity` when the issuer names no end. */
  readonly until: number
}

type Fields = Readonly<Record<string, unknown>>

const failed = (reason: string): Effect.Effect<never, Error> => Effect.fail(new Error(reason))

const text = (fields: Fields, name: string): string | undefined => {
  const value = fields[name]
  return typeof value === "string" && value !== "" ? value : undefined
}

const seconds = (fields: Fields, name: string): number | undefined => {
  const value = Number(fields[name])
  return Number.isFinite(value) && value >= 0 && fields[name] !== undefined ? value : undefined
}

/** Tokens and codes are sent to addresses of https only. */
const endpoint = (fields: Fields, name: string): Effect.Effect<string, Error> => {
  const address = text(fields, name)
  if (address === undefined) return failed(`the issuer's discovery document has no ${name}`)
  return /^https:\/\//i.test(address)
    ? Effect.succeed(address)
    : failed(`the issuer's ${name} must be an https address, got ${JSON.stringify(address)}`)
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The JSON object that the issuer answers with, and the status of the answer. */
const ask = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<{ readonly status: number; readonly fields: Fields }, Error> =>
  Effect.scoped(
    Effect.flatMap(client.execute(HttpClientRequest.acceptJson(request)), (response) =>
      Effect.map(response.json, (fields) => ({ status: response.status, fields }))
    )
  ).pipe(
    Effect.mapError(({ message }) => new Error(`the issuer cannot be asked: ${message}`)),
    Effect.flatMap(({ fields, status }) =>
      isFields(fields)
        ? Effect.succeed({ status, fields })
        : failed(`the issuer answered with status ${status}, and not with a JSON object`)
    )
  )

/** A request with the client's name, and its secret where there is one. */
const post = (
  address: string,
  { clientId, clientSecret }: TokenRequest,
  fields: Readonly<Record<string, string>>
): HttpClientRequest.HttpClientRequest => {
  const id = clientId ?? ""
  const request = HttpClientRequest.post(address)
  return clientSecret === undefined
    ? HttpClientRequest.bodyUrlParams(request, { ...fields, client_id: id })
    : HttpClientRequest.bodyUrlParams(request, fields).pipe(
        HttpClientRequest.basicAuth(encodeURIComponent(id), encodeURIComponent(Redacted.value(clientSecret)))
      )
}

const wellKnown = "/.well-known/openid-configuration"

const discovered = (client: HttpClient.HttpClient, request: TokenRequest) =>
  Effect.gen(function* () {
    const { challenge, issuer } = request
    const isAddress = issuer?.includes("/.well-known/") === true
    const address =
      challenge?.openidConfiguration ?? (issuer === undefined || isAddress ? issuer : issuer + wellKnown)
    if (address === undefined) return yield* failed("oauth_issuer must name the issuer of tokens")
    if (!/^https:\/\//i.test(address)) return yield* failed("the issuer must be an https address")
    const { fields, status } = yield* ask(client, HttpClientRequest.get(address))
    if (status !== 200)
      return yield* failed(`the issuer's discovery document cannot be read: status ${status}`)
    // A document of another issuer would lead the user, and the token, there.
    if (!isAddress && text(fields, "issuer") !== issuer)
      return yield* failed("the discovery document names another issuer than oauth_issuer")
    return fields
  })

/** Why the issuer refuses, in its words. */
const refusalOf = (status: number, fields: Fields): string => {
  const reasons = [text(fields, "error"), text(fields, "error_description")].filter(
    (part) => part !== undefined
  )
  return `the issuer refused: ${reasons.length === 0 ? `status ${status}` : reasons.join(", ")}`
}

/** What the issuer has a client wait between two questions, unless it names another time, and what it adds when it asks to slow down. */
const usualSeconds = 5

const polled = (
  client: HttpClient.HttpClient,
  request: TokenRequest,
  address: string,
  device: Fields,
  until: number
): Effect.Effect<Cached, Error> =>
  Effect.gen(function* () {
    const question = post(address, request, {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: text(device, "device_code") ?? ""
    })
    let interval = seconds(device, "interval") ?? usualSeconds
    for (;;) {
      yield* Effect.sleep(Duration.seconds(interval))
      if ((yield* Clock.currentTimeMillis) >= until) return yield* failed("the code was not entered in time")
      const { fields, status } = yield* ask(client, question)
      const token = text(fields, "access_token")
      if (status === 200 && token !== undefined) {
        const good = seconds(fields, "expires_in")
        const now = yield* Clock.currentTimeMillis
        return {
          token: Redacted.make(token),
          until: good === undefined ? Number.POSITIVE_INFINITY : now + good * 1000
        }
      }
      const error = text(fields, "error")
      if (error === "slow_down") interval += usualSeconds
      else if (error !== "authorization_pending") return yield* failed(refusalOf(status, fields))
    }
  })

const authorize = (
  client: HttpClient.HttpClient,
  request: TokenRequest,
  { prompt }: DeviceFlowOptions
): Effect.Effect<Cached, unknown> =>
  Effect.gen(function* () {
    if (request.clientId === undefined)
      return yield* failed("oauth_client_id must name the client to the issuer")
    const issuer = yield* discovered(client, request)
    const authorization = yield* endpoint(issuer, "device_authorization_endpoint")
    const tokens = yield* endpoint(issuer, "token_endpoint")
    const begun = yield* Clock.currentTimeMillis
    const { fields, status } = yield* ask(
      client,
      post(authorization, request, request.scope === undefined ? {} : { scope: request.scope })
    )
    const userCode = text(fields, "user_code")
    // Some issuers have it under a name of an older draft.
    const verificationUri = text(fields, "verification_uri") ?? text(fields, "verification_url")
    const good = seconds(fields, "expires_in")
    if (status !== 200) return yield* failed(refusalOf(status, fields))
    if (userCode === undefined || verificationUri === undefined || good === undefined)
      return yield* failed("the issuer's answer has no user_code, verification_uri or expires_in")
    yield* prompt({
      userCode,
      verificationUri,
      verificationUriComplete: text(fields, "verification_uri_complete"),
      expiresIn: Duration.seconds(good)
    })
    return yield* polled(client, request, tokens, fields, begun + good * 1000)
  })

/**
 * Tokens for the option `oauthToken` of a connector. The first asking gives the token that is at hand, as long as it is good; the second has the user log in. Connections that
 * ask at the same time wait for one login. Interrupting ends the wait. The issuer is the one of `oauth_issuer`, asked over https only.
 *
 * A login that fails, or a code that is not entered in time, fails the connection with `PgAuthError`.
 */
export const deviceFlow = (
  options: DeviceFlowOptions
): Effect.Effect<TokenSource, never, HttpClient.HttpClient> =>
  Effect.map(HttpClient.HttpClient, (client) => {
    const turn = Effect.unsafeMakeSemaphore(1)
    let cached: Cached | undefined
    const atHand = Effect.map(Clock.currentTimeMillis, (now) =>
      cached !== undefined && now < cached.until ? cached.token : undefined
    )
    const source: TokenSource = (request) =>
      Effect.suspend(() => {
        if (request.challenge === undefined) return atHand
        const known = cached
        return turn.withPermits(1)(
          Effect.suspend(() =>
            // Another connection's login has succeeded while this one waited.
            cached !== known && cached !== undefined
              ? Effect.succeed(cached.token)
              : Effect.map(authorize(client, request, options), (fresh) => {
                  cached = fresh
                  return fresh.token
                })
          )
        )
      })
    return source
  })
