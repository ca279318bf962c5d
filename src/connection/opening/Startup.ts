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
import {
  PgAuthError,
  PgClosedError,
  PgConfigError,
  PgProtocolError,
  PgServerError
} from "../../model/PgError.js"
import * as Pooler from "../../model/Pooler.js"
import type { ConnectPhase } from "../../model/PgError.js"
import type { ServerFields } from "../../model/ServerFields.js"
import * as Bearer from "../../protocol/Bearer.js"
import * as ProtocolVersion from "../../protocol/ProtocolVersion.js"
import * as Table from "../../protocol/Startup.js"
import type { BackendMessage } from "../../wire/BackendMessage.js"
import type { PhaseLimits } from "../../wire/FrameLimits.js"
import type { FrontendMessage } from "../../wire/FrontendMessage.js"
import { inUsualOrder, protocol30 } from "../../wire/messages/Startup.js"
import type { StartupParameter } from "../../wire/messages/Startup.js"
import type { AuthenticatorOptions } from "./Authenticate.js"
import { Authenticator } from "./Authenticate.js"
import type { Conversation, ConversationError } from "../session/Conversation.js"
import type { Credentials } from "./Credentials.js"
import type { SideChannels } from "../session/SideChannels.js"

export type StartupError = ConversationError | PgServerError | PgAuthError | PgConfigError

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
  /** Hears how far it has come. */
  readonly onPhase: (phase: ConnectPhase) => void
  /** Hears that the login is being bound to the channel. */
  readonly onBound: () => void
}

/**
 * Runs the startup phase. Fails with `PgAuthError` when credentials are refused or cannot be had, when the server does
 * not prove what the settings require, and before anything is shown to a server that asks for what they rule out.
 */
export const run = (
  options: AuthenticationOptions
): Effect.Effect<Started, StartupError, Host | Scope.Scope> =>
  Effect.suspend(() => {
    const { config, conversation, credentials, limits, onPhase, side, tokens } = options
    const authenticator = new Authenticator(options)
    const asked: ProtocolVersion.RequestedVersion = {
      version: ProtocolVersion.wordOf(config.maxProtocolVersion),
      least: ProtocolVersion.wordOf(config.minProtocolVersion),
      options: ProtocolVersion.optionsOf(config.maxProtocolVersion)
    }
    let version = asked.version
    let processId: number | undefined
    let cancelKey: Redacted.Redacted<Uint8Array> | undefined
    let state: Table.StartupState = Table.initial

    const violation = (tag: string, reason: string) =>
      new PgProtocolError({ state: conversation.state, tag, reason })
    const send = (message: FrontendMessage): Either.Either<void, PgConfigError> => {
      const failure = conversation.send(message)
      return failure === undefined ? Either.void : Either.left(unsendable(message, failure))
    }
    const sendIfAny = (message: FrontendMessage | undefined): Either.Either<void, PgConfigError> =>
      message === undefined ? Either.void : send(message)

    /** The next message that is neither an error nor a notice, if it is there. */
    const poll = (): Either.Either<BackendMessage, StartupError> | undefined => {
      for (;;) {
        const heard = conversation.poll()
        if (heard === undefined || Either.isLeft(heard)) return heard
        const message = heard.right
        if (message._tag === "ErrorResponse") {
          return Either.left(
            refused(message.fields, credentials, authenticator, tokens?.challenge && tokens.said)
          )
        }
        if (message._tag !== "NoticeResponse") return heard
        side.notice(message.fields)
      }
    }
    const next: Effect.Effect<BackendMessage, StartupError> = Effect.suspend(
      () => poll() ?? Effect.flatMap(conversation.arrival, () => next)
    )

    /** OAUTHBEARER has a table of its own; at its end the server has taken the token. */
    const bearer: Effect.Effect<void, StartupError> = Effect.gen(function* () {
      let state: Bearer.BearerState = Bearer.initial
      while (state !== "Done") {
        conversation.state = `Bearer.${state}`
        const message = yield* next
        const arrow: ReturnType<typeof Bearer.step> = Bearer.step(state, message._tag)
        if (arrow === undefined) return yield* Effect.fail(unexpected(message, violation, credentials))
        if (message._tag === "AuthenticationSASLContinue") {
          const said = tokens?.refused(Utf8.decode(message.data, 0, message.data.length))
          if (said !== undefined && Either.isLeft(said)) {
            const { detail, method, reason } = said.left
            return yield* Effect.fail(
              new PgAuthError({ reason, method, detail, user: credentials.user, server: undefined })
            )
          }
          yield* send({ _tag: "SASLResponse", data: Utf8.encode(OAuthBearer.acknowledgement) })
        }
        state = arrow.to
      }
    })

    const authenticated = (): Either.Either<void, PgAuthError> => {
      conversation.framer.limits = limits.session
      onPhase("ready")
      return authenticator.accepted
    }

    /** What a message demands: an `Either` where it is done already. */
    const act = (action: Table.StartupAction, message: BackendMessage): Acted => {
      switch (action) {
        case "answerCleartext":
          return Either.flatMap(authenticator.cleartext, send)
        case "answerMd5":
          return message._tag === "AuthenticationMD5Password"
            ? Either.flatMap(authenticator.md5(message.salt), send)
            : Either.void
        case "continueSasl":
          return message._tag === "AuthenticationSASLContinue"
            ? Effect.flatMap(authenticator.continueSasl(message.data), send)
            : Either.void
        case "verifySasl":
          return message._tag === "AuthenticationSASLFinal"
            ? authenticator.verifySasl(message.data)
            : Either.void
        case "beginGss":
          conversation.framer.limits = limits.tokens
          return Effect.flatMap(
            authenticator.beginGss(message._tag === "AuthenticationSSPI" ? "sspi" : "gss"),
            sendIfAny
          )
        case "continueGss":
          return message._tag === "AuthenticationGSSContinue"
            ? Effect.flatMap(authenticator.continueGss(message.data), sendIfAny)
            : Either.void
        case "authenticated":
          return authenticated()
        case "checkVersion": {
          if (message._tag !== "NegotiateProtocolVersion") return Either.void
          const answer = ProtocolVersion.negotiated(asked, message)
          if (typeof answer === "string") return Either.left(violation("v", answer))
          version = answer
          return Either.void
        }
        case "rememberKey": {
          if (message._tag !== "BackendKeyData") return Either.void
          if (ProtocolVersion.nameOf(version) === "3.0" && message.secretKey.length !== 4) {
            return Either.left(
              violation("K", `a key of ${message.secretKey.length} bytes, and protocol 3.0 has four`)
            )
          }
          processId = message.processId
          cancelKey = Redacted.make(message.secretKey)
          return Either.void
        }
        case "rememberParameter": {
          if (message._tag !== "ParameterStatus") return Either.void
          const refused = side.parameter(message.name, message.value)
          return refused === undefined ? Either.void : Either.left(violation("S", refused))
        }
        case "ready":
          return message._tag === "ReadyForQuery" && message.status !== "I"
            ? Either.left(violation("Z", `a new session with transaction status ${message.status}`))
            : Either.void
        default:
          return Either.void
      }
    }

    /** A bearer token is taken or refused at once; every other mechanism goes on in the table. */
    const beginSasl = (
      mechanisms: ReadonlyArray<string>
    ): Effect.Effect<Table.StartupState, StartupError, Host> => {
      conversation.framer.limits = limits.tokens
      return Effect.flatMap(authenticator.beginSasl(mechanisms), (first) => {
        if (authenticator.bound) options.onBound()
        const sent = send(first)
        return first.mechanism === "OAUTHBEARER"
          ? Effect.zipRight(Effect.zipRight(sent, bearer), Effect.suspend(authenticated)).pipe(
              Effect.as("Initializing" as const)
            )
          : Either.map(sent, () => "SaslStarted" as const)
      })
    }

    /** Takes what has come, message by message, and becomes an effect only where there is something to wait for. */
    const drive: Effect.Effect<Started, StartupError, Host | Scope.Scope> = Effect.suspend(() => {
      while (state !== "Done") {
        conversation.state = `Startup.${state}`
        const heard = poll()
        if (heard === undefined) return Effect.flatMap(conversation.arrival, () => drive)
        if (Either.isLeft(heard)) {
          const opening = state === "Opening" && asked.version > protocol30
          return Effect.fail(opening ? newerRefused(heard.left) : heard.left)
        }
        const message = heard.right
        if (message._tag.startsWith("Authentication") && state !== "Initializing") onPhase("authentication")
        const arrow: ReturnType<typeof Table.step> = Table.step(state, message._tag)
        if (arrow === undefined) return Effect.fail(unexpected(message, violation, credentials))
        const accepted: string | undefined =
          state === "Opening" && arrow.to !== "Negotiated" ? ProtocolVersion.unnegotiated(asked) : undefined
        if (accepted !== undefined) return Effect.fail(violation(message._tag, accepted))
        if (message._tag === "AuthenticationSASL") {
          return Effect.flatMap(beginSasl(message.mechanisms), (to) => {
            state = to
            return drive
          })
        }
        const acted = act(arrow.emit, message)
        if (!isDone(acted)) {
          return Effect.flatMap(acted, () => {
            state = arrow.to
            return drive
          })
        }
        if (Either.isLeft(acted)) return Effect.fail(acted.left)
        state = arrow.to
      }
      return Effect.succeed({
        processId,
        cancelKey,
        protocolVersion: ProtocolVersion.nameOf(version),
        user: credentials.user,
        authentication: authenticator.method,
        channelBound: authenticator.bound
      })
    })

    onPhase("startup")
    const opened = send({
      _tag: "StartupMessage",
      version: asked.version,
      parameters: parametersOf(config, credentials.user)
    })
    return Either.isLeft(opened) ? Effect.fail(opened.left) : drive
  })

type Acted = Effect.Effect<void, StartupError, Host | Scope.Scope>

const isDone = (acted: Acted): acted is Either.Either<void, StartupError> => Either.isEither(acted)

/** What is too long for its packet: the password, or all the settings of the session together. */
const unsendable = ({ _tag }: FrontendMessage, reason: string): PgConfigError =>
  _tag === "PasswordMessage"
    ? new PgConfigError({ key: "password", reason, source: "credentials" })
    : new PgConfigError({ key: _tag, reason, source: "startup packet" })

const versionHint = "if it does not know the protocol version asked for, set max_protocol_version=3.0"

/** What a server or pooler of an older protocol does to a newer one is told together with the setting that helps. */
const newerRefused = (error: StartupError): StartupError => {
  if (error._tag === "PgClosedError") {
    return new PgClosedError({
      reason: `${error.reason}; ${versionHint}`,
      sent: error.sent,
      server: error.server,
      sql: error.sql
    })
  }
  if (error._tag === "TransportFailure") return { ...error, message: `${error.message}; ${versionHint}` }
  return error._tag === "PgServerError" && (error.code === "0A000" || error.code === "08P01")
    ? error.with({ hint: error.hint ?? Pooler.meaning(error)?.hint ?? versionHint })
    : error
}

const unexpected = (
  message: BackendMessage,
  violation: (tag: string, reason: string) => PgProtocolError,
  credentials: Credentials
): PgProtocolError | PgAuthError => {
  const method =
    message._tag === "AuthenticationOther"
      ? `method ${message.code}`
      : message._tag === "AuthenticationKerberosV5"
        ? "kerberos 5"
        : undefined
  return method === undefined
    ? violation(message._tag, `${message._tag} is not allowed here`)
    : new PgAuthError({
        reason: "method-unsupported",
        method,
        detail: `the server asks for ${method}, which this client does not speak`,
        user: credentials.user,
        server: undefined
      })
}

/** A refusal of the role or its proof is about credentials; any other is about the attempt. */
const refused = (
  fields: ServerFields,
  credentials: Credentials,
  authenticator: Authenticator,
  tokenRefused: string | undefined
): PgServerError | PgAuthError => {
  if (!fields.code.startsWith("28")) return new PgServerError({ ...fields, sql: "" })
  const { passwordFrom } = credentials
  return new PgAuthError({
    reason: "rejected",
    method: authenticator.method === "trust" ? "" : authenticator.method,
    detail:
      tokenRefused ??
      (fields.code === "28P01" && passwordFrom !== undefined
        ? `the server refused the password from ${passwordFrom}`
        : authenticator.bound && fields.code !== "28P01"
          ? "the server refused a login that was bound to the TLS channel, as it must where something in between ends TLS"
          : "the server refused"),
    user: credentials.user,
    server: fields
  })
}
