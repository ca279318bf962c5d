/**
 * Messages as lines that people read, in the form of libpq's trace: direction, length, name and fields, with tabs between. Secrets
 * of the login and cancel keys are never printed; values of parameters, rows and copies, and literals in texts only when asked for.
 *
 * @see https://www.postgresql.org/docs/current/libpq-control.html#LIBPQ-PQTRACE
 */
import * as Either from "effect/Either"
import * as SanitizedSql from "../../model/SanitizedSql.js"
import * as BackendMessage from "../../wire/BackendMessage.js"
import * as FrontendMessage from "../../wire/FrontendMessage.js"
import type { Column } from "../../model/Column.js"

/** What stands in place of a secret, whatever is asked for. */
const secret = "***"

/** What stands in place of a value that is not asked for. */
const hidden = "?"

const quoted = (text: string): string => `"${text}"`

/** Bytes as libpq prints them: what is not printable in hexadecimal. */
const printed = (bytes: Uint8Array): string => {
  let text = "'"
  for (const byte of bytes)
    text += byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`
  return `${text}'`
}

const unsigned16 = (value: number): number => value & 0xffff

/** One byte that is a number or a letter. */
const byteOf = (value: number): string =>
  value >= 32 && value < 127 ? String.fromCharCode(value) : `\\x${value.toString(16).padStart(2, "0")}`

/** Messages of the login, of which no data is printed. */
const answers: ReadonlySet<string> = new Set([
  "PasswordMessage",
  "SASLInitialResponse",
  "SASLResponse",
  "GSSResponse"
])

const decoder = new TextDecoder()

/** Fields of an error that quote values of rows. */
const quoting: ReadonlySet<string> = new Set(["D", "W"])

/** How much is printed. */
export interface TraceDetail {
  /** Whether parameters, rows, copies, payloads and literals in texts are printed. */
  readonly values: boolean
}

export class WireTrace {
  constructor(private readonly detail: TraceDetail) {}

  /** The packet that opens a session or asks for something before that, length word included. */
  packet(bytes: Uint8Array): string {
    const decoded = FrontendMessage.decodeStartup(bytes)
    if (Either.isLeft(decoded)) return this.line("F", bytes.length, "unknown", [])
    const message = decoded.right
    switch (message._tag) {
      case "StartupMessage":
        return this.line("F", bytes.length, message._tag, [
          message.version >>> 16,
          unsigned16(message.version),
          ...message.parameters.flatMap(([name, value]) => [quoted(name), quoted(value)]),
          quoted("")
        ])
      case "CancelRequest":
        return this.line("F", bytes.length, message._tag, [message.processId, secret])
      default:
        return this.line("F", bytes.length, message._tag, [])
    }
  }

  /** A message of ours, whose body is at `bytes[start, end)`. `answer`: what a message of the login is called. */
  frontend(tag: number, bytes: Uint8Array, start: number, end: number, answer: string): string {
    const length = end - start + 4
    if (FrontendMessage.kindOf(tag) === "PasswordMessage") return this.line("F", length, answer, [secret])
    const decoded = FrontendMessage.decode(tag, bytes, start, end)
    if (Either.isLeft(decoded)) return this.line("F", length, `unknown ${byteOf(tag)}`, [])
    return this.line("F", length, decoded.right._tag, this.sent(decoded.right))
  }

  /** A message of the server's, whose body is at `bytes[start, end)`. */
  backend(tag: number, bytes: Uint8Array, start: number, end: number): string {
    const length = end - start + 4
    const decoded = BackendMessage.decode(tag, bytes, start, end)
    if (Either.isLeft(decoded)) return this.line("B", length, `unknown ${byteOf(tag)}`, [])
    const message = decoded.right
    const fields =
      message._tag === "ErrorResponse" || message._tag === "NoticeResponse"
        ? this.report(bytes.subarray(start, end))
        : this.received(message)
    return this.line("B", length, message._tag, fields)
  }

  private line(
    direction: "F" | "B",
    length: number,
    name: string,
    fields: ReadonlyArray<string | number>
  ): string {
    const rest = fields.length === 0 ? "" : `\t ${fields.join(" ")}`
    return `${direction}\t${length}\t${name}${rest}`
  }

  private text(sql: string): string {
    return quoted(this.detail.values ? sql : SanitizedSql.of(sql))
  }

  private bytes(bytes: Uint8Array): string {
    return this.detail.values ? printed(bytes) : hidden
  }

  private values(values: ReadonlyArray<Uint8Array | null>): ReadonlyArray<string | number> {
    return [
      values.length,
      ...values.flatMap((value) => (value === null ? [-1] : [value.length, this.bytes(value)]))
    ]
  }

  private sent(message: FrontendMessage.TaggedMessage): ReadonlyArray<string | number> {
    switch (message._tag) {
      case "Parse":
        return [
          quoted(message.statement),
          this.text(message.sql),
          message.parameterTypes.length,
          ...message.parameterTypes
        ]
      case "Bind":
        return [
          quoted(message.portal),
          quoted(message.statement),
          ...counted(message.parameterFormats),
          ...this.values(message.parameters),
          ...counted(message.resultFormats)
        ]
      case "Describe":
      case "Close":
        return [message.target, quoted(message.name)]
      case "Execute":
        return [quoted(message.portal), message.maxRows]
      case "Query":
        return [this.text(message.sql)]
      case "CopyData":
        return [this.bytes(message.data)]
      case "CopyFail":
        return [quoted(message.reason)]
      case "FunctionCall":
        return [
          message.functionOid,
          ...counted(message.argumentFormats),
          ...this.values(message.arguments),
          message.resultFormat
        ]
      default:
        return answers.has(message._tag) ? [secret] : []
    }
  }

  private received(message: BackendMessage.BackendMessage): ReadonlyArray<string | number> {
    switch (message._tag) {
      case "AuthenticationSASL":
        return [...message.mechanisms.map(quoted), quoted("")]
      case "AuthenticationMD5Password":
      case "AuthenticationSASLContinue":
      case "AuthenticationSASLFinal":
      case "AuthenticationGSSContinue":
      case "AuthenticationOther":
        return [secret]
      case "BackendKeyData":
        return [message.processId, secret]
      case "ParameterStatus":
        return [quoted(message.name), quoted(message.value)]
      case "ReadyForQuery":
        return [message.status]
      case "RowDescription":
        return [message.columns.length, ...message.columns.flatMap(described)]
      case "ParameterDescription":
        return [message.parameterTypes.length, ...message.parameterTypes]
      case "DataRow":
        return this.values(message.values)
      case "CommandComplete":
        return [quoted(message.commandTag)]
      case "CopyInResponse":
      case "CopyOutResponse":
      case "CopyBothResponse":
        return [byteOf(message.format), ...counted(message.columnFormats)]
      case "CopyData":
        return [this.bytes(message.data)]
      case "FunctionCallResponse":
        return message.value === null ? [-1] : [message.value.length, this.bytes(message.value)]
      case "NotificationResponse":
        return [
          message.processId,
          quoted(message.channel),
          this.detail.values ? quoted(message.payload) : hidden
        ]
      case "NegotiateProtocolVersion":
        return [message.version, message.unsupported.length, ...message.unsupported.map(quoted)]
      default:
        return []
    }
  }

  /** The fields of an error or a notice in the order in which they came. */
  private report(body: Uint8Array): ReadonlyArray<string> {
    const fields: Array<string> = []
    let at = 0
    while (at < body.length && body[at] !== 0) {
      const end = body.indexOf(0, at)
      const stop = end < 0 ? body.length : end
      const code = String.fromCharCode(body[at]!)
      const shown = this.detail.values || !quoting.has(code)
      fields.push(code, shown ? quoted(decoder.decode(body.subarray(at + 1, stop))) : hidden)
      at = stop + 1
    }
    return [...fields, "\\x00"]
  }
}

const counted = (formats: ReadonlyArray<number>): ReadonlyArray<number> => [formats.length, ...formats]

const described = (column: Column): ReadonlyArray<string | number> => [
  quoted(column.name),
  column.tableOid,
  column.columnNumber,
  column.typeOid,
  unsigned16(column.typeSize),
  column.typeModifier,
  column.format
]
