/** Messages as text, and the difference between the one a script expects and the one that came. */
import type { FrontendMessage } from "../wire/FrontendMessage.js"

/** A field of a pattern: a value to equal, a condition, or for text a regular expression. */
export type FieldPattern<A> = A | ((value: A) => boolean) | (A extends string ? RegExp : never)

/** A message with some of its fields: what is left out may be anything. */
export type PatternOf<M extends { readonly _tag: string }> = { readonly _tag: M["_tag"] } & {
  readonly [K in Exclude<keyof M, "_tag">]?: FieldPattern<M[K]>
}

/** The message with this name. */
export type MessageNamed<K extends FrontendMessage["_tag"]> = Extract<FrontendMessage, { readonly _tag: K }>

const longest = 200

const shorten = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}...` : text)

/** Lines of text. Control characters alone are not a line. */
const printable = /^$|^(?=.*[\x20-\x7e])[\x20-\x7e\n\r\t]*$/s

const showBytes = (bytes: Uint8Array): string => {
  const text = String.fromCharCode(...bytes.subarray(0, longest + 1))
  const shown = printable.test(text)
    ? JSON.stringify(text.slice(0, longest)).slice(1, -1)
    : `\\x${[...bytes.subarray(0, longest / 2)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`
  return `<${bytes.length > longest ? `${shown}... ${bytes.length} bytes` : shown}>`
}

/** A value of a message: text in quotes, bytes in angle brackets (as text where they are, else in hexadecimal). */
export const show = (value: unknown): string => {
  if (typeof value === "string") return shorten(JSON.stringify(value))
  if (value instanceof Uint8Array) return showBytes(value)
  if (value instanceof RegExp) return String(value)
  if (value instanceof Map) return showFields([...value.entries()])
  if (Array.isArray(value)) return `[${shorten(value.map(show).join(", "))}]`
  if (typeof value === "function") return value.name === "" ? "<a condition>" : `<${value.name}>`
  return typeof value === "object" && value !== null ? showFields(Object.entries(value)) : String(value)
}

const showFields = (entries: ReadonlyArray<readonly [unknown, unknown]>): string => {
  const shown = entries
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}: ${show(value)}`)
  return shown.length === 0 ? "{}" : `{ ${shown.join(", ")} }`
}

/** The name and the fields, as in `Query { sql: "select 1" }`. */
export const showMessage = (message: { readonly _tag: string }): string => {
  const { _tag, ...fields } = message
  const shown = showFields(Object.entries(fields))
  return shown === "{}" ? _tag : `${_tag} ${shown}`
}

const same = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    if (!(a instanceof Uint8Array) || !(b instanceof Uint8Array) || a.length !== b.length) return false
    return a.every((byte, index) => byte === b[index])
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(a[key as never], b[key as never]))
  )
}

const fits = (pattern: unknown, value: unknown): boolean => {
  if (typeof pattern === "function") return pattern(value) === true
  if (pattern instanceof RegExp) return typeof value === "string" && pattern.test(value)
  return same(pattern, value)
}

/** A line for each field that differs; none when the message is as expected. */
export const differences = (
  pattern: { readonly _tag: string },
  message: { readonly _tag: string }
): ReadonlyArray<string> => {
  if (pattern._tag !== message._tag) return [`message: expected ${pattern._tag}, received ${message._tag}`]
  return Object.entries(pattern).flatMap(([key, expected]) => {
    const received: unknown = message[key as never]
    return fits(expected, received) ? [] : [`${key}: expected ${show(expected)}, received ${show(received)}`]
  })
}
