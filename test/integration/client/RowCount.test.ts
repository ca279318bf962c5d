import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as PgClient from "../../../src/client/PgClient.js"
import { PgRowCountError } from "../../../src/model/RowCountError.js"
import * as PgSchema from "../../../src/PgSchema.js"
import * as Sql from "../../../src/Sql.js"
import { configOf } from "../connection/sessions.js"

const { sql } = Sql

const client = Effect.map(
  Layer.build(PgClient.layer(configOf({ config: { maxConnections: 2 } }))),
  (context) => Context.get(context, PgClient.PgClient)
)

const rows = (count: number): Sql.Fragment => sql`select n from generate_series(1, ${count}::int4) as n`

const N = Schema.Struct({ n: PgSchema.Int4 })

describe("a number of rows", () => {
  it.scoped("is held to what the operation expects, with a Schema and without", () =>
    Effect.gen(function* () {
      const pg = yield* client
      assert.deepStrictEqual(yield* pg.one(rows(1)), { n: 1 })
      assert.deepStrictEqual(yield* pg.one(rows(1), N), { n: 1 })
      assert.deepStrictEqual(yield* pg.option(rows(0)), Option.none())
      assert.deepStrictEqual(yield* pg.option(rows(1), N), Option.some({ n: 1 }))
      assert.deepStrictEqual(yield* pg.many(rows(2)), [{ n: 1 }, { n: 2 }])
      assert.deepStrictEqual(yield* pg.many(rows(2), N), [{ n: 1 }, { n: 2 }])
      const failed = yield* Effect.forEach(
        [pg.one(rows(0)), pg.one(rows(2), N), pg.option(rows(2)), pg.many(rows(0)), pg.scalar(rows(2))],
        Effect.flip
      )
      assert.deepStrictEqual(
        failed.map((error) => (error instanceof PgRowCountError ? [error.operation, error.rows] : [error])),
        [
          ["one", 0],
          ["one", 2],
          ["option", 2],
          ["many", 0],
          ["scalar", 2]
        ]
      )
      assert.strictEqual(
        failed[1]?.message,
        "one: the statement must return one row, got 2 rows: select n from generate_series(1, $1::int4) as n"
      )
    })
  )

  it.scoped("gives the one value of the one row, read by a Schema's type", () =>
    Effect.gen(function* () {
      const pg = yield* client
      assert.strictEqual(yield* pg.scalar(sql`select 42`), 42)
      assert.strictEqual(yield* pg.scalar(sql`select 42::int8`, PgSchema.Int8), 42n)
      assert.strictEqual(yield* pg.scalar(sql`select null::int4`, Schema.NullOr(PgSchema.Int4)), null)
      const refused = yield* Effect.flip(pg.scalar(sql`select 'a'::text`, PgSchema.Int8))
      assert.include(refused.message, "int8")
      assert.strictEqual(refused._tag === "PgCodecError" && refused.nothingSent, true)
    })
  )
})

describe("the form of rows", () => {
  const two = sql`select 1::int4 as x, 'é'::text as x, null::int4 as z`
  const expected = [new Uint8Array([0, 0, 0, 1]), new TextEncoder().encode("é"), null]

  it.scoped("is arrays and bytes where asked for, streamed and in a transaction too", () =>
    Effect.gen(function* () {
      const pg = yield* client
      assert.deepStrictEqual(yield* pg.one(two, { rows: "array" }), [1, "é", null])
      assert.deepStrictEqual((yield* pg.execute(two, { rows: "array" })).rows, [[1, "é", null]])
      const { columns, rows } = yield* pg.execute(two, { rows: "bytes" })
      assert.deepStrictEqual(rows, [expected])
      assert.deepStrictEqual(
        columns.map(({ format }) => format),
        [1, 1, 1]
      )
      const streamed = pg.stream(two, { rows: "bytes" })
      assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Stream.runCollect(streamed)), [expected])
      const fetched = pg.stream(two, { rows: "array", fetchSize: 1 })
      assert.deepStrictEqual(Chunk.toReadonlyArray(yield* pg.withTransaction(Stream.runCollect(fetched))), [
        [1, "é", null]
      ])
    })
  )

  it.scoped("is refused when there is no such form, before anything is sent", () =>
    Effect.gen(function* () {
      const pg = yield* client
      const error = yield* Effect.flip(pg.query(two, { rows: "tuple" as "array" }))
      assert.include(error.message, 'query: rows must be "object", "array" or "bytes", got "tuple"')
    })
  )
})

describe("a streamed result", () => {
  const settings = [{}, { fetchSize: 7 }, { straight: true }]

  it.scoped("has its columns before its rows, and the number of all rows behind them", () =>
    Effect.gen(function* () {
      const pg = yield* client
      const whole = (options: object) =>
        Effect.scoped(
          Effect.gen(function* () {
            const result = yield* pg.streamResult(rows(1000), options)
            assert.deepStrictEqual(
              result.columns.map(({ name }) => name),
              ["n"]
            )
            assert.deepStrictEqual(yield* result.command, Option.none())
            const count = yield* Stream.runCount(result.rows)
            assert.strictEqual(count, 1000)
            const command = Option.getOrThrow(yield* result.command)
            assert.strictEqual(command.command, "SELECT")
            assert.strictEqual(command.rows, 1000n)
          })
        )
      for (const options of [{}, { fetchSize: 7 }]) yield* whole(options)
      for (const options of settings) yield* pg.withTransaction(whole(options))
    })
  )

  it.scoped("has columns and a command without rows, and is read through a Schema", () =>
    Effect.gen(function* () {
      const pg = yield* client
      yield* Effect.scoped(
        Effect.gen(function* () {
          const none = yield* pg.streamResult(rows(0), N)
          assert.deepStrictEqual(
            none.columns.map(({ name }) => name),
            ["n"]
          )
          assert.deepStrictEqual(
            Option.map(yield* none.command, ({ rows }) => rows),
            Option.some(0n)
          )
        })
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const some = yield* pg.streamResult(rows(2), N)
          assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Stream.runCollect(some.rows)), [
            { n: 1 },
            { n: 2 }
          ])
        })
      )
      const error = yield* Effect.flip(pg.streamResult(sql`select 1 / ${0}::int4`))
      assert.strictEqual(error._tag, "PgServerError")
    })
  )

  it.scoped("gives its connection back when the scope closes before the end", () =>
    Effect.gen(function* () {
      const pg = yield* client
      for (let round = 0; round < 5; round++) {
        yield* Effect.scoped(
          Effect.flatMap(pg.streamResult(rows(1_000_000)), ({ rows }) => Stream.runHead(rows))
        )
      }
      assert.strictEqual(yield* pg.scalar(sql`select 1`), 1)
    })
  )
})
