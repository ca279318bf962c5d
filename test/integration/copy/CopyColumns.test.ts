/** Columns of a table that rows cannot be copied into, on every version. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Copy from "../../../src/Copy.js"
import * as PgSchema from "../../../src/PgSchema.js"
import { isClean, open, refusal, s } from "../connection/sessions.js"
import { describeEachVersion } from "../support/server.js"

const Row = Schema.Struct({ id: PgSchema.Int4, price: PgSchema.Int4, total: PgSchema.Int4 })

describeEachVersion("a table with a generated column", (server, version) => {
  const session = Effect.suspend(() => open({ target: server() }))
  const made = `create temp table items (
    id int4 generated always as identity, price int4, total int4 generated always as (price * 2) stored${
      version >= 18 ? ", half int4 generated always as (price / 2) virtual" : ""
    })`

  it.scopedLive("refuses it before anything is sent, and a transaction goes on", () =>
    Effect.gen(function* () {
      const pg = yield* session
      yield* pg.simple(made)
      const { rowsInto, rowsSink } = Copy.on(pg)
      const rows = Stream.make({ id: 1, price: 2, total: 4 })
      const table = "items"
      yield* pg.withTransaction(
        Effect.gen(function* () {
          for (const [argument, cure, copy] of [
            ["schema", "Schema.omit makes one without", rowsInto({ table }, Row, rows)],
            ["schema", "Schema.omit makes one without", Stream.run(rows, rowsSink({ table }, Row))],
            ["columns", '["id", "price"]', rowsInto({ table, columns: ["id", "price", "total"] }, rows)]
          ] as const) {
            const error = yield* Effect.flip(copy)
            assert.deepInclude(error, { _tag: "PgUsageError", operation: "Copy.rowsInto", argument })
            assert.include(
              error.message,
              `must be without "total", because the server computes generated columns: ${cure}`
            )
          }
          assert.deepStrictEqual(yield* pg.values(s("select count(*)::int4 from items")), [[0]])
          yield* rowsInto({ table }, Row.omit("total"), rows)
        })
      )
      // The values of an identity column are those of the rows.
      assert.deepStrictEqual(yield* pg.values(s("select id, price, total from items")), [[1, 2, 4]])
      yield* isClean(pg)
    })
  )

  it.scopedLive("refuses it itself where the types are stated, and the error names the remedy", () =>
    Effect.gen(function* () {
      const pg = yield* session
      yield* pg.simple(made)
      const columns = [{ name: "total", type: "int4" }]
      const error = yield* refusal(Copy.on(pg).rowsInto({ table: "items", columns }, Stream.make([1])))
      assert.strictEqual(error.code, "42P10")
      assert.match(error.message, /HINT: The server computes generated columns/)
      yield* isClean(pg)
    })
  )

  it.scopedLive("is copied into by a role that may not read the catalogue, also inside a transaction", () =>
    Effect.gen(function* () {
      const pg = yield* session
      yield* pg.simple(
        `${made.replace("temp ", "")}; create role reader; grant insert on items to reader;
        revoke select on pg_catalog.pg_attribute from public; set role reader`
      )
      const copy = Copy.on(pg).rowsInto({ table: "items", columns: ["price"] }, Stream.make([1], [2]))
      yield* copy
      yield* pg.withTransaction(Effect.zipRight(copy, copy))
      yield* pg.simple("reset role; grant select on pg_catalog.pg_attribute to public")
      assert.deepStrictEqual(yield* pg.values(s("select count(*)::int4 from items")), [[6]])
      yield* pg.simple("drop table items; drop role reader")
      yield* isClean(pg)
    })
  )
})

describe("an array with a NULL in it, in a session with array_nulls off", () => {
  it.scopedLive("is copied in binary, and refused by row and column in the formats of lines", () =>
    Effect.gen(function* () {
      const pg = yield* open({ config: { parameters: { array_nulls: "off" } } })
      yield* pg.simple(
        "create type pg_temp.tagged as (tags text[]); create temp table a (id int4, tags text[], pair pg_temp.tagged, note jsonb)"
      )
      const columns = ["id", "tags", "pair", "note"]
      const plain = { tags: ["NULL", "null", ""], pair: { tags: ["x"] }, note: [null] }
      const rows = Stream.make({ id: 1, ...plain }, { id: 2, ...plain, tags: ["a", null] })
      const nested = Stream.make({ id: 3, ...plain, pair: { tags: [null] } })
      yield* Copy.on(pg).rowsInto({ table: "a", columns }, rows)
      yield* Copy.on(pg).rowsInto({ table: "a", columns }, nested)
      const stored = `select id, array_position(tags, null), array_position((pair).tags, null) from a order by id`
      assert.deepStrictEqual(yield* pg.values(s(stored)), [
        [1, null, null],
        [2, 2, null],
        [3, null, 1]
      ])
      yield* pg.simple("truncate a")
      for (const format of ["text", "csv"] as const) {
        for (const [column, source] of [
          ["tags", rows],
          ["pair", nested]
        ] as const) {
          const error = yield* Effect.flip(Copy.on(pg).rowsInto({ table: "a", columns, format }, source))
          assert.deepInclude(error, { _tag: "PgCopyRowError", column })
          assert.match(
            error.message,
            /array_nulls is off.*Copy in the format binary, or SET array_nulls = on/
          )
        }
        assert.deepStrictEqual(yield* pg.values(s("select count(*)::int4 from a")), [[0]])
        yield* Copy.on(pg).rowsInto({ table: "a", columns, format }, Stream.make({ id: 1, ...plain }))
        assert.deepStrictEqual(yield* pg.values(s(stored)), [[1, null, null]])
        yield* pg.simple("set array_nulls = on; truncate a")
        yield* Copy.on(pg).rowsInto({ table: "a", columns, format }, rows)
        assert.deepStrictEqual(yield* pg.values(s(stored)), [
          [1, null, null],
          [2, 2, null]
        ])
        yield* pg.simple("set array_nulls = off; truncate a")
      }
      yield* isClean(pg)
    })
  )
})
