import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import * as Statement from "../../../src/model/Statement.js"
import { isClean, open, refusal, s, value } from "./sessions.js"

/** Texts of the statements that the server holds for this session, by the simple protocol, which leaves none. */
const held = (pg: PgConnection) =>
  Effect.map(
    pg.simple(
      "select name, statement from pg_prepared_statements where not from_sql order by prepare_time, name"
    ),
    ([result]) => result!.rows.map(({ statement }) => statement)
  )
const names = (pg: PgConnection) =>
  Effect.map(pg.simple("select name from pg_prepared_statements order by prepare_time, name"), ([result]) =>
    result!.rows.map(({ name }) => String(name))
  )

describe("prepared statements", () => {
  it.scopedLive("are parsed once and kept under names of our own (FLW-013, FLW-024)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("prepare ep_mine as select 1; prepare s1 as select 2")
      const statement = s("select $1::int4 + $2::int4", [1, 2])
      for (let round = 0; round < 3; round++) {
        assert.deepStrictEqual(yield* pg.values(statement), [[3]])
        yield* pg.query(s("select 'other'"))
      }
      assert.deepStrictEqual(yield* held(pg), [statement.sql, "select 'other'"])
      const all = yield* names(pg)
      assert.strictEqual(new Set(all).size, 4)
      assert.strictEqual((yield* pg.status).holds.preparedStatements, 2)
    })
  )

  it.scopedLive("beyond the cache's size are closed on the server, least recently used first (FLW-027)", () =>
    Effect.gen(function* () {
      const capacity = 7
      const pg = yield* open({ config: { statementCacheSize: capacity } })
      const text = (at: number) => s(`select ${at}`)
      for (let at = 0; at < capacity; at++) yield* pg.query(text(at))
      yield* pg.query(text(0)) // in use again: 1 and 2 are now the oldest
      yield* pg.query(text(100))
      yield* pg.query(text(101))
      yield* pg.query(text(0)) // the Close leaves with whatever is sent next
      const now = yield* held(pg)
      assert.strictEqual(now.length, capacity)
      assert.isTrue(now.includes("select 0") && now.includes("select 100") && now.includes("select 101"))
      assert.isFalse(now.includes("select 1") || now.includes("select 2"))
      assert.deepStrictEqual(yield* pg.values(text(1)), [[1]])
      // Hundreds of statements by several fibers: never more than the cache's size and one burst.
      yield* Effect.forEach(
        Array.from({ length: 300 }, (_, at) => at),
        (at) => Effect.map(pg.values(text(1000 + at)), (rows) => assert.deepStrictEqual(rows, [[1000 + at]])),
        { concurrency: 20 }
      )
      yield* pg.query(text(1299))
      assert.isAtMost((yield* held(pg)).length, capacity)
      yield* isClean(pg)
    })
  )

  it.scopedLive("can be switched off: nothing stays on the server (FLW-013, FLW-057)", () =>
    Effect.gen(function* () {
      const pg = yield* open({ config: { statementCacheSize: 0 } })
      for (let round = 0; round < 2; round++) {
        assert.deepStrictEqual(yield* pg.values(s("select $1::int4", [round])), [[round]])
        assert.deepStrictEqual(yield* pg.values(s("select 'a'")), [["a"]])
        yield* Stream.runDrain(pg.stream(s("select generate_series(1, 10)")))
        yield* Stream.runDrain(pg.stream(s("select generate_series(1, 10)"), { fetchSize: 3 }))
        const { steps } = yield* pg.pipeline([s("select 1"), s("select $1::int4", [2])])
        assert.deepStrictEqual(
          steps.map(({ _tag }) => _tag),
          ["Completed", "Completed"]
        )
        yield* pg.query(s("select 'a'"))
        assert.deepStrictEqual(yield* held(pg), [])
      }
      yield* isClean(pg)
    })
  )

  for (const wipe of ["discard all", "deallocate all"]) {
    it.scopedLive(`are prepared again after ${wipe.toUpperCase()} (TRP-052, FLW-027)`, () =>
      Effect.gen(function* () {
        const pg = yield* open()
        const statement = s("select $1::int4 as n", [7])
        yield* pg.query(statement)
        yield* pg.query(s(wipe))
        assert.deepStrictEqual(yield* pg.query(statement), [{ n: 7 }])
        yield* pg.simple(wipe)
        assert.deepStrictEqual(yield* pg.query(statement), [{ n: 7 }])
        // Behind our back, and with the next use on the wire already.
        yield* pg.simple(`do $$ begin execute 'deallocate all'; end $$`)
        assert.deepStrictEqual(yield* pg.query(statement), [{ n: 7 }])
        const both = yield* Effect.all([pg.query(s(wipe)), pg.query(statement), pg.query(statement)], {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual([both[1], both[2]], [[{ n: 7 }], [{ n: 7 }]])
        yield* isClean(pg)
      })
    )
  }

  it.scopedLive(
    "forgotten inside a transaction are an error there, and prepared again after it (FLW-027)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        const statement = s("select $1::int4 as n", [7])
        yield* pg.query(statement)
        const error = yield* refusal(
          pg.withTransaction(
            Effect.zipRight(pg.simple("do $$ begin execute 'deallocate all'; end $$"), pg.query(statement))
          )
        )
        assert.strictEqual(error.code, "26000")
        yield* isClean(pg)
        assert.deepStrictEqual(yield* pg.query(statement), [{ n: 7 }])
      })
  )

  it.scopedLive(
    "over a table that gained a column give it, outside a transaction (TRP-051, FLW-020, FLW-026)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.simple("create temp table t (a int); insert into t values (1)")
        const statement = s("select * from t")
        assert.deepStrictEqual(yield* pg.query(statement), [{ a: 1 }])
        yield* pg.simple("alter table t add b text default 'new'")
        assert.deepStrictEqual(yield* pg.query(statement), [{ a: 1, b: "new" }])
        yield* pg.simple("alter table t drop a")
        assert.deepStrictEqual(
          yield* Stream.runCollect(pg.stream(statement)).pipe(Effect.map((rows) => [...rows])),
          [{ b: "new" }]
        )
        yield* pg.simple("alter table t alter b drop default, alter b type int4 using 5")
        const fetched = yield* Stream.runCollect(pg.stream(statement, { fetchSize: 1 }))
        assert.deepStrictEqual([...fetched], [{ b: 5 }])
        // One entry, not one for each shape the table has had.
        yield* pg.query(s("select 1"))
        assert.deepStrictEqual(
          (yield* held(pg)).filter((text) => text === statement.sql),
          [statement.sql]
        )
        yield* isClean(pg)
      })
  )

  it.scopedLive("over a table that changed inside a transaction are an error there (FLW-020)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (a int); insert into t values (1)")
      const statement = s("select * from t")
      yield* pg.query(statement)
      const error = yield* refusal(
        pg.withTransaction(
          Effect.zipRight(pg.simple("alter table t add b int default 2"), pg.query(statement))
        )
      )
      assert.deepStrictEqual([error.code, error.routine], ["0A000", "RevalidateCachedQuery"])
      yield* isClean(pg)
      // Rolled back: the old shape, prepared anew, and in the next transaction the new one.
      assert.deepStrictEqual(yield* pg.query(statement), [{ a: 1 }])
      yield* pg.simple("alter table t add b int default 2")
      yield* refusal(pg.withTransaction(pg.query(statement)))
      assert.deepStrictEqual(yield* pg.withTransaction(pg.query(statement)), [{ a: 1, b: 2 }])
    })
  )

  it.scopedLive(
    "forgotten or changed are described anew in a pipeline too, which runs once (TRP-051, TRP-052)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.simple("create temp table t (a int); create temp table log (n int)")
        const steps = [s("insert into log values ($1)", [1]), s("select * from t"), s("select 7 as n")]
        const rows = Effect.map(pg.pipeline(steps), (result) =>
          result.steps.map((step) => (step._tag === "Completed" ? step.result.rows : step._tag))
        )
        yield* pg.query(s("insert into t values (1)"))
        assert.deepStrictEqual(yield* rows, [[], [{ a: 1 }], [{ n: 7 }]])
        yield* pg.simple("do $$ begin execute 'deallocate all'; end $$")
        assert.deepStrictEqual(yield* rows, [[], [{ a: 1 }], [{ n: 7 }]])
        // The first step has run already when the second one is found outdated.
        yield* pg.simple("alter table t add b int default 2")
        assert.deepStrictEqual(yield* rows, [[], [{ a: 1, b: 2 }], [{ n: 7 }]])
        assert.strictEqual(yield* value(pg, "select count(*)::int4 from log"), 3)
        yield* isClean(pg)
      })
  )

  it.scopedLive(
    "forgotten behind a command that cannot be taken back fail the pipeline, once (FLW-027)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        const statement = s("select 7 as n")
        yield* pg.query(statement)
        yield* pg.simple("do $$ begin execute 'deallocate all'; end $$")
        const { error, steps } = yield* pg.pipeline([s("begin"), s("commit"), statement])
        assert.deepStrictEqual(
          [steps.map(({ _tag }) => _tag), error?.code],
          [["Completed", "Completed", "Failed"], "26000"]
        )
        yield* isClean(pg)
        const again = yield* pg.pipeline([statement])
        assert.isUndefined(again.error)
      })
  )

  it.scopedLive("follow the search path", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(`
        create temp table t (a int); insert into t values (1);
        create schema if not exists it_path; drop table if exists it_path.t;
        create table it_path.t (a text, b int); insert into it_path.t values ('x', 2)`)
      const statement = s("select * from t")
      yield* pg.simple("set search_path = pg_temp, public")
      assert.deepStrictEqual(yield* pg.query(statement), [{ a: 1 }])
      yield* pg.simple("set search_path = it_path, pg_temp")
      assert.deepStrictEqual(yield* pg.query(statement), [{ a: "x", b: 2 }])
      yield* pg.simple("drop schema it_path cascade; drop table t")
      assert.strictEqual(
        (yield* refusal(Effect.zipRight(pg.simple("set search_path = public"), pg.query(statement)))).code,
        "42P01"
      )
      yield* isClean(pg)
    })
  )

  it.scopedLive("that failed to parse are not remembered (TRP-056, FLW-053)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const statement = s("select a from not_yet")
      for (let round = 0; round < 3; round++) {
        assert.strictEqual((yield* refusal(pg.query(statement))).code, "42P01")
      }
      assert.strictEqual((yield* pg.status).holds.preparedStatements, 0)
      yield* pg.simple("create temp table not_yet (a int)")
      assert.deepStrictEqual(yield* pg.query(statement), [])
      // In an explicit pipeline those before the failed one exist, those behind do not.
      const { steps } = yield* pg.pipeline([s("select 'first'"), s("select nix"), s("select 'third'")])
      assert.deepStrictEqual(
        steps.map(({ _tag }) => _tag),
        ["Aborted", "Failed", "Aborted"]
      )
      const now = yield* held(pg)
      assert.isTrue(now.includes("select 'first'"))
      assert.isFalse(now.includes("select 'third'"))
      assert.deepStrictEqual(yield* pg.values(s("select 'third'")), [["third"]])
      assert.deepStrictEqual(yield* pg.values(s("select 'first'")), [["first"]])
      yield* isClean(pg)
    })
  )

  it.scopedLive("of a first use that was rolled back still exist, and are used", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const statement = s("select $1::text as v", ["x"])
      yield* Effect.either(pg.withTransaction(Effect.zipRight(pg.query(statement), Effect.fail("roll back"))))
      assert.strictEqual((yield* held(pg)).filter((text) => text === statement.sql).length, 1)
      assert.deepStrictEqual(yield* pg.query(statement), [{ v: "x" }])
      assert.strictEqual(
        yield* value(pg, "select count(*) from pg_prepared_statements where statement = $1", [statement.sql]),
        1n
      )
    })
  )
})

describe("statements that users prepare", () => {
  it.scopedLive("run by their name, outlast a rollback and the cache, and go with their scope", () =>
    Effect.gen(function* () {
      const pg = yield* open({ config: { statementCacheSize: 1 } })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const double = yield* pg.prepare(Statement.named(s("select $1::int4 * 2 as n"), "double"))
          assert.deepStrictEqual(
            [double.name, double.parameters, double.columns.map(({ name }) => name)],
            ["double", [23], ["n"]]
          )
          yield* Effect.ignore(
            pg.withTransaction(Effect.zipRight(pg.query(double.bind(1)), Effect.fail("undo")))
          )
          for (let at = 0; at < 3; at++) yield* pg.query(s(`select ${at}`))
          assert.deepStrictEqual(yield* pg.query(double.bind(21)), [{ n: 42 }])
          assert.deepStrictEqual(
            yield* Stream.runCollect(pg.stream(double.bind(4))).pipe(Effect.map(Array.from)),
            [{ n: 8 }]
          )
          const { steps } = yield* pg.pipeline([double.bind(1), double.bind(2)])
          assert.deepStrictEqual(
            steps.map((step) => (step._tag === "Completed" ? step.result.rows : step)),
            [[{ n: 2 }], [{ n: 4 }]]
          )
          assert.deepStrictEqual((yield* pg.batch([1, 2, 3], (n) => double.bind(n))).rows, [
            { n: 2 },
            { n: 4 },
            { n: 6 }
          ])
          assert.include(yield* names(pg), "double")
        })
      )
      assert.notInclude(yield* names(pg), "double")
      yield* isClean(pg)
    })
  )

  it.scopedLive("fail when their result has changed, and are not prepared anew", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temporary table changing (a int); insert into changing values (1)")
      const all = yield* pg.prepare(s("select * from changing where a = $1"))
      assert.deepStrictEqual(yield* pg.query(all.bind(1)), [{ a: 1 }])
      yield* pg.simple("alter table changing add b text default 'b'")
      const changed = yield* Effect.flip(pg.query(all.bind(1)))
      assert.deepStrictEqual([changed._tag, "code" in changed && changed.code], ["PgServerError", "0A000"])
      assert.deepStrictEqual(yield* pg.query(s("select * from changing where a = $1", [1])), [
        { a: 1, b: "b" }
      ])
      yield* pg.simple(`deallocate "${all.name}"`)
      const forgotten = yield* Effect.flip(pg.query(all.bind(1)))
      assert.deepStrictEqual(
        [forgotten._tag, "code" in forgotten && forgotten.code],
        ["PgServerError", "26000"]
      )
      yield* pg.reset("all")
      assert.strictEqual((yield* Effect.flip(pg.query(all.bind(1))))._tag, "PgUsageError")
      yield* isClean(pg)
    })
  )
})
