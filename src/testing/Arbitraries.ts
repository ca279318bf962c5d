/**
 * Random values of every message, for property tests. Text is well-formed Unicode without zero bytes, as the protocol
 * requires; every other field uses its whole range.
 */
import * as fc from "effect/FastCheck"
import type { Column } from "../model/Column.js"
import type { Format } from "../model/Format.js"
import type { ServerFields, Severity } from "../model/ServerFields.js"
import type { TransactionStatus } from "../model/TransactionStatus.js"
import type { BackendMessage } from "../wire/BackendMessage.js"
import type { AuthenticationAnswer, FrontendMessage, StartupPacket } from "../wire/FrontendMessage.js"
import type * as Async from "../wire/messages/Async.js"
import type * as Auth from "../wire/messages/Authentication.js"
import type * as Cancel from "../wire/messages/Cancel.js"
import type * as Copy from "../wire/messages/Copy.js"
import type * as Extended from "../wire/messages/ExtendedQuery.js"
import type * as Call from "../wire/messages/FunctionCall.js"
import type * as Nego from "../wire/messages/Negotiation.js"
import type * as Note from "../wire/messages/Notice.js"
import type * as Result from "../wire/messages/Result.js"
import type * as Simple from "../wire/messages/SimpleQuery.js"
import type * as Startup from "../wire/messages/Startup.js"

/** The fields of a message as arbitraries; a missing or wrong one does not compile. */
type FieldsOf<A> = { readonly [K in Exclude<keyof A, "_tag">]: fc.Arbitrary<A[K]> }

const make = <A extends { readonly _tag: string }>(tag: A["_tag"], fields: FieldsOf<A>): fc.Arbitrary<A> =>
  fc.record<Record<string, unknown>>(fields).map((values) => ({ _tag: tag, ...values }) as never)

// Parts

/** Text any string of the protocol can carry. */
export const text: fc.Arbitrary<string> = fc
  .string({ unit: "binary", maxLength: 12 })
  .map((value) => value.replaceAll("\0", "0"))
/** Text that is not empty. */
export const name: fc.Arbitrary<string> = text.map((value) => (value === "" ? "a" : value))
/** Up to 24 bytes. */
export const bytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 24 })
/** A value with its length on the wire; `null` for NULL. */
export const value: fc.Arbitrary<Uint8Array | null> = fc.option(bytes, { freq: 4 })
/** Any OID. */
export const oid: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff_ffff })
/** A format code. */
export const format: fc.Arbitrary<Format> = fc.constantFrom<Array<Format>>(0, 1)
const int16 = fc.integer({ min: -0x8000, max: 0x7fff })
const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
const formats = fc.array(format, { maxLength: 6 })
const values = fc.array(value, { maxLength: 6 })
const oids = fc.array(oid, { maxLength: 6 })

/** Format codes for `count` values: none, one for all or one for each. */
const formatsFor = (count: number): fc.Arbitrary<ReadonlyArray<Format>> =>
  fc.oneof(
    fc.constant([]),
    fc.array(format, { minLength: 1, maxLength: 1 }),
    fc.array(format, { minLength: count, maxLength: count })
  )

/** A column of `RowDescription`. */
export const column: fc.Arbitrary<Column> = fc.record({
  name: text,
  tableOid: oid,
  columnNumber: int16,
  typeOid: oid,
  typeSize: int16,
  typeModifier: int32,
  format
})

const known = "SVCMDHPpqWstcdnFLR"
const position = fc.option(fc.nat(), { nil: undefined })
const optionalText = fc.option(text, { nil: undefined })
const unknownFields = fc
  .uniqueArray(
    fc.tuple(
      fc
        .integer({ min: 1, max: 255 })
        .map((code) => String.fromCharCode(code))
        .filter((code) => !known.includes(code)),
      text
    ),
    { maxLength: 3, selector: ([code]) => code }
  )
  .map((entries): ReadonlyMap<string, string> => new Map(entries))

/** The fields of an error or a notice with one of these severities. */
export const serverFields = (...severities: ReadonlyArray<Severity>): fc.Arbitrary<ServerFields> =>
  fc.record({
    severity: fc.constantFrom(...severities),
    localizedSeverity: text,
    code: fc.string({ unit: fc.constantFrom(..."0123456789ABCP"), minLength: 5, maxLength: 5 }),
    text,
    detail: optionalText,
    hint: optionalText,
    position,
    internalPosition: position,
    internalQuery: optionalText,
    where: optionalText,
    schema: optionalText,
    table: optionalText,
    column: optionalText,
    dataType: optionalText,
    constraint: optionalText,
    file: optionalText,
    line: position,
    routine: optionalText,
    unknown: unknownFields
  })

// Backend

/** Any `AuthenticationOk`. */
export const authenticationOk = make<Auth.AuthenticationOk>("AuthenticationOk", {})
/** Any `AuthenticationKerberosV5`. */
export const authenticationKerberosV5 = make<Auth.AuthenticationKerberosV5>("AuthenticationKerberosV5", {})
/** Any `AuthenticationCleartextPassword`. */
export const authenticationCleartextPassword = make<Auth.AuthenticationCleartextPassword>(
  "AuthenticationCleartextPassword",
  {}
)
/** Any `AuthenticationMD5Password`. */
export const authenticationMD5Password = make<Auth.AuthenticationMD5Password>("AuthenticationMD5Password", {
  salt: fc.uint8Array({ minLength: 4, maxLength: 4 })
})
/** Any `AuthenticationGSS`. */
export const authenticationGSS = make<Auth.AuthenticationGSS>("AuthenticationGSS", {})
/** Any `AuthenticationGSSContinue`. */
export const authenticationGSSContinue = make<Auth.AuthenticationGSSContinue>("AuthenticationGSSContinue", {
  data: bytes
})
/** Any `AuthenticationSSPI`. */
export const authenticationSSPI = make<Auth.AuthenticationSSPI>("AuthenticationSSPI", {})
/** Any `AuthenticationSASL`. */
export const authenticationSASL = make<Auth.AuthenticationSASL>("AuthenticationSASL", {
  mechanisms: fc.array(name, { maxLength: 3 })
})
/** Any `AuthenticationSASLContinue`. */
export const authenticationSASLContinue = make<Auth.AuthenticationSASLContinue>(
  "AuthenticationSASLContinue",
  {
    data: bytes
  }
)
/** Any `AuthenticationSASLFinal`. */
export const authenticationSASLFinal = make<Auth.AuthenticationSASLFinal>("AuthenticationSASLFinal", {
  data: bytes
})
/** An authentication request of a kind that is unknown. */
export const authenticationOther = make<Auth.AuthenticationOther>("AuthenticationOther", {
  code: int32.filter((code) => code > 12 || code < 0 || [1, 4, 6].includes(code)),
  data: bytes
})
/** Any authentication request. */
export const authentication: fc.Arbitrary<Auth.Authentication> = fc.oneof(
  authenticationOk,
  authenticationKerberosV5,
  authenticationCleartextPassword,
  authenticationMD5Password,
  authenticationGSS,
  authenticationGSSContinue,
  authenticationSSPI,
  authenticationSASL,
  authenticationSASLContinue,
  authenticationSASLFinal,
  authenticationOther
)
/** Any `NegotiateProtocolVersion`. */
export const negotiateProtocolVersion = make<Nego.NegotiateProtocolVersion>("NegotiateProtocolVersion", {
  version: oid,
  unsupported: fc.array(text, { maxLength: 3 })
})
/** Any `BackendKeyData`. */
export const backendKeyData = make<Async.BackendKeyData>("BackendKeyData", {
  processId: int32,
  secretKey: fc.uint8Array({ minLength: 4, maxLength: 256 })
})
/** Any `ParameterStatus`. */
export const parameterStatus = make<Async.ParameterStatus>("ParameterStatus", { name: text, value: text })
/** Any `ReadyForQuery`. */
export const readyForQuery = make<Async.ReadyForQuery>("ReadyForQuery", {
  status: fc.constantFrom<Array<TransactionStatus>>("I", "T", "E")
})
/** Any `NotificationResponse`. */
export const notificationResponse = make<Async.NotificationResponse>("NotificationResponse", {
  processId: int32,
  channel: text,
  payload: text
})
/** Any `ErrorResponse`. */
export const errorResponse = make<Note.ErrorResponse>("ErrorResponse", {
  fields: serverFields("ERROR", "FATAL", "PANIC")
})
/** Any `NoticeResponse`. */
export const noticeResponse = make<Note.NoticeResponse>("NoticeResponse", {
  fields: serverFields("WARNING", "NOTICE", "DEBUG", "INFO", "LOG")
})
/** Any `RowDescription`. */
export const rowDescription = make<Result.RowDescription>("RowDescription", {
  columns: fc.array(column, { maxLength: 4 })
})
/** Any `DataRow`. */
export const dataRow = make<Result.DataRow>("DataRow", { values })
/** Any `CommandComplete`. */
export const commandComplete = make<Result.CommandComplete>("CommandComplete", { commandTag: text })
/** Any `EmptyQueryResponse`. */
export const emptyQueryResponse = make<Simple.EmptyQueryResponse>("EmptyQueryResponse", {})
/** Any `PortalSuspended`. */
export const portalSuspended = make<Extended.PortalSuspended>("PortalSuspended", {})
/** Any `ParseComplete`. */
export const parseComplete = make<Extended.ParseComplete>("ParseComplete", {})
/** Any `BindComplete`. */
export const bindComplete = make<Extended.BindComplete>("BindComplete", {})
/** Any `CloseComplete`. */
export const closeComplete = make<Extended.CloseComplete>("CloseComplete", {})
/** Any `NoData`. */
export const noData = make<Extended.NoData>("NoData", {})
/** Any `ParameterDescription`. */
export const parameterDescription = make<Extended.ParameterDescription>("ParameterDescription", {
  parameterTypes: oids
})
/** Any `CopyInResponse`. */
export const copyInResponse = make<Copy.CopyInResponse>("CopyInResponse", { format, columnFormats: formats })
/** Any `CopyOutResponse`. */
export const copyOutResponse = make<Copy.CopyOutResponse>("CopyOutResponse", {
  format,
  columnFormats: formats
})
/** Any `CopyBothResponse`. */
export const copyBothResponse = make<Copy.CopyBothResponse>("CopyBothResponse", {
  format,
  columnFormats: formats
})
/** Of either side. */
export const copyData = make<Copy.CopyData>("CopyData", { data: bytes })
/** Of either side. */
export const copyDone = make<Copy.CopyDone>("CopyDone", {})
/** Any `FunctionCallResponse`. */
export const functionCallResponse = make<Call.FunctionCallResponse>("FunctionCallResponse", { value })

/** Any message of a server. */
export const backendMessage: fc.Arbitrary<BackendMessage> = fc.oneof(
  authentication,
  negotiateProtocolVersion,
  backendKeyData,
  parameterStatus,
  readyForQuery,
  notificationResponse,
  errorResponse,
  noticeResponse,
  rowDescription,
  dataRow,
  commandComplete,
  emptyQueryResponse,
  portalSuspended,
  parseComplete,
  bindComplete,
  closeComplete,
  noData,
  parameterDescription,
  copyInResponse,
  copyOutResponse,
  copyBothResponse,
  copyData,
  copyDone,
  functionCallResponse
)

// Frontend

/** Any `StartupMessage`. */
export const startupMessage = make<Startup.StartupMessage>("StartupMessage", {
  // A version word whose major is a code of another packet would be that packet.
  version: fc.integer({ min: 0, max: 0x0003_ffff }),
  parameters: fc.array(fc.tuple(name, text), { maxLength: 4 })
})
/** Any `SSLRequest`. */
export const sslRequest = make<Nego.SSLRequest>("SSLRequest", {})
/** Any `GSSENCRequest`. */
export const gssEncRequest = make<Nego.GSSENCRequest>("GSSENCRequest", {})
/** Any `CancelRequest`. */
export const cancelRequest = make<Cancel.CancelRequest>("CancelRequest", {
  processId: int32,
  secretKey: fc.uint8Array({ minLength: 1, maxLength: 256 })
})
/** Any packet without a tag. */
export const startupPacket: fc.Arbitrary<StartupPacket> = fc.oneof(
  startupMessage,
  sslRequest,
  gssEncRequest,
  cancelRequest
)

/** Any `PasswordMessage`. */
export const passwordMessage = make<Auth.PasswordMessage>("PasswordMessage", { password: text })
/** Any `SASLInitialResponse`. */
export const saslInitialResponse = make<Auth.SASLInitialResponse>("SASLInitialResponse", {
  mechanism: text,
  data: value
})
/** Any `SASLResponse`. */
export const saslResponse = make<Auth.SASLResponse>("SASLResponse", { data: bytes })
/** Any `GSSResponse`. */
export const gssResponse = make<Auth.GSSResponse>("GSSResponse", { data: bytes })
/** Any message with byte `p`. */
export const authenticationAnswer: fc.Arbitrary<AuthenticationAnswer> = fc.oneof(
  passwordMessage,
  saslInitialResponse,
  saslResponse,
  gssResponse
)

/** Any `Query`. */
export const query = make<Simple.Query>("Query", { sql: text })
/** Any `Parse`. */
export const parse = make<Extended.Parse>("Parse", { statement: text, sql: text, parameterTypes: oids })
/** Any `Bind`. */
export const bind: fc.Arbitrary<Extended.Bind> = values.chain((parameters) =>
  make<Extended.Bind>("Bind", {
    portal: text,
    statement: text,
    parameterFormats: formatsFor(parameters.length),
    parameters: fc.constant(parameters),
    resultFormats: formats
  })
)
const target = fc.constantFrom<Array<Extended.DescribeTarget>>("S", "P")
/** Any `Describe`. */
export const describe = make<Extended.Describe>("Describe", { target, name: text })
/** Any `Execute`. */
export const execute = make<Extended.Execute>("Execute", { portal: text, maxRows: int32 })
/** Any `Close`. */
export const close = make<Extended.Close>("Close", { target, name: text })
/** Any `Flush`. */
export const flush = make<Extended.Flush>("Flush", {})
/** Any `Sync`. */
export const sync = make<Extended.Sync>("Sync", {})
/** Any `CopyFail`. */
export const copyFail = make<Copy.CopyFail>("CopyFail", { reason: text })
/** Any `FunctionCall`. */
export const functionCall: fc.Arbitrary<Call.FunctionCall> = values.chain((parameters) =>
  make<Call.FunctionCall>("FunctionCall", {
    functionOid: oid,
    argumentFormats: formatsFor(parameters.length),
    arguments: fc.constant(parameters),
    resultFormat: format
  })
)
/** Any `Terminate`. */
export const terminate = make<Cancel.Terminate>("Terminate", {})

/** Any message of a client, those without a tag included. */
export const frontendMessage: fc.Arbitrary<FrontendMessage> = fc.oneof(
  startupPacket,
  authenticationAnswer,
  query,
  parse,
  bind,
  describe,
  execute,
  close,
  flush,
  sync,
  copyData,
  copyDone,
  copyFail,
  functionCall,
  terminate
)
