/** Ready-made pieces of conversation: a startup with every kind of authentication, queries, a cancel request. */
import type { Column } from "../model/Column.js"
import type { Format } from "../model/Format.js"
import * as ServerFields from "../model/ServerFields.js"
import type { TransactionStatus } from "../model/TransactionStatus.js"
import type { BackendMessage } from "../wire/BackendMessage.js"
import type { CancelRequest } from "../wire/messages/Cancel.js"
import type { StartupMessage } from "../wire/messages/Startup.js"
import type { FieldPattern, PatternOf } from "./ScriptedServerDiff.js"
import { expect, expectAny, expectEnd, hangUp, send, sendBytes, type Script } from "./ScriptedServerStep.js"

/** What a SASL server answers to a message of the client. */
export type SaslReply =
  | { readonly _tag: "Continue"; readonly data: Uint8Array }
  | { readonly _tag: "Final"; readonly data: Uint8Array }
  /** Refuses as a server does that reports no reason: an ErrorResponse `28P01`. */
  | { readonly _tag: "Reject" }

/** The other side of a SASL exchange, for instance SCRAM. One exchange each. */
export interface SaslServer {
  readonly mechanisms: ReadonlyArray<string>
  /** `mechanism` is the one chosen, with the first message only. */
  readonly reply: (data: Uint8Array, mechanism: string | undefined) => SaslReply
}

/** How the server asks who is there. */
export type Auth =
  | { readonly _tag: "Trust" }
  | { readonly _tag: "Cleartext"; readonly password: FieldPattern<string> }
  | { readonly _tag: "Md5"; readonly salt: Uint8Array; readonly digest: FieldPattern<string> }
  | { readonly _tag: "Sasl"; readonly server: () => SaslServer }

/** Asks for nothing. */
export const trust: Auth = { _tag: "Trust" }
/** Authentication by a password in cleartext. */
export const cleartext = (password: FieldPattern<string>): Auth => ({ _tag: "Cleartext", password })
/** `digest` is the whole answer: `md5` and 32 hexadecimal digits. */
export const md5 = (salt: Uint8Array, digest: FieldPattern<string>): Auth => ({ _tag: "Md5", salt, digest })
/** `server` begins one exchange; it is called for every connection. */
export const sasl = (server: () => SaslServer): Auth => ({ _tag: "Sasl", server })

/** What PostgreSQL 18 reports at the start of a session. */
export const defaultParameters: Readonly<Record<string, string>> = {
  application_name: "",
  client_encoding: "UTF8",
  DateStyle: "ISO, MDY",
  default_transaction_read_only: "off",
  in_hot_standby: "off",
  integer_datetimes: "on",
  IntervalStyle: "postgres",
  is_superuser: "off",
  scram_iterations: "4096",
  search_path: '"$user", public',
  server_encoding: "UTF8",
  server_version: "18.4",
  session_authorization: "app",
  standard_conforming_strings: "on",
  TimeZone: "UTC"
}

/** The key of a scripted session. */
export const defaultKey: { readonly processId: 4711; readonly secretKey: Uint8Array } = {
  processId: 4711,
  secretKey: Uint8Array.of(1, 2, 3, 4)
}

/** What the start-up of a session looks like; unless given, an ordinary one without a password. */
export interface StartupOptions {
  readonly auth?: Auth
  /** What the StartupMessage must hold; anything, unless set. */
  readonly expects?: Omit<PatternOf<StartupMessage>, "_tag">
  /** Added to the usual ones, or in their place. */
  readonly parameters?: Readonly<Record<string, string>>
  /** `null` for a server that sends none. */
  readonly backendKey?: { readonly processId: number; readonly secretKey: Uint8Array } | null
  /** Answers a request for encryption first, as a server without it. */
  readonly refusesEncryption?: boolean
}

/** An ErrorResponse; what is left out has the values of an ordinary error. */
export const errorResponse = (
  fields: Partial<ServerFields.ServerFields> & Pick<ServerFields.ServerFields, "code">
): BackendMessage => ({
  _tag: "ErrorResponse",
  fields: serverFields("ERROR", fields)
})

/** A NoticeResponse. */
export const noticeResponse = (
  fields: Partial<ServerFields.ServerFields> & Pick<ServerFields.ServerFields, "code">
): BackendMessage => ({
  _tag: "NoticeResponse",
  fields: serverFields("NOTICE", fields)
})

const serverFields = (
  severity: ServerFields.Severity,
  fields: Partial<ServerFields.ServerFields> & Pick<ServerFields.ServerFields, "code">
): ServerFields.ServerFields => ServerFields.make({ severity, text: "made up by a script", ...fields })

/** ReadyForQuery with this transaction status; idle unless given. */
export const readyForQuery = (status: TransactionStatus = "I"): BackendMessage => ({
  _tag: "ReadyForQuery",
  status
})

const rejected = send(
  errorResponse({ severity: "FATAL", code: "28P01", text: "password authentication failed" })
)

const authenticate = (auth: Auth, ok: Script): Script => {
  switch (auth._tag) {
    case "Trust":
      return ok
    case "Cleartext":
      return [
        send({ _tag: "AuthenticationCleartextPassword" }),
        expect({ _tag: "PasswordMessage", password: auth.password }),
        ok
      ]
    case "Md5":
      return [
        send({ _tag: "AuthenticationMD5Password", salt: auth.salt }),
        expect({ _tag: "PasswordMessage", password: auth.digest }),
        ok
      ]
    case "Sasl":
      return saslExchange(auth.server(), ok)
  }
}

const saslExchange = (server: SaslServer, ok: Script): Script => {
  const answer = (reply: SaslReply): Script => {
    switch (reply._tag) {
      case "Continue":
        return [
          send({ _tag: "AuthenticationSASLContinue", data: reply.data }),
          expect({ _tag: "SASLResponse" }, ({ data }) => answer(server.reply(data, undefined)))
        ]
      case "Final":
        return [send({ _tag: "AuthenticationSASLFinal", data: reply.data }), ok]
      case "Reject":
        return [rejected, hangUp, expectEnd]
    }
  }
  return [
    send({ _tag: "AuthenticationSASL", mechanisms: server.mechanisms }),
    expect({ _tag: "SASLInitialResponse" }, ({ data, mechanism }) =>
      answer(server.reply(data ?? new Uint8Array(0), mechanism))
    )
  ]
}

/** From the first packet to ReadyForQuery. */
export const startup = (options: StartupOptions = {}): Script => {
  const key = options.backendKey === undefined ? defaultKey : options.backendKey
  const session: ReadonlyArray<BackendMessage> = [
    { _tag: "AuthenticationOk" },
    ...Object.entries({ ...defaultParameters, ...options.parameters }).map(
      ([name, value]) => ({ _tag: "ParameterStatus", name, value }) as const
    ),
    ...(key === null ? [] : [{ _tag: "BackendKeyData", ...key } as const]),
    readyForQuery()
  ]
  return [
    options.refusesEncryption === true ? [expect({ _tag: "SSLRequest" }), sendBytes([0x4e])] : [],
    // Built when the packet has come, so that a SASL exchange begins anew for every connection.
    expect({ _tag: "StartupMessage", ...options.expects }, () =>
      authenticate(options.auth ?? trust, [send(...session)])
    )
  ]
}

/** A column of text by this name, or with these `fields`. */
export const column = (name: string, fields: Partial<Column> = {}): Column => ({
  name,
  tableOid: 0,
  columnNumber: 0,
  typeOid: 25,
  typeSize: -1,
  typeModifier: -1,
  format: 0,
  ...fields
})

/** A value of a row: text, bytes as they are, or NULL. */
export type Value = string | Uint8Array | null

/** The answer to a statement: columns, rows and command tag. */
export interface Result {
  readonly columns?: ReadonlyArray<Column>
  readonly rows?: ReadonlyArray<ReadonlyArray<Value>>
  /** Unless set, `SELECT` and the number of rows. */
  readonly commandTag?: string
  /** In place of CommandComplete. */
  readonly error?: Partial<ServerFields.ServerFields> & Pick<ServerFields.ServerFields, "code">
}

const encoder = new TextEncoder()

/** A DataRow of text or bytes. */
export const dataRow = (values: ReadonlyArray<Value>): BackendMessage => ({
  _tag: "DataRow",
  values: values.map((value) => (typeof value === "string" ? encoder.encode(value) : value))
})

const ending = (result: Result): BackendMessage =>
  result.error === undefined
    ? { _tag: "CommandComplete", commandTag: result.commandTag ?? `SELECT ${result.rows?.length ?? 0}` }
    : errorResponse(result.error)

/** One Query and its results; `status` is the letter of the ReadyForQuery that ends it. */
export const simpleQuery = (
  sql: FieldPattern<string>,
  results: ReadonlyArray<Result>,
  status: TransactionStatus = "I"
): Script => [
  expect({ _tag: "Query", sql }),
  send(
    ...results.flatMap((result): ReadonlyArray<BackendMessage> => [
      ...(result.columns === undefined ? [] : [{ _tag: "RowDescription", columns: result.columns } as const]),
      ...(result.rows ?? []).map(dataRow),
      ending(result)
    ]),
    readyForQuery(status)
  )
]

/** What is expected of one statement of the extended protocol, and its answer. */
export interface ExtendedQuery extends Result {
  /** What Parse must hold, where there is one; anything, unless set. */
  readonly sql?: FieldPattern<string>
  readonly parameterTypes?: ReadonlyArray<number>
  readonly status?: TransactionStatus
}

interface Extended {
  /** Answers not yet sent: a server sends them at Flush and at Sync. */
  readonly answers: ReadonlyArray<BackendMessage>
  /** Rows already sent. */
  readonly sent: number
  /** After an error everything up to Sync is skipped. */
  readonly failed: boolean
  readonly formats: ReadonlyArray<Format>
}

const matches = (pattern: FieldPattern<string> | undefined, text: string): boolean =>
  pattern === undefined ||
  (typeof pattern === "string"
    ? pattern === text
    : typeof pattern === "function"
      ? pattern(text)
      : pattern.test(text))

/**
 * One statement in the extended protocol, up to its Sync, as a server plays it: any order and number of Parse, Bind,
 * Describe, Execute, Close and Flush. Rows are handed out by the limit of Execute; columns are described in the formats
 * that Bind asks for, and the rows must be in them.
 */
export const extendedQuery = (query: ExtendedQuery): Script => extended(query, fresh)

const fresh: Extended = { answers: [], sent: 0, failed: false, formats: [] }

const extended = (query: ExtendedQuery, state: Extended): Script => [
  expectAny("a message of the extended protocol", (message) => {
    const go = (...answers: ReadonlyArray<BackendMessage>): Script =>
      extended(query, { ...state, answers: [...state.answers, ...answers] })
    if (message._tag === "Sync") return [send(...state.answers, readyForQuery(query.status))]
    if (message._tag === "Flush") {
      return [
        state.answers.length === 0 ? [] : send(...state.answers),
        extended(query, { ...state, answers: [] })
      ]
    }
    if (state.failed) return extended(query, state)
    switch (message._tag) {
      case "Parse":
        return matches(query.sql, message.sql)
          ? go({ _tag: "ParseComplete" })
          : `sql: expected ${String(query.sql)}, received ${message.sql}`
      case "Bind":
        return extended(query, {
          ...state,
          sent: 0,
          formats: message.resultFormats,
          answers: [...state.answers, { _tag: "BindComplete" }]
        })
      case "Describe": {
        const columns = described(query.columns, message.target === "P" ? state.formats : [])
        return message.target === "P"
          ? go(columns)
          : go({ _tag: "ParameterDescription", parameterTypes: query.parameterTypes ?? [] }, columns)
      }
      case "Close":
        return go({ _tag: "CloseComplete" })
      case "Execute": {
        const rows = query.rows ?? []
        const upTo = message.maxRows === 0 ? rows.length : Math.min(rows.length, state.sent + message.maxRows)
        const suspended = message.maxRows > 0 && upTo - state.sent === message.maxRows
        return extended(query, {
          ...state,
          sent: upTo,
          failed: !suspended && query.error !== undefined,
          answers: [
            ...state.answers,
            ...rows.slice(state.sent, upTo).map(dataRow),
            suspended ? { _tag: "PortalSuspended" } : ending(query)
          ]
        })
      }
      default:
        return `${message._tag} is not a message of the extended protocol`
    }
  })
]

const described = (
  columns: ReadonlyArray<Column> | undefined,
  formats: ReadonlyArray<Format>
): BackendMessage =>
  columns === undefined
    ? { _tag: "NoData" }
    : {
        _tag: "RowDescription",
        columns: columns.map((each, index) => ({
          ...each,
          format: (formats.length === 1 ? formats[0] : formats[index]) ?? 0
        }))
      }

/** A connection that brings a CancelRequest, with this key if one is given, and is closed. */
export const acceptCancel = (key: Omit<PatternOf<CancelRequest>, "_tag"> = {}): Script => [
  expect({ _tag: "CancelRequest", ...key }),
  hangUp
]

/** The orderly end of a session: Terminate, and nothing after it. */
export const goodbye: Script = [expect({ _tag: "Terminate" }), expectEnd]
