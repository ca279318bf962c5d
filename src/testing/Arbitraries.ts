/**
 * Random values of every message, for property tests of whatever treats messages. Text is well-formed Unicode without
 * zero bytes, as the wire demands; everything else uses the whole range of its field.
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
export const bytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 24 })
/** A value with its length on the wire; `null` for NULL. */
export const value: fc.Arbitrary<Uint8Array | null> = fc.option(bytes, { freq: 4 })
export const oid: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff_ffff })
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

export const authenticationOk = make<Auth.AuthenticationOk>("AuthenticationOk", {})
export const authenticationKerberosV5 = make<Auth.AuthenticationKerberosV5>("AuthenticationKerberosV5", {})
export const authenticationCleartextPassword = make<Auth.AuthenticationCleartextPassword>(
  "AuthenticationCleartextPassword",
  {}
)
export const authenticationMD5Password = make<Auth.AuthenticationMD5Password>("AuthenticationMD5Password", {
  salt: fc.uint8Array({ minLength: 4, maxLength: 4 })
})
export const authenticationGSS = make<Auth.AuthenticationGSS>("AuthenticationGSS", {})
export const authenticationGSSContinue = make<Auth.AuthenticationGSSContinue>("AuthenticationGSSContinue", {
  data: bytes
})
export const authenticationSSPI = make<Auth.AuthenticationSSPI>("AuthenticationSSPI", {})
export const authenticationSASL = make<Auth.AuthenticationSASL>("AuthenticationSASL", {
  mechanisms: fc.array(name, { maxLength: 3 })
})
export const authenticationSASLContinue = make<Auth.AuthenticationSASLContinue>(
  "AuthenticationSASLContinue",
  {
    data: bytes
  }
)
export const authenticationSASLFinal = make<Auth.AuthenticationSASLFinal>("AuthenticationSASLFinal", {
  data: bytes
})
export const authenticationOther = make<Auth.AuthenticationOther>("AuthenticationOther", {
  code: int32.filter((code) => code > 12 || code < 0 || [1, 4, 6].includes(code)),
  data: bytes
})
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
export const negotiateProtocolVersion = make<Nego.NegotiateProtocolVersion>("NegotiateProtocolVersion", {
  version: oid,
  unsupported: fc.array(text, { maxLength: 3 })
})
export const backendKeyData = make<Async.BackendKeyData>("BackendKeyData", {
  processId: int32,
  secretKey: fc.uint8Array({ minLength: 4, maxLength: 256 })
})
export const parameterStatus = make<Async.ParameterStatus>("ParameterStatus", { name: text, value: text })
export const readyForQuery = make<Async.ReadyForQuery>("ReadyForQuery", {
  status: fc.constantFrom<Array<TransactionStatus>>("I", "T", "E")
})
export const notificationResponse = make<Async.NotificationResponse>("NotificationResponse", {
  processId: int32,
  channel: text,
  payload: text
})
export const errorResponse = make<Note.ErrorResponse>("ErrorResponse", {
  fields: serverFields("ERROR", "FATAL", "PANIC")
})
export const noticeResponse = make<Note.NoticeResponse>("NoticeResponse", {
  fields: serverFields("WARNING", "NOTICE", "DEBUG", "INFO", "LOG")
})
export const rowDescription = make<Result.RowDescription>("RowDescription", {
  columns: fc.array(column, { maxLength: 4 })
})
export const dataRow = make<Result.DataRow>("DataRow", { values })
export const commandComplete = make<Result.CommandComplete>("CommandComplete", { commandTag: text })
export const emptyQueryResponse = make<Simple.EmptyQueryResponse>("EmptyQueryResponse", {})
export const portalSuspended = make<Extended.PortalSuspended>("PortalSuspended", {})
export const parseComplete = make<Extended.ParseComplete>("ParseComplete", {})
export const bindComplete = make<Extended.BindComplete>("BindComplete", {})
export const closeComplete = make<Extended.CloseComplete>("CloseComplete", {})
export const noData = make<Extended.NoData>("NoData", {})
export const parameterDescription = make<Extended.ParameterDescription>("ParameterDescription", {
  parameterTypes: oids
})
export const copyInResponse = make<Copy.CopyInResponse>("CopyInResponse", { format, columnFormats: formats })
export const copyOutResponse = make<Copy.CopyOutResponse>("CopyOutResponse", {
  format,
  columnFormats: formats
})
export const copyBothResponse = make<Copy.CopyBothResponse>("CopyBothResponse", {
  format,
  columnFormats: formats
})
/** Of either side. */
export const copyData = make<Copy.CopyData>("CopyData", { data: bytes })
/** Of either side. */
export const copyDone = make<Copy.CopyDone>("CopyDone", {})
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

export const startupMessage = make<Startup.StartupMessage>("StartupMessage", {
  // A version word whose major is a code of another packet would be that packet.
  version: fc.integer({ min: 0, max: 0x0003_ffff }),
  parameters: fc.array(fc.tuple(name, text), { maxLength: 4 })
})
export const sslRequest = make<Nego.SSLRequest>("SSLRequest", {})
export const gssEncRequest = make<Nego.GSSENCRequest>("GSSENCRequest", {})
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

export const passwordMessage = make<Auth.PasswordMessage>("PasswordMessage", { password: text })
export const saslInitialResponse = make<Auth.SASLInitialResponse>("SASLInitialResponse", {
  mechanism: text,
  data: value
})
export const saslResponse = make<Auth.SASLResponse>("SASLResponse", { data: bytes })
export const gssResponse = make<Auth.GSSResponse>("GSSResponse", { data: bytes })
/** Any message with byte `p`. */
export const authenticationAnswer: fc.Arbitrary<AuthenticationAnswer> = fc.oneof(
  passwordMessage,
  saslInitialResponse,
  saslResponse,
  gssResponse
)

export const query = make<Simple.Query>("Query", { sql: text })
export const parse = make<Extended.Parse>("Parse", { statement: text, sql: text, parameterTypes: oids })
export const bind: fc.Arbitrary<Extended.Bind> = values.chain((parameters) =>
  make<Extended.Bind>("Bind", {
    portal: text,
    statement: text,
    parameterFormats: formatsFor(parameters.length),
    parameters: fc.constant(parameters),
    resultFormats: formats
  })
)
const target = fc.constantFrom<Array<Extended.Target>>("S", "P")
export const describe = make<Extended.Describe>("Describe", { target, name: text })
export const execute = make<Extended.Execute>("Execute", { portal: text, maxRows: int32 })
export const close = make<Extended.Close>("Close", { target, name: text })
export const flush = make<Extended.Flush>("Flush", {})
export const sync = make<Extended.Sync>("Sync", {})
export const copyFail = make<Copy.CopyFail>("CopyFail", { reason: text })
export const functionCall: fc.Arbitrary<Call.FunctionCall> = values.chain((parameters) =>
  make<Call.FunctionCall>("FunctionCall", {
    functionOid: oid,
    argumentFormats: formatsFor(parameters.length),
    arguments: fc.constant(parameters),
    resultFormat: format
  })
)
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
