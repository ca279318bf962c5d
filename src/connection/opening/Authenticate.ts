/**
 * Answers to the server's authentication requests, and the proof at the end that what was required has happened.
 *
 * @see https://www.postgresql.org/docs/current/auth-password.html
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as ChannelBinding from "../../auth/ChannelBinding.js"
import * as Md5 from "../../auth/Md5.js"
import * as Mechanism from "../../auth/Mechanism.js"
import * as Refusal from "../../auth/Refusal.js"
import * as SaslPrep from "../../auth/SaslPrep.js"
import * as Scram from "../../auth/Scram.js"
import * as Utf8 from "../../bytes/Utf8.js"
import type { PgConfig } from "../../config/PgConfig.js"
import type { HostEntry } from "../../config/PgConfig.js"
import type { AuthMethod } from "../../config/Vocabulary.js"
import { Host } from "../../host/Host.js"
import { PgAuthError } from "../../model/PgError.js"
import type { GssContext, GssProvider, GssStep } from "../../net/Gss.js"
import type { FrontendMessage } from "../../wire/FrontendMessage.js"
import type { Encryption } from "../session/ConnectFacts.js"
import type { Credentials } from "./Credentials.js"
import * as ScramKeys from "./ScramKeys.js"
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

/** Keys had from the password, to be kept once the server has proven itself. */
interface Derived {
  readonly password: Redacted.Redacted<string>
  readonly derivation: Scram.Derivation
  readonly keys: Scram.ScramKeys
}

type Exchange =
  | { readonly _tag: "None" }
  | { readonly _tag: "PasswordSent" }
  | { readonly _tag: "Opened"; readonly state: Scram.ScramOpened }
  | { readonly _tag: "Proved"; readonly state: Scram.Proved; readonly derived: Derived | undefined }
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

  private refuse(refusal: Refusal.AuthRefusal): PgAuthError {
    const { detail, method, reason } = refusal
    return new PgAuthError({ reason, method, detail, user: this.credentials.user, server: undefined })
  }

  private fail(
    reason: Refusal.AuthRefusal["reason"],
    method: string,
    detail: string
  ): Either.Either<never, PgAuthError> {
    return Either.left(this.refuse(Refusal.make(reason, method, detail)))
  }

  private require(method: AuthMethod): Either.Either<void, PgAuthError> {
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
    return Either.void
  }

  private get password(): Either.Either<Redacted.Redacted<string>, PgAuthError> {
    const password = this.credentials.password
    return password === undefined || Redacted.value(password) === ""
      ? this.fail("password-missing", this.method, "the server asks for a password, and no password is set")
      : Either.right(password)
  }

  private lift<A>(either: Either.Either<A, Refusal.AuthRefusal>): Either.Either<A, PgAuthError> {
    return Either.isRight(either) ? Either.right(either.right) : Either.left(this.refuse(either.left))
  }

  /** Takes the password for a method that shows it, or something made of it at once. */
  private answer(
    method: "password" | "md5",
    make: (password: string) => Either.Either<string, Refusal.AuthRefusal>
  ): Either.Either<FrontendMessage, PgAuthError> {
    const required = this.require(method)
    if (Either.isLeft(required)) return Either.left(required.left)
    return Either.map(
      Either.flatMap(this.password, (password) => this.lift(make(Redacted.value(password)))),
      (password) => {
        this.exchange = { _tag: "PasswordSent" }
        return { _tag: "PasswordMessage", password }
      }
    )
  }

  /** Answer to AuthenticationCleartextPassword. */
  get cleartext(): Either.Either<FrontendMessage, PgAuthError> {
    return this.answer("password", Either.right)
  }

  /** Answer to AuthenticationMD5Password. */
  md5(salt: Uint8Array): Either.Either<FrontendMessage, PgAuthError> {
    return this.answer("md5", (password) => Md5.answer(this.credentials.user, password, salt))
  }

  /** Answer to AuthenticationSASL. */
  beginSasl(
    mechanisms: ReadonlyArray<string>
  ): Effect.Effect<FrontendMessage & { readonly _tag: "SASLInitialResponse" }, PgAuthError, Host> {
    const { encryption, tokens } = this.options
    const endPoint = encryption._tag === "Tls" ? ChannelBinding.endPointOf(encryption.certificate) : undefined
    const choice = this.lift(
      Mechanism.choose(mechanisms, {
        channelBinding: this.config.channelBinding,
        tls: encryption._tag === "Tls",
        bindingAvailable: endPoint !== undefined && Either.isRight(endPoint),
        oauth: tokens !== undefined
      })
    )
    if (Either.isLeft(choice)) return Either.left(choice.left)
    const { binding, mechanism } = choice.right
    if (mechanism === "OAUTHBEARER") {
      return Effect.map(this.bearer(tokens!), (data) => ({ _tag: "SASLInitialResponse", mechanism, data }))
    }
    const required = this.require("scram-sha-256")
    if (Either.isLeft(required)) return Either.left(required.left)
    if (this.credentials.scramKeys === undefined) {
      const password = this.password
      if (Either.isLeft(password)) return Either.left(password.left)
    }
    const gs2 =
      binding === "bound" && endPoint !== undefined
        ? this.lift(endPoint)
        : Either.right(binding === "not-offered" ? ChannelBinding.notOffered : ChannelBinding.unsupported)
    if (Either.isLeft(gs2)) return Either.left(gs2.left)
    this.bound = binding === "bound"
    return Effect.flatMap(Host, (host) =>
      Effect.map(host.randomBytes(Scram.nonceSize), (random) => {
        const { message, state } = Scram.clientFirst({ nonce: Scram.nonce(random), gs2: gs2.right })
        this.exchange = { _tag: "Opened", state }
        return { _tag: "SASLInitialResponse", mechanism, data: Utf8.encode(message) }
      })
    )
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

  /** Answer to AuthenticationSASLContinue. The key is derived off the event loop, or known from an earlier login. */
  continueSasl(data: Uint8Array): Effect.Effect<FrontendMessage, PgAuthError, Host> {
    const exchange = this.exchange
    if (exchange._tag !== "Opened") return this.outOfTurn
    const { scramMaxIterations: maxIterations, scramMinIterations: minIterations } = this.config
    const challenge = this.lift(
      Scram.serverFirst(exchange.state, Utf8.decode(data, 0, data.length), { minIterations, maxIterations })
    )
    if (Either.isLeft(challenge)) return Either.left(challenge.left)
    const { derive, state } = challenge.right
    const prove = (keys: Scram.ScramKeys, derived: Derived | undefined): FrontendMessage => {
      const final = Scram.clientFinalWithKeys(state, keys)
      this.exchange = { _tag: "Proved", state: final.state, derived }
      return { _tag: "SASLResponse", data: Utf8.encode(final.message) }
    }
    const { scramKeys } = this.credentials
    if (scramKeys !== undefined) return Either.right(prove(Redacted.value(scramKeys), undefined))
    const password = this.password
    if (Either.isLeft(password)) return Either.left(password.left)
    const known = ScramKeys.find(password.right, derive)
    return known !== undefined
      ? Either.right(prove(known, undefined))
      : Effect.map(this.derive(password.right, derive), (keys) =>
          prove(keys, { password: password.right, derivation: derive, keys })
        )
  }

  private derive(
    password: Redacted.Redacted<string>,
    { iterations, salt }: Scram.Derivation
  ): Effect.Effect<Scram.ScramKeys, PgAuthError, Host> {
    return Effect.flatMap(Host, (host) =>
      Effect.mapBoth(host.pbkdf2Sha256(SaslPrep.prepare(Redacted.value(password)), salt, iterations), {
        onFailure: ({ reason }) => this.refuse(Refusal.make("method-unsupported", Scram.method, reason)),
        onSuccess: Scram.keysOf
      })
    )
  }

  /** Checks AuthenticationSASLFinal: the server knows the password too. */
  verifySasl(data: Uint8Array): Either.Either<void, PgAuthError> {
    const exchange = this.exchange
    if (exchange._tag !== "Proved") return this.outOfTurn
    return Either.map(this.lift(Scram.serverFinal(exchange.state, Utf8.decode(data, 0, data.length))), () => {
      const { derived } = exchange
      if (derived !== undefined) ScramKeys.remember(derived.password, derived.derivation, derived.keys)
      this.exchange = { _tag: "Verified" }
    })
  }

  /** Answer to AuthenticationGSS and AuthenticationSSPI; none when there is no token to send. */
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

  private get outOfTurn(): Either.Either<never, PgAuthError> {
    return this.fail("server-unproven", Scram.method, "a SASL message came out of turn")
  }

  /** Whether AuthenticationOk may be believed: what was required has been proven. */
  get accepted(): Either.Either<void, PgAuthError> {
    const { channelBinding } = this.config
    switch (this.exchange._tag) {
      case "None": {
        const byChannel = this.options.encryption._tag === "Gss" && allowed(this.config, "gss")
        if (byChannel) this.method = "gss"
        return (byChannel || allowed(this.config, "none")) && channelBinding !== "require"
          ? Either.void
          : this.fail(
              "method-refused",
              "trust",
              "the server accepted the login without authentication, and the settings require a method"
            )
      }
      case "Opened":
      case "Proved":
        return this.outOfTurn
      case "Gss":
        return this.exchange.done
          ? Either.void
          : this.fail("server-unproven", this.method, "the server did not prove that it knows the password")
      default:
        return channelBinding !== "require" || this.bound
          ? Either.void
          : this.fail(
              "method-refused",
              this.method,
              "channel binding is required, and the login is not bound"
            )
    }
  }
}
