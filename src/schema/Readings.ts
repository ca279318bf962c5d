/**
 * Schemas for codecs that read a type in another way than the lossless preset does, each with the codec's name. A column is
 * read by that codec, whatever the client has for its type.
 */
import * as Schema from "effect/Schema"
import { JsonText } from "../model/JsonText.js"
import * as Oids from "../model/Oid.js"
import type { Codec } from "../types/Codec.js"
import * as Dates from "../types/Dates.js"
import * as Geometries from "../types/Geometries.js"
import * as Integers from "../types/Integers.js"
import * as Intervals from "../types/Intervals.js"
import * as Json from "../types/Json.js"
import * as Names from "../types/Names.js"
import * as Numerics from "../types/Numerics.js"
import * as Registry from "../types/Registry.js"
import * as Times from "../types/Times.js"
import * as Timestamps from "../types/Timestamps.js"
import * as Values from "../types/Values.js"
import { plain, values } from "./Declared.js"
import * as PgSchema from "./PgSchema.js"
import * as PgType from "./PgType.js"

/** Codecs of the familiar preset that give the server's text. */
const textual: ReadonlyMap<number, Codec> = new Map(
  [
    ...Registry.structured.flatMap(({ oid }) => Registry.familiar.lookup(oid) ?? []),
    Integers.int8AsString,
    Numerics.numericAsString,
    Times.timeAsText,
    Times.timetzAsText
  ]
    .filter((codec) => codec !== Geometries.pointAsObject && codec !== Geometries.circleAsObject)
    .map((codec) => [codec.oid, codec])
)

/** The type, read as the server's text; by the client's codec where the type's own is not known. */
const read = (type: PgType.SchemaType): PgType.PgTypeInput => {
  const exact = type.oid === undefined ? undefined : Registry.lossless.lookup(type.oid)
  return exact === undefined
    ? { oid: type.oid, name: type.name }
    : (textual.get(exact.oid) ?? Values.asText(exact))
}

/** The server's text of the Schema's type: what the familiar preset gives for most types without one of JavaScript's. */
export const asText = (schema: Schema.Schema.All): Schema.Schema<string> => {
  const types = PgType.of(schema.ast) ?? []
  const title = types.length === 0 ? "string" : `string (${types.map(({ name }) => name).join(", ")})`
  const text = Schema.String.annotations({ title })
  return types.length === 0 ? text : PgType.annotate(text, types.map(read))
}

/** `bigint` as the server's text, such as `9007199254740993`: no digit is lost, and JSON takes it. */
export const Int8AsString = asText(PgSchema.Int8)
/** `bigint` as a number; a value of 2^53 or beyond, which a number could round, fails with its row and column. */
export const Int8AsNumber = plain(Oids.int8, "number", Schema.Int, Integers.int8AsNumber)
/** `numeric` as the server's text, such as `12.50`: no digit is lost, and JSON takes it. */
export const NumericAsString = asText(PgSchema.Numeric)
/** `numeric` as the nearest number: digits may be lost. For exact arithmetic: `Numeric`, `BigDecimalFromNumeric`. */
export const NumericAsNumber = plain(Oids.numeric, "number", Schema.Number, Numerics.numericAsNumber)

const isJsonText = (value: unknown): value is JsonText => value instanceof JsonText
/** `json` as a `JsonText` of the server's text, not parsed: numbers keep their digits, and keys their order. */
export const JsonAsText = values(Oids.json, "JsonText", isJsonText, Json.jsonAsText)
/** `jsonb` as a `JsonText` of the server's text, not parsed: numbers keep their digits. */
export const JsonbAsText = values(Oids.jsonb, "JsonText", isJsonText, Json.jsonbAsText)

/** A `Date`, or ±Infinity for the infinities, as node-postgres gives them. */
const dateOrInfinite = (codec: Codec): Schema.Schema<Date | number> =>
  plain(
    codec.oid,
    "Date",
    Schema.declare(
      (value): value is Date | number => value instanceof Date || value === Infinity || value === -Infinity
    ),
    codec
  )
/**
 * `date` as the `Date` of its midnight in the time zone of the process, as node-postgres gives it; infinities are ±Infinity.
 */
export const DateAsLocalDate = dateOrInfinite(Dates.dateAsLocalDate)
/** `timestamp` as the `Date` at which a clock in the process's time zone shows it; the infinities are ±Infinity. */
export const TimestampAsLocalDate = dateOrInfinite(Timestamps.timestampAsLocalDate)
/** `timestamptz` as a `Date`, rounded down to the millisecond; the infinities are ±Infinity. */
export const TimestampTzAsDate = dateOrInfinite(Timestamps.timestamptzAsDate)

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
  ),
  Intervals.intervalAsFields
)

/** `point` as `{ x, y }`. */
export const PointAsObject = plain(
  Oids.point,
  "{ x, y }",
  Schema.Struct({ x: Schema.Number, y: Schema.Number }),
  Geometries.pointAsObject
)
/** `circle` as `{ x, y, radius }`. */
export const CircleAsObject = plain(
  Oids.circle,
  "{ x, y, radius }",
  Schema.Struct({ x: Schema.Number, y: Schema.Number, radius: Schema.Number }),
  Geometries.circleAsObject
)
/** `money` as a `bigint` of its smallest unit, such as cents; how many make one is the server's `lc_monetary`. */
export const MoneyAsMinorUnits = plain(Oids.money, "bigint", Schema.BigIntFromSelf, Names.moneyAsMinorUnits)
