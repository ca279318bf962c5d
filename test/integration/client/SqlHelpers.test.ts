import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as PgClient from "../../../src/client/PgClient.js"
import * as Sql from "../../../src/Sql.js"
import { configOf } from "../connection/sessions.js"

const { sql } = Sql

const client = Effect.map(
  Layer.build(PgClient.layer(configOf({ config: { maxConnections: 2 } }))),
  (context) => Context.get(context, PgClient.PgClient)
)

/** Texts with what ends, escapes or comments in SQL. */
const hostile = FastCheck.array(
  FastCheck.oneof(
    FastCheck.constantFrom(
      "'",
      '"',
      "\\",
      "--",
      "/*",
      "*/",
      "$",
      "$$",
      "$1",
      ";",
      "E'",
      "\n",
      "%",
      "- ",
      "drop table x"
    ),
    FastCheck.string({ unit: "grapheme", maxLength: 6 })
  ),
  { maxLength: 8 }
)
  .map((parts) => parts.join(""))
  .filter((text) => text.isWellFormed() && !text.includes("\0"))

const numbers = FastCheck.oneof(
  FastCheck.double({ noNaN: true }),
  FastCheck.integer(),
  FastCheck.constantFrom(-1, -0, 5e-324, 1.7976931348623157e308)
)

describe("helpers on a real server", () => {
  for (const setting of ["on", "off"])
    it.scopedLive(
      `give every text, number and bytes back as a literal, standard_conforming_strings ${setting}`,
      () =>
        Effect.gen(function* () {
          const pg = yield* client
          const connection = yield* pg.connection
          yield* connection.execute(Sql.unsafe(`set standard_conforming_strings = ${setting}`))
          yield* connection.execute(Sql.unsafe("set escape_string_warning = off"))
          const texts = FastCheck.sample(hostile, 400)
          const back = yield* connection.values(
            sql`select ${Sql.join(
              ", ",
              texts.map((text) => sql`${Sql.literal(text)}::text`)
            )}`
          )
          assert.deepStrictEqual(back[0], texts)
          const doubles = FastCheck.sample(numbers, 200)
          const [minus] = yield* connection.values(
            sql`select ${Sql.join(
              ", ",
              doubles.map((each) => sql`-${Sql.literal(each)}::float8`)
            )}`
          )
          assert.deepStrictEqual(
            minus,
            doubles.map((each) => -each)
          )
          const bytes = FastCheck.sample(FastCheck.uint8Array({ maxLength: 20 }), 50)
          const [raw] = yield* connection.values(
            sql`select ${Sql.join(
              ", ",
              bytes.map((each) => Sql.literal(each))
            )}`
          )
          assert.deepStrictEqual(
            (raw ?? []).map((each) => [...(each as Uint8Array)]),
            bytes.map((each) => [...each])
          )
        })
    )

  it.scopedLive("insert, find, update and upsert rows whose names and values are hostile", () =>
    Effect.gen(function* () {
      const pg = yield* client
      const names = FastCheck.sample(
        hostile.filter((name) => name !== "" && new TextEncoder().encode(name).length <= 63),
        6
      )
      const columns = [...new Set(["id", ...names])]
      const name = `helpers_${process.pid}`
      const into = Sql.identifier(name)
      yield* pg.execute(
        sql`create table ${into} (${Sql.join(
          ", ",
          columns.map(
            (each, index) =>
              sql`${Sql.identifier(each)} ${Sql.unsafe(index === 0 ? "int primary key" : "text default 'd'")}`
          )
        )})`
      )
      const rows = Array.from({ length: 20 }, (_, id) =>
        Object.fromEntries(
          columns.map((each, index) => [each, index === 0 ? id : FastCheck.sample(hostile, 1)[0]])
        )
      )
      yield* pg.execute(sql`insert into ${into} ${Sql.insert(rows.slice(0, 10))}`)
      const types = Object.fromEntries(columns.map((each, index) => [each, index === 0 ? "integer" : "text"]))
      yield* pg.execute(
        sql`insert into ${into} select * from ${Sql.unnest(rows, types)} on conflict (id) do nothing`
      )
      assert.deepStrictEqual(yield* pg.query(sql`select * from ${into} order by id`), rows)
      const some = yield* pg.query(
        sql`select id from ${into} where ${Sql.and([Sql.in("id", [1, 2, 3]), Sql.or([Sql.notIn("id", [2])])])} order by id`
      )
      assert.deepStrictEqual(some, [{ id: 1 }, { id: 3 }])
      assert.deepStrictEqual(yield* pg.query(sql`select id from ${into} where ${Sql.in("id", [])}`), [])
      for (const each of columns.slice(1)) {
        const [text] = FastCheck.sample(hostile, 1)
        yield* pg.execute(sql`update ${into} set ${Sql.update({ [each]: text })} where id = ${5}`)
        const [row] = yield* pg.query(sql`select * from ${into} where id = ${5}`)
        assert.strictEqual(row?.[each], text)
      }
      yield* pg.execute(
        sql`insert into ${into} ${Sql.insert([{ id: 100 }, { id: 101, [columns[1]!]: "x" }])}`
      )
      const added = yield* pg.query(sql`select * from ${into} where id >= 100 order by id`)
      assert.deepStrictEqual([added[0]?.[columns[1]!], added[1]?.[columns[1]!]], ["d", "x"])
      yield* pg.execute(sql`drop table ${into}`)
    })
  )

  it.scopedLive("report in a refused statement what is wrong, and send nothing", () =>
    Effect.gen(function* () {
      const pg = yield* client
      const error = yield* Effect.flip(pg.execute(sql`insert into nowhere ${Sql.insert([])}`))
      assert.deepInclude(error, { _tag: "PgUsageError", nothingSent: true })
      assert.include(error.message, "Sql.insert: there must be at least one row")
    })
  )

  it.scoped("take the types of columns from the table, hostile names among them", () =>
    Effect.gen(function* () {
      const pg = yield* client
      const name = `types of "${process.pid}"; --`
      const table = Sql.identifier(name)
      yield* pg.execute(
        sql`create table ${table} (id int4, "a'b" numeric(5, 2), at timestamptz, twice int4 generated always as (id * 2) stored)`
      )
      yield* Effect.addFinalizer(() => Effect.orDie(pg.execute(sql`drop table ${table}`)))
      const types = yield* Sql.typesOf(pg, name)
      assert.deepStrictEqual(types, { id: "integer", "a'b": "numeric", at: "timestamp with time zone" })
      const some = yield* Sql.typesOf(pg, ["public", name], ["a'b", "id"])
      const rows = [
        { id: 1, "a'b": "1.50" },
        { id: 2, "a'b": null }
      ]
      yield* pg.execute(sql`insert into ${table} ("a'b", id) select * from ${Sql.unnest(rows, some)}`)
      assert.deepStrictEqual(yield* pg.query(sql`select id, "a'b"::text, twice from ${table} order by id`), [
        { id: 1, "a'b": "1.50", twice: 2 },
        { id: 2, "a'b": null, twice: 4 }
      ])
      const unknown = yield* Effect.flip(Sql.typesOf(pg, name, ["twice"]))
      assert.include(unknown.message, 'has no column "twice" that can be written')
      const missing = yield* Effect.flip(Sql.typesOf(pg, "nowhere"))
      assert.strictEqual(missing._tag === "PgServerError" && missing.code, "42P01")
    })
  )

  it.scoped(
    "give hostile values back by names in a text, whatever the settings, and change nothing else (V14, V24, V37)",
    () =>
      Effect.gen(function* () {
        const pg = yield* client
        const connection = yield* pg.connection
        const home = Sql.identifier(`canary_${process.pid}`)
        yield* connection.execute(sql`create schema ${home}`)
        yield* Effect.addFinalizer(() => Effect.orDie(pg.execute(sql`drop schema ${home} cascade`)))
        yield* connection.execute(sql`set search_path = ${home}`)
        yield* connection.execute(sql`create table x as select n from generate_series(1, 5) as n`)
        const fingerprint = sql`select (select count(*) from x)::int4 as rows,
          (select count(*) from pg_class where relnamespace = current_schema()::regnamespace)::int4 as relations`
        const before = yield* connection.one(fingerprint)
        for (const setting of ["on", "off"]) {
          yield* connection.execute(Sql.unsafe(`set standard_conforming_strings = ${setting}`))
          for (const text of FastCheck.sample(hostile, 100)) {
            const number = FastCheck.sample(FastCheck.integer(), 1)[0]!
            const back = yield* connection.values(
              Sql.named(
                "select :text::text, 5 - :number::int8, -:number::int8, ':text', $$:number$$ -- :no",
                {
                  text,
                  number
                }
              )
            )
            assert.deepStrictEqual(
              back.map((row) => row.map(String)),
              [[text, String(5 - number), String(-number), ":text", ":number"]]
            )
          }
        }
        assert.deepStrictEqual(yield* connection.one(fingerprint), before)
      })
  )

  it.scoped("are hinted at by errors of the server", () =>
    Effect.gen(function* () {
      const pg = yield* client
      const joined = yield* Effect.flip(pg.query(sql`select * from ${Sql.identifier("shop.orders")}`))
      assert.include(joined.message, 'write Sql.identifier("shop", "orders")')
      const list = yield* Effect.flip(pg.query(sql`select 1 where 1 = ${[1, 2]}::int4[]`))
      assert.include(list.message, "A list is one parameter")
      const date = yield* Effect.flip(pg.query(sql`select ${new Date(0)} as at`))
      assert.include(date.message, "string")
    })
  )
})
