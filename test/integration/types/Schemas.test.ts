import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as PgClient from "../../../src/client/PgClient.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import { PgCodecError } from "../../../src/model/PgError.js"
import * as PgSchema from "../../../src/PgSchema.js"
import { configOf, isClean, open, refusal, s, table, value } from "../connection/sessions.js"

const { Int4, Int8, Text, array } = PgSchema

/** What a statement is refused with. */
const refused = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<PgCodecError, unknown, R> =>
  Effect.flatMap(Effect.flip(effect), (error) =>
    error instanceof PgCodecError ? Effect.succeed(error) : Effect.die(error)
  )

class Person extends Schema.Class<Person>("Person")({
  id: Int4,
  givenName: Schema.propertySignature(Text).pipe(Schema.fromKey("given_name")),
  since: PgSchema.DateTimeUtcFromTimestampTz,
  visits: PgSchema.NumberFromInt8
}) {
  get greeting() {
    return `Hello ${this.givenName}`
  }
}

const people = s(`
  select id, given_name, timestamptz '2024-02-29 12:00:00+00' as since, 7::int8 as visits, true as extra
  from (values (1, 'Ada'), (2, 'Grace')) as p (id, given_name)`)

describe("rows through a Schema", () => {
  it.scopedLive("are instances of a class, without the columns that it does not want", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      for (let times = 0; times < 2; times++) {
        const [ada, grace] = yield* pg.query(people, Person)
        assert.instanceOf(ada, Person)
        assert.deepStrictEqual(
          [ada.greeting, DateTime.formatIso(ada.since), ada.visits, grace?.id, "extra" in ada],
          ["Hello Ada", "2024-02-29T12:00:00.000Z", 7, 2, false]
        )
      }
      const { columns, command, rows } = yield* pg.execute(people, Person)
      assert.deepStrictEqual([columns.length, command.text, rows.length], [5, "SELECT 2", 2])
      yield* isClean(pg)
    })
  )

  it.scopedLive("are the same from a pool, in a transaction and as a stream", () =>
    Effect.gen(function* () {
      const pg = yield* PgClient.PgClient
      const [first] = yield* pg.query(people, Person)
      assert.strictEqual(first?.greeting, "Hello Ada")
      assert.strictEqual((yield* pg.execute(people, Person)).rows[1]?.givenName, "Grace")
      const streamed = yield* pg.withTransaction(
        Stream.runCollect(
          Stream.concat(pg.stream(people, Person), pg.stream(people, Person, { fetchSize: 1 }))
        )
      )
      assert.deepStrictEqual(
        Chunk.toReadonlyArray(streamed).map(({ id }) => id),
        [1, 2, 1, 2]
      )
      assert.strictEqual((yield* pg.query(people))[0]?.["extra"], true)
    }).pipe(Effect.provide(PgClient.layerFromConnector().pipe(Layer.provide(PgConnector.layer(configOf())))))
  )

  it.scopedLive("have arrays, enums, composite values, NULL and JSON of a form", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(
        "create type pg_temp.mood as enum ('sad', 'ok'); create temp table t (id int primary key, mood pg_temp.mood)"
      )
      yield* pg.simple("insert into t values (1, 'ok'), (2, null)")
      const Row = Schema.Struct({
        id: Int4,
        mood: Schema.NullOr(PgSchema.type("mood", Schema.Literal("sad", "ok"))),
        numbers: array(Schema.NullOr(Int8)),
        grid: array(array(Int4)),
        profile: PgSchema.as(3802, Schema.Struct({ tags: Schema.Array(Schema.String) })),
        nothing: Schema.OptionFromNullOr(Text)
      })
      const rows = yield* pg.query(
        s(`select id, mood, '{1,null}'::int8[] as numbers, '{{1,2},{3,4}}'::int4[] as grid,
           '{"tags": ["a"]}'::jsonb as profile, null::text as nothing from t order by id`),
        Row
      )
      assert.deepStrictEqual(
        rows.map(({ mood }) => mood),
        ["ok", null]
      )
      assert.deepStrictEqual(rows[0]?.numbers, [1n, null])
      assert.deepStrictEqual(rows[0]?.grid, [
        [1, 2],
        [3, 4]
      ])
      assert.deepStrictEqual(rows[0]?.profile, { tags: ["a"] })
      assert.strictEqual(rows[0]?.nothing._tag, "None")
    })
  )

  it.scopedLive("need what the Schema needs", () =>
    Effect.gen(function* () {
      class Prefix extends Context.Tag("Prefix")<Prefix, string>() {}
      const Name = Schema.transformOrFail(Text, Schema.String, {
        strict: true,
        decode: (text) => Effect.map(Effect.delay(Prefix, "1 millis"), (prefix) => prefix + text),
        encode: (text) => Effect.succeed(text)
      })
      const Row = Schema.Struct({ name: Name })
      const pg = yield* open()
      const statement = s("select n::text as name from generate_series(1, 3) as n")
      const program = Effect.zip(pg.query(statement, Row), Stream.runCollect(pg.stream(statement, Row)))
      const [rows, streamed] = yield* Effect.provideService(program, Prefix, "no. ")
      assert.deepStrictEqual(
        rows.map(({ name }) => name),
        ["no. 1", "no. 2", "no. 3"]
      )
      assert.deepStrictEqual(Chunk.toReadonlyArray(streamed), rows)
    })
  )
})

describe("a result that does not fit its Schema", () => {
  const Account = Schema.Struct({
    id: Int4,
    name: Text,
    balance: Schema.NullOr(PgSchema.Numeric),
    email: Text,
    note: Schema.optional(Text)
  })

  it.scopedLive("is reported column by column, and nothing has run", () =>
    Effect.gen(function* () {
      const name = yield* table("id int8 primary key, name text, balance numeric not null, mail text")
      const pg = yield* open()
      const error = yield* refused(
        pg.query(
          s(`insert into ${name} values (1, 'a', 2) returning id, name, balance, mail, id + 1 as next`),
          Account
        )
      )
      assert.deepStrictEqual([error.place, error.nothingSent], [{ _tag: "Columns", of: "result" }, true])
      assert.strictEqual(
        error.message,
        [
          "the result does not fit the Schema, and the statement was not run:",
          "  column   type     may be NULL  wanted   takes NULL",
          "  id       int8     no           int4     no          <- another type",
          "  name     text     yes          text     no          <- may be NULL",
          "  balance  numeric  no           numeric  yes",
          "  mail     text     yes          -        -           not wanted, left out",
          "  next     int8     unknown      -        -           not wanted, left out",
          "  email    -        -            text     no          <- not in the result",
          "  note     -        -            text     no          may be missing",
          `STATEMENT: insert into ${name} values (1, 'a', 2) returning id, name, balance, mail, id + 1 as next`,
          "HINT: Change the Schema, or the statement by an alias or a cast."
        ].join("\n")
      )
      assert.strictEqual(yield* value(pg, `select count(*) from ${name}`), 0n)
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "is refused whether the statement is known or not, by every way to ask, and in a transaction",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        const statement = s("select 1::int8 as id")
        const Row = Schema.Struct({ id: Int4 })
        yield* refused(pg.query(statement, Row))
        yield* refused(pg.query(statement, Row))
        assert.deepStrictEqual(yield* pg.query(statement), [{ id: 1n }])
        const ways = (kind: string) =>
          Effect.gen(function* () {
            for (const way of [
              pg.query(statement, Row),
              pg.execute(statement, Row),
              Stream.runDrain(pg.stream(statement, Row)),
              Stream.runDrain(pg.stream(statement, Row, { fetchSize: 1 }))
            ]) {
              const { message } = yield* refused(way)
              assert.include(message, "id      int8  unknown      int4    no          <- another type", kind)
            }
          })
        yield* ways("outside")
        yield* pg.withTransaction(Effect.zipRight(ways("inside"), value(pg, "select 1")))
        yield* isClean(pg)
      })
  )

  it.scopedLive("is refused for a statement without a result, and for the type of another enum", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create type pg_temp.mood as enum ('ok'); create type pg_temp.weather as enum ('ok')")
      const Row = Schema.Struct({ mood: PgSchema.type("mood", Schema.String) })
      const nothing = yield* refused(pg.query(s("create temp table never (id int)"), Row))
      assert.include(nothing.message, "mood    -     -            mood    no          <- not in the result")
      assert.isNull(yield* value(pg, "select to_regclass('never')::text"))
      const text = yield* refused(pg.query(s("select 'ok'::text as mood"), Row))
      assert.include(text.message, "mood    text  unknown      mood    no          <- another type")
      const weather = yield* refused(pg.query(s("select 'ok'::pg_temp.weather as mood"), Row))
      assert.include(weather.message, "mood    weather  unknown      mood    no          <- another type")
      const both = yield* pg.compare(s("select 'ok'::pg_temp.weather as mood"), Row)
      assert.isTrue(both.refuses)
      assert.strictEqual(both.columns[0]?.type, "weather")
      assert.isFalse((yield* pg.compare(s("select 'ok'::pg_temp.mood as mood"), Row)).refuses)
    })
  )

  it.scopedLive("is found again when the table has been altered since", () =>
    Effect.gen(function* () {
      const name = yield* table("id int")
      const pg = yield* open()
      const statement = s(`select * from ${name}`)
      const Row = Schema.Struct({ id: Int4 })
      const fits = Effect.map(pg.query(statement, Row), (rows) => assert.deepStrictEqual(rows, []))
      yield* fits
      yield* pg.simple(`alter table ${name} alter id type int8`)
      assert.include((yield* refused(pg.query(statement, Row))).message, "<- another type")
      yield* pg.simple(`alter table ${name} alter id type int4`)
      yield* fits
      yield* pg.simple(`alter table ${name} rename id to key`)
      assert.include((yield* refused(pg.query(statement, Row))).message, "<- not in the result")
      yield* pg.simple(`alter table ${name} rename key to id`)
      yield* fits
      yield* refused(pg.query(statement, Schema.Struct({ id: Int8 })))
      yield* pg.simple(`drop table ${name}`)
      assert.strictEqual((yield* refusal(pg.query(statement, Schema.Struct({ id: Int8 })))).code, "42P01")
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "is reported without NULL where the catalogue may not be read, and fails no transaction",
    () =>
      Effect.gen(function* () {
        const name = `schemas_${process.pid}`
        const admin = (sql: string, database = "postgres") =>
          Effect.scoped(Effect.flatMap(open({ config: { database } }), (pg) => pg.simple(sql)))
        yield* Effect.acquireRelease(admin(`create database ${name}`), () =>
          Effect.orDie(
            Effect.zipRight(admin(`drop database ${name} with (force)`), admin(`drop role ${name}`))
          )
        )
        yield* admin(`create role ${name} login; revoke select on pg_attribute from public`, name)
        const pg = yield* open({ config: { database: name, user: name } })
        yield* pg.simple("create temp table t (id int not null)")
        const mismatched = refused(pg.query(s("select id from t"), Schema.Struct({ id: Text })))
        const unknown = "id      int4  unknown      text    no          <- another type"
        assert.include((yield* mismatched).message, unknown)
        yield* isClean(pg)
        yield* pg.withTransaction(
          Effect.gen(function* () {
            assert.include((yield* mismatched).message, unknown)
            assert.strictEqual(yield* value(pg, "select 1"), 1)
          })
        )
        yield* isClean(pg)
      })
  )

  it.scopedLive("can be looked for without running anything, with what may be NULL", () =>
    Effect.gen(function* () {
      const name = yield* table("id int primary key, name text")
      const pg = yield* open()
      const User = Schema.Struct({ id: Int4, name: Text })
      const comparison = yield* pg.compare(s(`delete from ${name} returning *`), User)
      assert.isFalse(comparison.refuses)
      assert.deepStrictEqual(
        comparison.mismatches.map(({ name, verdict }) => [name, verdict]),
        [["name", "nullable"]]
      )
      assert.deepStrictEqual(
        (yield* pg.compare(s(`select id, coalesce(name, '') as name from ${name}`), User)).mismatches,
        []
      )
    })
  )
})

describe("a Schema that no row goes through", () => {
  it.scopedLive("is refused before anything is sent, and one that takes any column is compared", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table g (n int8)")
      const insert = s("insert into g values (1) returning n")
      const attempts = [
        // @ts-expect-error A row is no string.
        pg.query(insert, Schema.String),
        // @ts-expect-error Nor is it anything.
        pg.execute(insert, Schema.Unknown),
        // @ts-expect-error Nor a number.
        Stream.runDrain(pg.stream(insert, PgSchema.Int8)),
        pg.query(insert, Schema.typeSchema(Person)),
        pg.query(insert, Schema.Tuple(Int8))
      ]
      for (const attempt of attempts) {
        const error = yield* Effect.flip(attempt)
        assert.deepInclude(error, { _tag: "PgUsageError", argument: "schema", nothingSent: true })
      }
      assert.strictEqual((yield* Effect.flip(pg.compare(insert, Schema.String)))._tag, "PgUsageError")
      const Suspended = Schema.suspend(() => Schema.Struct({ n: Text }))
      const AnyText = Schema.Record({ key: Schema.String, value: Text })
      const Indexed = Schema.Struct({}, { key: Schema.String, value: Text })
      for (const attempt of [
        pg.query(insert, Suspended),
        pg.query(insert, AnyText),
        pg.query(insert, Indexed)
      ]) {
        const error = yield* refused(attempt)
        assert.match(error.message, /n +int8 .*text.*<- another type/)
      }
      assert.strictEqual(yield* value(pg, "select count(*)::int4 from g"), 0)
      const Strings = Schema.Record({ key: Schema.String, value: PgSchema.Int8AsString })
      assert.deepStrictEqual(yield* pg.query(s("select 1::int8 as a, 2::int8 as b"), Strings), [
        { a: "1", b: "2" }
      ])
      yield* isClean(pg)
    })
  )
})

describe("a row that its Schema refuses", () => {
  const Row = Schema.Struct({
    n: Int4.pipe(Schema.lessThan(3)),
    name: Text
  })

  it.scopedLive("fails its query and names column, row, type and shape", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const sql = "select n, 'x' as name from generate_series(1, 4) as n"
      const error = yield* refused(pg.query(s(sql), Row))
      assert.deepStrictEqual(
        [error.place, error.type, error.nothingSent],
        [{ _tag: "RowColumn", row: 3, column: "n", index: 0 }, "int4", false]
      )
      assert.strictEqual(
        error.message,
        `column "n" of type int4 cannot be read in row 3: expected a number less than 3, got a number\nSTATEMENT: ${sql}`
      )
      yield* isClean(pg)
    })
  )

  it.scopedLive("names the Schema that takes NULL", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const sql = "select n, case when n = 1 then 'a' end as name from generate_series(1, 2) as n"
      assert.strictEqual(
        (yield* refused(pg.query(s(sql), Row))).message,
        `column "name" of type text cannot be read in row 2: expected string (text), got null\nSTATEMENT: ${sql}\nHINT: Schema.NullOr takes NULL.`
      )
    })
  )

  it.scopedLive("ends a stream, counted from its beginning, and leaves the connection clean", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const Small = Schema.Struct({ n: Int4.pipe(Schema.lessThan(40_000)) })
      const statement = s("select n from generate_series(1, 100000) as n")
      for (const options of [{}, { fetchSize: 1000 }]) {
        let seen = 0
        const error = yield* refused(
          Stream.runForEachChunk(pg.stream(statement, Small, options), (chunk) =>
            Effect.sync(() => {
              seen += chunk.length
            })
          )
        )
        assert.deepInclude(error.place, { _tag: "RowColumn", row: 40_000 })
        assert.isBelow(seen, 40_000)
        yield* isClean(pg)
      }
    })
  )

  it.scopedLive("does not affect statements of other fibers", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const all = yield* Effect.all(
        Array.from({ length: 20 }, (_, at) =>
          Effect.either(pg.query(s("select $1::int4 as n, 'a' as name", [at % 4]), Row))
        ),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        all.map((each) => each._tag),
        all.map((_, at) => (at % 4 === 3 ? "Left" : "Right"))
      )
      yield* isClean(pg)
    })
  )
})
