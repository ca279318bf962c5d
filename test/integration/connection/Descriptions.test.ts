/** What a statement returns and takes is what the server reports now, whatever it reported for the text before. */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import type { PgSessionError } from "../../../src/model/PgError.js"
import { isRetryable } from "../../../src/model/Judgement.js"
import type * as Statement from "../../../src/model/Statement.js"
import { isClean, open, refusal, s, value } from "./sessions.js"

type Rows = ReadonlyArray<Record<string, unknown>>

/** Every way to the rows of a statement, which all read them as objects here. */
const ways: ReadonlyArray<
  readonly [string, (pg: PgConnection, statement: Statement.Statement) => Effect.Effect<Rows, PgSessionError>]
> = [
  ["query", (pg, statement) => pg.query(statement)],
  [
    "values",
    (pg, statement) =>
      Effect.map(Effect.all([pg.execute(statement), pg.values(statement)]), ([{ columns }, rows]) =>
        rows.map((row) => Object.fromEntries(columns.map(({ name }, at) => [name, row[at]])))
      )
  ],
  ["stream", (pg, statement) => Effect.map(Stream.runCollect(pg.stream(statement)), Chunk.toReadonlyArray)],
  [
    "stream by portal",
    (pg, statement) =>
      Effect.map(Stream.runCollect(pg.stream(statement, { fetchSize: 1 })), Chunk.toReadonlyArray)
  ],
  [
    "pipeline",
    (pg, statement) =>
      Effect.map(pg.pipeline([statement]), ({ steps: [step] }) =>
        step?._tag === "Completed" ? (step.result.rows as Rows) : []
      )
  ]
]

const each = (
  title: string,
  body: (way: (typeof ways)[number][1], statementCacheSize: number) => Effect.Effect<void, unknown>,
  among = ways
) => {
  for (const [name, way] of among)
    for (const size of [0, 100]) it.live(`${title}: ${name}, ${size} kept`, () => body(way, size))
}

describe("rows are read by what their statement gives now", () => {
  each("over a table whose column changed its type", (way, statementCacheSize) =>
    Effect.scoped(
      Effect.gen(function* () {
        const pg = yield* open({ config: { statementCacheSize } })
        yield* pg.simple("create temp table z (a int4, b int4); insert into z values (1, 2)")
        const statement = s("select a from z")
        for (let round = 0; round < 2; round++) assert.deepStrictEqual(yield* way(pg, statement), [{ a: 1 }])
        yield* pg.simple("alter table z alter a type text using 'abcd'")
        for (let round = 0; round < 2; round++)
          assert.deepStrictEqual(yield* way(pg, statement), [{ a: "abcd" }])
        yield* isClean(pg)
      })
    )
  )

  each("over a table whose columns were renamed crosswise", (way, statementCacheSize) =>
    Effect.scoped(
      Effect.gen(function* () {
        const pg = yield* open({ config: { statementCacheSize } })
        yield* pg.simple("create temp table z (a int4, b int4); insert into z values (1, 2)")
        const statement = s("select * from z")
        assert.deepStrictEqual(yield* way(pg, statement), [{ a: 1, b: 2 }])
        yield* pg.simple(
          "alter table z rename a to c; alter table z rename b to a; alter table z rename c to b"
        )
        assert.deepStrictEqual(yield* way(pg, statement), [{ b: 1, a: 2 }])
        yield* isClean(pg)
      })
    )
  )

  each(
    "over a table whose column has changed to a type that was not looked up before",
    (way, statementCacheSize) =>
      Effect.scoped(
        Effect.gen(function* () {
          const pg = yield* open({ config: { statementCacheSize } })
          yield* pg.simple(`create temp table z (a int4); insert into z values (1);
          create type pg_temp.mood as enum ('sad'); create type pg_temp.pair as (n int4, m pg_temp.mood)`)
          const statement = s("select a from z")
          for (const [type, using, a] of [
            ["pg_temp.mood", "'sad'", "sad"],
            ["pg_temp.pair", "row(7, 'sad')::pg_temp.pair", { n: 7, m: "sad" }],
            ["pg_temp.pair[]", "array[row(8, null)::pg_temp.pair]", [{ n: 8, m: null }]]
          ] as const) {
            yield* pg.simple("alter table z alter a type int4 using 1")
            assert.deepStrictEqual(yield* way(pg, statement), [{ a: 1 }])
            yield* pg.simple(`alter table z alter a type ${type} using ${using}`)
            for (let round = 0; round < 2; round++) assert.deepStrictEqual(yield* way(pg, statement), [{ a }])
            assert.deepStrictEqual(yield* pg.withTransaction(way(pg, statement)), [{ a }])
          }
          yield* isClean(pg)
        })
      ),
    // A pipeline hands its steps over as they end.
    ways.filter(([name]) => name !== "pipeline")
  )

  each("with another search path", (way, statementCacheSize) =>
    Effect.scoped(
      Effect.gen(function* () {
        const pg = yield* open({ config: { statementCacheSize } })
        const schema = `it_path_${pg.facts.processId}`
        yield* pg.simple(`
          create temp table t (a int); insert into t values (1);
          create schema ${schema}; create table ${schema}.t (a text, b int); insert into ${schema}.t values ('abcd', 2)`)
        yield* Effect.gen(function* () {
          const statement = s("select * from t")
          yield* pg.simple("set search_path = pg_temp")
          assert.deepStrictEqual(yield* way(pg, statement), [{ a: 1 }])
          yield* pg.simple(`set search_path = ${schema}, pg_temp`)
          assert.deepStrictEqual(yield* way(pg, statement), [{ a: "abcd", b: 2 }])
          yield* isClean(pg)
        }).pipe(Effect.ensuring(Effect.ignore(pg.simple(`drop schema ${schema} cascade`))))
      })
    )
  )

  each("through FETCH of another cursor of the same name", (way, statementCacheSize) =>
    Effect.scoped(
      Effect.gen(function* () {
        const pg = yield* open({ config: { statementCacheSize } })
        const fetch = s("fetch 1 from c")
        yield* pg.simple(
          "create type pg_temp.pair as (a int4, b text); create type pg_temp.mood as enum ('sad')"
        )
        const cursors: ReadonlyArray<readonly [string, Rows]> = [
          ["select 1 as a from generate_series(1, 9) g", [{ a: 1 }]],
          ["select 'abcd'::text as a from generate_series(1, 9) g", [{ a: "abcd" }]],
          ["select 7 as x, 'y'::text as y from generate_series(1, 9) g", [{ x: 7, y: "y" }]],
          // A type that comes as text beside one that comes in binary.
          [
            "select 7 as x, '=r/postgres'::aclitem as y from generate_series(1, 9) g",
            [{ x: 7, y: "=r/postgres" }]
          ],
          // Types that the catalogue is asked about first.
          ["select row(1, 'z')::pg_temp.pair as x from generate_series(1, 9) g", [{ x: { a: 1, b: "z" } }]],
          ["select array['sad'::pg_temp.mood] as x from generate_series(1, 9) g", [{ x: ["sad"] }]],
          ["select true as x, 1 as y, 2 as z from generate_series(1, 9) g", [{ x: true, y: 1, z: 2 }]],
          ["select 2::int8 as b from generate_series(1, 9) g", [{ b: 2n }]]
        ]
        for (const [query, rows] of cursors) {
          yield* pg.withTransaction(
            Effect.gen(function* () {
              yield* pg.simple(`declare c cursor for ${query}`)
              assert.deepStrictEqual((yield* way(pg, fetch)).slice(0, 1), rows)
              assert.deepStrictEqual((yield* way(pg, fetch)).slice(0, 1), rows)
            })
          )
        }
        yield* isClean(pg)
      })
    )
  )

  each("through EXECUTE of another statement of the same name", (way, statementCacheSize) =>
    Effect.scoped(
      Effect.gen(function* () {
        const pg = yield* open({ config: { statementCacheSize } })
        const execute = s("execute p")
        for (const [query, rows] of [
          ["select 1 as a", [{ a: 1 }]],
          ["select 'abcd'::text as a", [{ a: "abcd" }]],
          ["select 1 as a, 2 as b", [{ a: 1, b: 2 }]],
          ["select '{\"k\": [1]}'::jsonb as b, null::int4 as n", [{ b: { k: [1] }, n: null }]]
        ] as const) {
          yield* pg.simple(`prepare p as ${query}`)
          for (let round = 0; round < 2; round++) assert.deepStrictEqual(yield* way(pg, execute), rows)
          yield* pg.simple("deallocate p")
        }
        yield* isClean(pg)
      })
    )
  )

  it.scopedLive("in a pipeline whose earlier step changes them", () =>
    Effect.gen(function* () {
      const pg = yield* open({ config: { statementCacheSize: 0 } })
      yield* pg.simple("create temp table z (a int4); insert into z values (1)")
      for (let round = 0; round < 2; round++) {
        const { steps } = yield* pg.pipeline([
          s("select a from z"),
          s("alter table z alter a type text using 'abcd'"),
          s("select a from z"),
          s("alter table z alter a type int4 using 1")
        ])
        assert.deepStrictEqual(
          steps.map((step) => (step._tag === "Completed" ? step.result.rows : step)),
          [[{ a: 1 }], [], [{ a: "abcd" }], []]
        )
      }
      yield* isClean(pg)
    })
  )

  for (const statementCacheSize of [0, 100]) {
    it.scopedLive(`and a Schema sees them: ${statementCacheSize} kept`, () =>
      Effect.gen(function* () {
        const pg = yield* open({ config: { statementCacheSize } })
        yield* pg.simple("create temp table z (a int4); insert into z values (1)")
        const statement = s("select a from z")
        const Row = Schema.Struct({ a: Schema.Number })
        for (let round = 0; round < 2; round++)
          assert.deepStrictEqual(yield* pg.query(statement, Row), [{ a: 1 }])
        yield* pg.simple("alter table z alter a type text using 'abcd'")
        const refused = yield* Effect.either(pg.query(statement, Row))
        assert.isTrue(Either.isLeft(refused) && refused.left._tag === "PgCodecError")
        assert.deepStrictEqual(yield* pg.query(statement, Schema.Struct({ a: Schema.String })), [
          { a: "abcd" }
        ])
        yield* isClean(pg)
      })
    )
  }
})

describe("parameters are written for what their statement takes now", () => {
  for (const statementCacheSize of [0, 100]) {
    it.scopedLive(`after the column has become wider: ${statementCacheSize} kept`, () =>
      Effect.gen(function* () {
        const pg = yield* open({ config: { statementCacheSize } })
        yield* pg.simple("create temp table z (x int4)")
        const insert = (x: unknown) => s("insert into z values ($1)", [x])
        yield* pg.query(insert(1))
        yield* pg.query(insert(2))
        yield* pg.simple("alter table z alter column x type bigint")
        yield* pg.query(insert(2n ** 40n))
        yield* pg.simple("alter table z alter column x type numeric")
        const { error } = yield* pg.pipeline([insert(0.5), insert(3)])
        assert.isUndefined(error)
        assert.strictEqual(yield* value(pg, "select sum(x)::text from z"), `${2n ** 40n + 6n}.5`)
        // What does not fit is still refused, and nothing of it is stored.
        const refused = yield* Effect.either(pg.query(insert(true)))
        assert.isTrue(Either.isLeft(refused) && refused.left._tag === "PgCodecError")
        assert.strictEqual(yield* value(pg, "select count(*)::int4 from z"), 5)
        yield* isClean(pg)
      })
    )

    for (const [from, to, first, second] of [
      ["text", "int4", "1", 2],
      ["int4", "text", 1, "b"],
      ["text", "jsonb", "1", { b: 1 }]
    ] as const) {
      it.scopedLive(`after the column has become ${to} from ${from}: ${statementCacheSize} kept`, () =>
        Effect.gen(function* () {
          const pg = yield* open({ config: { statementCacheSize } })
          yield* pg.simple(`create temp table z (x ${from})`)
          const insert = (x: unknown) => s("insert into z values ($1)", [x])
          const select = (x: unknown) => s("select count(*)::int4 as n from z where x = $1", [x])
          for (let round = 0; round < 2; round++) {
            yield* pg.query(insert(first))
            yield* pg.query(select(first))
          }
          yield* pg.simple(`alter table z alter column x type ${to} using x::${to}`)
          yield* pg.query(insert(second))
          assert.deepStrictEqual(yield* pg.query(select(second)), [{ n: 1 }])
          assert.deepStrictEqual([...(yield* Stream.runCollect(pg.stream(select(second))))], [{ n: 1 }])
          yield* isClean(pg)
        })
      )
    }

    it.scopedLive(`of a temporary table made anew: ${statementCacheSize} kept`, () =>
      Effect.gen(function* () {
        const pg = yield* open({ config: { statementCacheSize } })
        const insert = (x: unknown) => s("insert into z values ($1) returning x", [x])
        for (const [type, x] of [
          ["int4", 1],
          ["text", "b"],
          ["bool", true],
          ["int8", 3n]
        ] as const) {
          yield* pg.simple(`create temp table z (x ${type})`)
          assert.deepStrictEqual(yield* pg.query(insert(x)), [{ x }])
          const { steps } = yield* pg.pipeline([insert(x)])
          assert.deepStrictEqual(
            steps.map(({ _tag }) => _tag),
            ["Completed"]
          )
          yield* pg.simple("drop table z")
        }
        yield* isClean(pg)
      })
    )
  }

  it.scopedLive("in the next transaction, where one has failed by the old types", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table z (x text)")
      const insert = (x: unknown) => s("insert into z values ($1)", [x])
      yield* pg.query(insert("1"))
      yield* pg.simple("alter table z alter column x type int4 using x::int4")
      const error = yield* refusal(pg.withTransaction(pg.query(insert("2"))))
      assert.strictEqual(error.code, "42804")
      yield* pg.withTransaction(pg.query(insert(2)))
      assert.strictEqual(yield* value(pg, "select count(*)::int4 from z"), 2)
      yield* isClean(pg)
    })
  )
})

describe("statements issued at once", () => {
  for (const statementCacheSize of [0, 100]) {
    it.scopedLive(
      `answer in the order of issue, or fail as to be tried again: ${statementCacheSize} kept`,
      () =>
        Effect.gen(function* () {
          const pg = yield* open({ config: { statementCacheSize } })
          const schemas = [0, 1].map((at) => `it_order_${pg.facts.processId}_${at}`)
          yield* pg.simple(
            schemas
              .map((schema, at) => {
                const column = at === 0 ? "x int4" : "x text, y int4"
                const row = at === 0 ? "0" : "'one', 1"
                return `create schema ${schema}; create table ${schema}.t (${column}); insert into ${schema}.t values (${row})`
              })
              .join(";")
          )
          yield* Effect.gen(function* () {
            const statement = s("select * from t")
            const of = (at: number): Rows => (at === 0 ? [{ x: 0 }] : [{ x: "one", y: 1 }])
            let right = 0
            for (let round = 0; round < 20; round++) {
              const order = Array.from({ length: 6 }, (_, at) => (at + round) % 2)
              const outcomes = yield* Effect.all(
                order.flatMap((at) => [
                  Effect.either(pg.query(s(`set search_path = ${schemas[at]}`))),
                  Effect.either(pg.query(statement))
                ]),
                { concurrency: "unbounded" }
              )
              order.forEach((at, index) => {
                const outcome = outcomes[index * 2 + 1]!
                if (Either.isRight(outcome)) {
                  right++
                  assert.deepStrictEqual(outcome.right, of(at))
                } else {
                  assert.isTrue(outcome.left._tag === "PgServerError" && outcome.left.code === "0A000")
                  assert.isTrue(isRetryable(outcome.left))
                }
              })
            }
            assert.isAbove(right, 0)
            yield* isClean(pg)
          }).pipe(
            Effect.ensuring(
              Effect.ignore(pg.simple(schemas.map((name) => `drop schema ${name} cascade`).join(";")))
            )
          )
        })
    )
  }
})
