/** By which codecs a Schema reads or writes columns, where those are others than the client's. */
import type { Column } from "../model/Column.js"
import * as Arrays from "../types/Arrays.js"
import * as Recode from "../types/Recode.js"
import type { Codec } from "../types/Codec.js"
import type { Registry } from "../types/Registry.js"
import { lossless } from "../types/Registry.js"
import type { ColumnCodecs } from "../types/Row.js"
import type * as PgType from "./PgType.js"
import type { ExpectedColumn, ExpectedRow } from "./ExpectedRow.js"

const arrays = new WeakMap<Codec, Codec>()

/** The array over an element's codec, with the bounds that the server has; one for each codec. */
const arrayOver = (element: Codec): Codec => {
  const known = arrays.get(element)
  if (known !== undefined) return known
  // An array whose elements the lossless preset reads is read by it.
  const exact = lossless.lookup(element.oid) === element ? lossless.lookup(element.arrayOid) : undefined
  const made = exact ?? Arrays.over(element)
  arrays.set(element, made)
  return made
}

/** The codec that a type brings for columns of `oid`. */
const broughtBy = (type: PgType.SchemaType, oid: number): Codec | undefined =>
  type.oid !== oid ? undefined : (type.codec ?? (type.elementCodec && arrayOver(type.elementCodec)))

/** The codec that the Schema brings for a column of this type; `undefined` where that is left to the client. */
export const brought = (wanted: ExpectedColumn | undefined, oid: number): Codec | undefined => {
  for (const type of wanted?.types ?? []) {
    const codec = broughtBy(type, oid)
    if (codec !== undefined) return codec
  }
  return undefined
}

/**
 * One for each column that the registry's codec is not to read; `undefined` when that reads them all. Of columns with
 * equal names the last counts, because it is the one in the row.
 */
export const of = (
  wanted: ExpectedRow,
  columns: ReadonlyArray<Column>,
  registry: Registry,
  direction: "decode" | "encode" = "decode"
): ColumnCodecs | undefined => {
  const isSame = direction === "decode" ? Recode.isSame : Recode.isSameWriter
  const last = new Map(columns.map(({ name }, index) => [name, index]))
  const codecs = columns.map(({ name, typeOid }, index) => {
    if (last.get(name) !== index) return undefined
    const codec = brought(wanted.get(name), typeOid)
    return codec === undefined || isSame(codec, registry.lookup(typeOid)) ? undefined : codec
  })
  return codecs.some((codec) => codec !== undefined) ? codecs : undefined
}
