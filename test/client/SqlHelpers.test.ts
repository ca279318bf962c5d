import { assert, describe, it } from "@effect/vitest"
import * as Sql from "../../src/Sql.js"
import type { Statement } from "../../src/model/Statement.js"
import * as TypeName from "../../src/model/TypeName.js"

const { sql } = Sql

/** Text and parameters; of a refused statement the reason. */
const of = (statement: Statement & { readonly refused?: string | undefined }) =>
  statement.refused ?? [statement.sql, ...(statement.parameters ?? [])]

describe("conditions", () => {
  it("are joined in parentheses, and none is true of `and` and false of `or`", () => {
    const conditions = [sql`a = ${1} or true`, sql`b = ${2}`]
    assert.deepStrictEqual(of(Sql.and(conditions)), ["(a = $1 or true) and (b = $2)", 1, 2])
    assert.deepStrictEqual(of(Sql.or(conditions)), ["((a = $1 or true) or (b = $2))", 1, 2])
    assert.deepStrictEqual([of(Sql.and([])), of(Sql.or([]))], [["true"], ["false"]])
  })

  it("of lists have one text for any number of values", () => {
    assert.deepStrictEqual(of(Sql.in("id", [1, 2])), [`"id" = any($1)`, [1, 2]])
    assert.deepStrictEqual(of(Sql.in(sql`lower(name)`, [])), ["lower(name) = any($1)", []])
    assert.deepStrictEqual(of(Sql.notIn(`a"b`, ["x"])), [`"a""b" <> all($1)`, ["x"]])
    assert.include(of(sql`select ${Sql.in("", [1])}`) as string, `Sql.in: "" is not a column name`)
  })

  it("are left out with their prefix when there is nothing to list", () => {
    assert.deepStrictEqual(of(sql`select 1 ${Sql.csv("order by", [])}`), ["select 1 "])
    assert.deepStrictEqual(of(Sql.csv("order by", [sql`a`, sql`b + ${1}`])), ["order by a, b + $1", 1])
  })
})

describe("rows of values", () => {
  it("become VALUES, all of one width", () => {
    assert.deepStrictEqual(
      of(
        Sql.values([
          [1, "a"],
          [2, null]
        ])
      ),
      ["values ($1, $2), ($3, $4)", 1, "a", 2, null]
    )
    assert.include(of(Sql.values([])) as string, "at least one row")
    assert.include(of(Sql.values([[1], [1, 2]])) as string, "row 2 has 2 values, the first has 1")
  })

  it("become an INSERT with the columns of all of them", () => {
    assert.deepStrictEqual(of(Sql.insert({ id: 1, 'na"me': null })), [
      `("id", "na""me") values ($1, $2)`,
      1,
      null
    ])
    assert.deepStrictEqual(of(Sql.insert([{ id: 1 }, { name: "b" }])), [
      `("id", "name") values ($1, default), (default, $2)`,
      1,
      "b"
    ])
    assert.deepStrictEqual(of(Sql.insert({})), ["default values"])
    assert.include(of(Sql.insert([])) as string, "at least one row")
    assert.include(of(Sql.insert([{}, {}])) as string, "at least one must have a column")
    assert.include(of(Sql.insert({ ["x".repeat(64)]: 1 })) as string, "63 bytes")
  })

  it("of an INSERT or an UPDATE refuse undefined, or do with it what is asked for", () => {
    const row = { id: 1, name: undefined }
    assert.include(
      of(Sql.insert([{ id: 0 }, row])) as string,
      `column "name" of row 2 is undefined: use null`
    )
    assert.deepStrictEqual(of(Sql.insert(row, { undefinedAs: "null" })), [
      `("id", "name") values ($1, null)`,
      1
    ])
    assert.deepStrictEqual(of(Sql.insert(row, { undefinedAs: "default" })), [
      `("id", "name") values ($1, default)`,
      1
    ])
    assert.include(of(Sql.update(row)) as string, `column "name" is undefined: use null`)
    assert.deepStrictEqual(of(Sql.update(row, { undefinedAs: "skip" })), [`"id" = $1`, 1])
    assert.deepStrictEqual(of(Sql.update(row, { undefinedAs: "null" })), [`"id" = $1, "name" = null`, 1])
    assert.include(of(Sql.update({})) as string, "at least one column")
    assert.include(of(Sql.update({ a: undefined }, { undefinedAs: "skip" })) as string, "at least one column")
  })

  it("more than a statement takes are refused with the way out", () => {
    const rows = Array.from({ length: 32_768 }, (_, id) => ({ id, name: "x" }))
    assert.include(of(Sql.insert(rows)) as string, "65536 values are more than the 65535 parameters")
    assert.include(of(Sql.values(rows.map(({ id }) => [id, id]))) as string, "use Sql.unnest or COPY")
  })

  it("become arrays by column, with NULL where a row has no value", () => {
    const rows = [{ id: 1, name: "a" }, { id: 2 }]
    assert.deepStrictEqual(of(Sql.unnest(rows, { id: "integer", name: `shop."Mood"` }, "r")), [
      `unnest($1::"pg_catalog"."int4"[], $2::"shop"."Mood"[]) as "r" ("id", "name")`,
      [1, 2],
      ["a", null]
    ])
    assert.deepStrictEqual(of(Sql.unnest([], { id: "int4" })), [
      `unnest($1::"pg_catalog"."int4"[]) as "rows" ("id")`,
      []
    ])
    assert.include(of(Sql.unnest(rows, { id: "int4" })) as string, `column "name" of a row has no type`)
    assert.include(of(Sql.unnest([], { id: "int4; drop" })) as string, "must be the name of a type")
    assert.include(of(Sql.unnest([], { id: "int4[]" })) as string, "has arrays")
    assert.include(of(Sql.unnest([], {})) as string, "at least one column")
  })
})

describe("a type's name as text of a statement", () => {
  const rows: ReadonlyArray<readonly [text: string, sql: string | undefined]> = [
    ["int4", `"pg_catalog"."int4"`],
    ["double precision", `"pg_catalog"."float8"`],
    ["Mood", `"mood"`],
    [`"Mo""od"`, `"Mo""od"`],
    ["shop.mood[]", `"shop"."mood"[]`],
    // Words that follow one another are one name, which no server has: nothing of them is read as SQL.
    ["int4 from pg_shadow", `"int4 from pg_shadow"`],
    ["int4)", undefined],
    ["int4--", undefined],
    ["int4;", undefined],
    ["", undefined]
  ]
  for (const [text, expected] of rows)
    it(`is quoted: ${JSON.stringify(text)}`, () => assert.strictEqual(TypeName.toSql(text), expected))
})

describe("a literal", () => {
  const rows: ReadonlyArray<readonly [value: Parameters<typeof Sql.literal>[0], text: string]> = [
    ["it's", "'it''s'"],
    ["a\\'b", " E'a\\\\''b'"],
    ["", "''"],
    [-1, "(-1)"],
    [1.5e300, "1.5e+300"],
    [-0, "'-0'::float8"],
    [NaN, "'NaN'::float8"],
    [-Infinity, "'-Infinity'::float8"],
    [-(2n ** 63n), "(-9223372036854775808)"],
    [true, "true"],
    [null, "null"],
    [Uint8Array.of(0, 255), " E'\\\\x00ff'::bytea"]
  ]
  for (const [value, text] of rows)
    it(`is ${text}`, () => assert.deepStrictEqual(of(Sql.literal(value)), [text]))

  it("is refused for a value that has no literal", () => {
    assert.include(of(Sql.literal("a\0b")) as string, "zero byte")
    assert.include(of(Sql.literal("\ud800")) as string, "lone surrogate")
    assert.include(of(Sql.literal({} as never)) as string, "got object")
    assert.include(of(sql`select ${Sql.literal("a\0b")}`) as string, "zero byte")
  })
})
