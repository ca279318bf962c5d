/**
 * Everything a server may send, by tag. Tags are one set per direction: `D` is a DataRow here and a Describe there.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import * as Either from "effect/Either"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import { MalformedMessage } from "./MalformedMessage.js"
import type { Message } from "./Message.js"
import * as Async from "./messages/Async.js"
import * as Authentication from "./messages/Authentication.js"
import * as Copy from "./messages/Copy.js"
import * as ExtendedQuery from "./messages/ExtendedQuery.js"
import * as FunctionCall from "./messages/FunctionCall.js"
import * as Negotiation from "./messages/Negotiation.js"
import * as Notice from "./messages/Notice.js"
import * as Result from "./messages/Result.js"
import * as SimpleQuery from "./messages/SimpleQuery.js"
import { tagText } from "./Tag.js"

/** Every message that a server sends. */
export type BackendMessage =
  | Authentication.Authentication
  | Async.BackendKeyData
  | Async.NotificationResponse
  | Async.ParameterStatus
  | Async.ReadyForQuery
  | Copy.CopyBothResponse
  | Copy.CopyData
  | Copy.CopyDone
  | Copy.CopyInResponse
  | Copy.CopyOutResponse
  | ExtendedQuery.BindComplete
  | ExtendedQuery.CloseComplete
  | ExtendedQuery.NoData
  | ExtendedQuery.ParameterDescription
  | ExtendedQuery.ParseComplete
  | ExtendedQuery.PortalSuspended
  | FunctionCall.FunctionCallResponse
  | Negotiation.NegotiateProtocolVersion
  | Notice.ErrorResponse
  | Notice.NoticeResponse
  | Result.CommandComplete
  | Result.DataRow
  | Result.RowDescription
  | SimpleQuery.EmptyQueryResponse

type Kind = BackendMessage["_tag"]
type AuthenticationKind = Authentication.Authentication["_tag"]

const kinds: {
  readonly [K in Exclude<Kind, AuthenticationKind>]: Message<Extract<BackendMessage, { readonly _tag: K }>>
} = {
  BackendKeyData: Async.BackendKeyData,
  NotificationResponse: Async.NotificationResponse,
  ParameterStatus: Async.ParameterStatus,
  ReadyForQuery: Async.ReadyForQuery,
  CopyBothResponse: Copy.CopyBothResponse,
  CopyData: Copy.CopyData,
  CopyDone: Copy.CopyDone,
  CopyInResponse: Copy.CopyInResponse,
  CopyOutResponse: Copy.CopyOutResponse,
  BindComplete: ExtendedQuery.BindComplete,
  CloseComplete: ExtendedQuery.CloseComplete,
  NoData: ExtendedQuery.NoData,
  ParameterDescription: ExtendedQuery.ParameterDescription,
  ParseComplete: ExtendedQuery.ParseComplete,
  PortalSuspended: ExtendedQuery.PortalSuspended,
  FunctionCallResponse: FunctionCall.FunctionCallResponse,
  NegotiateProtocolVersion: Negotiation.NegotiateProtocolVersion,
  ErrorResponse: Notice.ErrorResponse,
  NoticeResponse: Notice.NoticeResponse,
  CommandComplete: Result.CommandComplete,
  DataRow: Result.DataRow,
  RowDescription: Result.RowDescription,
  EmptyQueryResponse: SimpleQuery.EmptyQueryResponse
}

type Decode = (
  bytes: Uint8Array,
  start: number,
  end: number
) => Either.Either<BackendMessage, MalformedMessage>

const decoders: Array<Decode | undefined> = new Array<Decode | undefined>(256).fill(undefined)
const names: Array<string | undefined> = new Array<string | undefined>(256).fill(undefined)
for (const message of [Authentication.Authentication, ...Object.values(kinds)]) {
  decoders[message.tag] = message.decode
  names[message.tag] = message.kind
}

/** The tag as one printable character, or its value in hexadecimal. */
export const tagName: (tag: number) => string = tagText

/** The manual's name of the message with this tag (`Authentication` for all of `R`); `undefined` when no message has it. */
export const kindOf = (tag: number): string | undefined => names[tag]

/**
 * Reads the body at `bytes[start, end)`. Nothing in the message is a view of `bytes`. An unknown tag is malformed, and so
 * is a body with bytes missing or left over.
 */
export const decode = (
  tag: number,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length
): Either.Either<BackendMessage, MalformedMessage> => {
  const decoder = decoders[tag]
  return decoder === undefined
    ? Either.left(
        new MalformedMessage({
          kind: "unknown",
          tag,
          reason: "no backend message has this tag",
          partial: undefined
        })
      )
    : decoder(bytes, start, end)
}

/** Appends the whole frame; false, with the failure on the writer and nothing appended, when it cannot be sent. */
export const encode = (writer: ByteWriter, message: BackendMessage): boolean => {
  if (message._tag in kinds) {
    const send: (writer: ByteWriter, message: never) => boolean =
      kinds[message._tag as keyof typeof kinds].encode
    return send(writer, message as never)
  }
  return Authentication.Authentication.encode(writer, message as Authentication.Authentication)
}
