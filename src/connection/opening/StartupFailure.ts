/** What the startup phase fails with. */
import { PgAuthError, PgClosedError, PgConfigError, PgServerError } from "../../model/PgError.js"
import type { PgProtocolError } from "../../model/PgError.js"
import * as Pooler from "../../model/Pooler.js"
import type { ServerFields } from "../../model/ServerFields.js"
import type { BackendMessage } from "../../wire/BackendMessage.js"
import type { FrontendMessage } from "../../wire/FrontendMessage.js"
import type { ConversationError } from "../session/Conversation.js"
import type { Authenticator } from "./Authenticate.js"
import type { Credentials } from "./Credentials.js"

export type StartupError = ConversationError | PgServerError | PgAuthError | PgConfigError

/** What is too long for its packet: the password, or all the settings of the session together. */
export const unsendable = ({ _tag }: FrontendMessage, reason: string): PgConfigError =>
  _tag === "PasswordMessage"
    ? new PgConfigError({ key: "password", reason, source: "credentials" })
    : new PgConfigError({ key: _tag, reason, source: "startup packet" })

const versionHint = "if it does not know the protocol version asked for, set max_protocol_version=3.0"

/** The failure of a server or pooler that does not know the newer protocol, together with the setting that helps. */
export const newerRefused = (error: StartupError): StartupError => {
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

export const unexpected = (
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
        detail: `the server asks for ${method}, which this client does not support`,
        user: credentials.user,
        server: undefined
      })
}

/** A refusal of the role or its proof is about credentials; any other is about the attempt. */
export const refused = (
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
