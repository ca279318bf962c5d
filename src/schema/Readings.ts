/**
 * Schemas for codecs that read a type in another way than the lossless preset does, each with the codec's name.
 */
import * as Schema from "effect/Schema"
import { JsonText } from "../model/JsonText.js"
import * as Oids from "../model/Oid.js"
import { plain, values } from "./Declared.js"
import * as PgSchema from "./PgSchema.js"
import * as PgType from "./PgType.js"

/** The server's text of the Schema's type: what the familiar preset gives for most types without one of JavaScript's. */
export const asText = (schema: Schema.Schema.All): Schema.Schema<string> => {
  const types = PgType.of(schema.ast) ?? []
  const title = types.length === 0 ? "string" : `string (${types.map(({ name }) => name).join(", ")})`
  const text = Schema.String.annotations({ title })
  return types.length === 0 ? text : PgType.annotate(text, types)
}

export const Int8AsString = asText(PgSchema.Int8)
export const Int8AsNumber = plain(Oids.int8, "number", Schema.Int)
export const NumericAsString = asText(PgSchema.Numeric)
export const NumericAsNumber = plain(Oids.numeric, "number", Schema.Number)

const isJsonText = (value: unknown): value is JsonText => value instanceof JsonText
export const JsonAsText = values(Oids.json, "JsonText", isJsonText)
export const JsonbAsText = values(Oids.jsonb, "JsonText", isJsonText)

/** A `Date`, or ±Infinity for the infinities, as node-postgres gives them. */
const dateOrInfinite = (oid: number): Schema.Schema<Date | number> =>
  plain(
    oid,
    "Date",
    Schema.declare(
      (value): value is Date | number => value instanceof Date || value === Infinity || value === -Infinity
    )
  )
export const DateAsLocalDate = dateOrInfinite(Oids.date)
export const TimestampAsLocalDate = dateOrInfinite(Oids.timestamp)
export const TimestampTzAsDate = dateOrInfinite(Oids.timestamptz)

const field = Schema.optionalWith(Schema.Number, { exact: true })
/** `{ days: 1, hours: 2 }`, or ±Infinity for the infinities. */
export const IntervalAsFields = plain(
  Oids.interval,
  "object",
  Schema.Union(
    Schema.Struct({
      years: field,
      months: field,
      days: field,
      hours: field,
      minutes: field,
      seconds: field,
      milliseconds: field
    }),
    Schema.Literal(Infinity, -Infinity)
  )
)

export const PointAsObject = plain(
  Oids.point,
  "{ x, y }",
  Schema.Struct({ x: Schema.Number, y: Schema.Number })
)
export const CircleAsObject = plain(
  Oids.circle,
  "{ x, y, radius }",
  Schema.Struct({ x: Schema.Number, y: Schema.Number, radius: Schema.Number })
)
export const MoneyAsMinorUnits = plain(Oids.money, "bigint", Schema.BigIntFromSelf)
