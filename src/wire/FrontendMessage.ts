/**
 * Everything a client may send. Tags are one set per direction; the packets that open a connection have none.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import * as Either from "effect/Either"
import { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import { MalformedMessage } from "./MalformedMessage.js"
import type { Message } from "./Message.js"
import * as Authentication from "./messages/Authentication.js"
import * as Cancel from "./messages/Cancel.js"
import * as Copy from "./messages/Copy.js"
import * as ExtendedQuery from "./messages/ExtendedQuery.js"
import * as FunctionCall from "./messages/FunctionCall.js"
import * as Negotiation from "./messages/Negotiation.js"
import * as SimpleQuery from "./messages/SimpleQuery.js"
import * as Startup from "./messages/Startup.js"
import { leastPacket, maxPacket, type Packet } from "./Packet.js"
import { tagText } from "./Tag.js"

/** The packets without a tag. */
export type StartupPacket =
  Startup.StartupMessage | Negotiation.SSLRequest | Negotiation.GSSENCRequest | Cancel.CancelRequest

/** The answers with byte `p`. */
export type AuthenticationAnswer =
  | Authentication.PasswordMessage
  | Authentication.SASLInitialResponse
  | Authentication.SASLResponse
  | Authentication.GSSResponse

/** The messages with a tag. */
export type TaggedMessage =
  | AuthenticationAnswer
  | Cancel.Terminate
  | Copy.CopyData
  | Copy.CopyDone
  | Copy.CopyFail
  | ExtendedQuery.Bind
  | ExtendedQuery.Close
  | ExtendedQuery.Describe
  | ExtendedQuery.Execute
  | ExtendedQuery.Flush
  | ExtendedQuery.Parse
  | ExtendedQuery.Sync
  | FunctionCall.FunctionCall
  | SimpleQuery.Query

/** Every message that a client sends. */
export type FrontendMessage = TaggedMessage | StartupPacket

const tagged: {
  readonly [K in TaggedMessage["_tag"]]: Message<Extract<TaggedMessage, { readonly _tag: K }>>
} = {
  PasswordMessage: Authentication.PasswordMessage,
  SASLInitialResponse: Authentication.SASLInitialResponse,
  SASLResponse: Authentication.SASLResponse,
  GSSResponse: Authentication.GSSResponse,
  Terminate: Cancel.Terminate,
  CopyData: Copy.CopyData,
  CopyDone: Copy.CopyDone,
  CopyFail: Copy.CopyFail,
  Bind: ExtendedQuery.Bind,
  Close: ExtendedQuery.Close,
  Describe: ExtendedQuery.Describe,
  Execute: ExtendedQuery.Execute,
  Flush: ExtendedQuery.Flush,
  Parse: ExtendedQuery.Parse,
  Sync: ExtendedQuery.Sync,
  FunctionCall: FunctionCall.FunctionCall,
  Query: SimpleQuery.Query
}

const packets: {
  readonly [K in StartupPacket["_tag"]]: Packet<Extract<StartupPacket, { readonly _tag: K }>>
} = {
  StartupMessage: Startup.StartupMessage,
  SSLRequest: Negotiation.SSLRequest,
  GSSENCRequest: Negotiation.GSSENCRequest,
  CancelRequest: Cancel.CancelRequest
}

const answers: { readonly [P in Authentication.PendingAnswer]: Message<AuthenticationAnswer>["decode"] } = {
  password: Authentication.PasswordMessage.decode,
  "sasl-initial": Authentication.SASLInitialResponse.decode,
  sasl: Authentication.SASLResponse.decode,
  gss: Authentication.GSSResponse.decode
}

type Decode = (
  bytes: Uint8Array,
  start: number,
  end: number
) => Either.Either<TaggedMessage, MalformedMessage>

const answerTag = Authentication.PasswordMessage.tag
const decoders: Array<Decode | undefined> = new Array<Decode | undefined>(256).fill(undefined)
const names: Array<string | undefined> = new Array<string | undefined>(256).fill(undefined)
for (const message of Object.values(tagged)) {
  decoders[message.tag] = message.decode
  names[message.tag] = message.kind
}
decoders[answerTag] = undefined
names[answerTag] = "PasswordMessage"

/** The tag as one printable character, or its value in hexadecimal. */
export const tagName: (tag: number) => string = tagText

/** The manual's name of the message with this tag; `undefined` when no message has it. */
export const kindOf = (tag: number): string | undefined => names[tag]

/**
 * Reads the body at `bytes[start, end)`, as a server does. `pending`: which answer byte `p` is; without
 * it the byte is as unknown as it is to a server after authentication.
 */
export const decode = (
  tag: number,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
  pending?: Authentication.PendingAnswer
): Either.Either<TaggedMessage, MalformedMessage> => {
  const decoder = tag === answerTag && pending !== undefined ? answers[pending] : decoders[tag]
  return decoder === undefined
    ? Either.left(
        new MalformedMessage({
          kind: "unknown",
          tag,
          reason: "no frontend message has this tag here",
          partial: undefined
        })
      )
    : decoder(bytes, start, end)
}

/**
 * Size of the untagged packet that begins at `bytes[start]`, `undefined` while its length word is cut, −1 when no such
 * packet may have that length.
 */
export const packetSize = (bytes: Uint8Array, start = 0, end = bytes.length): number | undefined => {
  if (end - start < 4) return undefined
  const length = new ByteReader(bytes, start, end).int32()
  return length < leastPacket || length > maxPacket ? -1 : length
}

/** Reads the whole untagged packet at `bytes[start, end)`, length word included; its code identifies it. */
export const decodeStartup = (
  bytes: Uint8Array,
  start = 0,
  end = bytes.length
): Either.Either<StartupPacket, MalformedMessage> => {
  const reader = new ByteReader(bytes, start, end)
  reader.int32()
  switch (reader.uint32()) {
    case Negotiation.sslRequestCode:
      return Negotiation.SSLRequest.decode(bytes, start, end)
    case Negotiation.gssEncRequestCode:
      return Negotiation.GSSENCRequest.decode(bytes, start, end)
    case Cancel.cancelRequestCode:
      return Cancel.CancelRequest.decode(bytes, start, end)
    default:
      return Startup.StartupMessage.decode(bytes, start, end)
  }
}

/** Appends the whole frame or packet; false, with the failure on the writer and nothing appended, when it cannot be sent. */
export const encode = (writer: ByteWriter, message: FrontendMessage): boolean => {
  const send: (writer: ByteWriter, message: never) => boolean =
    message._tag in tagged
      ? tagged[message._tag as keyof typeof tagged].encode
      : packets[message._tag as keyof typeof packets].encode
  return send(writer, message as never)
}
