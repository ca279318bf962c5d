import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Rendering from "../../src/client/Rendering.js"
import * as Statement from "../../src/model/Statement.js"
import * as Sql from "../../src/Sql.js"

const { sql } = Sql

const camel = { names: Rendering.camelCase }

describe("names in camelCase", () => {
  it("come back as they were, whatever small letters, digits and underscores they have", () => {
    const name = FastCheck.stringMatching(/^[a-z0-9_]{1,20}$/)
    FastCheck.assert(
      FastCheck.property(name, (column) => {
        const { fromColumn, toColumn } = Rendering.camelCase
        assert.strictEqual(toColumn(fromColumn(column)), column)
      })
    )
    assert.strictEqual(Rendering.camelCase.fromColumn("created_at_utc"), "createdAtUtc")
    assert.strictEqual(Rendering.camelCase.fromColumn("_id_2__x"), "_id_2__x")
  })
})

describe("a fragment as a client writes it", () => {
  const text = (fragment: Sql.Fragment): string => Rendering.statement(fragment, camel).sql

  it("has the columns of its keys, however deep it stands", () => {
    const inner = sql`where ${Sql.or([Sql.in("userId", [1]), sql`x = ${Sql.named(":c", { c: Sql.update({ aB: 1 }) })}`])}`
    const fragment = sql`select ${5}, * from t ${Sql.join(" ", [inner, Sql.csv("order by", [sql`1`])])}`
    assert.strictEqual(
      text(fragment),
      'select $1, * from t where (("user_id" = any($2)) or (x = "a_b" = $3)) order by 1'
    )
    assert.deepStrictEqual(Rendering.statement(fragment, camel).parameters, [5, [1], 1])
    assert.include(fragment.sql, '"userId" = any($2)')
  })

  it("does not change what is written in the text, or as an identifier", () => {
    assert.strictEqual(
      text(sql`select "userId" from ${Sql.identifier("myTable")}`),
      'select "userId" from "myTable"'
    )
  })

  it("quotes what the mapping makes, and refuses what is no name", () => {
    const odd = { names: { fromColumn: (name: string) => name, toColumn: (key: string) => `${key}"; drop` } }
    const update = sql`update t set ${Sql.update({ a: 1 })}`
    assert.strictEqual(Rendering.statement(update, odd).sql, 'update t set "a""; drop" = $1')
    const empty = { names: { fromColumn: (name: string) => name, toColumn: () => "" } }
    assert.include(Rendering.statement(update, empty).refused, "is not a column name")
  })

  it("takes undefined as NULL unless the helper or the value sets something else", () => {
    const options = { undefinedAs: "null" } as const
    const insert = Rendering.statement(sql`insert into t ${Sql.insert({ a: undefined, b: 1 })}`, options)
    assert.deepStrictEqual(
      [insert.refused, insert.sql],
      [undefined, 'insert into t ("a", "b") values (null, $1)']
    )
    const byDefault = Sql.insert({ a: undefined }, { undefinedAs: "default" })
    assert.include(Rendering.statement(byDefault, options).sql, "(default)")
    assert.deepStrictEqual(
      Rendering.statement(Statement.make("select $1", [undefined]), options).parameters,
      [null]
    )
  })
})
