/**
 * What is agreed before authentication: encryption and the protocol's version.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
 */
import * as Field from "../Field.js"
import * as Message from "../Message.js"
import * as Packet from "../Packet.js"

export const sslRequestCode = 80_877_103
export const gssEncRequestCode = 80_877_104

/** Frontend, no tag. The server answers one byte: `S` or `N`. */
export interface SSLRequest {
  readonly _tag: "SSLRequest"
}
export const SSLRequest = Packet.request<SSLRequest>({ _tag: "SSLRequest" }, sslRequestCode)

/** Frontend, no tag. The server answers one byte: `G` or `N`. */
export interface GSSENCRequest {
  readonly _tag: "GSSENCRequest"
}
export const GSSENCRequest = Packet.request<GSSENCRequest>({ _tag: "GSSENCRequest" }, gssEncRequestCode)

/** The one byte that answers a request for encryption; `Error` is the tag of an ErrorResponse that follows. */
export type EncryptionAnswer = "Accepted" | "Refused" | "Error" | "Invalid"

/** What the byte means after this request. */
export const encryptionAnswer = (request: "SSLRequest" | "GSSENCRequest", byte: number): EncryptionAnswer => {
  if (byte === (request === "SSLRequest" ? 0x53 : 0x47)) return "Accepted"
  if (byte === 0x4e) return "Refused"
  return byte === 0x45 ? "Error" : "Invalid"
}

/** The byte a server sends to accept or to refuse. */
export const encryptionAnswerByte = (request: "SSLRequest" | "GSSENCRequest", accepted: boolean): number => {
  if (!accepted) return 0x4e
  return request === "SSLRequest" ? 0x53 : 0x47
}

/**
 * Backend, byte `v`, at most once and before authentication.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-NEGOTIATEPROTOCOLVERSION
 */
export interface NegotiateProtocolVersion {
  readonly _tag: "NegotiateProtocolVersion"
  /** The whole version word, such as `0x00030000`, although the manual speaks of the minor version. */
  readonly version: number
  /** Names of the `_pq_.` options the server does not know. */
  readonly unsupported: ReadonlyArray<string>
}
export const NegotiateProtocolVersion = Message.backend<NegotiateProtocolVersion>(
  "NegotiateProtocolVersion",
  "v",
  {
    version: Field.uint32,
    unsupported: Field.array32(Field.cstring)
  }
)
