/**
 * ErrorResponse and NoticeResponse: fields with a one-letter code each, in any order. They come from servers of every
 * age and from poolers, and they are what the user needs most when something is wrong, so reading is forgiving:
 * what is missing has a default, what is unknown is kept, and what breaks off still shows what came before.
 *
 * @see https://www.postgresql.org/docs/current/protocol-error-fields.html
 */
import * as Either from "effect/Either"
import { ByteReader } from "../../bytes/ByteReader.js"
import type { ByteWriter } from "../../bytes/ByteWriter.js"
import * as Utf8 from "../../bytes/Utf8.js"
import type { ServerFields, Severity } from "../../model/ServerFields.js"
import { largeMessage } from "../FrameLimits.js"
import { MalformedMessage } from "../MalformedMessage.js"
import * as Message from "../Message.js"

/** Backend, byte `E`. */
export interface ErrorResponse {
  readonly _tag: "ErrorResponse"
  readonly fields: ServerFields
}

/** Backend, byte `N`. */
export interface NoticeResponse {
  readonly _tag: "NoticeResponse"
  readonly fields: ServerFields
}

const severities: ReadonlySet<string> = new Set<Severity>([
  "ERROR",
  "FATAL",
  "PANIC",
  "WARNING",
  "NOTICE",
  "DEBUG",
  "INFO",
  "LOG"
])

const isSeverity = (text: string | undefined): text is Severity => text !== undefined && severities.has(text)

/** Takes the fields out of what was read; malformed numbers stay among the unknown fields, verbatim. */
const fromRaw = (raw: Map<string, string>, otherwise: Severity): ServerFields => {
  const take = (code: string): string | undefined => {
    const text = raw.get(code)
    raw.delete(code)
    return text
  }
  const takeNumber = (code: string): number | undefined => {
    const text = raw.get(code)
    if (text === undefined || !/^[0-9]{1,15}$/.test(text)) return undefined
    raw.delete(code)
    return Number(text)
  }
  const localized = take("S")
  const stated = raw.get("V")
  if (isSeverity(stated)) raw.delete("V")
  const severity = isSeverity(stated) ? stated : isSeverity(localized) ? localized : otherwise
  return {
    severity,
    localizedSeverity: localized ?? severity,
    code: take("C") ?? "XX000",
    text: take("M") ?? "",
    detail: take("D"),
    hint: take("H"),
    position: takeNumber("P"),
    internalPosition: takeNumber("p"),
    internalQuery: take("q"),
    where: take("W"),
    schema: take("s"),
    table: take("t"),
    column: take("c"),
    dataType: take("d"),
    constraint: take("n"),
    file: take("F"),
    line: takeNumber("L"),
    routine: take("R"),
    unknown: raw
  }
}

/** Reads codes and texts up to the closing zero byte; the last of a repeated code wins. */
const readRaw = (reader: ByteReader): Map<string, string> => {
  const raw = new Map<string, string>()
  for (;;) {
    const code = reader.uint8()
    if (code === 0) return raw
    const start = reader.offset
    const text = reader.cstring()
    const name = String.fromCharCode(code)
    raw.set(name, reader.failure === null ? text : Utf8.decode(reader.bytes, start, reader.end))
    if (reader.failure !== null) return raw
  }
}

const writeFields = (writer: ByteWriter, fields: ServerFields): void => {
  const put = (code: string, value: string | number | undefined): void => {
    if (value === undefined) return
    writer.uint8(code.charCodeAt(0))
    writer.cstring(String(value))
  }
  put("S", fields.localizedSeverity)
  put("V", fields.unknown.has("V") ? undefined : fields.severity)
  put("C", fields.code)
  put("M", fields.text)
  put("D", fields.detail)
  put("H", fields.hint)
  put("P", fields.position)
  put("p", fields.internalPosition)
  put("q", fields.internalQuery)
  put("W", fields.where)
  put("s", fields.schema)
  put("t", fields.table)
  put("c", fields.column)
  put("d", fields.dataType)
  put("n", fields.constraint)
  put("F", fields.file)
  put("L", fields.line)
  put("R", fields.routine)
  for (const [code, value] of fields.unknown) {
    const byte = code.charCodeAt(0)
    if (code.length !== 1 || byte === 0 || byte > 255) writer.fail("a field's code is one byte and not zero")
    put(code, value)
  }
  writer.uint8(0)
}

const make = <A extends ErrorResponse | NoticeResponse>(
  kind: A["_tag"],
  tag: string,
  otherwise: Severity,
  wrap: (fields: ServerFields) => A
): Message.Message<A> => {
  const message = Message.custom<A>(
    kind,
    tag,
    largeMessage,
    (reader) => wrap(fromRaw(readRaw(reader), otherwise)),
    (writer, { fields }) => writeFields(writer, fields)
  )
  return {
    ...message,
    decode: (bytes, start = 0, end = bytes.length) => {
      const reader = new ByteReader(bytes, start, end)
      const value = message.read(reader)
      reader.finish()
      if (reader.failure === null) return Either.right(value)
      return Either.left(
        new MalformedMessage({ kind, tag: message.tag, reason: reader.failure, partial: value.fields })
      )
    }
  }
}

export const ErrorResponse = make<ErrorResponse>("ErrorResponse", "E", "ERROR", (fields) => ({
  _tag: "ErrorResponse",
  fields
}))

export const NoticeResponse = make<NoticeResponse>("NoticeResponse", "N", "NOTICE", (fields) => ({
  _tag: "NoticeResponse",
  fields
}))

/** Longest text shown of an error from before protocol 3.0. */
const maxLegacyText = 1_000

/**
 * The text of an error as servers sent it before protocol 3.0, and up to version 13 when they could not start a process:
 * `E` and a string, without a length. `undefined` when these are not such bytes. The text is not to be trusted.
 */
export const legacyText = (bytes: Uint8Array): string | undefined => {
  if (bytes[0] !== 0x45) return undefined
  const stop = bytes.indexOf(0, 1)
  const end = Math.min(stop < 0 ? bytes.length : stop, 1 + maxLegacyText)
  if (end < 6) return undefined
  for (let at = 1; at < end; at++) {
    const byte = bytes[at]!
    if ((byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) || byte === 127) return undefined
  }
  return Utf8.decode(bytes, 1, end).trimEnd()
}
