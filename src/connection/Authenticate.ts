/**
 * Answers to the server's authentication requests, and the proof at the end that what was required has happened.
 *
 * @see https://www.postgresql.org/docs/current/auth-password.html
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as ChannelBinding from "../auth/ChannelBinding.js"
import * as Md5 from "../auth/Md5.js"
import * as Mechanism from "../auth/Mechanism.js"
import * as Refusal from "../auth/Refusal.js"
import * as SaslPrep from "../auth/SaslPrep.js"
import * as Scram from "../auth/Scram.js"
import * as Utf8 from "../bytes/Utf8.js"
import type { PgConfig } from "../config/PgConfig.js"
import type { AuthMethod } from "../config/Vocabulary.js"
import { Host } from "../host/Host.js"
import { PgAuthError } from "../model/PgError.js"
import type { FrontendMessage } from "../wire/FrontendMessage.js"

/** Who logs in. */
export interface Credentials {
  readonly user: string
  readonly password: Redacted.Redacted<string> | undefined
}

type Scramming =
  | { readonly _tag: "None" }
  | { readonly _tag: "Opened"; readonly state: Scram.Opened }
  | { readonly _tag: "Proved"; readonly state: Scram.Proved }
  | { readonly _tag: "Verified" }

/** Whether `require_auth` lets the server use a method. */
const allowed = (config: PgConfig, method: AuthMethod): boolean =>
  config.requireAuth === undefined ||
  config.requireAuth.methods.includes(method) !== config.requireAuth.negated

export class Authenticator {
  /** The method that was used; `trust` as long as the server has asked for none. */
  method = "trust"
  private scram: Scramming = { _tag: "None" }

  constructor(
    private readonly config: PgConfig,
    private readonly credentials: Credentials
  ) {}

  private refuse(refusal: Refusal.Refusal): PgAuthError {
    const { detail, method, reason } = refusal
    return new PgAuthError({ reason, method, detail, user: this.credentials.user, server: undefined })
  }

  private require(method: AuthMethod): Effect.Effect<void, PgAuthError> {
    this.method = method
    if (!allowed(this.config, method)) {
      return Effect.fail(
        this.refuse(
          Refusal.make(
            "method-refused",
            method,
            `the server asks for ${method}, which require_auth rules out`
          )
        )
      )
    }
    if (this.config.channelBinding === "require" && method !== "scram-sha-256") {
      return Effect.fail(
        this.refuse(
          Refusal.make(
            "method-refused",
            method,
            "channel binding is required, and this method cannot be bound to a channel"
          )
        )
      )
    }
    return Effect.void
  }

  private get password(): Effect.Effect<string, PgAuthError> {
    const password = this.credentials.password
    return password === undefined || Redacted.value(password) === ""
      ? Effect.fail(
          this.refuse(
            Refusal.make("password-missing", this.method, "the server asks for a password, and there is none")
          )
        )
      : Effect.succeed(Redacted.value(password))
  }

  private lift<A>(either: Either.Either<A, Refusal.Refusal>): Effect.Effect<A, PgAuthError> {
    return Either.isRight(either) ? Effect.succeed(either.right) : Effect.fail(this.refuse(either.left))
  }

  /** Answer to AuthenticationCleartextPassword. */
  get cleartext(): Effect.Effect<FrontendMessage, PgAuthError> {
    return Effect.zipRight(
      this.require("password"),
      Effect.suspend(() => this.password)
    ).pipe(Effect.map((password) => ({ _tag: "PasswordMessage", password })))
  }

  /** Answer to AuthenticationMD5Password. */
  md5(salt: Uint8Array): Effect.Effect<FrontendMessage, PgAuthError> {
    return Effect.zipRight(
      this.require("md5"),
      Effect.suspend(() => this.password)
    ).pipe(
      Effect.flatMap((password) => this.lift(Md5.answer(this.credentials.user, password, salt))),
      Effect.map((password) => ({ _tag: "PasswordMessage", password }))
    )
  }

  /** Answer to AuthenticationSASL. */
  beginSasl(mechanisms: ReadonlyArray<string>): Effect.Effect<FrontendMessage, PgAuthError, Host> {
    return Effect.gen(this, function* () {
      const choice = yield* this.lift(
        Mechanism.choose(mechanisms, {
          channelBinding: this.config.channelBinding,
          tls: false,
          bindingAvailable: false,
          scram: true
        })
      )
      yield* this.require("scram-sha-256")
      yield* this.password
      const host = yield* Host
      const nonce = Scram.nonce(yield* host.randomBytes(Scram.nonceSize))
      const { message, state } = Scram.clientFirst({ nonce, gs2: ChannelBinding.unsupported })
      this.scram = { _tag: "Opened", state }
      return { _tag: "SASLInitialResponse", mechanism: choice.mechanism, data: Utf8.encode(message) } as const
    })
  }

  /** Answer to AuthenticationSASLContinue. The key is derived off the event loop. */
  continueSasl(data: Uint8Array): Effect.Effect<FrontendMessage, PgAuthError, Host> {
    return Effect.gen(this, function* () {
      const scram = this.scram
      if (scram._tag !== "Opened") return yield* this.outOfTurn
      const { scramMaxIterations: maxIterations, scramMinIterations: minIterations } = this.config
      const { derive, state } = yield* this.lift(
        Scram.serverFirst(scram.state, Utf8.decode(data, 0, data.length), { minIterations, maxIterations })
      )
      const password = yield* this.password
      const host = yield* Host
      const salted = yield* Effect.mapError(
        host.pbkdf2Sha256(SaslPrep.prepare(password), derive.salt, derive.iterations),
        (failure) => this.refuse(Refusal.make("method-unsupported", Scram.method, failure.reason))
      )
      const final = Scram.clientFinal(state, salted)
      this.scram = { _tag: "Proved", state: final.state }
      return { _tag: "SASLResponse", data: Utf8.encode(final.message) } as const
    })
  }

  /** Checks AuthenticationSASLFinal: the server knows the password too. */
  verifySasl(data: Uint8Array): Effect.Effect<void, PgAuthError> {
    return Effect.suspend(() => {
      const scram = this.scram
      if (scram._tag !== "Proved") return this.outOfTurn
      return Effect.map(this.lift(Scram.serverFinal(scram.state, Utf8.decode(data, 0, data.length))), () => {
        this.scram = { _tag: "Verified" }
      })
    })
  }

  private get outOfTurn(): Effect.Effect<never, PgAuthError> {
    return Effect.fail(
      this.refuse(Refusal.make("server-unproven", Scram.method, "a SASL message came out of turn"))
    )
  }

  /** Whether AuthenticationOk may be believed. */
  get accepted(): Effect.Effect<void, PgAuthError> {
    return Effect.suspend(() => {
      if (this.method === "trust") {
        if (!allowed(this.config, "none") || this.config.channelBinding === "require") {
          return Effect.fail(
            this.refuse(
              Refusal.make(
                "method-refused",
                "trust",
                "the server let us in without asking for anything, and the settings require a proof"
              )
            )
          )
        }
        return Effect.void
      }
      return this.scram._tag === "Opened" || this.scram._tag === "Proved" ? this.outOfTurn : Effect.void
    })
  }
}
