import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Cursor from "../../../src/client/Cursor.js"
import * as PgClient from "../../../src/client/PgClient.js"
import { sql } from "../../../src/client/Sql.js"
import * as PgSchema from "../../../src/schema/PgSchema.js"
import { configOf, isClean, open, s } from "../connection/sessions.js"

const numbers = (to: number) => sql`select n from generate_series(1, ${to}::int4) as n`
const Row = Schema.Struct({ n: PgSchema.Int4 })
const ns = (rows: ReadonlyArray<{ readonly n?: unknown }>) => rows.map(({ n }) => n)

describe("a named cursor", () => {
  it.scopedLive(
    "reads forward and backward, to a row and past rows, and other statements run in between",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.withTransaction(
          Effect.scoped(
            Effect.gen(function* () {
              const cursor = yield* Cursor.open(pg, numbers(10), Row, { scroll: true })
              assert.deepStrictEqual(ns(yield* cursor.forward(3)), [1, 2, 3])
              assert.deepStrictEqual(yield* pg.values(s("select 'between'")), [["between"]])
              assert.deepStrictEqual(ns(yield* cursor.backward(2)), [2, 1])
              assert.deepStrictEqual(yield* cursor.absolute(-1), Option.some({ n: 10 }))
              assert.deepStrictEqual(yield* cursor.relative(1), Option.none())
              assert.deepStrictEqual(ns(yield* cursor.backward("all")), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
              assert.strictEqual(yield* cursor.move(4), 4)
              assert.deepStrictEqual(yield* cursor.relative(0), Option.some({ n: 4 }))
              assert.strictEqual(yield* cursor.move(-2), 2)
              assert.deepStrictEqual(ns(yield* cursor.forward("all")), [3, 4, 5, 6, 7, 8, 9, 10])
            })
          )
        )
        assert.deepStrictEqual(yield* pg.values(s("select name from pg_cursors where name <> ''")), [])
        yield* isClean(pg)
      })
  )

  it.scopedLive("is a stream from where it stands, and goes on where the stream was left", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.withTransaction(
        Effect.scoped(
          Effect.gen(function* () {
            const cursor = yield* Cursor.open(pg, numbers(100))
            yield* cursor.forward(10)
            const some = yield* cursor.stream({ fetchSize: 7 }).pipe(Stream.take(7), Stream.runCollect)
            assert.deepStrictEqual(ns([...some]), [11, 12, 13, 14, 15, 16, 17])
            const rest = yield* Stream.runCollect(cursor.stream({ fetchSize: 7 }))
            assert.deepStrictEqual([ns([...rest])[0], rest.length], [18, 83])
          })
        )
      )
      yield* isClean(pg)
    })
  )

  it.scopedLive("with hold outlasts its transaction, and is closed with its scope", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const cursor = yield* Cursor.open(pg, numbers(5), Row, { hold: true, name: "held" })
          assert.deepStrictEqual(ns(yield* cursor.forward(2)), [1, 2])
          yield* pg.withTransaction(pg.query(s("select 1")))
          assert.deepStrictEqual(ns(yield* cursor.forward(9)), [3, 4, 5])
          assert.deepStrictEqual(yield* pg.values(s("select name from pg_cursors where is_holdable")), [
            ["held"]
          ])
        })
      )
      assert.deepStrictEqual(yield* pg.values(s("select name from pg_cursors where name <> ''")), [])
      yield* isClean(pg)
    })
  )

  it.scopedLive("that has gone with its transaction is not closed inside another, which goes on", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const scope = yield* Scope.make()
      yield* pg.withTransaction(Scope.extend(Cursor.open(pg, numbers(5), { name: "gone" }), scope))
      yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* Scope.close(scope, Exit.void)
          assert.deepStrictEqual(yield* pg.values(s("select 1")), [[1]])
        })
      )
      yield* isClean(pg)
    })
  )

  it.scopedLive("outside a transaction and without hold is refused by the server, and leaves nothing", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const refused = yield* Effect.flip(Effect.scoped(Cursor.open(pg, numbers(5))))
      assert.deepStrictEqual([refused._tag, "code" in refused && refused.code], ["PgServerError", "25P01"])
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "names a row for UPDATE, on the connection of a client's transaction, with its names of keys",
    () =>
      Effect.gen(function* () {
        const pg = yield* PgClient.PgClient
        const changed = yield* pg.withTransaction(
          Effect.scoped(
            Effect.gen(function* () {
              yield* pg.query(s("create temporary table orders (order_id int, paid bool) on commit drop"))
              yield* pg.query(s("insert into orders values (1, false), (2, false)"))
              const connection = yield* pg.connection
              const cursor = yield* Cursor.open(connection, s("select * from orders for update"), {
                name: "mine"
              })
              assert.deepStrictEqual(yield* cursor.forward(2), [
                { orderId: 1, paid: false },
                { orderId: 2, paid: false }
              ])
              yield* pg.query(s("update orders set paid = true where current of mine"))
              return yield* pg.values(s("select order_id from orders where paid"))
            })
          )
        )
        assert.deepStrictEqual(changed, [[2]])
      }).pipe(Effect.provide(PgClient.layer(configOf(), { names: PgClient.camelCase })))
  )
})
