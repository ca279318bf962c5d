import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PgClient from "../../../src/client/PgClient.js"
import * as Oid from "../../../src/model/Oid.js"
import * as Statement from "../../../src/model/Statement.js"
import * as Sql from "../../../src/Sql.js"
import { configOf } from "../connection/sessions.js"

const { sql } = Sql

const client = Effect.map(
  Layer.build(PgClient.layer(configOf({ config: { maxConnections: 1 } }))),
  (context) => Context.get(context, PgClient.PgClient)
)

const one = Sql.typed(Oid.int4, 1)

/** A schema of one test, with types that were not looked up before. */
const unmet = Effect.gen(function* () {
  const pg = yield* client
  const name = `first_use_${process.pid}_${Date.now()}`
  const inSchema = (type: string) => Sql.identifier(name, type)
  yield* pg.execute(sql`create schema ${Sql.identifier(name)}`)
  yield* Effect.addFinalizer(() => Effect.orDie(pg.execute(sql`drop schema ${Sql.identifier(name)} cascade`)))
  yield* pg.execute(sql`create type ${inSchema("mood")} as enum ('sad', 'ok')`)
  yield* pg.execute(sql`create type ${inSchema("address")} as (street text, number int4)`)
  return { pg, inSchema }
})

describe("the first use of a statement whose types are stated", () => {
  it.scoped("gives what every later use gives", () =>
    Effect.gen(function* () {
      const pg = yield* client
      const statement = sql`select ${one} as int4, 12::int8 as int8, 1.5::float8 as float8, 0.1::float4 as float4,
        1.23::numeric as numeric, true as bool, 'é'::text as text, '\\x00ff'::bytea as bytea, null::int4 as nothing,
        '{"a": [1, null]}'::jsonb as jsonb, '2024-02-29'::date as date, '2024-02-29 12:34:56.789'::timestamp as timestamp,
        '2024-02-29 12:34:56.789+02'::timestamptz as timestamptz, '1 year -2 days 3 s'::interval as interval,
        array[1, null, 3] as ints, array['a', 'b,"c'] as texts, int4range(1, 5) as range, '10.0.0.1/8'::inet as inet,
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid as uuid, '(1,2)'::point as point, b'101'::bit(3) as bits,
        'NaN'::float8 as nan, '-infinity'::timestamptz as never`
      const first = yield* pg.one(statement)
      assert.deepStrictEqual(yield* pg.one(statement), first)
      assert.strictEqual(first["int4"], 1)
      assert.deepStrictEqual((yield* pg.execute(statement)).rows, [first])
      const twice = pg.withTransaction(
        Effect.all([pg.one(sql`select ${one} as a`), pg.one(sql`select ${one} as a`)])
      )
      assert.deepStrictEqual(yield* twice, [{ a: 1 }, { a: 1 }])
    })
  )

  it.scoped("reads types that were not looked up before, as arrays and as objects", () =>
    Effect.gen(function* () {
      const { inSchema, pg } = yield* unmet
      const statement = sql`select ${one} as n, 'ok'::${inSchema("mood")} as mood,
        array[row('Main', 5)::${inSchema("address")}] as addresses from generate_series(1, 3)`
      const first = yield* pg.query(statement)
      assert.deepStrictEqual(first[0], { n: 1, mood: "ok", addresses: [{ street: "Main", number: 5 }] })
      assert.deepStrictEqual(yield* pg.query(statement), first)
    })
  )

  it.scoped("keeps its place among statements of other fibers on one connection", () =>
    Effect.gen(function* () {
      const { inSchema, pg } = yield* unmet
      const connection = yield* pg.connection
      const each = (n: number) =>
        connection.one(
          sql`select ${Sql.typed(Oid.int4, n)} as n, row('x', 1)::${inSchema("address")} as a -- ${Sql.unsafe(String(n % 7))}`
        )
      const rows = yield* Effect.forEach(
        Array.from({ length: 50 }, (_, n) => n),
        each,
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        rows,
        rows.map((_, n) => ({ n, a: { street: "x", number: 1 } }))
      )
    })
  )

  it.scoped("has the caller's name on the server", () =>
    Effect.gen(function* () {
      const pg = yield* client
      const mine = Statement.named(sql`select ${one} as n`, 'Mine; "now"')
      assert.deepStrictEqual(yield* pg.one(mine), { n: 1 })
      assert.deepStrictEqual(yield* pg.one(mine), { n: 1 })
      const names = sql`select count(*)::int4 from pg_prepared_statements where name = ${'Mine; "now"'}`
      assert.strictEqual(yield* pg.scalar(names), 1)
    })
  )
})
