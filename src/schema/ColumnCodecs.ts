/** By which codecs a Schema reads the columns of a result, where those are others than the client's. */
import type { Column } from "../model/Column.js"
import * as Arrays from "../types/Arrays.js"
import type { Codec } from "../types/Codec.js"
import type { Registry } from "../types/Registry.js"
import type { ColumnCodecs } from "../types/Row.js"
import type * as PgType from "./PgType.js"
import type { WantedColumn } from "./Wanted.js"

/** The codec that is wanted, where the registry has another. */
const other = (type: PgType.PgType, oid: number, registry: Registry): Codec | undefined => {
  const { codec, elementCodec } = type
  if (type.oid !== oid) return undefined
  if (codec !== undefined) return registry.lookup(oid) === codec ? undefined : codec
  return elementCodec === undefined || registry.lookup(elementCodec.oid) === elementCodec
    ? undefined
    : Arrays.over(elementCodec)
}

/**
 * One for each column that the registry's codec is not to read; `undefined` when that reads them all. Of columns with
 * equal names the last counts, because it is the one in the row.
 */
export const of = (
  wanted: ReadonlyArray<WantedColumn>,
  columns: ReadonlyArray<Column>,
  registry: Registry
): ColumnCodecs | undefined => {
  const types = new Map(wanted.map((column) => [column.name, column.types ?? []]))
  const last = new Map(columns.map(({ name }, index) => [name, index]))
  const codecs = columns.map(({ name, typeOid }, index) => {
    if (last.get(name) !== index) return undefined
    for (const type of types.get(name) ?? []) {
      const codec = other(type, typeOid, registry)
      if (codec !== undefined) return codec
    }
    return undefined
  })
  return codecs.some((codec) => codec !== undefined) ? codecs : undefined
}
