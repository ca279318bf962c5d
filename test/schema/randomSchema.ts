/** Random Schemas of flat rows, and random rows for them: fitting ones, damaged ones and nonsense. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import fc from "fast-check"
import { Numeric } from "../../src/model/Numeric.js"
import { PgTimestampTz } from "../../src/model/PgTimestampTz.js"
import * as Oid from "../../src/model/Oid.js"
import * as PgSchema from "../../src/PgSchema.js"

/** A field of a Struct, under whatever name the row has for it. */
export type AnyField = Schema.Struct.Field

const Suspended: Schema.Schema<number> = Schema.suspend(() => PgSchema.Int4)
enum Level {
  low,
  high
}

const numeric = (n: number): Numeric => Option.getOrElse(Numeric.fromNumber(n), () => Numeric.NaN)

/** Fields of values, and values that fit them. */
const plain: ReadonlyArray<readonly [Schema.Schema.All, fc.Arbitrary<unknown>]> = [
  [PgSchema.Int2, fc.integer({ min: -0x8000, max: 0x7fff })],
  [PgSchema.Int4, fc.integer()],
  [PgSchema.Int8, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [PgSchema.Float8, fc.double()],
  [PgSchema.Bool, fc.boolean()],
  [PgSchema.Text, fc.string()],
  [PgSchema.AnyText, fc.string()],
  [PgSchema.Jsonb, fc.jsonValue()],
  [PgSchema.Uuid, fc.uuid()],
  [PgSchema.Numeric, fc.double({ noNaN: false }).map((n) => numeric(n))],
  [
    PgSchema.TimestampTz,
    fc.oneof(
      fc.date({ noInvalidDate: true }).map((date) => Option.getOrNull(PgTimestampTz.fromDate(date))),
      fc.constant(PgTimestampTz.infinity)
    )
  ],
  [PgSchema.Bytea, fc.uint8Array()],
  [PgSchema.NumberFromInt8, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [PgSchema.NumberFromNumeric, fc.double().map((n) => numeric(n))],
  [
    PgSchema.BigDecimalFromNumeric,
    fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => numeric(n)),
      fc.constant(Numeric.NaN)
    )
  ],
  [PgSchema.DateFromTimestampTz, fc.constant(PgTimestampTz.infinity)],
  [
    PgSchema.DateTimeUtcFromTimestampTz,
    fc.date({ noInvalidDate: true }).map((date) => Option.getOrNull(PgTimestampTz.fromDate(date)))
  ],
  [PgSchema.type("mood", Schema.Literal("sad", "ok")), fc.constantFrom("sad", "ok")],
  [PgSchema.array(PgSchema.Int4), fc.array(fc.integer())],
  [
    PgSchema.array(Schema.NullOr(PgSchema.NumberFromInt8)),
    fc.array(fc.oneof(fc.bigInt(), fc.constant(null)))
  ],
  [PgSchema.array(PgSchema.array(PgSchema.Text)), fc.array(fc.array(fc.string()))],
  [PgSchema.anyArray(PgSchema.Text), fc.array(fc.string())],
  [PgSchema.Int8AsString, fc.bigInt().map(String)],
  [PgSchema.PointAsObject, fc.record({ x: fc.double(), y: fc.double() })],
  [
    PgSchema.as(Oid.jsonb, Schema.Struct({ a: Schema.Array(Schema.Number) })),
    fc.record({ a: fc.array(fc.integer()) })
  ],
  [Schema.NumberFromString, fc.integer().map(String)],
  [Schema.Trim, fc.string()],
  [Schema.parseJson(Schema.Number), fc.integer().map(String)],
  [Suspended, fc.integer()],
  [Schema.Enums(Level), fc.constantFrom(0, 1)],
  [Schema.TemplateLiteral("n_", Schema.Number), fc.integer().map((n) => `n_${n}`)],
  [
    Schema.Union(PgSchema.Int4, PgSchema.NumberFromInt8, Schema.NonEmptyTrimmedString),
    fc.oneof(fc.integer(), fc.bigInt(), fc.string())
  ],
  [
    Schema.Union(Schema.Struct({ kind: Schema.Literal("a") }), Schema.Struct({ kind: Schema.Literal("b") })),
    fc.record({ kind: fc.constantFrom("a", "b") })
  ],
  [PgSchema.Int4.annotations({ decodingFallback: () => Option.some(7) as never }), fc.integer()]
]

const narrowed = (field: Schema.Schema.All): ReadonlyArray<Schema.Schema.All> => {
  const schema = field as Schema.Schema.AnyNoContext
  return [
    schema,
    schema.pipe(Schema.brand("Branded")),
    schema.pipe(Schema.filter((value) => String(value).length % 2 === 0)),
    schema.pipe(Schema.filter((value) => String(value).length % 3 !== 0 || "is of a wrong length")),
    Schema.NullOr(schema),
    Schema.UndefinedOr(schema),
    Schema.NullishOr(schema)
  ]
}

const shaped = (field: Schema.Schema.All, column: string): ReadonlyArray<AnyField> => {
  const schema = field as Schema.Schema.AnyNoContext
  return [
    ...narrowed(schema),
    Schema.OptionFromNullOr(schema),
    Schema.optional(schema),
    Schema.optionalWith(schema, { exact: true }),
    Schema.optionalWith(schema, { nullable: true }),
    Schema.optionalWith(schema, { as: "Option" }),
    Schema.optionalWith(schema, { default: () => null }),
    Schema.optionalWith(Schema.NullOr(schema), { default: () => null, nullable: true }),
    Schema.propertySignature(schema).pipe(Schema.fromKey(column)),
    Schema.optional(schema).pipe(Schema.fromKey(column)),
    Schema.optionalWith(schema, { as: "Option" }).pipe(Schema.fromKey(column)),
    Schema.propertySignature(schema).pipe(Schema.withConstructorDefault(() => null))
  ]
}

/** Effect's own Structs cannot change fields that have a name of every object's, such as `toString`. */
const names = ["a", "b", "d e", "_f"] as const

export interface RandomRow {
  readonly schema: Schema.Schema.AnyNoContext
  readonly rows: ReadonlyArray<Record<string, unknown>>
}

const nonsense: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withTypedArray: true }),
  fc.constantFrom(null, undefined, "", 0, -1, 0n, NaN, DateTime.unsafeMake(0)),
  fc.oneof(...plain.map(([, values]) => values))
)

interface Chosen {
  readonly name: string
  readonly column: string
  readonly field: AnyField
  readonly values: fc.Arbitrary<unknown>
}

const chosen = (name: string): fc.Arbitrary<Chosen> =>
  fc.tuple(fc.nat(plain.length - 1), fc.nat(30)).map(([at, shape]) => {
    const [schema, values] = plain[at]!
    const all = shaped(schema, `${name}_column`)
    const place = shape % all.length
    const isRenamed = place >= 14 && place <= 16
    return { name, column: isRenamed ? `${name}_column` : name, field: all[place]!, values }
  })

/** An object that has all names as its own, `__proto__` too. */
const own = (entries: ReadonlyArray<readonly [string, unknown]>): Record<string, unknown> => {
  const row = {}
  for (const [key, value] of entries)
    Object.defineProperty(row, key, { value, enumerable: true, writable: true, configurable: true })
  return row
}

const rowOf = (fields: ReadonlyArray<Chosen>): fc.Arbitrary<Record<string, unknown>> =>
  fc
    .tuple(
      ...fields.map(({ values }) =>
        fc.oneof(
          { weight: 12, arbitrary: values },
          { weight: 1, arbitrary: fc.constant(null) },
          { weight: 1, arbitrary: nonsense },
          { weight: 1, arbitrary: fc.constant(missing) }
        )
      )
    )
    .map((values) =>
      own([
        ...fields.flatMap(({ column }, at) =>
          values[at] === missing ? [] : [[column, values[at]] as const]
        ),
        ["another", 1] as const
      ])
    )

const missing = Symbol("missing")

const wrapped = (fields: Schema.Struct.Fields, kind: number): Schema.Schema.All => {
  const Struct = Schema.Struct(fields)
  switch (kind) {
    case 0:
    case 1:
      return Struct
    case 2:
      return (Struct as unknown as Schema.Schema.AnyNoContext).pipe(
        Schema.filter((row) => Object.keys(row as object).length !== 2)
      )
    case 3:
      return class Row extends Schema.Class<Row>("Row")(fields) {}
    case 4: {
      class Base extends Schema.Class<Base>("Base")({ ...fields }) {}
      return class Longer extends Base.extend<Longer>("Longer")({ more: Schema.optional(Schema.Number) }) {}
    }
    case 6:
      return Schema.Struct(fields, { key: Schema.String, value: Schema.Unknown })
    case 7: {
      const [only] = Object.values(fields)
      const key = Schema.String.pipe(Schema.filter((name) => name !== "another"))
      return Schema.isSchema(only)
        ? Schema.Record({ key, value: only as Schema.Schema.AnyNoContext })
        : Struct
    }
    case 5:
      return Schema.Data(Struct as unknown as Schema.Schema<Readonly<Record<string, unknown>>>)
    default:
      return class Checked extends Schema.Class<Checked>("Checked")(
        (Schema.Struct(fields) as never as Schema.Struct<Schema.Struct.Fields>).pipe(
          Schema.filter((row) => Object.keys(row).length !== 1)
        ) as never
      ) {}
  }
}

/** A Schema of a flat row, with rows for it. */
export const randomRow: fc.Arbitrary<RandomRow> = fc
  .tuple(fc.subarray([...names], { minLength: 1 }), fc.nat(8))
  .chain(([some, kind]) =>
    fc.tuple(...some.map(chosen)).chain((fields) => {
      const table: Schema.Struct.Fields = own(fields.map(({ field, name }) => [name, field])) as never
      const schema = wrapped(table, kind) as Schema.Schema.AnyNoContext
      return fc.record({
        schema: fc.constant(schema),
        rows: fc.array(rowOf(fields), { minLength: 1, maxLength: 8 })
      })
    })
  )
