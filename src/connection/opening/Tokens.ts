/**
 * Bearer tokens of one opening: the first comes while a connection waits; a second one, with the server's answer in
 * hand, between two connections. No more than two are ever asked for.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as OAuthBearer from "../../auth/OAuthBearer.js"
import * as Refusal from "../../auth/Refusal.js"
import type { PgConfig } from "../../config/PgConfig.js"
import type { TokenRequest, TokenSource } from "./ConnectOptions.js"
import { reasonOf } from "./Credentials.js"

type Message = Either.Either<string, Refusal.AuthRefusal>

export class Tokens {
  /** The server's answer to the refused token, or to the question where tokens come from. */
  challenge: OAuthBearer.Challenge | undefined
  private fresh: Redacted.Redacted<string> | undefined
  private sentToken = false
  private renewed = false

  constructor(
    private readonly config: PgConfig,
    private readonly source: TokenSource
  ) {}

  private ask(
    challenge: OAuthBearer.Challenge | undefined
  ): Effect.Effect<Redacted.Redacted<string> | undefined, Refusal.AuthRefusal> {
    const { oauthClientId, oauthClientSecret, oauthIssuer, oauthScope } = this.config
    const request: TokenRequest = {
      issuer: oauthIssuer,
      clientId: oauthClientId,
      clientSecret: oauthClientSecret,
      scope: oauthScope ?? challenge?.scope,
      challenge
    }
    return Effect.mapError(this.source(request), (error) =>
      Refusal.make("password-missing", OAuthBearer.method, `oauthToken failed: ${reasonOf(error)}`)
    )
  }

  /** The first message of an exchange: with a token, or asking where tokens come from. */
  get first(): Effect.Effect<Message, Refusal.AuthRefusal> {
    const { fresh } = this
    return Effect.map(fresh === undefined ? this.ask(undefined) : Effect.succeed(fresh), (token) => {
      this.sentToken = token !== undefined
      return token === undefined
        ? Either.right(OAuthBearer.discovery)
        : OAuthBearer.initial(Redacted.value(token))
    })
  }

  /** Takes the server's answer to a token. */
  refused(text: string): Either.Either<void, Refusal.AuthRefusal> {
    return Either.map(OAuthBearer.parseChallenge(text), (challenge) => {
      this.challenge = challenge
    })
  }

  /** Whether another token may help: no token was sent, or the server calls it invalid. */
  get canRenew(): boolean {
    return (
      !this.renewed &&
      this.challenge !== undefined &&
      (!this.sentToken || this.challenge.status === "invalid_token")
    )
  }

  /**
   * Gets the second token, for the issuer that was configured and no other. A server that names another issuer may want a
   * token that is meant for another server.
   */
  get renew(): Effect.Effect<void, Refusal.AuthRefusal> {
    return Effect.gen(this, function* () {
      this.renewed = true
      const { challenge } = this
      const address = challenge?.openidConfiguration
      const { oauthIssuer } = this.config
      if (address !== undefined) {
        if (oauthIssuer === undefined) {
          return yield* unproven(
            "the server names an issuer of tokens, and oauth_issuer is not set: set it to the issuer that you trust"
          )
        }
        const issuer = yield* OAuthBearer.issuerOf(address)
        if (issuer !== oauthIssuer && address !== oauthIssuer) {
          return yield* unproven("the server names another issuer of tokens than oauth_issuer")
        }
      }
      const token = yield* this.ask(challenge)
      if (token === undefined) {
        return yield* Effect.fail(
          Refusal.make("password-missing", OAuthBearer.method, `oauthToken returned no token. ${this.said}`)
        )
      }
      this.fresh = token
    })
  }

  /** The server's answer in words. */
  get said(): string {
    const { challenge } = this
    if (challenge === undefined) return "the server refused"
    const { openidConfiguration, scope, status } = challenge
    const more = [
      ...(scope === undefined ? [] : [`scope ${scope}`]),
      ...(openidConfiguration === undefined ? [] : [`discovery at ${openidConfiguration}`])
    ]
    return Refusal.quote(`the server refused the token: ${[status, ...more].join(", ")}`)
  }
}

const unproven = (detail: string): Effect.Effect<never, Refusal.AuthRefusal> =>
  Effect.fail(Refusal.make("server-unproven", OAuthBearer.method, detail))
