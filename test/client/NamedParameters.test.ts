import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Sql from "../../src/Sql.js"

const parts = (text: string, values: Record<string, unknown>) => {
  const { parameters, refused, sql } = Sql.named(text, values)
  return refused === undefined ? [sql, ...parameters] : refused
}

describe("named parameters", () => {
  it("are numbered in the order of the text, each as often as it stands there", () => {
    assert.deepStrictEqual(parts("select :a, :b_2, :a::text from t where x>=:a", { a: 1, b_2: "x" }), [
      "select $1, $2, $3::text from t where x>=$4",
      1,
      "x",
      1,
      1
    ])
  })

  it("take fragments and stated types", () => {
    const { parameters, sql, types } = Sql.named("select :x from :table", {
      x: Sql.typed(23, 5),
      table: Sql.identifier("shop", "orders")
    })
    assert.deepStrictEqual([sql, parameters, types], ['select $1 from "shop"."orders"', [5], [23]])
  })

  it("are not in quotes, comments, casts, slices and assignments (V16)", () => {
    const untouched = [
      "select ':a'",
      "select E'\\':a'",
      'select ":a"',
      "select $$:a$$, $t$ :a $$ :a $t$",
      "-- :a\nselect 1 /* :a /* :a */ :a */",
      "select x::a, 'x'::a, (1)::a",
      "select xs[1:a], xs[lo:a], xs[(1):a]",
      "call p(name := a)"
    ]
    for (const text of untouched) assert.deepStrictEqual(parts(text, {}), [text])
  })

  it("must be there, and must be used", () => {
    assert.strictEqual(parts("select :a", {}), "Sql.named: there is no value for :a")
    assert.strictEqual(parts("select :toString", {}), "Sql.named: there is no value for :toString")
    assert.strictEqual(parts("select 1", { a: 1 }), "Sql.named: there is no :a in the text")
    assert.include(parts("select $1, :a", { a: 1 }), "parameters have names, and no numbers")
    assert.include(parts("select '\\', :a, '''", { a: 1 }), "standard_conforming_strings")
  })

  it("leave every text as it is around them", () => {
    const piece = FastCheck.constantFrom(
      "select ",
      ":a",
      " , ",
      "'x:a'",
      '":a"',
      "::int",
      "/*:a*/",
      "(",
      "1",
      " $q$:a$q$ "
    )
    FastCheck.assert(
      FastCheck.property(FastCheck.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("")
        const found = Sql.named(text, { a: 1 })
        if (found.refused !== undefined) return
        assert.strictEqual(
          found.pieces.join(":a"),
          text,
          "the pieces with the names between them are the text"
        )
      })
    )
  })
})

describe("a statement from a file", () => {
  const files = (content: string) =>
    Layer.succeed(
      FileSystem.FileSystem,
      FileSystem.makeNoop({ readFileString: () => Effect.succeed(content) })
    )

  it.effect("is read once, without the mark of its encoding", () =>
    Effect.gen(function* () {
      const byId = yield* Sql.fromFile("byId.sql").pipe(
        Effect.provide(files("\ufeff-- people\nselect * from people where id = :id\n"))
      )
      assert.strictEqual(byId({ id: 1 }).sql, "-- people\nselect * from people where id = $1\n")
      assert.deepStrictEqual(byId({ id: 2 }).parameters, [2])
    })
  )
})
