import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Copy from "../../../src/Copy.js"
import * as PgClient from "../../../src/client/PgClient.js"
import * as Sql from "../../../src/client/Sql.js"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import { JsonText } from "../../../src/model/JsonText.js"
import * as Oid from "../../../src/model/Oid.js"
import { PgDate } from "../../../src/model/PgDate.js"
import * as Statement from "../../../src/model/Statement.js"
import { configOf, isClean, open, refusal, s, table, value } from "../connection/sessions.js"
import { describeWithServer, live } from "../support/server.js"

const { sql } = Sql

const formats: ReadonlyArray<Copy.CopyFormat> = [
  { format: "binary" },
  { format: "text" },
  // The server does not mark a value that looks like NULL, so NULL has a backslash, which no value has.
  { format: "text", delimiter: "|", nullText: "\\nil" },
  { format: "csv" },
  { format: "csv", delimiter: ";", quote: "'", escape: "\\", nullText: "-", header: true }
]

/** What has a meaning in some format, in SQL or in UTF-8. */
const texts: ReadonlyArray<string | null> = [
  "",
  null,
  "plain",
  " spaces ",
  "NULL",
  "-",
  "\\N",
  "\\.",
  "\\",
  "a\\tb\\101\\x41",
  "\b\f\n\r\t\v\u0001\u007f",
  "line\nfeed\r\nand\rreturn",
  '"quotes" \'single\' ""',
  "a,b;c|d\te",
  "\ufeffmark",
  "ä é 中文 😀",
  "x".repeat(70_000)
]

const typed: Readonly<Record<string, ReadonlyArray<string | null>>> = {
  bool: ["true", "false", null],
  int2: ["-32768", "32767", null],
  int4: ["-2147483648", "2147483647", null],
  int8: ["-9223372036854775808", "9007199254740993", null],
  float4: ["0.1", "-0", "NaN", "-Infinity", null],
  float8: ["1e-300", "0.1", "-0", "Infinity", null],
  numeric: ["0.10", "-12345678901234567890.123456789", "NaN", "0.000", null],
  bytea: ["\\x", "\\x00ff5c0a0d092c22", null],
  uuid: ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", null],
  json: ['{"a":"b\\n\\"\\\\"}', null],
  jsonb: ['[1, 2.5, "x\\ty"]', '"text"', null],
  date: ["2024-02-29", "infinity", "-infinity", "4000-01-01 BC", null],
  time: ["23:59:59.999999", "24:00:00", null],
  timetz: ["12:00:00.5+05:30", null],
  timestamp: ["2024-02-29 12:34:56.789123", "infinity", "-infinity", "0044-03-15 12:00:00 BC", null],
  timestamptz: ["2024-02-29 12:34:56.789123+00", "infinity", "-infinity", null],
  interval: ["1 year -2 days 03:04:05.678901", "0", null],
  "int4[]": ["{}", "{1,NULL,3}", "{{1,2},{3,4}}", "[0:1]={1,2}", null],
  "text[]": ['{"",NULL,"NULL","a,b","{}","\\\\","\\"","\n\t"}', null],
  "timestamptz[]": ['{infinity,NULL,"2000-01-01 00:00:00+00"}', null],
  inet: ["10.0.0.1/8", "::1", null],
  int4range: ["[1,5)", "empty", "(,)", null],
  varbit: ["", "10101", null],
  point: ["(1.5,-2)", null],
  tsvector: ["'a':1A 'b c':2", null],
  pg_lsn: ["0/16B3748", null],
  '"char"': ["x", "\\377", "", null]
}

const literal = (text: string | null) =>
  text === null ? "null" : `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`

const collect = <A, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

/** Through the server in every format: what we write it stores, and what it writes we read. */
const keepsTexts = (pg: PgConnection) =>
  Effect.gen(function* () {
    const rows = texts.map((name, id) => ({ id, name }))
    yield* pg.simple("create temp table texts (id int4, name text); create temp table singles (name text)")
    for (const format of formats) {
      yield* pg.simple("truncate texts, singles")
      const into = { table: "texts", columns: ["id", "name"], ...format }
      assert.strictEqual(
        (yield* Copy.on(pg).rowsInto(into, Stream.fromIterable(rows))).rows,
        BigInt(rows.length)
      )
      assert.deepStrictEqual(yield* pg.query(s("select * from texts order by id")), rows)
      const from = Copy.on(pg).rowsFrom({ query: s("select * from texts order by id"), ...format })
      assert.deepStrictEqual(yield* collect(from), rows)
      // Of a single column a line of backslash and point could be the end of the data.
      const single = { table: "singles", columns: [{ name: "name", type: "text" }], ...format }
      yield* Copy.on(pg).rowsInto(single, Stream.fromIterable(texts.map((name) => [name])))
      assert.deepStrictEqual(
        yield* collect(Copy.on(pg).rowsFrom({ ...single, mode: "array" })),
        texts.map((name) => [name])
      )
      assert.deepStrictEqual(
        yield* pg.values(s("select * from singles")),
        texts.map((name) => [name])
      )
    }
    yield* pg.simple("drop table texts, singles")
    yield* isClean(pg)
  })

const keepsTypes = (pg: PgConnection, types: Readonly<Record<string, ReadonlyArray<string | null>>>) =>
  Effect.gen(function* () {
    for (const [type, samples] of Object.entries(types)) {
      const values = samples.map((text, id) => `(${id}, ${literal(text)}::${type})`).join(", ")
      yield* pg.simple(
        `create temp table source (id int4, x ${type}); create temp table target (id int4, x ${type});` +
          `insert into source values ${values}`
      )
      const expected = yield* pg.query(s("select * from source order by id"))
      for (const format of [{}, ...formats]) {
        const read = yield* collect(Copy.on(pg).rowsFrom({ table: "source", ...format }))
        assert.deepStrictEqual(read, expected, `${type} out, ${JSON.stringify(format)}`)
        yield* pg.simple("truncate target")
        yield* Copy.on(pg).rowsInto(
          { table: "target", columns: ["id", "x"], ...format },
          Stream.fromIterable(read)
        )
        // Compared by their text, because for some types equality is less than sameness, or is missing.
        const different = yield* value(
          pg,
          "select count(*)::int4 from source full join target using (id) where source.x::text is distinct from target.x::text"
        )
        assert.strictEqual(different, 0, `${type} in, ${JSON.stringify(format)}`)
      }
      yield* pg.simple("drop table source, target")
    }
    yield* isClean(pg)
  })

describe("rows by COPY", () => {
  it.scopedLive(
    "keep every text in every format, read by the server and by us (FLW-075, FLW-076, FLW-077, FLW-078, TRP-071)",
    () => Effect.flatMap(open(), keepsTexts)
  )

  it.scopedLive(
    "keep the values of every type in every format (FLW-076, FLW-077, FLW-078, FLW-081)",
    () => Effect.flatMap(open(), (pg) => keepsTypes(pg, typed)),
    120_000
  )

  it.scopedLive("take what parameters take, with types stated or asked for", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(
        "create temp table t (id int8, d date, n numeric, at timestamptz, list int4[], data jsonb)"
      )
      const rows: ReadonlyArray<Copy.RowInput> = [
        { id: 1, d: PgDate.infinity, n: "1.50", at: new Date(0), list: [1, null], data: { a: [null] } },
        [2n, new Date(0), 2, "infinity", [], new JsonText("null")],
        { id: "3", d: null, n: null, at: null, list: null, data: null }
      ]
      const columns = [
        "id",
        "d",
        { name: "n", type: Oid.numeric },
        "at",
        { name: "list", type: "int4[]" },
        "data"
      ]
      for (const format of formats) {
        yield* pg.simple("truncate t")
        yield* Copy.on(pg).rowsInto({ table: "t", columns, ...format }, Stream.fromIterable(rows))
        assert.deepStrictEqual(
          yield* pg.values(
            s("select id::text, d::text, n::text, at::text, list::text, data::text from t order by id")
          ),
          [
            ["1", "infinity", "1.50", "1970-01-01 00:00:00+00", "{1,NULL}", '{"a": [null]}'],
            ["2", "1970-01-01", "2", "infinity", "{}", "null"],
            ["3", null, null, null, null, null]
          ]
        )
      }
      yield* isClean(pg)
    })
  )

  it.scopedLive("are sent as text by default when a type has no binary form here", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (id int4, path jsonpath, price money)")
      const rows = [
        { id: 1, path: '$."a"', price: "$1,000.00" },
        { id: 2, path: null, price: null }
      ]
      const target = { table: "t", columns: ["id", "path", "price"] }
      yield* Copy.on(pg).rowsInto(target, Stream.fromIterable(rows))
      assert.deepStrictEqual(yield* collect(Copy.on(pg).rowsFrom(target)), rows)
      const lacking = { columns: ["id"], table: "t", format: "binary" } as const
      assert.deepStrictEqual(yield* collect(Copy.on(pg).rowsFrom(lacking)), [{ id: 1 }, { id: 2 }])
      yield* isClean(pg)
    })
  )

  it.scopedLive("know types that are found at run time, asked for or stated by name", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const name = yield* table("id int4")
      yield* pg.simple(
        `create type ${name}_mood as enum ('sad', 'ok'); create domain ${name}_small as int4 check (value < 10);` +
          `create type ${name}_pair as (a int4, b text);` +
          `create temp table t (m ${name}_mood, d ${name}_small, p ${name}_pair, l ${name}_mood[])`
      )
      const rows = [
        { m: "ok", d: 3, p: { a: 1, b: 'x,"y"' }, l: ["sad", null] },
        { m: null, d: null, p: null, l: null }
      ]
      const stated = ["mood", "small", "pair", "mood[]"].map((type, index) => ({
        name: "mdpl"[index]!,
        type: `${name}_${type}`
      }))
      for (const columns of [["m", "d", "p", "l"], stated]) {
        for (const format of [{}, ...formats]) {
          // A session of its own knows no types yet.
          const other = columns === stated ? pg : yield* open()
          yield* pg.simple("truncate t")
          yield* Copy.on(pg).rowsInto({ table: "t", columns, ...format }, Stream.fromIterable(rows))
          assert.deepStrictEqual(
            yield* collect(Copy.on(pg).rowsFrom({ table: "t", columns, ...format })),
            rows
          )
          const query = s(`select 'ok'::${name}_mood as m, row(1, 'b')::${name}_pair as p`)
          assert.deepStrictEqual(yield* collect(Copy.on(other).rowsFrom({ query, ...format })), [
            { m: "ok", p: { a: 1, b: "b" } }
          ])
        }
      }
      const nobody = { table: "t", columns: [{ name: "m", type: "no_such_type" }] }
      assert.strictEqual((yield* refusal(Copy.on(pg).rowsInto(nobody, Stream.empty))).code, "42704")
      yield* pg.simple(`drop table t; drop type ${name}_mood, ${name}_pair; drop domain ${name}_small`)
      yield* isClean(pg)
    })
  )

  it.scopedLive("read any query, also views and rows without columns", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const rowsFrom = (query: string, format: Copy.CopyFormat | Copy.Unstated = {}) =>
        collect(Copy.on(pg).rowsFrom({ query: s(query), ...format }))
      assert.deepStrictEqual(yield* rowsFrom("select 1 as a, 'x' as b -- comment"), [{ a: 1, b: "x" }])
      assert.deepStrictEqual(yield* rowsFrom("select 1 as a where false"), [])
      for (const format of formats)
        assert.deepStrictEqual(yield* rowsFrom("select from generate_series(1, 3)", format), [{}, {}, {}])
      const roles = Copy.on(pg).rowsFrom({
        table: ["pg_catalog", "pg_roles"],
        columns: ["rolname"],
        mode: "array"
      })
      assert.include((yield* collect(roles)).flat(), "postgres")
      yield* isClean(pg)
    })
  )

  it.scopedLive("carry the statement's options", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple('create temp table "my t" (id int4, "se""lect" text)')
      const columns = ["id", 'se"lect']
      const rows = Stream.make([1, "a"], [2, "b"], [3, "c"])
      const into = Copy.on(pg).rowsInto
      const some = yield* into({ table: "my t", columns, where: sql`id > 1` }, rows)
      assert.strictEqual(some.rows, 2n)
      const matched = { table: "my t", columns, format: "csv", header: "match" } as const
      assert.strictEqual((yield* into(matched, rows)).rows, 3n)
      assert.strictEqual((yield* collect(Copy.on(pg).rowsFrom(matched))).length, 5)
      const frozen = yield* refusal(into({ table: "my t", columns, freeze: true }, rows))
      assert.match(frozen.text, /cannot perform COPY FREEZE/)
      const stated = [{ name: "id", type: "text" }, 'se"lect'] as const
      const lenient = {
        table: "my t",
        columns: stated,
        format: "text",
        onError: "ignore",
        rejectLimit: 1
      } as const
      const bad = Stream.make(["1", "a"], ["no number", "b"])
      assert.strictEqual((yield* into(lenient, bad)).rows, 1n)
      yield* isClean(pg)
    })
  )

  it.scopedLive("store nothing when a row cannot be written, and name it (FLW-073, TRP-067)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (id int4, name text)")
      const rows = Stream.range(1, 50_000).pipe(
        Stream.map((id) => ({ id: id === 40_000 ? "forty" : id, name: "x".repeat(20) }))
      )
      for (const format of formats) {
        const error = yield* Effect.flip(
          Copy.on(pg).rowsInto({ table: "t", columns: ["id", "name"], ...format }, rows)
        )
        assert.instanceOf(error, Copy.PgCopyRowError)
        assert.deepStrictEqual([error.rowNumber, error.column, error.type], [40_000, "id", "int4"])
        assert.match(error.sql, /^copy "t" \("id", "name"\) from stdin/)
        assert.strictEqual(yield* value(pg, "select count(*)::int4 from t"), 0)
        yield* isClean(pg)
      }
    })
  )

  it.scopedLive(
    "store nothing when the source fails, is interrupted, or the server refuses a row (TRP-066, TRP-067)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.simple("create temp table t (id int4 primary key)")
        const target = { table: "t", columns: ["id"] }
        const some = Stream.range(1, 20_000).pipe(Stream.map((id) => [id]))
        const runs = [
          (rows: Stream.Stream<ReadonlyArray<number>, string>) => Copy.on(pg).rowsInto(target, rows),
          (rows: Stream.Stream<ReadonlyArray<number>, string>) =>
            Stream.run(rows, Copy.on(pg).rowsSink(target))
        ]
        for (const run of runs) {
          assert.strictEqual(
            yield* Effect.flip(run(Stream.concat(some, Stream.fail("cut short")))),
            "cut short"
          )
          yield* Effect.timeoutOption(run(Stream.concat(some, Stream.never)), "100 millis")
          assert.strictEqual((yield* refusal(run(Stream.concat(some, Stream.make([7]))))).code, "23505")
          assert.strictEqual(yield* value(pg, "select count(*)::int4 from t"), 0)
          yield* isClean(pg)
        }
        for (const run of runs) {
          assert.strictEqual((yield* run(some)).rows, 20_000n)
          assert.strictEqual((yield* run(Stream.empty)).rows, 0n)
          yield* pg.simple("truncate t")
        }
        yield* isClean(pg)
      })
  )

  it.scopedLive("leave a clean connection when the reader stops, or when a value cannot be read", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const query = s("select i as id, repeat('x', 100) as pad from generate_series(1, 1000000) i")
      assert.strictEqual((yield* collect(Stream.take(Copy.on(pg).rowsFrom({ query }), 5))).length, 5)
      yield* isClean(pg)
      const wrong = {
        query: s(
          "select case i when 30000 then 'x' else i::text end as id from generate_series(1, 1000000) i"
        ),
        format: "csv"
      } as const
      const columns = [{ name: "id", type: "int4" }]
      const bytes = pg.copyTo(`copy (${wrong.query.sql}) to stdout (format csv)`)
      const error = yield* Effect.flip(Stream.runDrain(Copy.decodeRows({ columns, format: "csv" })(bytes)))
      assert.instanceOf(error, Copy.PgCopyRowError)
      assert.deepStrictEqual([error.rowNumber, error.column], [30_000, "id"])
      yield* isClean(pg)
      const late = yield* refusal(
        Stream.runDrain(
          Copy.on(pg).rowsFrom({ query: s("select 1 / (50000 - i) as x from generate_series(1, 60000) i") })
        )
      )
      assert.strictEqual(late.code, "22012")
      yield* isClean(pg)
    })
  )

  it.scopedLive("fail with the reason before any data is sent", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (id int4)")
      const missing = yield* refusal(
        Copy.on(pg).rowsInto({ table: "t", columns: ["id", "nobody"] }, Stream.make([1, 2]))
      )
      assert.strictEqual(missing.code, "42703")
      const query = Statement.make("select $1::int4", [1])
      const parameter = yield* Effect.flip(Stream.runDrain(Copy.on(pg).rowsFrom({ query })))
      assert.match(parameter.message, /COPY takes no parameters, and the query has 1/)
      const long = { table: "x".repeat(64), columns: [{ name: "a", type: "int4" }] }
      assert.match((yield* Effect.flip(Copy.on(pg).rowsInto(long, Stream.empty))).message, /at most 63 bytes/)
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "pass a million small rows in and out in every format",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.simple("create temp table t (id int4, name text)")
        const count = 1_000_000
        const rows = Stream.range(1, count, 4096).pipe(Stream.map((id) => ({ id, name: `n${id}` })))
        for (const format of [formats[0]!, formats[1]!, formats[3]!]) {
          yield* pg.simple("truncate t")
          const target = { table: "t", columns: ["id", "name"], ...format }
          assert.strictEqual((yield* Copy.on(pg).rowsInto(target, rows)).rows, BigInt(count))
          let sum = 0
          let seen = 0
          yield* Stream.runForEachChunk(Copy.on(pg).rowsFrom(target), (chunk) =>
            Effect.sync(() => {
              for (const { id, name } of chunk) {
                seen++
                if (name === `n${String(id)}`) sum += id as number
              }
            })
          )
          assert.deepStrictEqual([seen, sum], [count, (count * (count + 1)) / 2])
        }
        yield* isClean(pg)
      }),
    120_000
  )
})

describe("rows by COPY by way of the client", () => {
  it.effect("go in and out on the transaction's connection, by effect and by sink, and through files", () =>
    Effect.gen(function* () {
      const pg = yield* PgClient.PgClient
      yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* pg.query(sql`create temp table copied (id int4, name text) on commit drop`)
          const target = { table: "copied", columns: ["id", "name"], freeze: true }
          const first = yield* Copy.rowsInto(target, Stream.make({ id: 1, name: "a" }, { id: 2, name: null }))
          const second = yield* Stream.run(Stream.make([3, "c"]), Copy.rowsSink(target))
          assert.deepStrictEqual([first.rows, second.rows], [2n, 1n])
          const rows = yield* collect(Copy.rowsFrom({ table: "copied" }))
          assert.deepStrictEqual(rows, [
            { id: 1, name: "a" },
            { id: 2, name: null },
            { id: 3, name: "c" }
          ])
          const data = {
            columns: [
              { name: "id", type: "int4" },
              { name: "name", type: "text" }
            ]
          }
          const bytes = Copy.to("copy copied to stdout (format binary)")
          assert.deepStrictEqual(yield* collect(Copy.decodeRows(data)(bytes)), rows)
          yield* Copy.from(
            "copy copied from stdin (format binary)",
            Copy.encodeRows(data)(Stream.fromIterable(rows))
          )
          assert.deepStrictEqual(yield* pg.values(sql`select count(*)::int4 from copied`), [[6]])
        })
      )
    }).pipe(Effect.provide(PgClient.layer(configOf())), live)
  )

  it.scopedLive("need no other right than to insert", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const name = yield* table("id int4")
      const role = `${name}_role`
      yield* pg.simple(`create role ${role}; grant insert on ${name} to ${role}; set role ${role}`)
      assert.strictEqual((yield* refusal(pg.query(s(`select * from ${name}`)))).code, "42501")
      const target = { table: name, columns: ["id"] }
      assert.strictEqual((yield* Copy.on(pg).rowsInto(target, Stream.make([1]))).rows, 1n)
      yield* pg.simple(`reset role; drop owned by ${role}; drop role ${role}`)
    })
  )
})

describeWithServer("rows by COPY on PostgreSQL 14", { version: 14 }, (server) => {
  it.scopedLive("keep texts and types as on newer servers (FLW-075, TRP-071)", () =>
    Effect.gen(function* () {
      const pg = yield* open({ target: server() })
      yield* keepsTexts(pg)
      const { numeric, timestamptz, "text[]": list } = typed
      yield* keepsTypes(pg, { numeric: numeric!, timestamptz: timestamptz!, "text[]": list! })
    })
  )
})
