/** For every built-in type the Schema of what a preset gives, by OID. */
import * as Schema from "effect/Schema"
import * as Oids from "../model/Oid.js"
import * as Arrays from "../types/Arrays.js"
import type { Codec } from "../types/Codec.js"
import * as Registry from "../types/Registry.js"
import * as Containers from "./Containers.js"
import * as PgSchema from "./PgSchema.js"
import * as PgType from "./PgType.js"
import * as Readings from "./Readings.js"

type Any = Schema.Schema.AnyNoContext

/** The Schemas among these that are for one built-in type. */
const byOid = (exported: Iterable<unknown>): Map<number, Any> => {
  const table = new Map<number, Any>()
  for (const schema of exported) {
    if (!Schema.isSchema(schema)) continue
    const [first, second] = PgType.of(schema.ast) ?? []
    if (first?.oid !== undefined && second === undefined) table.set(first.oid, schema as Any)
  }
  return table
}

/** With the arrays over all that are in the table; what the table has for an array stays. */
const withArrays = (table: Map<number, Any>, registry: Registry.Registry): ReadonlyMap<number, Any> => {
  for (const [oid, schema] of [...table]) {
    const arrayOid = registry.lookup(oid)?.arrayOid ?? 0
    if (arrayOid !== 0 && !table.has(arrayOid)) table.set(arrayOid, Containers.anyArray(schema))
  }
  return table
}

/** With each column read by the registry's own codec, arrays too. Records are made anew by each registry, and stay its. */
const readBy = (table: Map<number, Any>, registry: Registry.Registry): ReadonlyMap<number, Any> =>
  new Map(
    [...withArrays(table, registry)].map(([oid, schema]) => {
      const codec = recordOids.has(oid) ? undefined : registry.lookup(oid)
      return [oid, PgType.annotate(schema, codec === undefined ? oid : written(codec))]
    })
  )

/** A value of these types may be a string, which the familiar preset takes for the text of the value when it writes. */
const textsOfValues: ReadonlySet<number> = new Set([Oids.json, Oids.jsonb])

/** The codec, writing as the lossless preset does where a string is a value. */
const written = (codec: Codec): Codec => {
  if (textsOfValues.has(codec.oid)) return Registry.lossless.lookup(codec.oid) ?? codec
  const made = Arrays.madeOf(codec)
  return made !== undefined && textsOfValues.has(made.element.oid)
    ? Arrays.over(written(made.element), made.bounds)
    : codec
}

const recordOids: ReadonlySet<number> = new Set([Oids.record, Oids.recordArray])

const plain = byOid([...Object.values(PgSchema), ...Object.values(Containers)])

/** What `PgTypes.lossless` gives. */
export const lossless: ReadonlyMap<number, Any> = readBy(new Map(plain), Registry.lossless)

/** What `PgTypes.familiar` gives. */
export const familiar: ReadonlyMap<number, Any> = readBy(
  new Map([
    ...[...plain].filter(([oid]) => Registry.familiar.lookup(oid) !== undefined),
    ...Registry.structured.map(({ oid }) => [oid, Readings.asText(plain.get(oid)!)] as const),
    ...byOid([
      Readings.Int8AsString,
      Readings.NumericAsString,
      Containers.anyArray(Readings.NumericAsNumber),
      Readings.DateAsLocalDate,
      Readings.asText(PgSchema.Time),
      Readings.asText(PgSchema.TimeTz),
      Readings.TimestampAsLocalDate,
      Readings.TimestampTzAsDate,
      Readings.IntervalAsFields,
      Readings.PointAsObject,
      Readings.CircleAsObject
    ])
  ]),
  Registry.familiar
)
