/** Statements as text and parameters. */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Statement from "@effect/sql/Statement"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as String from "effect/String"
import { JsonText } from "../../src/model/JsonText.js"
import * as SqlCompiler from "../../src/sql/SqlCompiler.js"

const template = (compiler: Statement.Compiler) =>
  Statement.make(Effect.die("statements are only compiled here"), compiler, [], undefined)

const sql = template(SqlCompiler.make())
const camel = template(SqlCompiler.make(String.camelToSnake))
const shallow = template(SqlCompiler.make(String.camelToSnake, false))

describe("the compiler", () => {
  it("numbers parameters and quotes names, at dots too", () => {
    assert.deepStrictEqual(
      sql`select * from ${sql("app.people")} where ${sql('a"b')} = ${1} and c in ${sql.in([2, 3])}`.compile(),
      [`select * from "app"."people" where "a""b" = $1 and c in ($2,$3)`, [1, 2, 3]]
    )
  })

  it("makes values of an update, with what is returned", () => {
    const rows = [
      { id: 1, firstName: "a" },
      { id: 2, firstName: "b" }
    ]
    assert.deepStrictEqual(sql`update t set x = d.x from ${sql.updateValues(rows, "d")}`.compile(), [
      `update t set x = d.x from (values ($1,$2),($3,$4)) AS d("id","firstName")`,
      [1, "a", 2, "b"]
    ])
    assert.deepStrictEqual(
      camel`update t set x = d.x from ${camel.updateValues(rows, "d").returning(camel`id, ${5} as five`)}`.compile(),
      [
        `update t set x = d.x from (values ($1,$2),($3,$4)) AS d("id","first_name") RETURNING id, $5 as five`,
        [1, "a", 2, "b", 5]
      ]
    )
  })

  it("renames names, and not when they are taken as they are", () => {
    const statement = camel`select ${camel("firstName")} from ${camel("someTable")}`
    assert.strictEqual(statement.compile()[0], `select "first_name" from "some_table"`)
    const again = camel`select ${camel("firstName")} from ${camel("someTable")}`
    assert.strictEqual(again.compile(true)[0], `select "firstName" from "someTable"`)
  })

  it("sends JSON as JSON, whatever the value is, with keys renamed", () => {
    const parameter = (compiled: readonly [string, ReadonlyArray<unknown>]) => compiled[1][0]
    const value = { firstName: [{ lastName: 1 }] }
    assert.deepStrictEqual(parameter(sql`${SqlCompiler.json(value)}`.compile()), value)
    assert.deepStrictEqual(parameter(camel`${SqlCompiler.json(value)}`.compile()), {
      first_name: [{ last_name: 1 }]
    })
    assert.deepStrictEqual(parameter(camel`${SqlCompiler.json(value)}`.compile(true)), value)
    assert.deepStrictEqual(parameter(shallow`${SqlCompiler.json(value)}`.compile()), value)
    assert.deepStrictEqual(
      parameter(camel`${SqlCompiler.json([{ firstName: 1 }])}`.compile()),
      new JsonText('[{"first_name":1}]')
    )
    for (const [given, text] of [
      ["text", '"text"'],
      [5, "5"],
      [false, "false"],
      [new Date(0), '"1970-01-01T00:00:00.000Z"']
    ] as const)
      assert.deepStrictEqual(parameter(sql`${SqlCompiler.json(given)}`.compile()), new JsonText(text))
    for (const nothing of [null, undefined])
      assert.isNull(parameter(sql`${SqlCompiler.json(nothing)}`.compile()))
  })
})

describe("the compiler of @effect/sql-pg", () => {
  const now = new Date(0)
  const statements: ReadonlyArray<readonly [string, (sql: Statement.Constructor) => Statement.Fragment]> = [
    ["an insert", (sql) => sql`insert into people ${sql.insert({ firstName: "Tim", age: 10 })}`],
    ["an insert of several rows", (sql) => sql`insert into p ${sql.insert([{ aB: 1 }, { aB: undefined }])}`],
    [
      "an insert that returns",
      (sql) => sql`insert into p ${sql.insert({ a: 1 }).returning(sql("someName"))}`
    ],
    [
      "an insert with JSON",
      (sql) => sql`insert into p ${sql.insert({ a: 1, json: SqlCompiler.json({ a: 1 }) })}`
    ],
    ["an update", (sql) => sql`update p set ${sql.update({ firstName: "Tim", age: 10 }, ["age"])}`],
    ["an update that returns", (sql) => sql`update p set ${sql.update({ a: 1 }).returning("*")}`],
    [
      "an update by values",
      (sql) => sql`update p set a = d.a from ${sql.updateValues([{ aB: 1 }, { aB: 2 }], "d")}`
    ],
    [
      "an update by values that returns",
      (sql) =>
        sql`update p set a = d.a from ${sql.updateValues([{ a: 1 }], "d").returning("*")} where c > ${now}`
    ],
    [
      "an update by values with JSON",
      (sql) => sql`update p set j = d.j from ${sql.updateValues([{ j: SqlCompiler.json({ a: 1 }) }], "d")}`
    ],
    ["a list", (sql) => sql`select * from ${sql("people")} where id in ${sql.in([1, 2, "string"])}`],
    ["a list for a column", (sql) => sql`select 1 where ${sql.in("someId", [1, 2])}`],
    ["an empty list", (sql) => sql`select 1 where ${sql.in("id", [])}`],
    [
      "conditions",
      (sql) => sql`select 1 where ${sql.and([sql.in("n", ["a", "b"]), sql.or([sql`c < ${now}`, "true"])])}`
    ],
    ["an order", (sql) => sql`select 1 ${sql.csv("order by", ["a", sql`${sql("bC")} desc`])}`],
    ["a dialect", (sql) => sql.onDialectOrElse({ pg: () => sql`pg`, orElse: () => sql`other` })]
  ]
  it.each(statements)("compiles %s to the same text and parameters", (_title, statement) => {
    for (const transform of [undefined, String.camelToSnake])
      for (const withoutTransform of [false, true]) {
        const theirs = template(PgClient.makeCompiler(transform))
        const ours = template(SqlCompiler.make(transform))
        assert.deepStrictEqual(
          SqlCompiler.make(transform).compile(statement(ours), withoutTransform),
          PgClient.makeCompiler(transform).compile(statement(theirs), withoutTransform)
        )
      }
  })
})
