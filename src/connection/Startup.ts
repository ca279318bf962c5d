/**
 * Drives the startup table from StartupMessage to the first ReadyForQuery.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
 */
import * as Effect from "effect/Effect"
import type { PgConfig } from "../config/PgConfig.js"
import type { Host } from "../host/Host.js"
import { PgAuthError, PgConfigError, PgProtocolError, PgServerError } from "../model/PgError.js"
import type { ConnectPhase } from "../model/PgError.js"
import type { ServerFields } from "../model/ServerFields.js"
import * as ProtocolVersion from "../protocol/ProtocolVersion.js"
import * as Table from "../protocol/Startup.js"
import type { BackendMessage } from "../wire/BackendMessage.js"
import type { PhaseLimits } from "../wire/FrameLimits.js"
import type { FrontendMessage } from "../wire/FrontendMessage.js"
import { inUsualOrder } from "../wire/messages/Startup.js"
import type { Parameter } from "../wire/messages/Startup.js"
import type { Credentials } from "./Authenticate.js"
import { Authenticator } from "./Authenticate.js"
import type { Conversation, ConversationError } from "./Conversation.js"
import type { SideChannels } from "./SideChannels.js"

export type StartupError = ConversationError | PgServerError | PgAuthError | PgConfigError

/** What the startup phase has found out. */
export interface Started {
  readonly processId: number | undefined
  readonly cancelKey: Uint8Array | undefined
  readonly protocolVersion: string
  readonly authentication: string
}

const applicationName = (config: PgConfig): string | undefined =>
  config.applicationName ?? config.fallbackApplicationName

/** What goes into the startup packet: what the user named, besides user, database, application_name and encoding. */
export const parametersOf = (config: PgConfig, user: string): ReadonlyArray<Parameter> => {
  const parameters: Array<Parameter> = [["user", user]]
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined) parameters.push([name, value])
  }
  put("database", config.database ?? user)
  put("replication", config.replication)
  if (config.startupParameters === "minimal") return parameters
  put("options", config.options)
  put("application_name", applicationName(config))
  put("client_encoding", config.clientEncoding)
  for (const [name, value] of Object.entries(config.parameters)) put(name, value)
  return inUsualOrder(parameters)
}

/** Runs the startup phase. `onPhase` hears how far it has come. */
export const run = (options: {
  readonly conversation: Conversation
  readonly config: PgConfig
  readonly credentials: Credentials
  readonly limits: PhaseLimits
  readonly side: SideChannels
  readonly onPhase: (phase: ConnectPhase) => void
}): Effect.Effect<Started, StartupError, Host> =>
  Effect.gen(function* () {
    const { config, conversation, credentials, limits, onPhase, side } = options
    const authenticator = new Authenticator(config, credentials)
    const asked: ProtocolVersion.Asked = {
      version: ProtocolVersion.wordOf(config.maxProtocolVersion),
      least: ProtocolVersion.wordOf(config.minProtocolVersion),
      options: []
    }
    let version = asked.version
    let processId: number | undefined
    let cancelKey: Uint8Array | undefined
    let state: Table.State = Table.initial

    const violation = (tag: string, reason: string) =>
      new PgProtocolError({ state: `Startup.${state}`, tag, reason })
    const send = (message: FrontendMessage): Effect.Effect<void, PgConfigError> =>
      Effect.suspend(() => {
        const failure = conversation.send(message)
        return failure === undefined
          ? Effect.void
          : Effect.fail(new PgConfigError({ key: message._tag, reason: failure, source: "startup packet" }))
      })

    const act = (action: Table.Action, message: BackendMessage): Effect.Effect<void, StartupError, Host> => {
      switch (action) {
        case "answerCleartext":
          return Effect.flatMap(authenticator.cleartext, send)
        case "answerMd5":
          return message._tag === "AuthenticationMD5Password"
            ? Effect.flatMap(authenticator.md5(message.salt), send)
            : Effect.void
        case "beginSasl":
          conversation.framer.limits = limits.tokens
          return message._tag === "AuthenticationSASL"
            ? Effect.flatMap(authenticator.beginSasl(message.mechanisms), send)
            : Effect.void
        case "continueSasl":
          return message._tag === "AuthenticationSASLContinue"
            ? Effect.flatMap(authenticator.continueSasl(message.data), send)
            : Effect.void
        case "verifySasl":
          return message._tag === "AuthenticationSASLFinal"
            ? authenticator.verifySasl(message.data)
            : Effect.void
        case "authenticated":
          conversation.framer.limits = limits.session
          onPhase("ready")
          return authenticator.accepted
        case "checkVersion": {
          if (message._tag !== "NegotiateProtocolVersion") return Effect.void
          const answer = ProtocolVersion.negotiated(asked, message)
          if (typeof answer === "string") return Effect.fail(violation("v", answer))
          version = answer
          return Effect.void
        }
        case "rememberKey": {
          if (message._tag !== "BackendKeyData") return Effect.void
          if (ProtocolVersion.nameOf(version) === "3.0" && message.secretKey.length !== 4) {
            return Effect.fail(
              violation("K", `a key of ${message.secretKey.length} bytes, and protocol 3.0 has four`)
            )
          }
          processId = message.processId
          cancelKey = message.secretKey
          return Effect.void
        }
        case "rememberParameter": {
          if (message._tag !== "ParameterStatus") return Effect.void
          const refused = side.parameter(message.name, message.value)
          return refused === undefined ? Effect.void : Effect.fail(violation("S", refused))
        }
        case "ready":
          return message._tag === "ReadyForQuery" && message.status !== "I"
            ? Effect.fail(violation("Z", `a new session with transaction status ${message.status}`))
            : Effect.void
        default:
          return Effect.void
      }
    }

    onPhase("startup")
    yield* send({
      _tag: "StartupMessage",
      version: asked.version,
      parameters: parametersOf(config, credentials.user)
    })
    while (state !== "Done") {
      conversation.state = `Startup.${state}`
      const message: BackendMessage = yield* conversation.next
      if (message._tag === "ErrorResponse")
        return yield* Effect.fail(refused(message.fields, credentials, authenticator))
      if (message._tag === "NoticeResponse") {
        side.notice(message.fields)
        continue
      }
      if (message._tag.startsWith("Authentication") && state !== "Initializing") onPhase("authentication")
      const arrow: ReturnType<typeof Table.step> = Table.step(state, message._tag)
      if (arrow === undefined) return yield* Effect.fail(unexpected(message, violation, credentials))
      yield* act(arrow.emit, message)
      state = arrow.to
    }
    return {
      processId,
      cancelKey,
      protocolVersion: ProtocolVersion.nameOf(version),
      authentication: authenticator.method
    }
  })

const unsupportedMethods: Readonly<Record<string, string>> = {
  AuthenticationGSS: "gss",
  AuthenticationSSPI: "sspi",
  AuthenticationKerberosV5: "kerberos 5"
}

const unexpected = (
  message: BackendMessage,
  violation: (tag: string, reason: string) => PgProtocolError,
  credentials: Credentials
): PgProtocolError | PgAuthError => {
  const method =
    message._tag === "AuthenticationOther" ? `method ${message.code}` : unsupportedMethods[message._tag]
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
  authenticator: Authenticator
): PgServerError | PgAuthError =>
  fields.code.startsWith("28")
    ? new PgAuthError({
        reason: "rejected",
        method: authenticator.method === "trust" ? "" : authenticator.method,
        detail: "the server refused",
        user: credentials.user,
        server: fields
      })
    : new PgServerError({ ...fields, sql: "" })
