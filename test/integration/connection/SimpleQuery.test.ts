import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { isClean, open, refusal, s, value } from "./sessions.js"

describe("a text of several statements", () => {
  it.scopedLive("gives every result in order, of whatever kind (FLW-001, FLW-008)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const results = yield* pg.simple(`
        create temp table t (id int, name text);
        insert into t values (1, 'one'), (2, 'two') returning id;
        select * from t order by id;
        update t set name = 'zwei' where id = 2;
        show search_path;
        explain (costs off) select 1;
        delete from t returning name`)
      assert.deepStrictEqual(
        results.map(({ columns, command, rows }) => [
          command.command,
          command.rows,
          columns.length,
          rows.length
        ]),
        [
          ["CREATE TABLE", undefined, 0, 0],
          ["INSERT", 2n, 1, 2],
          ["SELECT", 2n, 2, 2],
          ["UPDATE", 1n, 0, 0],
          ["SHOW", undefined, 1, 1],
          ["EXPLAIN", undefined, 1, 1],
          ["DELETE", 2n, 1, 2]
        ]
      )
      assert.deepStrictEqual(results[2]!.rows, [
        { id: 1, name: "one" },
        { id: 2, name: "two" }
      ])
      yield* isClean(pg)
    })
  )

  it.scopedLive("with one that fails gives that error, and nothing of the text is stored (FLW-010)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (id int)")
      const error = yield* refusal(
        pg.simple("insert into t values (1); select 1 / 0; insert into t values (2)")
      )
      assert.strictEqual(error.code, "22012")
      yield* isClean(pg)
      assert.strictEqual(yield* value(pg, "select count(*) from t"), 0n)
    })
  )

  it.scopedLive("with a syntax error anywhere runs nothing", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const error = yield* refusal(pg.simple("create temp table never (id int); selec"))
      assert.strictEqual(error.code, "42601")
      assert.strictEqual(yield* value(pg, "select to_regclass('never')"), null)
    })
  )

  it.scopedLive(
    "keeps the part before an explicit COMMIT, and the status follows the server's letter (FLW-040)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.simple("create temp table t (id int)")
        yield* refusal(pg.simple("begin; insert into t values (1); commit; select 1 / 0"))
        assert.strictEqual(yield* value(pg, "select count(*) from t"), 1n)
        yield* pg.simple("begin; select 1")
        assert.strictEqual((yield* pg.status).transaction, "T")
        yield* refusal(pg.simple("select 1 / 0"))
        assert.strictEqual((yield* pg.status).transaction, "E")
        yield* pg.simple("rollback")
        yield* isClean(pg)
      })
  )

  it.scopedLive("that is empty or a comment is one empty result (FLW-005, TRP-058)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      for (const sql of ["", ";;", "  ", "-- nothing", "/* nothing */"]) {
        const results = yield* pg.simple(sql)
        assert.deepStrictEqual(
          results.map(({ command, rows }) => [command.text, rows]),
          [["", []]],
          sql
        )
      }
      yield* isClean(pg)
    })
  )

  it.scopedLive("counts rows without columns (FLW-006, TRP-044)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const [result] = yield* pg.simple("select from generate_series(1, 3)")
      assert.deepStrictEqual(result!.rows, [{}, {}, {}])
      assert.deepStrictEqual(result!.columns, [])
      assert.strictEqual(result!.command.rows, 3n)
    })
  )

  it.scopedLive("gives no rows when an error comes after them (FLW-007)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const error = yield* refusal(pg.simple("select 1000 / (1000 - i) from generate_series(1, 1000) i"))
      assert.strictEqual(error.code, "22012")
      yield* isClean(pg)
    })
  )

  it.scopedLive("gives the OUT parameters of a CALL as a row (FLW-008)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const results = yield* pg.simple(`
        create procedure pg_temp.both(a int, out b int, out c text) language plpgsql as $$
        begin b := a + 1; c := 'got ' || a; end $$;
        call pg_temp.both(41, null, null)`)
      assert.deepStrictEqual(results[1]!.rows, [{ b: 42, c: "got 41" }])
      assert.strictEqual(results[1]!.command.text, "CALL")
      assert.deepStrictEqual(yield* pg.query(s("call pg_temp.both($1, null, null)", [1])), [
        { b: 2, c: "got 1" }
      ])
    })
  )

  it.scopedLive("reads a binary cursor as binary (TRP-063, FLW-011)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const results = yield* pg.simple(`
        begin;
        declare c binary cursor for select 258::int4 as n, 'text' as t, 1.5::float8 as f;
        fetch all from c;
        declare d cursor for select 258::int4 as n;
        fetch all from d;
        commit`)
      assert.deepStrictEqual(
        results[2]!.columns.map(({ format }) => format),
        [1, 1, 1]
      )
      assert.deepStrictEqual(results[2]!.rows, [{ n: 258, t: "text", f: 1.5 }])
      assert.deepStrictEqual(
        results[4]!.columns.map(({ format }) => format),
        [0]
      )
      assert.deepStrictEqual(results[4]!.rows, [{ n: 258 }])
    })
  )

  it.scopedLive("leaves named statements of the cache alone (FLW-009)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const statement = s("select $1::int4 + 1 as n", [1])
      yield* pg.query(statement)
      yield* pg.simple("select 1")
      assert.deepStrictEqual(yield* pg.query(statement), [{ n: 2 }])
      const unnamed = yield* open({ config: { statementCacheSize: 0 } })
      yield* unnamed.query(statement)
      yield* unnamed.simple("select 1")
      assert.deepStrictEqual(yield* unnamed.query(statement), [{ n: 2 }])
    })
  )

  it.scopedLive(
    "is sent alone: neither before others are answered nor with others behind it (FLW-045, FLW-052)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.simple("create temp table t (id serial, who text)")
        const fibers = yield* Effect.forEach(
          Array.from({ length: 30 }, (_, at) => at),
          (at) =>
            Effect.fork(
              at % 3 === 0
                ? Effect.asVoid(
                    pg.simple(`insert into t (who) values ('${at}'); select pg_current_xact_id()`)
                  )
                : Effect.asVoid(pg.query(s("insert into t (who) values ($1)", [String(at)])))
            )
        )
        yield* Fiber.joinAll(fibers)
        const rows = yield* pg.values(s("select who, xmin::text from t order by id"))
        // In the order they were asked, each in a transaction of its own.
        assert.deepStrictEqual(
          rows.map(([who]) => who),
          fibers.map((_, at) => String(at))
        )
        assert.strictEqual(new Set(rows.map(([, xmin]) => xmin)).size, 30)
        yield* isClean(pg)
      })
  )

  it.scopedLive("refuses a zero byte here, and the connection is as before", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const error = yield* Effect.flip(pg.simple("select '\0'"))
      assert.strictEqual(error._tag, "PgUsageError")
      assert.isTrue(error.nothingSent)
      yield* isClean(pg)
    })
  )

  it.scopedLive("with a COPY in it names the function to call instead, and the connection lives", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (id int)")
      for (const sql of ["copy t from stdin", "copy (select generate_series(1, 10000)) to stdout"]) {
        for (const run of [pg.simple(sql), pg.query(s(sql)), Stream.runDrain(pg.stream(s(sql)))]) {
          const error = yield* Effect.flip(
            run as Effect.Effect<unknown, { readonly _tag: string; readonly message: string }>
          )
          assert.strictEqual(error._tag, "PgUsageError", sql)
          assert.match(error.message, /use copy(From|To)/)
          yield* isClean(pg)
        }
      }
    })
  )
})
