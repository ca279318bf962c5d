import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as CopyStatement from "../../src/copy/CopyStatement.js"
import * as Statement from "../../src/model/Statement.js"

const textOf = (either: CopyStatement.Text): string =>
  Either.getOrThrowWith(either, (reason) => new Error(reason))

const reason = (either: CopyStatement.Text): string => {
  if (Either.isRight(either)) throw new Error(`accepted: ${either.right}`)
  return either.left
}

describe("a COPY FROM STDIN", () => {
  it("quotes every name, and a point in one does not make a path (FLW-012)", () => {
    assert.strictEqual(
      textOf(CopyStatement.into(["my.schema", 'a"b'], ["Id", "select"], { format: "binary" })),
      'copy "my.schema"."a""b" ("Id", "select") from stdin with (format binary)'
    )
    assert.strictEqual(
      textOf(CopyStatement.into("a.b", ["c"], { format: "text" })),
      'copy "a.b" ("c") from stdin with (format text)'
    )
  })

  it("has settings as literals that mean the same whatever the server's settings are (FLW-012)", () => {
    assert.strictEqual(
      textOf(
        CopyStatement.into("t", ["a"], {
          format: "csv",
          delimiter: "'",
          nullText: "\\N'",
          defaultText: "\\D",
          quote: "q",
          escape: "\\",
          header: true,
          forceNotNull: ["a"],
          forceNull: "*",
          freeze: true,
          onError: "ignore",
          rejectLimit: 3,
          logVerbosity: "verbose",
          encoding: "UTF8"
        })
      ),
      `copy "t" ("a") from stdin with (format csv, delimiter '''', null E'\\\\N''', default E'\\\\D', header, quote 'q', escape E'\\\\', ` +
        `force_not_null ("a"), force_null ("a"), freeze, on_error ignore, reject_limit 3, log_verbosity verbose, ` +
        "encoding 'UTF8')"
    )
  })

  it("has the header matched by the server on its way in only", () => {
    const format = { format: "text", header: "match" } as const
    assert.include(textOf(CopyStatement.into("t", ["a"], format)), "header match")
    assert.notInclude(CopyStatement.from("select 1", format), "match")
    assert.include(CopyStatement.from("select 1", format), "header")
    assert.notInclude(CopyStatement.from("select 1", { format: "text", header: false }), "header")
  })

  it("takes a condition without parameters only", () => {
    const into = (where: Statement.Statement) => CopyStatement.into("t", ["a"], { format: "binary", where })
    assert.strictEqual(
      textOf(into(Statement.make("a > 3"))),
      'copy "t" ("a") from stdin with (format binary) where a > 3'
    )
    assert.match(reason(into(Statement.make("a > $1", [3]))), /no parameters, and the condition has 1/)
  })

  it("is refused with what is no name", () => {
    const into = (table: CopyStatement.TableName, name: string) =>
      CopyStatement.into(table, [name], { format: "text" })
    assert.match(reason(into("", "a")), /cannot be empty/)
    assert.match(reason(into([], "a")), /cannot be empty/)
    assert.match(reason(into("t", "a\0")), /zero byte/)
    assert.match(
      reason(CopyStatement.into("t", ["a"], { format: "csv", forceNull: [""] })),
      /cannot be empty/
    )
  })
})

describe("a COPY TO STDOUT", () => {
  it("always reads a query", () => {
    assert.strictEqual(textOf(CopyStatement.query(["s", "t"], undefined)), 'select * from "s"."t"')
    assert.strictEqual(textOf(CopyStatement.query("t", ["a", "B"])), 'select "a", "B" from "t"')
    assert.strictEqual(
      CopyStatement.from("select 1", { format: "binary" }),
      "copy (select 1) to stdout with (format binary)"
    )
  })

  it("chooses columns by name or all of them", () => {
    const from = (forceQuote: "*" | ReadonlyArray<string>) =>
      textOf(CopyStatement.fromChoosing("select 1", { format: "csv", forceQuote }))
    assert.strictEqual(from("*"), "copy (select 1) to stdout with (format csv, force_quote *)")
    assert.strictEqual(
      from(["a", 'B"']),
      'copy (select 1) to stdout with (format csv, force_quote ("a", "B"""))'
    )
    assert.strictEqual(from([]), "copy (select 1) to stdout with (format csv)")
  })

  it("is not swallowed by a comment at the end of the query", () => {
    assert.strictEqual(
      CopyStatement.from("select 1 -- one", { format: "binary" }),
      "copy (select 1 -- one\n) to stdout with (format binary)"
    )
  })

  it("takes a query without parameters only", () => {
    const source = (query: Statement.Statement) => CopyStatement.source({ query }, undefined)
    assert.strictEqual(textOf(source(Statement.make("select 1"))), "select 1")
    assert.match(reason(source(Statement.make("select $1", [1]))), /the query has 1/)
  })
})
