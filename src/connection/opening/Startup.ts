/**
 * Drives the startup table from StartupMessage to the first ReadyForQuery.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Utf8 from "../../bytes/Utf8.js"
import * as OAuthBearer from "../../auth/OAuthBearer.js"
import type { PgConfig } from "../../config/PgConfig.js"
import type { Host } from "../../host/Host.js"
import { PgAuthError, PgProtocolError } from "../../model/PgError.js"
import type { PgConfigError } from "../../model/PgError.js"
import type { ConnectPhase } from "../../model/PgError.js"
import * as Bearer from "../../protocol/Bearer.js"
import * as ProtocolVersion from "../../protocol/ProtocolVersion.js"
import * as Table from "../../protocol/Startup.js"
import { handle } from "../../protocol/Transition.js"
import type { Handlers } from "../../protocol/Transition.js"
import type { BackendMessage } from "../../wire/BackendMessage.js"
import type { PhaseLimits } from "../../wire/FrameLimits.js"
import type { FrontendMessage } from "../../wire/FrontendMessage.js"
import { inUsualOrder, protocol30 } from "../../wire/messages/Startup.js"
import type { StartupParameter } from "../../wire/messages/Startup.js"
import type { AuthenticatorOptions } from "./Authenticate.js"
import { Authenticator } from "./Authenticate.js"
import type { Conversation } from "../session/Conversation.js"
import type { SideChannels } from "../session/SideChannels.js"
import * as Failure from "./StartupFailure.js"
import type { StartupError } from "./StartupFailure.js"

/** What the startup phase has found out. */
export interface Started {
  readonly processId: number | undefined
  readonly cancelKey: Redacted.Redacted<Uint8Array> | undefined
  readonly protocolVersion: string
  readonly user: string
  readonly authentication: string
  readonly channelBound: boolean
}

const applicationName = (config: PgConfig): string | undefined =>
  config.applicationName ?? config.fallbackApplicationName

/** What goes into the startup packet: what the user named, besides user, database, application_name and encoding. */
export const parametersOf = (config: PgConfig, user: string): ReadonlyArray<StartupParameter> => {
  const parameters: Array<StartupParameter> = [["user", user]]
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined) parameters.push([name, value])
  }
  put("database", config.database ?? user)
  put("replication", config.replication)
  if (config.startupParameters === "minimal") return parameters
  put("options", config.options)
  put("application_name", applicationName(config))
  put("client_encoding", config.clientEncoding)
  for (const name of ProtocolVersion.optionsOf(config.maxProtocolVersion)) put(name, "")
  for (const [name, value] of Object.entries(config.parameters)) put(name, value)
  return inUsualOrder(parameters)
}

/** What the startup phase is run with. */
export interface AuthenticationOptions extends AuthenticatorOptions {
  readonly conversation: Conversation
  readonly limits: PhaseLimits
  readonly side: SideChannels
  /** Called with the phase that the attempt has reached. */
  readonly onPhase: (phase: ConnectPhase) => void
  /** Called when the login is being bound to the channel. */
  readonly onBound: () => void
}

/**
 * What a handler gives: `undefined` or an `Either` where it is done already. A state is the one to go on with, in place of the arrow's.
 */
type Handled =
  | undefined
  | Either.Either<Table.StartupState | void, StartupError>
  | Effect.Effect<Table.StartupState | void, StartupError, Host | Scope.Scope>

class StartupPhase {
  private readonly authenticator: Authenticator
  private readonly asked: ProtocolVersion.RequestedVersion
  private version: number
  private processId: number | undefined
  private cancelKey: Redacted.Redacted<Uint8Array> | undefined
  private state: Table.StartupState = Table.initial

  constructor(private readonly options: AuthenticationOptions) {
    const { maxProtocolVersion, minProtocolVersion } = options.config
    this.authenticator = new Authenticator(options)
    this.asked = {
      version: ProtocolVersion.wordOf(maxProtocolVersion),
      least: ProtocolVersion.wordOf(minProtocolVersion),
      options: ProtocolVersion.optionsOf(maxProtocolVersion)
    }
    this.version = this.asked.version
  }

  get run(): Effect.Effect<Started, StartupError, Host | Scope.Scope> {
    const { config, credentials, onPhase } = this.options
    onPhase("startup")
    const parameters = parametersOf(config, credentials.user)
    const opened = this.send({ _tag: "StartupMessage", version: this.asked.version, parameters })
    return Either.isLeft(opened) ? Effect.fail(opened.left) : this.drive
  }

  /** What each arrow of the table has to do. */
  private readonly handlers: Handlers<Table.StartupMessages, Handled> = {
    answerCleartext: () => Either.flatMap(this.authenticator.cleartext, (message) => this.send(message)),
    answerMd5: ({ salt }) => Either.flatMap(this.authenticator.md5(salt), (message) => this.send(message)),
    beginSasl: ({ mechanisms }) => this.beginSasl(mechanisms),
    continueSasl: ({ data }) =>
      Effect.flatMap(this.authenticator.continueSasl(data), (message) => this.send(message)),
    verifySasl: ({ data }) => this.authenticator.verifySasl(data),
    beginGss: ({ _tag }) => {
      const { conversation, limits } = this.options
      conversation.framer.limits = limits.tokens
      const mechanism = _tag === "AuthenticationSSPI" ? "sspi" : "gss"
      return Effect.flatMap(this.authenticator.beginGss(mechanism), (message) => this.sendIfAny(message))
    },
    continueGss: ({ data }) =>
      Effect.flatMap(this.authenticator.continueGss(data), (message) => this.sendIfAny(message)),
    authenticated: () => this.authenticated(),
    checkVersion: (offered) => {
      const answer = ProtocolVersion.negotiated(this.asked, offered)
      if (typeof answer === "string") return Either.left(this.violation("v", answer))
      this.version = answer
      return undefined
    },
    rememberKey: ({ processId, secretKey }) => {
      if (ProtocolVersion.nameOf(this.version) === "3.0" && secretKey.length !== 4) {
        const reason = `a key of ${secretKey.length} bytes, and protocol 3.0 has four`
        return Either.left(this.violation("K", reason))
      }
      this.processId = processId
      this.cancelKey = Redacted.make(secretKey)
      return undefined
    },
    rememberParameter: ({ name, value }) => {
      const refused = this.options.side.parameter(name, value)
      return refused === undefined ? undefined : Either.left(this.violation("S", refused))
    },
    ready: ({ status }) =>
      status === "I"
        ? undefined
        : Either.left(this.violation("Z", `a new session with transaction status ${status}`))
  }

  /** OAUTHBEARER has a table of its own. */
  private readonly bearerHandlers: Handlers<
    Bearer.BearerMessages,
    Either.Either<void, PgAuthError | PgConfigError>
  > = {
    authenticated: () => Either.void,
    acknowledge: ({ data }) => {
      const said = this.options.tokens?.refused(Utf8.decode(data, 0, data.length))
      if (said === undefined || Either.isRight(said))
        return this.send({ _tag: "SASLResponse", data: Utf8.encode(OAuthBearer.acknowledgement) })
      const { detail, method, reason } = said.left
      const { user } = this.options.credentials
      return Either.left(new PgAuthError({ reason, method, detail, user, server: undefined }))
    }
  }

  /** Takes what has come, message by message, and becomes an effect only where there is something to wait for. */
  private readonly drive: Effect.Effect<Started, StartupError, Host | Scope.Scope> = Effect.suspend(() => {
    const { conversation } = this.options
    while (this.state !== "Done") {
      conversation.state = `Startup.${this.state}`
      const heard = this.poll()
      if (heard === undefined) return Effect.flatMap(conversation.arrival, () => this.drive)
      const handled = this.take(this.state, heard)
      if (handled === undefined) continue
      return Either.isEither(handled) ? handled : Effect.flatMap(handled, () => this.drive)
    }
    const { authenticator, cancelKey, processId, version } = this
    return Effect.succeed({
      processId,
      cancelKey,
      protocolVersion: ProtocolVersion.nameOf(version),
      user: this.options.credentials.user,
      authentication: authenticator.method,
      channelBound: authenticator.bound
    })
  })

  /** Takes a message, and is in the next state when what it returns is done: at once when that is `undefined`. */
  private take(
    state: Exclude<Table.StartupState, "Done">,
    heard: Either.Either<BackendMessage, StartupError>
  ): Either.Either<never, StartupError> | Effect.Effect<void, StartupError, Host | Scope.Scope> | undefined {
    const { onPhase } = this.options
    const isOpening = state === "Opening"
    if (Either.isLeft(heard)) {
      const isNewer = isOpening && this.asked.version > protocol30
      return Either.left(isNewer ? Failure.newerRefused(heard.left) : heard.left)
    }
    const message = heard.right
    if (message._tag.startsWith("Authentication") && state !== "Initializing") onPhase("authentication")
    const arrow = Table.step(state, message._tag)
    if (arrow === undefined) return Either.left(this.unexpected(message))
    const unnegotiated =
      isOpening && arrow.to !== "Negotiated" ? ProtocolVersion.unnegotiated(this.asked) : undefined
    if (unnegotiated !== undefined) return Either.left(this.violation(message._tag, unnegotiated))
    const handled = handle(this.handlers, arrow.emit, message)
    if (handled === undefined) this.state = arrow.to
    else if (!Either.isEither(handled))
      return Effect.map(handled, (to) => {
        this.state = to ?? arrow.to
      })
    else if (Either.isLeft(handled)) return Either.left(handled.left)
    else this.state = handled.right ?? arrow.to
    return undefined
  }

  /** A bearer token is taken or refused at once; every other mechanism goes on in the table. */
  private beginSasl(mechanisms: ReadonlyArray<string>): Handled {
    const { conversation, limits, onBound } = this.options
    conversation.framer.limits = limits.tokens
    return Effect.flatMap(this.authenticator.beginSasl(mechanisms), (first) => {
      if (this.authenticator.bound) onBound()
      const sent = this.send(first)
      return first.mechanism === "OAUTHBEARER"
        ? Effect.zipRight(
            Effect.zipRight(sent, this.bearer),
            Effect.suspend(() => Either.map(this.authenticated(), () => "Initializing" as const))
          )
        : Either.map(sent, () => undefined)
    })
  }

  /** At its end the server has taken the token. */
  private get bearer(): Effect.Effect<void, StartupError> {
    return Effect.gen(this, function* () {
      const { conversation } = this.options
      let state: Bearer.BearerState = Bearer.initial
      while (state !== "Done") {
        conversation.state = `Bearer.${state}`
        const message: BackendMessage = yield* this.next
        const arrow: ReturnType<typeof Bearer.step> = Bearer.step(state, message._tag)
        if (arrow === undefined) return yield* Effect.fail(this.unexpected(message))
        yield* handle(this.bearerHandlers, arrow.emit, message)
        state = arrow.to
      }
    })
  }

  private authenticated(): Either.Either<void, PgAuthError> {
    const { conversation, limits, onPhase } = this.options
    conversation.framer.limits = limits.session
    onPhase("ready")
    return this.authenticator.accepted
  }

  /** The next message that is neither an error nor a notice, if it is there. */
  private poll(): Either.Either<BackendMessage, StartupError> | undefined {
    const { conversation, credentials, side, tokens } = this.options
    for (;;) {
      const heard = conversation.poll()
      if (heard === undefined || Either.isLeft(heard)) return heard
      const message = heard.right
      if (message._tag === "ErrorResponse") {
        const tokenRefused = tokens?.challenge && tokens.said
        return Either.left(Failure.refused(message.fields, credentials, this.authenticator, tokenRefused))
      }
      if (message._tag !== "NoticeResponse") return heard
      side.notice(message.fields)
    }
  }

  private readonly next: Effect.Effect<BackendMessage, StartupError> = Effect.suspend(
    () => this.poll() ?? Effect.flatMap(this.options.conversation.arrival, () => this.next)
  )

  private send(message: FrontendMessage): Either.Either<void, PgConfigError> {
    const failure = this.options.conversation.send(message)
    return failure === undefined ? Either.void : Either.left(Failure.unsendable(message, failure))
  }

  private sendIfAny(message: FrontendMessage | undefined): Either.Either<void, PgConfigError> {
    return message === undefined ? Either.void : this.send(message)
  }

  private violation(tag: string, reason: string): PgProtocolError {
    return new PgProtocolError({ state: this.options.conversation.state, tag, reason })
  }

  /** What a message means that the table does not know in this state. */
  private unexpected(message: BackendMessage): StartupError {
    return Failure.unexpected(message, (tag, reason) => this.violation(tag, reason), this.options.credentials)
  }
}

/**
 * Runs the startup phase. Fails with `PgAuthError` when credentials are refused or cannot be had, when the server does
 * not prove what the settings require, and before anything is shown to a server that asks for what they rule out.
 */
export const run = (
  options: AuthenticationOptions
): Effect.Effect<Started, StartupError, Host | Scope.Scope> =>
  Effect.suspend(() => new StartupPhase(options).run)
