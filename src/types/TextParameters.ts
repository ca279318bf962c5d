/**
 * Parameters as node-postgres writes them: the value alone decides, and the server infers the type from the text.
 *
 * - `null` and `undefined` are NULL. Bytes (`Uint8Array`, `Buffer`, other views and `ArrayBuffer`) go as they are, in binary.
 * - A `Date` is its local time with the offset from UTC, in milliseconds.
 * - An array is the text of a PostgreSQL array, nested arrays included.
 * - The value classes of `PgTypes` are their text. An object with a method `toPostgres` is what that returns. Other objects are JSON.
 * - Everything else is its JavaScript text.
 *
 * What would be sent as text that means something else is refused: an invalid `Date`, a `Redacted`, a symbol or function, and text that
 * the server cannot hold.
 */
import type { ByteWriter } from "../bytes/ByteWriter.js"
import type { Format } from "../model/Format.js"
import { JsonText } from "../model/JsonText.js"
import { PgArray } from "../model/PgArray.js"
import { Printed } from "../model/Printed.js"
import type { ParameterFailure, ParameterPlan } from "./ParameterPlan.js"
import { wrongCount } from "./ParameterPlan.js"
import type { Registry } from "./Registry.js"
import { isRedacted, mismatch } from "./Shape.js"
import { writeText } from "./Texts.js"

/** An object with a method that gives its own parameter. */
interface Custom {
  readonly toPostgres: (prepare: (value: unknown) => unknown) => unknown
}

const isCustom = (value: object): value is Custom =>
  "toPostgres" in value && typeof value.toPostgres === "function"

const bytesOf = (value: unknown): Uint8Array | undefined => {
  if (value instanceof Uint8Array) return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined
}

const isBytes = (value: unknown): boolean =>
  typeof value === "object" && (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)

const padded = (value: number, width: number): string => String(value).padStart(width, "0")

/** Seconds that the local time is ahead of UTC: before time zones were agreed, not always whole minutes. */
const offsetOf = (date: Date): number => {
  const local = new Date(0)
  local.setUTCFullYear(date.getFullYear(), date.getMonth(), date.getDate())
  local.setUTCHours(date.getHours(), date.getMinutes(), date.getSeconds(), date.getMilliseconds())
  return Math.round((local.getTime() - date.getTime()) / 1000)
}

/** Local time with the offset, as the server reads for every type of date and time; years before 1 with `BC`. */
export const dateText = (date: Date): string => {
  const year = date.getFullYear()
  const offset = offsetOf(date)
  const seconds = Math.abs(offset)
  return (
    `${padded(year < 1 ? 1 - year : year, 4)}-${padded(date.getMonth() + 1, 2)}-${padded(date.getDate(), 2)}` +
    `T${padded(date.getHours(), 2)}:${padded(date.getMinutes(), 2)}:${padded(date.getSeconds(), 2)}` +
    `.${padded(date.getMilliseconds(), 3)}` +
    `${offset < 0 ? "-" : "+"}${padded(Math.floor(seconds / 3600), 2)}:${padded(Math.floor(seconds / 60) % 60, 2)}` +
    (seconds % 60 === 0 ? "" : `:${padded(seconds % 60, 2)}`) +
    (year < 1 ? " BC" : "")
  )
}

/** The most that values may be inside each other: arrays, and what `toPostgres` returns. */
const maxDepth = 100

/** A value that cannot be a parameter, with the reason. */
class Unfit {
  constructor(readonly reason: string) {}
}

const unfit = (expected: string, value: unknown): Unfit => new Unfit(mismatch(expected, value))

/** The text of a parameter, its bytes, `null` for NULL, or why it cannot be sent. */
const prepared = (value: unknown, depth: number): string | Uint8Array | null | Unfit => {
  switch (typeof value) {
    case "string":
      return value
    case "undefined":
      return null
    case "number":
      return Object.is(value, -0) ? "-0" : String(value)
    case "boolean":
    case "bigint":
      return String(value)
    case "object":
      return value === null ? null : ofObject(value, depth)
    default:
      return unfit("a value that can be a parameter", value)
  }
}

const ofObject = (value: object, depth: number): string | Uint8Array | null | Unfit => {
  if (depth > maxDepth) return new Unfit(`expected a value, got one of more than ${maxDepth} levels`)
  const bytes = bytesOf(value)
  if (bytes !== undefined) return bytes
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? unfit("a valid Date", value) : dateText(value)
  if (Array.isArray(value)) return arrayText(value, depth)
  if (value instanceof Printed || value instanceof JsonText) return String(value)
  if (value instanceof PgArray) return ofPgArray(value, depth)
  if (isCustom(value)) return ofCustom(value, depth)
  return jsonText(value)
}

const ofCustom = (value: Custom, depth: number): string | Uint8Array | null | Unfit =>
  prepared(
    value.toPostgres((inner) => {
      const made = prepared(inner, depth + 1)
      return made instanceof Unfit ? inner : made
    }),
    depth + 1
  )

/** JSON, in which a hidden value would be stored as the text that stands for it. */
const jsonText = (value: object): string | Unfit => {
  let refused: Unfit | undefined
  const text = JSON.stringify(value, function (this: Record<string, unknown>, key: string, inner: unknown) {
    if (refused === undefined && isRedacted(this[key]))
      refused = unfit("a value that can be a parameter", this[key])
    return inner
  }) as string | undefined
  if (refused !== undefined) return refused
  return text ?? unfit("a value that JSON can hold", value)
}

const ofPgArray = (value: PgArray, depth: number): string | Unfit => {
  const text = arrayText(value.values, depth)
  return typeof text !== "string" || value.lowerBounds.every((bound) => bound === 1)
    ? text
    : new Unfit("expected an array whose bounds begin at 1: give the text of the array")
}

const quoted = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`

const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")

const arrayText = (values: ReadonlyArray<unknown>, depth: number): string | Unfit => {
  const elements: Array<string> = []
  for (let at = 0; at < values.length; at++) {
    const value = values[at]
    const text = prepared(value, depth + 1)
    if (text instanceof Unfit) return text
    if (text === null) elements.push("NULL")
    else if (typeof text !== "string") elements.push(quoted(`\\x${hexOf(text)}`))
    else elements.push(Array.isArray(value) ? text : quoted(text))
  }
  return `{${elements.join(",")}}`
}

const writeValue = (writer: ByteWriter, value: unknown): void => {
  const made = prepared(value, 0)
  if (made === null) return writer.int32(-1)
  if (made instanceof Unfit) return writer.fail(made.reason)
  writer.int32(0)
  const start = writer.offset
  if (typeof made === "string") writeText(writer, made)
  else writer.raw(made)
  if (writer.failure === null) writer.patchInt32(start - 4, writer.offset - start)
}

class TextPlan implements ParameterPlan {
  readonly formats: ReadonlyArray<Format>

  constructor(
    readonly typeOids: ReadonlyArray<number>,
    private readonly registry: Registry
  ) {
    this.formats = typeOids.map(() => 0)
  }

  formatsFor(values: ReadonlyArray<unknown>): ReadonlyArray<Format> {
    return values.some(isBytes)
      ? this.formats.map((format, index) => (isBytes(values[index]) ? 1 : format))
      : this.formats
  }

  write(writer: ByteWriter, values: ReadonlyArray<unknown>): ParameterFailure | null {
    const mark = writer.offset
    const expected = this.typeOids.length
    if (values.length !== expected) return wrongCount(expected, values.length)
    for (let index = 0; index < expected; index++) {
      writeValue(writer, values[index])
      if (writer.failure === null) continue
      const reason = writer.failure
      writer.rollback(mark)
      return { _tag: "Refused", index, type: this.registry.nameOf(this.typeOids[index]!), reason }
    }
    return null
  }
}

/** The writing of parameters by their values, for a statement with so many; `types` are only named in refusals. */
export const plan = (types: ReadonlyArray<number>, registry: Registry): ParameterPlan =>
  new TextPlan(types, registry)
