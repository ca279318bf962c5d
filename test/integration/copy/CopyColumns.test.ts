/** Columns of a table that rows cannot be copied into, on every version. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Copy from "../../../src/Copy.js"
import * as PgSchema from "../../../src/PgSchema.js"
import { isClean, open, refusal, s } from "../connection/sessions.js"
import { describeEachVersion } from "../support/Server.js"

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

  it.scopedLive("refuses it itself where the types are stated, and the error says the cure", () =>
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
