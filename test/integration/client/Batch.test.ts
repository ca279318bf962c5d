import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as PgClient from "../../../src/client/PgClient.js"
import * as Sql from "../../../src/Sql.js"
import { eventually } from "../support/eventually.js"
import { configOf } from "../connection/sessions.js"

const { sql } = Sql

const client = (config: object = {}) =>
  Effect.map(Layer.build(PgClient.layer(configOf({ config: { maxConnections: 2, ...config } }))), (context) =>
    Context.get(context, PgClient.PgClient)
  )

let tables = 0

/** A table of one test. */
const table = (pg: PgClient.PgClientService) =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      const name = Sql.identifier(`batch_${process.pid}_${Date.now()}_${++tables}`)
      yield* pg.execute(sql`create table ${name} (id int4 primary key check (id >= 0), name text)`)
      return name
    }),
    (name) => Effect.orDie(pg.execute(sql`drop table ${name}`))
  )

const numbers = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, n) => n)

const insertInto = (name: Sql.Fragment) => (id: number) =>
  sql`insert into ${name} values (${id}, ${`n${id}`})`

describe("a batch", () => {
  for (const statementCacheSize of [256, 0]) {
    it.scoped(`runs its statement with every set, with a statement cache of ${statementCacheSize}`, () =>
      Effect.gen(function* () {
        const pg = yield* client({ statementCacheSize })
        const name = yield* table(pg)
        const stored = yield* pg.batch(numbers(20_000), insertInto(name))
        assert.deepStrictEqual(stored, { sets: 20_000, affected: 20_000n, rows: [], columns: [] })
        const again = yield* pg.batch(
          [3, 1, 70_000],
          (id) =>
            sql`insert into ${name} values (${id}, ${"again"}) on conflict (id) do update set name = excluded.name returning id`
        )
        assert.deepStrictEqual(again.rows, [{ id: 3 }, { id: 1 }, { id: 70_000 }])
        assert.deepStrictEqual(
          yield* pg.one(sql`select count(*)::int4, sum(id)::int8::text as sum from ${name}`),
          { count: 20_001, sum: String((19_999 * 20_000) / 2 + 70_000) }
        )
      })
    )
  }

  it.scoped("sends nothing without a set, and one set like many", () =>
    Effect.gen(function* () {
      const pg = yield* client()
      const none = yield* pg.batch(
        [] as ReadonlyArray<number>,
        (n) => sql`select ${n}::int4 as n from nowhere`
      )
      assert.strictEqual(none.sets, 0)
      const one = yield* pg.batch([5], (n) => sql`select ${n}::int4 as n`, { rows: "array" })
      assert.deepStrictEqual(one.rows, [[5]])
    })
  )

  it.scoped("stores nothing when the server refuses a set, and the error names the set", () =>
    Effect.gen(function* () {
      const pg = yield* client()
      const name = yield* table(pg)
      const sets = numbers(10_000).with(7_654, -1)
      const error = yield* Effect.flip(pg.batch(sets, insertInto(name)))
      assert.strictEqual(error._tag === "PgServerError" && error.parameterSet, 7_655)
      assert.include(error.message, "PARAMETERS: set 7655 of the batch")
      assert.strictEqual(yield* pg.scalar(sql`select count(*)::int4 from ${name}`), 0)
    })
  )

  it.scoped(
    "stores nothing when a set cannot be written, when taking one throws, and when it is another statement",
    () =>
      Effect.gen(function* () {
        const pg = yield* client()
        const name = yield* table(pg)
        function* failing() {
          yield* numbers(8_000)
          throw new TypeError("no more")
        }
        const insert = (id: unknown) => sql`insert into ${name} values (${id as number}, ${"x"})`
        const unwritable = pg.batch([...numbers(8_000), "five"], insert)
        const thrown = pg.batch({ [Symbol.iterator]: failing }, insert)
        const other = pg.batch(numbers(8_000), (id) =>
          id < 7_000 ? insert(id) : sql`insert into ${name} (id) values (${id})`
        )
        const early = pg.batch([1, "two"], insert)
        const errors = yield* Effect.forEach([unwritable, thrown, other, early], Effect.flip)
        assert.deepStrictEqual(
          errors.map(({ _tag, nothingSent }) => [_tag, nothingSent]),
          [
            ["PgCodecError", false],
            ["PgCodecError", false],
            ["PgUsageError", false],
            ["PgCodecError", true]
          ]
        )
        assert.include(errors[0]?.message, "set 8001 of the batch")
        assert.include(errors[1]?.message, "taking set 8001 of the batch threw TypeError")
        assert.include(errors[2]?.message, "got another one for set 7001")
        assert.include(errors[3]?.message, "set 2 of the batch")
        assert.strictEqual(yield* pg.scalar(sql`select count(*)::int4 from ${name}`), 0)
      })
  )

  it.scoped("takes its sets as the server answers", () =>
    Effect.gen(function* () {
      const pg = yield* client()
      const other = yield* pg.connection
      const key = 4_000_000 + (process.pid % 100_000)
      yield* other.execute(sql`select pg_advisory_lock(${key})`)
      let taken = 0
      function* sets() {
        for (; taken < 100_000; taken++) yield taken
      }
      const running = yield* Effect.fork(
        pg.batch(
          sets(),
          (n) => sql`select case when ${n}::int4 = 2000 then pg_advisory_xact_lock(${key}) end`
        )
      )
      yield* eventually(
        other.scalar(sql`select count(*)::int4 from pg_locks where objid = ${key} and not granted`),
        (waiting) => waiting === 1
      )
      assert.isAbove(taken, 2_000)
      assert.isBelow(taken, 20_000)
      yield* other.execute(sql`select pg_advisory_unlock(${key})`)
      assert.strictEqual((yield* Fiber.join(running)).sets, 100_000)
    })
  )

  it.scoped("is one part of an open transaction, which a refused set fails", () =>
    Effect.gen(function* () {
      const pg = yield* client()
      const name = yield* table(pg)
      yield* pg.withTransaction(pg.batch(numbers(500), insertInto(name)))
      const both = Effect.zipRight(pg.batch([1000, 1001], insertInto(name)), pg.batch([5], insertInto(name)))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(pg.withTransaction(both))))
      assert.strictEqual(yield* pg.scalar(sql`select count(*)::int4 from ${name}`), 500)
    })
  )

  it.scoped("is taken back when its fiber is interrupted, and its connection is usable", () =>
    Effect.gen(function* () {
      const pg = yield* client({ maxConnections: 1 })
      const name = yield* table(pg)
      const begun = yield* Deferred.make<void>()
      function* sets() {
        for (let id = 0; ; id++) {
          if (id === 5_000) Deferred.unsafeDone(begun, Effect.void)
          yield id
        }
      }
      const running = yield* Effect.fork(pg.batch(sets(), insertInto(name)))
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(running)
      assert.strictEqual(yield* pg.scalar(sql`select count(*)::int4 from ${name}`), 0)
    })
  )

  it.scoped("is prepared anew when its table was changed since", () =>
    Effect.gen(function* () {
      const pg = yield* client({ maxConnections: 1 })
      const name = yield* table(pg)
      const insert = (id: number) => sql`insert into ${name} values (${id}, ${"x"}) returning *`
      yield* pg.batch([1], insert)
      yield* pg.execute(sql`alter table ${name} add column extra int4 default 7`)
      const { rows } = yield* pg.batch([2, 3, 4], insert)
      assert.deepStrictEqual(
        rows.map(({ extra, id }) => [id, extra]),
        [
          [2, 7],
          [3, 7],
          [4, 7]
        ]
      )
    })
  )
})
