/** Statements as text and parameters. */
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
