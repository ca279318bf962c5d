/**
 * `hstore` as a plain object of strings and `null`; a key that means something to JavaScript is an ordinary property.
 *
 * As parameters it takes such objects, `Map`s, and strings, which go to the server as they are: for their sake parameters
 * travel as text.
 *
 * @see https://www.postgresql.org/docs/current/hstore.html
 */
import { ByteReader } from "../bytes/ByteReader.js"
import type { Codec, Names } from "./Codec.js"
import { mismatch } from "./Shape.js"
import * as Values from "./Values.js"

/** An `hstore`: keys with their texts, or null. */
export type HstoreValue = Readonly<Record<string, string | null>>

type Pair = readonly [key: string, value: string | null]

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`

const print = (value: HstoreValue): string =>
  Object.entries(value)
    .map(([key, item]) => `${quoted(key)}=>${item === null ? "NULL" : quoted(item)}`)
    .join(", ")

/** A walk over the text that the server prints. */
class Walk {
  private at = 0

  constructor(private readonly text: string) {}

  pairs(): ReadonlyArray<Pair> | undefined {
    const pairs: Array<Pair> = []
    while (this.at < this.text.length) {
      if (pairs.length > 0 && !this.skip(", ")) return undefined
      const key = this.quoted()
      if (key === undefined || !this.skip("=>")) return undefined
      const value = this.skip("NULL") ? null : this.quoted()
      if (value === undefined) return undefined
      pairs.push([key, value])
    }
    return pairs
  }

  private skip(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false
    this.at += word.length
    return true
  }

  private quoted(): string | undefined {
    if (!this.skip('"')) return undefined
    let plain = ""
    let from = this.at
    for (; this.at < this.text.length; this.at++) {
      const char = this.text[this.at]
      if (char === '"') return plain + this.text.slice(from, this.at++)
      if (char !== "\\") continue
      plain += this.text.slice(from, this.at++)
      from = this.at
    }
    return undefined
  }
}

const isItem = (value: unknown): value is string | null => value === null || typeof value === "string"

const entriesOf = (value: unknown): ReadonlyArray<readonly [unknown, unknown]> | undefined => {
  if (value instanceof Map) return [...(value as ReadonlyMap<unknown, unknown>)]
  if (typeof value !== "object" || value === null) return undefined
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ? Object.entries(value) : undefined
}

/** Why a pair cannot be sent. The text has the pair's key if that is a string, and never its value. */
const defectOf = ([key, item]: readonly [unknown, unknown]): string | undefined => {
  if (typeof key !== "string") return mismatch("keys that are strings", key)
  if (key.includes("\0")) return "expected keys without zero bytes, got a key with a zero byte"
  const reason = !isItem(item)
    ? mismatch("string or null", item)
    : item?.includes("\0")
      ? "expected text without zero bytes, got a string with a zero byte"
      : undefined
  return reason === undefined ? undefined : `key ${JSON.stringify(key)}: ${reason}`
}

const defect = (value: unknown): string | undefined => {
  for (const pair of entriesOf(value) ?? []) {
    const reason = defectOf(pair)
    if (reason !== undefined) return reason
  }
  return undefined
}

const of = (value: unknown): HstoreValue | undefined => {
  const entries = entriesOf(value)
  return entries === undefined || entries.some((pair) => defectOf(pair) !== undefined)
    ? undefined
    : (Object.fromEntries(entries) as HstoreValue)
}

/** Key and value have at least their length words. */
const leastPair = 8

export const over = (names: Names): Codec<HstoreValue> =>
  Values.make<HstoreValue>({
    ...names,
    noun: "an hstore",
    takes: "object or Map of strings and null, without zero bytes,",
    blank: {},
    parse: (text) => {
      const pairs = new Walk(text).pairs()
      return pairs === undefined ? undefined : Object.fromEntries(pairs)
    },
    of,
    defect,
    print,
    read: (outer, at, length) => {
      const reader = new ByteReader(outer.bytes, at, at + length)
      const count = reader.int32()
      if (count < 0 || count * leastPair > reader.remaining) reader.fail(`${count} pairs in ${length} bytes`)
      const pairs: Array<Pair> = []
      for (let index = 0; index < count && reader.failure === null; index++) {
        const key = reader.text(reader.int32())
        const size = reader.int32()
        pairs.push([key, size === -1 ? null : reader.text(size)])
      }
      reader.finish()
      if (reader.failure === null) return Object.fromEntries(pairs)
      outer.fail(`malformed hstore: ${reader.failure}`)
      return undefined
    },
    write: (writer, value) => {
      const entries = Object.entries(value)
      writer.int32(entries.length)
      const sized = (text: string): void => {
        writer.int32(0)
        const start = writer.offset
        writer.text(text)
        if (writer.failure === null) writer.patchInt32(start - 4, writer.offset - start)
      }
      for (const [key, item] of entries) {
        sized(key)
        if (item === null) writer.int32(-1)
        else sized(item)
        if (writer.failure !== null) return
      }
    }
  })
