/** What the tests of codecs share: one value in, one value out, in either format. */
import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { ByteReader } from "../../src/bytes/ByteReader.js"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import type { Codec } from "../../src/types/Codec.js"

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
export const bytesOf = (hex: string): Uint8Array =>
  new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"))

/** The lines of a file of values with their bytes; its head names their source. */
export const fixture = (name: string): ReadonlyArray<ReadonlyArray<string>> =>
  readFileSync(new URL(`../fixtures/types/${name}.tsv`, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split("\t"))

export type Outcome<A> = { readonly value: A } | { readonly failure: string }

/** Decodes with other bytes around, so that a codec which looks past its own is found out. */
const run = <A>(decode: Codec<A>["decodeText"], bytes: Uint8Array): Outcome<A> => {
  const around = new Uint8Array(bytes.length + 8).fill(0x37)
  around.set(bytes, 4)
  const reader = new ByteReader(around)
  const value = decode(reader, 4, bytes.length)
  return reader.failure === null ? { value } : { failure: reader.failure }
}

export const decodeText = <A>(codec: Codec<A>, text: string): Outcome<A> =>
  run(codec.decodeText, new TextEncoder().encode(text))

export const decodeBinary = <A>(codec: Codec<A>, bytes: Uint8Array): Outcome<A> =>
  run(codec.decodeBinary!, bytes)

export const encodeText = (codec: Codec, value: unknown): Outcome<string> => {
  const writer = new ByteWriter()
  codec.encodeText(writer, value)
  return writer.failure === null
    ? { value: new TextDecoder().decode(writer.written()) }
    : { failure: writer.failure }
}

export const encodeBinary = (codec: Codec, value: unknown): Outcome<Uint8Array> => {
  const writer = new ByteWriter()
  codec.encodeBinary!(writer, value)
  return writer.failure === null ? { value: writer.written().slice() } : { failure: writer.failure }
}

export const valueOf = <A>(outcome: Outcome<A>): A => {
  if ("failure" in outcome) throw new Error(outcome.failure)
  return outcome.value
}

/** Server's text, server's binary in hex, our value, and items of the checklist that this row shows beside those of all rows. */
export type Golden<A> = readonly [text: string, hex: string, value: A, ids?: string | undefined]

export interface GoldenOptions {
  /** The checklist's items that each row shows, for the title. */
  readonly ids: string
  /** Text we write where it differs from the server's. */
  readonly written?: (text: string) => string
}

/** Server bytes to value in both formats, and the value back to the same bytes. */
export const golden = <A>(codec: Codec<A>, options: GoldenOptions, rows: ReadonlyArray<Golden<A>>): void => {
  it.each(
    rows.map(([text, hex, value, own]) => ({
      text,
      hex,
      value,
      ids: own === undefined ? options.ids : `${options.ids}, ${own}`
    }))
  )(`${codec.name} reads and writes $text as the server does ($ids)`, ({ hex, text, value }) => {
    assert.deepStrictEqual(decodeText(codec, text), { value })
    assert.deepStrictEqual(decodeBinary(codec, bytesOf(hex)), { value })
    assert.deepStrictEqual(encodeText(codec, value), { value: options.written?.(text) ?? text })
    assert.strictEqual(hexOf(valueOf(encodeBinary(codec, value))), hex.replaceAll(" ", ""))
  })
}

/** Both formats give back what was written. */
export const roundTrips = <A>(codec: Codec<A>, value: A): void => {
  assert.deepStrictEqual(decodeText(codec, valueOf(encodeText(codec, value))), { value })
  assert.deepStrictEqual(decodeBinary(codec, valueOf(encodeBinary(codec, value))), { value })
}

/** A binary value one byte shorter or longer than the type's fails, at every length up to that. */
export const refusesOtherSizes = (codec: Codec, hex: string): void => {
  const bytes = bytesOf(hex)
  for (let length = 0; length < bytes.length; length++) {
    assert.property(
      decodeBinary(codec, bytes.subarray(0, length)),
      "failure",
      `${codec.name} of ${length} bytes`
    )
  }
  assert.property(
    decodeBinary(codec, new Uint8Array([...bytes, 0])),
    "failure",
    `${codec.name}, one byte more`
  )
}
