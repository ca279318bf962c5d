import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import * as Oid from "../../../src/model/Oid.js"
import * as Registry from "../../../src/types/Registry.js"
import { sql, typed } from "../../../src/client/Sql.js"
import { isClean, open, refusal, s, value } from "./sessions.js"

describe("a query", () => {
  it.scopedLive("gives rows, columns and the command's tag, from whatever returns rows (FLW-008)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.query(s("create temp table t (id int primary key, name text)"))
      const inserted = yield* pg.execute(s("insert into t values (1, 'a'), (2, null) returning *"))
      assert.deepStrictEqual(inserted.rows, [
        { id: 1, name: "a" },
        { id: 2, name: null }
      ])
      assert.strictEqual(inserted.command.rows, 2n)
      assert.deepStrictEqual(
        inserted.columns.map(({ name, typeOid }) => [name, typeOid]),
        [
          ["id", Oid.int4],
          ["name", Oid.text]
        ]
      )
      const merged = yield* pg.execute(
        s(
          "merge into t using (values (2)) v(id) on t.id = v.id when matched then update set name = 'b' returning t.*"
        )
      )
      assert.deepStrictEqual(merged.rows, [{ id: 2, name: "b" }])
      assert.deepStrictEqual(yield* pg.query(s("show standard_conforming_strings")), [
        { standard_conforming_strings: "on" }
      ])
      assert.strictEqual((yield* pg.query(s("explain select * from t"))).length > 0, true)
      const none = yield* pg.execute(s("update t set name = 'c' where id = $1", [77]))
      assert.deepStrictEqual([none.rows, none.columns, none.command.text], [[], [], "UPDATE 0"])
      yield* isClean(pg)
    })
  )

  it.scopedLive("that is empty, a comment, or has no columns (FLW-005, FLW-006, TRP-044, TRP-058)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      for (const text of ["", " ", "-- nothing", ";"]) {
        const result = yield* pg.execute(s(text))
        assert.deepStrictEqual([result.rows, result.columns, result.command.text], [[], [], ""], text)
        // The second time from the cache.
        assert.deepStrictEqual((yield* pg.execute(s(text))).rows, [])
      }
      const result = yield* pg.execute(s("select from generate_series(1, 70000)"))
      assert.strictEqual(result.rows.length, 70_000)
      assert.strictEqual(result.command.rows, 70_000n)
      assert.deepStrictEqual(yield* pg.values(s("select")), [[]])
      yield* isClean(pg)
    })
  )

  it.scopedLive("keeps columns whose names mean something to JavaScript, and equal names (TRP-043)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const text = `select 1 as "__proto__", 2 as "constructor", 3 as "'+process.exit()+'", 4 as a, 5 as a, 6 as "toString"`
      const [row] = yield* pg.query(s(text))
      assert.deepStrictEqual(Object.entries(row!), [
        ["__proto__", 1],
        ["constructor", 2],
        ["'+process.exit()+'", 3],
        ["a", 5],
        ["toString", 6]
      ])
      assert.strictEqual(({} as Record<string, unknown>)["__proto__"], Object.prototype)
      assert.deepStrictEqual(yield* pg.values(s(text)), [[1, 2, 3, 4, 5, 6]])
    })
  )

  it.scopedLive("takes 65535 parameters, and refuses one more here (TRP-034, TRP-035)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const placeholders = (count: number) => Array.from({ length: count }, (_, at) => `$${at + 1}`).join(",")
      const values = (count: number) => Array.from({ length: count }, (_, at) => at)
      for (const count of [40_000, 65_535]) {
        const total = yield* value(
          pg,
          `select sum(x) from unnest(array[${placeholders(count)}]::int8[]) x`,
          values(count).map(BigInt)
        )
        assert.strictEqual(String(total), String((count * (count - 1)) / 2))
      }
      const error = yield* Effect.flip(pg.query(s("select 1", values(65_536))))
      assert.strictEqual(error._tag, "PgUsageError")
      assert.isTrue(error.nothingSent)
      assert.match(error.message, /parameters must be at most 65535, got 65536/)
      yield* isClean(pg)
    })
  )

  it.scopedLive("points at the right character behind an emoji (TRP-064, ERR-005)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const text = "select '😀e\u0301', nix from pg_class"
      const error = yield* refusal(pg.query(s(text)))
      assert.strictEqual(error.code, "42703")
      // The server counts code points.
      assert.strictEqual(
        [...text]
          .slice(error.position! - 1)
          .join("")
          .startsWith("nix"),
        true
      )
      const lines = error.message.split("\n")
      const caret = lines.findIndex((line) => /^\s*\^\s*$/.test(line))
      assert.isAbove(caret, 0, error.message)
      const shown = lines[caret - 1]!
      // On a terminal the emoji is two columns wide and the combining accent none.
      assert.strictEqual(shown.includes("nix"), true)
      assert.deepStrictEqual([error.sql, error.severity], [text, "ERROR"])
      yield* isClean(pg)
    })
  )

  it.scopedLive("returns the server's error field by field", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (id int primary key, n int constraint positive check (n > 0))")
      yield* pg.query(s("insert into t values (1, 1)"))
      const unique = yield* refusal(pg.query(s("insert into t values ($1, 1)", [1])))
      assert.deepStrictEqual(
        [unique.code, unique.class, unique.table, unique.constraint, unique.detail],
        ["23505", "23", "t", "t_pkey", "Key (id)=(1) already exists."]
      )
      const check = yield* refusal(pg.query(s("insert into t values (2, $1)", [-5])))
      assert.deepStrictEqual([check.code, check.constraint], ["23514", "positive"])
      const hinted = yield* refusal(pg.query(s("select * from t where nn = 1")))
      assert.match(hinted.hint ?? "", /t\.n/)
      const inner = yield* refusal(pg.simple("do $$ begin execute 'selec'; end $$"))
      assert.deepStrictEqual([inner.internalQuery, inner.internalPosition], ["selec", 1])
      assert.match(inner.where ?? "", /PL\/pgSQL/)
      yield* isClean(pg)
    })
  )

  it.scopedLive("shows no parameter in its errors (ERR-014)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const secret = "correct horse battery"
      const errors = [
        yield* Effect.flip(pg.query(s("select $1::int4", [secret]))),
        yield* Effect.flip(pg.query(s("select $1::uuid", [secret]))),
        yield* Effect.flip(pg.query(s("select 1 / length($1::text) - length($1::text)", [null, secret])))
      ]
      for (const error of errors) {
        assert.notInclude(error.message, secret)
        assert.notInclude(JSON.stringify(error), secret)
      }
      yield* isClean(pg)
    })
  )

  it.scopedLive("with two statements in one text is the server's error (TRP-057)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const error = yield* refusal(pg.query(s("select 1; select 2")))
      assert.strictEqual(error.code, "42601")
      yield* isClean(pg)
    })
  )

  it.scopedLive("that fails amid its rows gives none of them (FLW-007, FLW-019)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const error = yield* refusal(pg.query(s("select 1 / (100000 - i) from generate_series(1, 200000) i")))
      assert.strictEqual(error.code, "22012")
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "whose deferred constraint fails at Sync has failed, although it was answered (TRP-048, FLW-041)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.simple("create temp table t (id int unique deferrable initially deferred)")
        yield* pg.query(s("insert into t values (1)"))
        const insert = s("insert into t values (1)")
        const select = s("select 'next'")
        for (let round = 0; round < 2; round++) {
          // The next statement is on the wire behind it already.
          const [failed, next] = yield* Effect.all([Effect.either(pg.execute(insert)), pg.values(select)], {
            concurrency: "unbounded"
          })
          assert.isTrue(
            Either.isLeft(failed) && failed.left._tag === "PgServerError" && failed.left.code === "23505"
          )
          assert.deepStrictEqual(next, [["next"]])
          yield* isClean(pg)
        }
      })
  )
})

describe("parameters", () => {
  it.scopedLive("are encoded by the type the server reports, not by what the value looks like", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const [row] = yield* pg.values(
        s("select $1::int2, $2::int8, $3::text, $4::jsonb, $5::numeric::text, $6::bool, $7::float8", [
          7,
          7n,
          "7",
          [7, { a: null }],
          "7.70",
          true,
          7
        ])
      )
      assert.deepStrictEqual(row, [7, 7n, "7", [7, { a: null }], "7.70", true, 7])
      for (const wrong of [
        s("select $1::text", [7]),
        s("select $1::int4", [2 ** 31]),
        s("select $1::bool", [{}])
      ]) {
        const error = yield* Effect.flip(pg.query(wrong))
        assert.strictEqual(error._tag, "PgCodecError", wrong.sql)
        assert.isTrue(error.nothingSent)
      }
      yield* isClean(pg)
    })
  )

  it.scopedLive("are encoded by the type the caller states", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      assert.deepStrictEqual(yield* pg.values(s("select pg_typeof($1)::text, $1", [12n], [Oid.int8])), [
        ["bigint", 12n]
      ])
      const statement = sql`select pg_typeof(${typed(Oid.jsonb, [1])})::text as type, ${"text"} as t`
      assert.deepStrictEqual(yield* pg.query(statement), [{ type: "jsonb", t: "text" }])
      // The same text with other types is another statement.
      assert.deepStrictEqual(yield* pg.values(s("select pg_typeof($1)::text, $1", ["12"], [Oid.text])), [
        ["text", "12"]
      ])
    })
  )

  it.scopedLive("may be NULL of any type, and their number must be right", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      assert.deepStrictEqual(
        yield* pg.values(
          s("select $1::int4, $2::text, $3::jsonb, $4::int4[], $5::point", Array(5).fill(null))
        ),
        [[null, null, null, null, null]]
      )
      for (const parameters of [[], [1, 2]]) {
        const error = yield* Effect.flip(pg.query(s("select $1::int4", parameters)))
        assert.strictEqual(error._tag, "PgUsageError")
        assert.isTrue(error.nothingSent)
      }
      const missing = yield* Effect.flip(pg.query(s("select $1::int4", [undefined])))
      assert.strictEqual(missing._tag, "PgCodecError")
      yield* isClean(pg)
    })
  )

  it.scopedLive("with a zero byte are refused here (FLW-012)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      for (const statement of [s("select $1::text", ["a\0b"]), s("select '\0'")]) {
        const error = yield* Effect.flip(pg.query(statement))
        assert.strictEqual(error._tag, statement.parameters.length === 0 ? "PgUsageError" : "PgCodecError")
        yield* isClean(pg)
      }
    })
  )

  it.scopedLive("are never part of the text, however they look (FLW-012, TRP-040, TRP-041)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("set standard_conforming_strings = off; set escape_string_warning = off")
      for (const evil of ["-1", "'; drop table x; --", "\\'; select 1; --", "$1", "/*", "\u2028"]) {
        assert.deepStrictEqual(yield* pg.values(sql`select 0 -${-1}::int4 as n, ${evil}::text as v`), [
          [1, evil]
        ])
      }
    })
  )

  it.scopedLive(
    "and columns of types that are not built in are read by the catalogue, and as text where the type is written in C",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        assert.deepStrictEqual(
          yield* pg.values(s("select $1::aclitem, array[$1]::aclitem[]", ["postgres=r/postgres"])),
          [["postgres=r/postgres", ["postgres=r/postgres"]]]
        )
        yield* pg.simple(
          `create type pg_temp.mood as enum ('sad', 'ok'); create type pg_temp.pair as (a int, b text)`
        )
        assert.deepStrictEqual(
          yield* pg.values(
            s("select $1::pg_temp.mood, (1, 'b,')::pg_temp.pair, array['ok']::pg_temp.mood[]", ["ok"])
          ),
          [["ok", { a: 1, b: "b," }, ["ok"]]]
        )
      })
  )
})

describe("a codec that throws", () => {
  it.scopedLive("fails its query with the cause, and neither the connection nor the process", () =>
    Effect.gen(function* () {
      const cause = new Error("a mistake of the application's")
      const throwing = (): never => {
        throw cause
      }
      const codec = Registry.lossless.lookup(Oid.uuid)!
      const types = Registry.lossless.with({
        ...codec,
        decodeBinary: throwing,
        decodeText: throwing,
        encodeBinary: throwing,
        encodeText: throwing
      })
      const pg = yield* open({ types })
      const statement = s("select i, gen_random_uuid() as bad from generate_series(1, 5000) i")
      const runs: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        pg.query(statement),
        pg.simple(statement.sql),
        Stream.runDrain(pg.stream(statement)),
        pg.withTransaction(Stream.runDrain(pg.stream(statement, { fetchSize: 10 }))),
        pg.pipeline([statement, s("select 1::int8")])
      ]
      for (const run of runs) {
        const error = yield* Effect.flip(run)
        assert.deepInclude(error, { _tag: "PgCodecError", place: { _tag: "Row", row: undefined }, cause })
        assert.match(String(error), /a row cannot be read: .*threw/)
        yield* isClean(pg)
      }
      for (let times = 0; times < 2; times++) {
        const error = yield* Effect.flip(pg.query(s("select $1::int4, $2::uuid", [1, "x"])))
        assert.deepInclude(error, {
          _tag: "PgCodecError",
          place: { _tag: "Argument", name: "parameters" },
          nothingSent: true,
          cause
        })
        assert.include(error.message, "the parameters cannot be sent: a codec threw Error")
        yield* isClean(pg)
      }
    })
  )
})

describe("a value that cannot be read", () => {
  it.scopedLive("fails its query and not its connection, in every form", () =>
    Effect.gen(function* () {
      // A codec that reads nothing.
      const broken = Registry.lossless.with({
        ...Registry.lossless.lookup(Oid.int4)!,
        decodeBinary: (reader) => {
          reader.fail("never good")
          return undefined
        },
        decodeText: (reader) => {
          reader.fail("never good")
          return undefined
        }
      })
      const pg = yield* open({ types: broken })
      const statement = s("select i::int8 as fine, i::int4 as bad from generate_series(1, 5000) i")
      const runs: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string; readonly message: string }>> =
        [
          pg.query(statement),
          pg.query(statement),
          pg.simple(statement.sql),
          Stream.runDrain(pg.stream(statement)),
          Stream.runDrain(pg.stream(statement, { fetchSize: 10 })),
          pg.withTransaction(Stream.runDrain(pg.stream(statement, { fetchSize: 10 }))),
          pg.pipeline([statement, s("select 1::int8")])
        ]
      for (const run of runs) {
        const error = yield* Effect.flip(run)
        assert.strictEqual(error._tag, "PgCodecError")
        assert.match(error.message, /bad/)
        yield* isClean(pg)
      }
    })
  )
})

describe("a description", () => {
  it.scopedLive("returns parameters and columns and runs nothing (FLW-020)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (id int, name text)")
      const described = yield* pg.describe(s("insert into t values ($1, $2) returning id, name"))
      assert.deepStrictEqual(described.parameters, [Oid.int4, Oid.text])
      assert.deepStrictEqual(
        described.columns.map(({ name, typeOid }) => [name, typeOid]),
        [
          ["id", Oid.int4],
          ["name", Oid.text]
        ]
      )
      assert.strictEqual(yield* value(pg, "select count(*) from t"), 0n)
      assert.deepStrictEqual((yield* pg.describe(s("delete from t where id = $1"))).columns, [])
      assert.strictEqual((yield* refusal(pg.describe(s("select nix")))).code, "42703")
      assert.strictEqual(yield* value(pg, "select count(*) from pg_prepared_statements where from_sql"), 0n)
      yield* isClean(pg)
    })
  )
})
