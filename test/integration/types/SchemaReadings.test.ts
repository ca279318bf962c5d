import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { JsonText } from "../../../src/model/JsonText.js"
import { PgInterval } from "../../../src/model/PgInterval.js"
import { PgRange } from "../../../src/model/PgRange.js"
import { PgTimestampTz } from "../../../src/model/PgTimestampTz.js"
import * as PgSchema from "../../../src/PgSchema.js"
import * as PgTypes from "../../../src/PgTypes.js"
import { isClean, open, s } from "../connection/sessions.js"

const statement = s(`
  select 9007199254740993::int8 as big, '{1,null}'::int8[] as bigs, 0.10::numeric as price,
    '{0.10,null}'::numeric[] as prices,
    '{"n": 12345678901234567890}'::jsonb as doc, '2024-02-29 12:34:56.789123+00'::timestamptz as at,
    '1 day'::interval as span, '[1,5)'::int8range as span8, '10.0.0.1/8'::inet as host, 0.1::float4 as ratio`)

/** What node-postgres gives, and what the server prints. */
const Familiar = Schema.Struct({
  big: PgSchema.Int8AsString,
  bigs: PgSchema.array(Schema.NullOr(PgSchema.Int8AsString)),
  price: PgSchema.NumericAsNumber,
  prices: PgSchema.array(Schema.NullOr(PgSchema.NumericAsString)),
  doc: PgSchema.JsonbAsText,
  at: PgSchema.TimestampTzAsDate,
  span: PgSchema.IntervalAsFields,
  span8: PgSchema.asText(PgSchema.Int8range),
  host: PgSchema.asText(PgSchema.Inet),
  ratio: PgSchema.as(PgTypes.float4AsPrinted, Schema.Number)
})

const Exact = Schema.Struct({
  big: PgSchema.Int8,
  bigs: PgSchema.array(Schema.NullOr(PgSchema.Int8)),
  price: PgSchema.BigDecimalFromNumeric,
  doc: PgSchema.Jsonb,
  at: PgSchema.TimestampTz,
  span: PgSchema.Interval,
  span8: PgSchema.Int8range,
  host: PgSchema.Inet,
  ratio: PgSchema.Float4
})

for (const [name, types] of [
  ["lossless", PgTypes.lossless],
  ["familiar", PgTypes.familiar]
] as const) {
  describe(`on a client with the ${name} preset`, () => {
    it.scopedLive("each column is read as its Schema demands", () =>
      Effect.gen(function* () {
        const pg = yield* open({ types })
        const [row] = yield* pg.query(statement, Familiar)
        assert.deepStrictEqual(row, {
          big: "9007199254740993",
          bigs: ["1", null],
          price: 0.1,
          prices: ["0.10", null],
          doc: new JsonText('{"n": 12345678901234567890}'),
          at: new Date("2024-02-29T12:34:56.789Z"),
          span: { days: 1 },
          span8: "[1,5)",
          host: "10.0.0.1/8",
          ratio: 0.1
        })
        const [exact] = yield* pg.query(statement, Exact)
        assert.deepStrictEqual([exact?.big, exact?.bigs], [9007199254740993n, [1n, null]])
        assert.strictEqual(exact?.price.scale, 2)
        assert.instanceOf(exact?.at, PgTimestampTz)
        assert.instanceOf(exact?.span, PgInterval)
        assert.isTrue(exact?.span8 instanceof PgRange)
        assert.strictEqual(String(exact?.host), "10.0.0.1/8")
        assert.strictEqual(exact?.ratio, Math.fround(0.1))
        yield* isClean(pg)
      })
    )

    it.scopedLive("streams, portals and what runs without a Schema are read each in their own way", () =>
      Effect.gen(function* () {
        const pg = yield* open({ types })
        const Text = Schema.Struct({ n: PgSchema.Int8AsString })
        const Number = Schema.Struct({ n: PgSchema.Int8AsNumber })
        const numbers = s("select n::int8 as n from generate_series(1, 3) as n")
        const plain = yield* pg.query(numbers)
        for (let times = 0; times < 2; times++) {
          const streamed = yield* Stream.runCollect(pg.stream(numbers, Text))
          const fetched = yield* Stream.runCollect(pg.stream(numbers, Number, { fetchSize: 2 }))
          assert.deepStrictEqual(
            [...Chunk.map(streamed, ({ n }) => n), ...Chunk.map(fetched, ({ n }) => n)],
            ["1", "2", "3", 1, 2, 3]
          )
          assert.deepStrictEqual(yield* pg.query(numbers), plain)
        }
        const { columns } = yield* pg.execute(
          s("select 1::numeric as n"),
          Schema.Struct({ n: PgSchema.Numeric })
        )
        assert.strictEqual(columns[0]?.format, 1)
        yield* isClean(pg)
      })
    )

    it.scopedLive("a value that the Schema's codec refuses fails its query, by name", () =>
      Effect.gen(function* () {
        const pg = yield* open({ types })
        const error = yield* Effect.flip(
          pg.query(s("select 9007199254740993::int8 as big"), Schema.Struct({ big: PgSchema.Int8AsNumber }))
        )
        assert.include(error.message, 'column "big" of type int8')
        yield* isClean(pg)
      })
    )
  })
}
