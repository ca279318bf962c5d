/** The plain twin of the row decoder: one row, one column and one byte at a time, as in the manual. */
import { ByteReader } from "../../src/bytes/ByteReader.js"
import type { Column } from "../../src/model/Column.js"
import type { Format } from "../../src/model/Format.js"
import type { Registry } from "../../src/types/Registry.js"
import type { Row, RowFailure, RowMode } from "../../src/types/Row.js"

export const decode = (
  columns: ReadonlyArray<Column>,
  formats: ReadonlyArray<Format>,
  registry: Registry,
  mode: RowMode,
  body: Uint8Array
): { readonly row: Row } | { readonly failure: RowFailure["_tag"] } => {
  const reader = new ByteReader(body)
  if (reader.int16() !== columns.length || reader.failure !== null) return { failure: "Malformed" }
  const fields: Array<Uint8Array | null> = []
  for (const _ of columns) {
    const length = reader.int32()
    if (length < -1) return { failure: "Malformed" }
    fields.push(length === -1 ? null : reader.copy(length))
    if (reader.failure !== null) return { failure: "Malformed" }
  }
  reader.finish()
  if (reader.failure !== null) return { failure: "Malformed" }
  const entries: Array<readonly [string, unknown]> = []
  for (const [index, field] of fields.entries()) {
    const { name, typeOid } = columns[index]!
    if (field === null) {
      entries.push([name, null])
      continue
    }
    const codec = registry.lookup(typeOid)
    const decodeField = formats[index] === 1 ? codec?.decodeBinary : codec?.decodeText
    const value = new ByteReader(field)
    if (decodeField !== undefined) entries.push([name, decodeField(value, 0, field.length)])
    else if (formats[index] === 0)
      entries.push([name, new TextDecoder("utf-8", { ignoreBOM: true }).decode(field)])
    else return { failure: "Undecodable" }
    if (value.failure !== null) return { failure: "Undecodable" }
  }
  if (mode === "array") return { row: entries.map(([, value]) => value) }
  const row = {}
  for (const [name, value] of entries) {
    Object.defineProperty(row, name, { value, configurable: true, enumerable: true, writable: true })
  }
  return { row }
}
