/**
 * Answers to the server's authentication requests, and the proof at the end that what was required has happened.
 *
 * @see https://www.postgresql.org/docs/current/auth-password.html
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as ChannelBinding from "../auth/ChannelBinding.js"
import * as Md5 from "../auth/Md5.js"
import * as Mechanism from "../auth/Mechanism.js"
import * as Refusal from "../auth/Refusal.js"
import * as SaslPrep from "../auth/SaslPrep.js"
import * as Scram from "../auth/Scram.js"
import * as Utf8 from "../bytes/Utf8.js"
import type { PgConfig } from "../config/PgConfig.js"
import type { HostEntry } from "../config/PgConfig.js"
import type { AuthMethod } from "../config/Vocabulary.js"
import { Host } from "../host/Host.js"
import { PgAuthError } from "../model/PgError.js"
import type { GssContext, GssProvider, GssStep } from "../net/Gss.js"
import type { FrontendMessage } from "../wire/FrontendMessage.js"
import type { Encryption } from "./ConnectFacts.js"
import type { Credentials } from "./Credentials.js"
import type { Tokens } from "./Tokens.js"

/** What a login is made with, and over. */
export interface AuthenticatorOptions {
  readonly config: PgConfig
  readonly credentials: Credentials
  readonly entry: HostEntry
  readonly encryption: Encryption
  /** Whether the bytes stay on this machine. */
  readonly local: boolean
  readonly gss: GssProvider | undefined
  readonly tokens: Tokens | undefined
}

type Exchange =
  | { readonly _tag: "None" }
  | { readonly _tag: "PasswordSent" }
  | { readonly _tag: "Opened"; readonly state: Scram.Opened }
  | { readonly _tag: "Proved"; readonly state: Scram.Proved }
  | { readonly _tag: "Verified" }
  | { readonly _tag: "TokenSent" }
  | { readonly _tag: "Gss"; readonly context: GssContext; readonly done: boolean }

/** Whether `require_auth` lets the server use a method. */
const allowed = (config: PgConfig, method: AuthMethod): boolean =>
  config.requireAuth === undefined ||
  config.requireAuth.methods.includes(method) !== config.requireAuth.negated

export class Authenticator {
  /** The method that was used; `trust` as long as the server has asked for none. */
  method = "trust"
  /** Whether the exchange is bound to the channel. */
  bound = false
  private exchange: Exchange = { _tag: "None" }
  private readonly config: PgConfig
  private readonly credentials: Credentials

  constructor(private readonly options: AuthenticatorOptions) {
    this.config = options.config
    this.credentials = options.credentials
  }

  private refuse(refusal: Refusal.Refusal): PgAuthError {
    const { detail, method, reason } = refusal
    return new PgAuthError({ reason, method, detail, user: this.credentials.user, server: undefined })
  }

  private fail(
    reason: Refusal.Refusal["reason"],
    method: string,
    detail: string
  ): Effect.Effect<never, PgAuthError> {
    return Effect.fail(this.refuse(Refusal.make(reason, method, detail)))
  }

  private require(method: AuthMethod): Effect.Effect<void, PgAuthError> {
    return Effect.suspend(() => {
      this.method = method
      if (!allowed(this.config, method)) {
        return this.fail(
          "method-refused",
          method,
          `the server asks for ${method}, which require_auth rules out`
        )
      }
      if (this.config.channelBinding === "require" && method !== "scram-sha-256") {
        return this.fail(
          "method-refused",
          method,
          "channel binding is required, and this method cannot be bound to a channel"
        )
      }
      return Effect.void
    })
  }

  private get password(): Effect.Effect<string, PgAuthError> {
    return Effect.suspend(() => {
      const password = this.credentials.password
      return password === undefined || Redacted.value(password) === ""
        ? this.fail("password-missing", this.method, "the server asks for a password, and there is none")
        : Effect.succeed(Redacted.value(password))
    })
  }

  private lift<A>(either: Either.Either<A, Refusal.Refusal>): Effect.Effect<A, PgAuthError> {
    return Either.isRight(either) ? Effect.succeed(either.right) : Effect.fail(this.refuse(either.left))
  }

  /** Answer to AuthenticationCleartextPassword. */
  get cleartext(): Effect.Effect<FrontendMessage, PgAuthError> {
    return Effect.zipRight(this.require("password"), this.password).pipe(
      Effect.map((password) => {
        this.exchange = { _tag: "PasswordSent" }
        return { _tag: "PasswordMessage", password }
      })
    )
  }

  /** Answer to AuthenticationMD5Password. */
  md5(salt: Uint8Array): Effect.Effect<FrontendMessage, PgAuthError> {
    return Effect.zipRight(this.require("md5"), this.password).pipe(
      Effect.flatMap((password) => this.lift(Md5.answer(this.credentials.user, password, salt))),
      Effect.map((password) => {
        this.exchange = { _tag: "PasswordSent" }
        return { _tag: "PasswordMessage", password }
      })
    )
  }

  /** Answer to AuthenticationSASL. */
  beginSasl(
    mechanisms: ReadonlyArray<string>
  ): Effect.Effect<FrontendMessage & { readonly _tag: "SASLInitialResponse" }, PgAuthError, Host> {
    return Effect.gen(this, function* () {
      const { encryption, tokens } = this.options
      const endPoint =
        encryption._tag === "Tls" ? ChannelBinding.endPointOf(encryption.certificate) : undefined
      const choice = yield* this.lift(
        Mechanism.choose(mechanisms, {
          channelBinding: this.config.channelBinding,
          tls: encryption._tag === "Tls",
          bindingAvailable: endPoint !== undefined && Either.isRight(endPoint),
          oauth: tokens !== undefined
        })
      )
      if (choice.mechanism === "OAUTHBEARER") {
        const message = yield* this.bearer(tokens!)
        return { _tag: "SASLInitialResponse", mechanism: choice.mechanism, data: message } as const
      }
      yield* this.require("scram-sha-256")
      if (this.credentials.scramKeys === undefined) yield* this.password
      const gs2 =
        choice.binding === "bound" && endPoint !== undefined
          ? yield* this.lift(endPoint)
          : choice.binding === "not-offered"
            ? ChannelBinding.notOffered
            : ChannelBinding.unsupported
      this.bound = choice.binding === "bound"
      const host = yield* Host
      const nonce = Scram.nonce(yield* host.randomBytes(Scram.nonceSize))
      const { message, state } = Scram.clientFirst({ nonce, gs2 })
      this.exchange = { _tag: "Opened", state }
      return { _tag: "SASLInitialResponse", mechanism: choice.mechanism, data: Utf8.encode(message) } as const
    })
  }

  private bearer(tokens: Tokens): Effect.Effect<Uint8Array, PgAuthError> {
    return Effect.gen(this, function* () {
      yield* this.require("oauth")
      if (this.options.encryption._tag === "None" && !this.options.local) {
        return yield* this.fail(
          "method-refused",
          "oauth",
          "a token is never sent without encryption: use sslmode=verify-full, so that only the right server gets it"
        )
      }
      const message = yield* this.lift(
        yield* Effect.mapError(tokens.first, (refusal) => this.refuse(refusal))
      )
      this.exchange = { _tag: "TokenSent" }
      return Utf8.encode(message)
    })
  }

  /** Answer to AuthenticationSASLContinue. The key is derived off the event loop. */
  continueSasl(data: Uint8Array): Effect.Effect<FrontendMessage, PgAuthError, Host> {
    return Effect.gen(this, function* () {
      const exchange = this.exchange
      if (exchange._tag !== "Opened") return yield* this.outOfTurn
      const { scramMaxIterations: maxIterations, scramMinIterations: minIterations } = this.config
      const { derive, state } = yield* this.lift(
        Scram.serverFirst(exchange.state, Utf8.decode(data, 0, data.length), { minIterations, maxIterations })
      )
      const keys = yield* this.keys(derive)
      const final = Scram.clientFinalWithKeys(state, keys)
      this.exchange = { _tag: "Proved", state: final.state }
      return { _tag: "SASLResponse", data: Utf8.encode(final.message) } as const
    })
  }

  private keys(derive: Scram.Derivation): Effect.Effect<Scram.Keys, PgAuthError, Host> {
    return Effect.gen(this, function* () {
      const given = this.credentials.scramKeys
      if (given !== undefined) return Redacted.value(given)
      const password = yield* this.password
      const host = yield* Host
      const salted = yield* Effect.mapError(
        host.pbkdf2Sha256(SaslPrep.prepare(password), derive.salt, derive.iterations),
        (failure) => this.refuse(Refusal.make("method-unsupported", Scram.method, failure.reason))
      )
      return Scram.keysOf(salted)
    })
  }

  /** Checks AuthenticationSASLFinal: the server knows the password too. */
  verifySasl(data: Uint8Array): Effect.Effect<void, PgAuthError> {
    return Effect.suspend(() => {
      const exchange = this.exchange
      if (exchange._tag !== "Proved") return this.outOfTurn
      return Effect.map(
        this.lift(Scram.serverFinal(exchange.state, Utf8.decode(data, 0, data.length))),
        () => {
          this.exchange = { _tag: "Verified" }
        }
      )
    })
  }

  /** Answer to AuthenticationGSS and AuthenticationSSPI; none when there is nothing to say. */
  beginGss(mechanism: "gss" | "sspi"): Effect.Effect<FrontendMessage | undefined, PgAuthError, Scope.Scope> {
    return Effect.gen(this, function* () {
      const { entry, gss } = this.options
      yield* this.require(mechanism)
      if (gss === undefined) {
        return yield* this.fail(
          "method-unsupported",
          mechanism,
          `the server asks for ${mechanism}, and no GSS provider was given to the connector`
        )
      }
      if (entry.host === "" || this.options.local) {
        return yield* this.fail(
          "method-unsupported",
          mechanism,
          "the server's host name must be known for it"
        )
      }
      const context = yield* Effect.mapError(
        gss.initiate({
          service: this.config.krbSrvName,
          host: entry.host,
          purpose: "authentication",
          mechanism
        }),
        ({ message }) => this.refuse(Refusal.make("password-missing", mechanism, message))
      )
      return yield* this.stepGss(context, undefined)
    })
  }

  /** Answer to AuthenticationGSSContinue. */
  continueGss(data: Uint8Array): Effect.Effect<FrontendMessage | undefined, PgAuthError> {
    return Effect.suspend(() => {
      const exchange = this.exchange
      return exchange._tag === "Gss" && !exchange.done
        ? this.stepGss(exchange.context, data)
        : this.fail("server-unproven", this.method, "a GSS token came out of turn")
    })
  }

  private stepGss(
    context: GssContext,
    input: Uint8Array | undefined
  ): Effect.Effect<FrontendMessage | undefined, PgAuthError> {
    return context.step(input).pipe(
      Effect.mapError(({ message }) => this.refuse(Refusal.make("server-unproven", this.method, message))),
      Effect.map(({ done, token }: GssStep) => {
        this.exchange = { _tag: "Gss", context, done }
        return token === undefined || token.length === 0 ? undefined : { _tag: "GSSResponse", data: token }
      })
    )
  }

  private get outOfTurn(): Effect.Effect<never, PgAuthError> {
    return this.fail("server-unproven", Scram.method, "a SASL message came out of turn")
  }

  /** Whether AuthenticationOk may be believed: what was required has been proven. */
  get accepted(): Effect.Effect<void, PgAuthError> {
    return Effect.suspend(() => {
      const { channelBinding } = this.config
      switch (this.exchange._tag) {
        case "None": {
          const byChannel = this.options.encryption._tag === "Gss" && allowed(this.config, "gss")
          if (byChannel) this.method = "gss"
          return (byChannel || allowed(this.config, "none")) && channelBinding !== "require"
            ? Effect.void
            : this.fail(
                "method-refused",
                "trust",
                "the server let us in without asking for anything, and the settings require a proof"
              )
        }
        case "Opened":
        case "Proved":
          return this.outOfTurn
        case "Gss":
          return this.exchange.done
            ? Effect.void
            : this.fail("server-unproven", this.method, "the server did not finish the proof of its own name")
        default:
          return channelBinding !== "require" || this.bound
            ? Effect.void
            : this.fail(
                "method-refused",
                this.method,
                "channel binding is required, and the login is not bound"
              )
      }
    })
  }
}
