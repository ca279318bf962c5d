/** The same program on `@effect/sql-pg` and on our client: rows, results, values and failures are the same. */
import { assert, describe, it } from "@effect/vitest"
import { SqlClient } from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as String from "effect/String"
import { table } from "../connection/sessions.js"
import { ours, renamed as underItsNames, type Settings, sqlPg } from "./drivers.js"

type Program = (sql: SqlClient, name: string) => Effect.Effect<unknown, unknown>

/** The fields of a failure that programs read. */
const fields = [
  "name",
  "message",
  "severity",
  "code",
  "detail",
  "hint",
  "position",
  "internalPosition",
  "internalQuery",
  "where",
  "schema",
  "table",
  "column",
  "dataType",
  "constraint",
  "file",
  "line",
  "routine"
] as const

/** What became of a program, as plain data. */
const outcome = (exit: Exit.Exit<unknown, unknown>): unknown => {
  if (Exit.isSuccess(exit)) return exit.value
  const error = Cause.squash(exit.cause)
  if (!(error instanceof SqlError)) return { defect: Cause.pretty(exit.cause) }
  const cause = error.cause as Readonly<Record<string, unknown>>
  return {
    message: error.message,
    isError: cause instanceof Error,
    ...Object.fromEntries(fields.map((field) => [field, cause[field]]))
  }
}

const both = (program: Program, columns = "id int4", settings: Settings = {}) =>
  Effect.gen(function* () {
    const outcomes: Array<unknown> = []
    for (const layer of [sqlPg(settings), ours(settings), underItsNames(settings)]) {
      const name = yield* table(columns)
      const exit = yield* Effect.exit(
        Effect.flatMap(SqlClient, (sql) => program(sql, name)).pipe(Effect.provide(layer))
      )
      const text = JSON.stringify(outcome(exit), (_, value: unknown) =>
        typeof value === "bigint" ? `${value}n` : value
      )
      assert.isDefined(text)
      outcomes.push([outcome(exit), name])
    }
    const [[theirs, theirName], ...others] = outcomes as [[unknown, string], ...Array<[unknown, string]>]
    for (const [mine, myName] of others)
      assert.deepStrictEqual(renamed(mine, myName, theirName), renamed(theirs, "\0", ""))
    return theirs
  })

/** An interval, of whichever class. */
interface Interval {
  readonly toPostgres: () => string
  readonly toISOString: () => string
}

const isInterval = (value: unknown): value is Interval =>
  typeof value === "object" && value !== null && "toPostgres" in value && "toISOString" in value

/** The outcome with another name of the table in its texts, and intervals as what they are. */
const renamed = (value: unknown, from: string, to: string): unknown => {
  if (isInterval(value)) return { ...value, text: value.toPostgres(), iso: value.toISOString() }
  if (typeof value === "string") return value.replaceAll(from, to)
  if (Array.isArray(value)) return value.map((one) => renamed(one, from, to))
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, renamed(one, from, to)]))
  return value
}

const camel: Settings = {
  transformQueryNames: String.camelToSnake,
  transformResultNames: String.snakeToCamel
}

interface Case {
  readonly title: string
  readonly columns?: string
  readonly settings?: Settings
  readonly program: Program
}

const every = [
  "1::int2",
  "2::int4",
  "9007199254740993::int8",
  "1.50::numeric",
  "'NaN'::numeric",
  "0.1::float4",
  "0.1::float8",
  "'infinity'::float8",
  "true",
  "'t'::text",
  "'v'::varchar(5)",
  "'c'::char(3)",
  "'n'::name",
  `'\\x00ff'::bytea`,
  "'2024-02-29'::date",
  "'0044-03-15 BC'::date",
  "'infinity'::date",
  "'2024-02-29 12:34:56.789123'::timestamp",
  "'2024-02-29 12:34:56.789+02'::timestamptz",
  "'-infinity'::timestamptz",
  "'12:34:56'::time",
  "'12:34:56+02'::timetz",
  "'1 year 2 mons 3 days 04:05:06.7'::interval",
  `'{"a":[1,null]}'::json`,
  `'{"a":{"b":2}}'::jsonb`,
  "'null'::jsonb",
  "'6ecd8c99-4036-403d-bf84-cf8400f67836'::uuid",
  "'{1,2,NULL}'::int4[]",
  "'{{1,2},{3,4}}'::int8[]",
  "'{1.5}'::numeric[]",
  `'{"a b",NULL}'::text[]`,
  "'{2024-02-29}'::date[]",
  `'{"{\\"a\\":1}"}'::jsonb[]`,
  "'(1,2)'::point",
  "'<(1,2),3>'::circle",
  "'[1,5)'::int4range",
  "'10.0.0.1'::inet",
  "'10.0.0.0/8'::cidr",
  "'08:00:2b:01:02:03'::macaddr",
  "B'101'",
  "'pg_class'::regclass",
  "12::oid",
  "'12.34'::money",
  "'a:1'::tsvector",
  "row(1,'x')",
  "'0/16B3748'::pg_lsn",
  "'<a/>'::xml",
  "null::int4"
]

const parameters: ReadonlyArray<readonly [type: string, value: unknown]> = [
  ["text", "plain"],
  ["text", ""],
  ["text", undefined],
  ["int4", 5],
  ["int4", "5"],
  ["int8", 9007199254740993n],
  ["numeric", 1.5],
  ["float8", -0.5],
  ["bool", true],
  ["timestamptz", new Date("2024-02-29T12:34:56.789Z")],
  ["timestamp", new Date("2024-02-29T12:34:56.789Z")],
  ["date", new Date("1901-01-01T12:00:00Z")],
  ["bytea", new Uint8Array([0, 255, 128])],
  ["bytea", Buffer.from("abc")],
  ["int4[]", [1, 2, null]],
  ["int4[]", [[1], [2]]],
  ["text[]", ['a"b', "c\\d", "NULL", undefined, "e,f"]],
  ["bytea[]", [new Uint8Array([1, 255])]],
  ["timestamptz[]", [new Date(0)]],
  ["jsonb", { a: [1, { b: null }] }],
  ["jsonb[]", [{ a: 1 }]],
  ["jsonb", '{"text":true}'],
  ["uuid", "6ecd8c99-4036-403d-bf84-cf8400f67836"],
  ["text", { toPostgres: () => "made" }],
  ["int4[]", { toPostgres: () => [1, 2] }],
  ["interval", "1 year 2 mons -3 days 04:05:06.75"],
  ["regclass", "pg_class"]
]

const cases: ReadonlyArray<Case> = [
  {
    title: "rows of every type",
    program: (sql) => sql.unsafe(`select ${every.map((text, at) => `${text} as c${at}`).join(", ")}`)
  },
  {
    title: "rows of every type as arrays",
    program: (sql) => sql.unsafe(`select ${every.join(", ")}`).values
  },
  {
    title: "rows of every type as a stream",
    program: (sql) =>
      Stream.runCollect(
        sql.unsafe(`select ${every.map((text, at) => `${text} as c${at}`).join(", ")}`).stream
      ).pipe(Effect.map((rows) => [...rows]))
  },
  ...parameters.map(([type, value], at): Case => ({
    title: `parameter ${at + 1} of ${type}`,
    program: (sql) => sql.unsafe(`select $1::${type} as x, $1::${type}::text as y`, [value])
  })),
  {
    title: "an interval that was read, as a parameter",
    program: (sql) =>
      Effect.flatMap(
        sql`select '1 year 2 mons -3 days 04:05:06.75'::interval as i, '0'::interval as z`,
        ([row]) => sql`select ${row!["i"]}::interval::text as i, ${row!["z"]}::interval::text as z`
      )
  },
  {
    title: "a parameter whose type the server infers from its place",
    columns: "id int8 primary key, name varchar(20), at timestamptz, tags text[], body jsonb",
    program: (sql, name) =>
      sql`insert into ${sql(name)} ${sql.insert({ id: "12", name: 5, at: new Date(0), tags: ["a"], body: { a: 1 } }).returning("*")}`
  },
  { title: "a parameter of no type", program: (sql) => sql`select ${"x"} as a, ${1} as b, ${null} as c` },
  {
    title: "an insert of several rows with a missing value",
    columns: "a int4, b text",
    program: (sql, name) =>
      sql`insert into ${sql(name)} ${sql
        .insert([
          { a: 1, b: "x" },
          { a: 2, b: undefined }
        ] as Array<{ a: number; b: string | undefined }>)
        .returning("*")}`
  },
  {
    title: "an update of one row, and of several by values",
    columns: "a int4, b text",
    program: (sql, name) =>
      Effect.gen(function* () {
        yield* sql`insert into ${sql(name)} ${sql.insert([
          { a: 1, b: "x" },
          { a: 2, b: "y" }
        ])}`
        const one =
          yield* sql`update ${sql(name)} set ${sql.update({ a: 1, b: "one" }, ["a"])} where a = 1 returning *`
        const many =
          yield* sql`update ${sql(name)} set b = data.b from ${sql.updateValues([{ k: 2, b: "two" }], "data")} where a = data.k::int4 returning a, data.b`
        return [one, many]
      })
  },
  {
    title: "helpers of the template",
    program: (sql) =>
      sql`select * from (values (1, 'a'), (2, 'b'), (3, 'c')) as t (n, s) where ${sql.and([sql`n > ${1}`, sql.or([sql.in("s", ["b", "z"]), sql`n = ${3}`])])} order by ${sql.csv(["n", "s"])}`
  },
  { title: "an empty list of in", program: (sql) => sql`select 1 as one where ${sql.in("x", [])}` },
  {
    title: "raw results of commands",
    columns: "a int4",
    program: (sql, name) =>
      Effect.map(
        Effect.all([
          sql`insert into ${sql(name)} values (1), (2)`.raw,
          sql`update ${sql(name)} set a = 3`.raw,
          sql`select a, 'x'::text as b from ${sql(name)}`.raw,
          sql`delete from ${sql(name)}`.raw,
          sql.unsafe(`create table ${name}_two (b int4)`).raw,
          sql.unsafe(`drop table ${name}_two`).raw,
          sql.unsafe("").raw
        ]),
        (results) =>
          (results as ReadonlyArray<Record<string, unknown>>).map(
            ({ command, fields, oid, rowCount, rows }) => ({
              command,
              oid,
              rowCount,
              rows,
              fields: (fields as ReadonlyArray<object>).map((field) => ({ ...field, tableID: 0 }))
            })
          )
      )
  },
  {
    title: "several statements in one text",
    program: (sql) => sql.unsafe("select 1 as a; select 'x' as b, 'y' as b; ")
  },
  {
    title: "several statements in one text, raw",
    program: (sql) =>
      Effect.map(sql.unsafe("select 1 as a; select 2 as b").raw, (results) =>
        (results as ReadonlyArray<{ rows: unknown; command: unknown }>).map(({ command, rows }) => ({
          command,
          rows
        }))
      )
  },
  {
    title: "a semicolon in a text, in a comment and at the end",
    program: (sql) => sql.unsafe("select ';' as a /* ; */ -- ;\n ;")
  },
  { title: "columns of one name", program: (sql) => sql`select 1 as a, 2 as a` },
  { title: "columns of one name as arrays", program: (sql) => sql`select 1 as a, 2 as a`.values },
  {
    title: "a column named __proto__",
    program: (sql) =>
      Effect.map(sql`select 1 as "constructor"`, (rows) => rows.map((row) => row["constructor"]))
  },
  {
    title: "an unprepared statement with parameters",
    program: (sql) => sql`select ${1}::int4 as a`.unprepared
  },
  { title: "a syntax error with its position", program: (sql) => sql`selec 1` },
  { title: "an unknown column, with its hint", program: (sql) => sql`select relnam from pg_class` },
  {
    title: "a unique violation with its constraint",
    columns: "a int4 primary key",
    program: (sql, name) => sql`insert into ${sql(name)} values (1), (1)`
  },
  {
    title: "a check violation in a nested transaction, and what stays",
    columns: "a int4 check (a > 0)",
    program: (sql, name) =>
      sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`insert into ${sql(name)} values (1)`
          const failed = yield* Effect.exit(sql.withTransaction(sql`insert into ${sql(name)} values (0)`))
          yield* sql`insert into ${sql(name)} values (2)`
          return [outcome(failed), yield* sql`select * from ${sql(name)} order by a`]
        })
      )
  },
  {
    title: "an error inside a function, with where and the inner query",
    program: (sql) => sql.unsafe("do $$ begin execute 'selec 1'; end $$")
  },
  { title: "a value that is out of range", program: (sql) => sql`select ${"99999999999"}::int4` },
  {
    title: "a division by zero in a stream",
    program: (sql) => Stream.runDrain(sql`select 1 / (3 - n) from generate_series(1, 5) n`.stream)
  },
  {
    title: "a rolled back transaction leaves nothing",
    columns: "a int4",
    program: (sql, name) =>
      Effect.gen(function* () {
        yield* Effect.exit(
          sql.withTransaction(Effect.zipRight(sql`insert into ${sql(name)} values (1)`, Effect.fail("no")))
        )
        return yield* sql`select * from ${sql(name)}`
      })
  },
  {
    title: "the failure of a transaction's body as it is",
    program: (sql) =>
      Effect.map(Effect.either(sql.withTransaction(Effect.fail({ mine: true }))), (either) => ({ ...either }))
  },
  {
    title: "names of columns and keys of JSON renamed",
    columns: "first_name text, more_data jsonb",
    settings: camel,
    program: (sql, name) =>
      Effect.gen(function* () {
        yield* sql`insert into ${sql(name)} ${sql.insert({ firstName: "Ada", moreData: { innerKey: [{ deepKey: 1 }] } })}`
        return [
          yield* sql`select * from ${sql(name)}`,
          yield* sql`select * from ${sql(name)}`.withoutTransform,
          yield* sql.withoutTransforms()`select * from ${sql(name)}`,
          yield* sql`select * from ${sql(name)}`.values
        ]
      })
  },
  {
    title: "names of columns renamed, and not those inside JSON",
    columns: "more_data jsonb",
    settings: { ...camel, transformJson: false },
    program: (sql, name) =>
      Effect.zipRight(
        sql`insert into ${sql(name)} ${sql.insert({ moreData: { inner_key: 1 } })}`,
        sql`select * from ${sql(name)}`
      )
  },
  {
    title: "a stream with renamed columns",
    settings: camel,
    program: (sql) =>
      Effect.map(
        Stream.runCollect(sql`select n as my_number from generate_series(1, 300) n`.stream),
        (rows) => [...rows]
      )
  },
  {
    title: "a stream that is left early inside a transaction, which goes on",
    columns: "a int4",
    program: (sql, name) =>
      sql.withTransaction(
        Effect.gen(function* () {
          const some = yield* Stream.runCollect(
            Stream.take(sql`select n from generate_series(1, 100000) n`.stream, 2)
          )
          yield* sql`insert into ${sql(name)} values (7)`
          return [[...some], yield* sql`select * from ${sql(name)}`]
        })
      )
  },
  {
    title: "a reserved connection inside a transaction is another one",
    program: (sql) =>
      sql.withTransaction(
        Effect.scoped(
          Effect.gen(function* () {
            const reserved = yield* sql.reserve
            const [[other]] = (yield* reserved.executeValues("select pg_backend_pid()", [])) as [[number]]
            const [[own]] = (yield* sql`select pg_backend_pid()`.values) as [[number]]
            return [typeof other, own === other]
          })
        )
      )
  },
  {
    title: "session settings of a reserved connection",
    program: (sql) =>
      Effect.scoped(
        Effect.gen(function* () {
          const reserved = yield* sql.reserve
          yield* reserved.execute("set application_name = 'mine'", [], undefined)
          return yield* reserved.execute("select current_setting('application_name') as a", [], undefined)
        })
      )
  },
  {
    title: "a type that the catalogue has to be asked for",
    program: (sql) =>
      sql`select 'r'::"char" as a, array['a'::information_schema.sql_identifier] as b, 'e'::information_schema.yes_or_no as c`
  },
  { title: "a query that returns no columns", program: (sql) => sql`select from generate_series(1, 2)` }
]

describe("a program on @effect/sql-pg and on our client", () => {
  it.scopedLive.each(cases)("$title", ({ columns, program, settings }) => both(program, columns, settings))
})
