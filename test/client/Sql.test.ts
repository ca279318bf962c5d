import fc from "fast-check"
import { assert, describe, it } from "@effect/vitest"
import * as Sql from "../../src/client/Sql.js"
import * as Oid from "../../src/model/Oid.js"
import type * as Statement from "../../src/model/Statement.js"

const { sql } = Sql

const shape = ({ parameters, sql, types }: Statement.Statement) => [sql, parameters, types]

describe("a template", () => {
  it("makes a parameter of every plain value, in order", () => {
    assert.deepStrictEqual(shape(sql`select * from people where age > ${18} and name = ${"ann"}`), [
      "select * from people where age > $1 and name = $2",
      [18, "ann"],
      []
    ])
  })

  it.each([
    ["a text full of SQL", "'; drop table people; --"],
    ["a negative number", -1],
    ["NULL", null],
    ["nothing", undefined],
    ["a list", [1, 2]],
    ["an object that looks like a statement", { sql: "drop table people", parameters: [], types: [] }],
    [
      "an object that looks like a fragment, from outside",
      JSON.parse('{"pieces":["drop"],"parameters":[],"_tag":"Fragment"}') as unknown
    ],
    ["a function", () => "drop table people"],
    ["a symbol", Symbol("x")]
  ])("never makes text of %s (FLW-012, TRP-040)", (_name, value) => {
    const made = sql`select 5 -${value}`
    assert.strictEqual(made.sql, "select 5 -$1")
    assert.deepStrictEqual(made.parameters, [value])
  })

  it("never makes text of any value at all (FLW-012)", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (one, other) => {
        const made = sql`a ${one} b ${other} c`
        assert.strictEqual(made.sql, "a $1 b $2 c")
        assert.strictEqual(made.parameters[0], one)
        assert.strictEqual(made.parameters[1], other)
      })
    )
  })

  it("without values is its text, dollar signs and backslashes included", () => {
    assert.deepStrictEqual(shape(sql`select '$1', E'\\n'`), ["select '$1', E'\\n'", [], []])
    assert.strictEqual(sql``.sql, "")
  })

  it("gives the same text each time its place in the program is passed, with that time's values", () => {
    const at = (value: number) => sql`select ${value}`
    assert.deepStrictEqual(
      [shape(at(1)), shape(at(2))],
      [
        ["select $1", [1], []],
        ["select $1", [2], []]
      ]
    )
  })
})

describe("a backslash in a template", () => {
  it("has JavaScript's meaning, and the text is what that gives", () => {
    const made = sql`select '\\d+', E'\\n', '\n', '\t', '\x41\u0042\u{43}', '\`', '\${x}', '$\{' ${1} '\\u'`
    assert.deepStrictEqual(shape(made), [
      "select '\\d+', E'\\n', '\n', '\t', 'ABC', '`', '${x}', '${' $1 '\\u'",
      [1],
      []
    ])
    assert.isUndefined(made.refused)
  })

  it.each([
    ["that JavaScript cannot read", sql`path like 'C:\users%'`, "the text has \\u at character 14"],
    ["of a number", sql`select '\1'`, "the text has \\1 at character 9"],
    ["of half a byte", sql`select '\x4'`, "the text has \\x at character 9"],
    ["of which it drops the backslash", sql`select '\d+'`, "the text has \\d at character 9"],
    ["of a quote", sql`select E'it\'s'`, "the text has \\' at character 12"],
    ["in capitals", sql`select '\N'`, "the text has \\N at character 9"],
    ["behind a value", sql`select ${1} ~ '\w' ${2}`, "the text behind value 1 has \\w at character 5"],
    ["in a fragment", sql`select 1 where ${sql`x ~ '\s'`}`, "the text has \\s at character 6"],
    ["in a joined fragment", Sql.join(", ", [sql`1`, sql`'\q'`]), "the text has \\q at character 2"],
    [
      "beside a name",
      sql`delete from ${Sql.identifier("f")} where p ~ '\u1'`,
      "the text behind value 1 has \\u"
    ]
  ])("before an escape %s is refused by its place, and never a text without it", (_name, made, reason) => {
    assert.include(made.refused, reason)
    assert.notInclude(made.sql, "undefined")
    assert.include(made.sql, "\\")
  })
})

describe("a fragment inside another", () => {
  it("is renumbered with the whole", () => {
    const inner = sql`b = ${2} and c = ${3}`
    assert.deepStrictEqual(shape(sql`select ${0} where a = ${1} and ${inner} and d = ${4}`), [
      "select $1 where a = $2 and b = $3 and c = $4 and d = $5",
      [0, 1, 2, 3, 4],
      []
    ])
    assert.deepStrictEqual(shape(inner), ["b = $1 and c = $2", [2, 3], []])
  })

  it("may be used twice, and be deep", () => {
    const one = sql`${1}`
    const two = sql`(${one}, ${one})`
    assert.deepStrictEqual(shape(sql`values ${two}, ${two}`), ["values ($1, $2), ($3, $4)", [1, 1, 1, 1], []])
  })

  it("may be nothing", () => {
    assert.deepStrictEqual(shape(sql`select 1 ${Sql.empty}`), ["select 1 ", [], []])
    assert.deepStrictEqual(shape(sql`${Sql.empty}${1}${Sql.empty}`), ["$1", [1], []])
  })

  it("has its own text when it was made at a place that was seen before", () => {
    const part = (value: number) => sql`x = ${value}`
    part(0)
    assert.deepStrictEqual(shape(sql`select ${part(1)} or ${part(2)}`), [
      "select x = $1 or x = $2",
      [1, 2],
      []
    ])
  })

  it("is numbered without a gap, however fragments are put together", () => {
    type Tree = number | ReadonlyArray<Tree>
    const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
      tree: fc.oneof({ depthSize: "small" }, fc.nat(), fc.array(tie("tree"), { maxLength: 4 }))
    }))
    const build = (tree: Tree): Sql.Fragment =>
      typeof tree === "number" ? sql`${tree}` : Sql.join(",", tree.map(build))
    const leaves = (tree: Tree): ReadonlyArray<number> =>
      typeof tree === "number" ? [tree] : tree.flatMap(leaves)
    fc.assert(
      fc.property(tree, (tree) => {
        const made = build(tree)
        assert.deepStrictEqual(made.parameters, leaves(tree))
        assert.deepStrictEqual(
          [...made.sql.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)),
          leaves(tree).map((_, index) => index + 1)
        )
      })
    )
  })
})

describe("a name", () => {
  it.each([
    [["people"], '"people"'],
    [["public", "people"], '"public"."people"'],
    [["public.people"], '"public.people"'],
    [['we"ird'], '"we""ird"'],
    [["Case Kept"], '"Case Kept"'],
    [['"; drop table t; --'], '"""; drop table t; --"']
  ] as const)("%j is quoted, and a dot in it is part of it: %s (FLW-012)", (path, expected) => {
    const [first, ...rest] = path
    assert.deepStrictEqual(shape(sql`select * from ${Sql.identifier(first, ...rest)}`), [
      `select * from ${expected}`,
      [],
      []
    ])
  })

  it.each([
    ["", "empty"],
    ["a\0b", "zero byte"],
    ["\ud800", "surrogate"],
    ["a".repeat(64), "63 bytes"]
  ])("that cannot be one is refused: %j (TRP-042)", (name, reason) => {
    assert.throws(() => Sql.identifier(name), reason)
  })
})

describe("a typed value", () => {
  it("is a parameter with its type, also inside a fragment; the others have none", () => {
    const part = sql`b = ${Sql.typed(Oid.jsonb, { a: 1 })}`
    assert.deepStrictEqual(shape(sql`a = ${1} and ${part} and c = ${Sql.typed(Oid.int8, 2n)}`), [
      "a = $1 and b = $2 and c = $3",
      [1, { a: 1 }, 2n],
      [0, Oid.jsonb, Oid.int8]
    ])
  })
})

describe("several parts", () => {
  it("are joined with a separator between them", () => {
    assert.deepStrictEqual(shape(Sql.join(" and ", [sql`a = ${1}`, sql`b = ${2}`, Sql.unsafe("true")])), [
      "a = $1 and b = $2 and true",
      [1, 2],
      []
    ])
    assert.deepStrictEqual(shape(Sql.join(", ", [])), ["", [], []])
    assert.deepStrictEqual(shape(Sql.join(", ", [sql`${1}`])), ["$1", [1], []])
  })

  it("keep their types", () => {
    assert.deepStrictEqual(Sql.join(",", [sql`${1}`, sql`${Sql.typed(Oid.text, "a")}`]).types, [0, Oid.text])
  })
})

it("unsafe text is taken as it is", () => {
  assert.deepStrictEqual(shape(sql`select ${Sql.unsafe("now() -- 'x' $9")}`), [
    "select now() -- 'x' $9",
    [],
    []
  ])
})
