/**
 * Schemas of types made over others: arrays, ranges and multiranges. The type is the element's, so an array over a Schema
 * without a type has none either.
 */
import * as Schema from "effect/Schema"
import { PgArray } from "../model/PgArray.js"
import { PgMultirange } from "../model/PgMultirange.js"
import { PgRange } from "../model/PgRange.js"
import * as Oids from "../model/Oid.js"
import * as Registry from "../types/Registry.js"
import type { PgTypeInput } from "./PgType.js"
import * as PgType from "./PgType.js"
import { Date, Int4, Int8, Numeric, Timestamp, TimestampTz } from "./PgSchema.js"

/**
 * Arrays of one dimension that begins at 1; two dimensions are `array(array(Int4))`, and NULL among the elements is
 * `array(Schema.NullOr(Int4))`. The empty array is of any number of dimensions. `anyArray` takes what else there is.
 */
export const array = <A, I, R>(
  element: Schema.Schema<A, I, R>
): Schema.Schema<ReadonlyArray<A>, ReadonlyArray<I>, R> => over(Schema.Array(element), element)

/** What a column of an array type may hold: arrays nested by dimension, NULL among the elements, a `PgArray`. */
export type AnyArray<A> = Nested<A> | PgArray

/** An array of as many dimensions as it has. */
export interface Nested<A> extends ReadonlyArray<A | null | Nested<A>> {}

/** Every value of an array type, whatever its dimensions and bounds. */
export const anyArray = <A, I>(element: Schema.Schema<A, I>): Schema.Schema<AnyArray<A>> => {
  const isElement = Schema.is(element)
  const isNested = (value: unknown): value is Nested<A> =>
    Array.isArray(value) && value.every((each) => each === null || isNested(each) || isElement(each))
  const is = (value: unknown): value is AnyArray<A> =>
    isNested(value instanceof PgArray ? value.values : value)
  return over(Schema.declare(is, { title: `array of ${String(element)}` }), element)
}

const over = <A, I, R>(self: Schema.Schema<A, I, R>, element: Schema.Schema.All): Schema.Schema<A, I, R> => {
  const types = PgType.of(element.ast)
  return types === undefined ? self : PgType.annotate(self, types.map(PgType.arrayOf))
}

const isRange =
  <A>(isBound: (value: unknown) => value is A) =>
  (value: unknown): value is PgRange<A> =>
    value instanceof PgRange &&
    (value.lower === null || isBound(value.lower)) &&
    (value.upper === null || isBound(value.upper))

const nameOf = (type: PgTypeInput): string => PgType.make(type).name

/** Ranges of this type, with bounds as the Schema has them when it has decoded. */
export const range = <A, I>(type: PgTypeInput, bound: Schema.Schema<A, I>): Schema.Schema<PgRange<A>> =>
  PgType.annotate(
    Schema.declare(isRange(Schema.is(bound)), { title: `PgRange (${nameOf(type)})`, pretty: () => String }),
    type
  )

/** Multiranges of this type, with bounds as the Schema has them when it has decoded. */
export const multirange = <A, I>(
  type: PgTypeInput,
  bound: Schema.Schema<A, I>
): Schema.Schema<PgMultirange<A>> => {
  const isMember = isRange(Schema.is(bound))
  const is = (value: unknown): value is PgMultirange<A> =>
    value instanceof PgMultirange && value.ranges.every(isMember)
  return PgType.annotate(
    Schema.declare(is, { title: `PgMultirange (${nameOf(type)})`, pretty: () => String }),
    type
  )
}

/** Read as the lossless preset does. */
const exact = (oid: number): PgTypeInput => Registry.lossless.lookup(oid) ?? oid

/** `int4range` as a `PgRange` with bounds of integers. */
export const Int4range = range(exact(Oids.int4range), Int4)
/** `int8range` as a `PgRange` with bounds of bigints. */
export const Int8range = range(exact(Oids.int8range), Int8)
/** `numrange` as a `PgRange` with bounds of `Numeric`. */
export const Numrange = range(exact(Oids.numrange), Numeric)
/** `tsrange` as a `PgRange` with bounds of `PgTimestamp`. */
export const Tsrange = range(exact(Oids.tsrange), Timestamp)
/** `tstzrange` as a `PgRange` with bounds of `PgTimestampTz`. */
export const Tstzrange = range(exact(Oids.tstzrange), TimestampTz)
/** `daterange` as a `PgRange` with bounds of `PgDate`. */
export const Daterange = range(exact(Oids.daterange), Date)
/** `int4multirange` as a `PgMultirange` with bounds of integers. */
export const Int4multirange = multirange(exact(Oids.int4multirange), Int4)
/** `int8multirange` as a `PgMultirange` with bounds of bigints. */
export const Int8multirange = multirange(exact(Oids.int8multirange), Int8)
/** `nummultirange` as a `PgMultirange` with bounds of `Numeric`. */
export const Nummultirange = multirange(exact(Oids.nummultirange), Numeric)
/** `tsmultirange` as a `PgMultirange` with bounds of `PgTimestamp`. */
export const Tsmultirange = multirange(exact(Oids.tsmultirange), Timestamp)
/** `tstzmultirange` as a `PgMultirange` with bounds of `PgTimestampTz`. */
export const Tstzmultirange = multirange(exact(Oids.tstzmultirange), TimestampTz)
/** `datemultirange` as a `PgMultirange` with bounds of `PgDate`. */
export const Datemultirange = multirange(exact(Oids.datemultirange), Date)
