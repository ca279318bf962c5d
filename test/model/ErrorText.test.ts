import fc from "fast-check"
import { assert, describe, it } from "@effect/vitest"
import type { CodecPlace } from "../../src/model/CodecPlace.js"
import * as ErrorText from "../../src/model/ErrorText.js"
import type { ServerFields } from "../../src/model/ServerFields.js"
import { serverFields } from "./serverFields.js"

/** The character over which the caret stands. */
const pointedAt = (shown: string): string | undefined => {
  const [line, below] = shown.split("\n")
  assert.match(below ?? "", /^ *\^$/)
  return [...line!][below!.length - 1]
}

/** 1-based position in characters of a mark, as the server counts. */
const positionOf = (sql: string, mark: string): number => [...sql.slice(0, sql.indexOf(mark))].length + 1

describe("the place of an error", () => {
  it("is counted in characters, not in UTF-16 units (ERR-005, TRP-064)", () => {
    const sql = "select '😀é👩‍👩‍👧', x"
    assert.strictEqual(sql[ErrorText.utf16Index(sql, positionOf(sql, "x"))], "x")
    assert.strictEqual(ErrorText.utf16Index(sql, 1), 0)
    assert.strictEqual(ErrorText.utf16Index(sql, 9), 8)
    assert.strictEqual(ErrorText.utf16Index(sql, 10), 10)
  })

  it("beyond the end is the end", () => {
    assert.strictEqual(ErrorText.utf16Index("abc", 4), 3)
    assert.strictEqual(ErrorText.utf16Index("abc", 99), 3)
  })

  it("has a caret under it, after an emoji too (ERR-005, ERR-015, TRP-064)", () => {
    assert.strictEqual(
      ErrorText.caret("select '😀' frmo t", 12),
      "LINE 1: select '😀' frmo t\n                   ^"
    )
  })

  it("is shown in its own line, which is numbered", () => {
    assert.strictEqual(ErrorText.caret("select 1,\n  oops\nfrom t", 13), "LINE 2:   oops\n          ^")
    assert.strictEqual(ErrorText.caret("a\nb", 3), "LINE 2: b\n        ^")
    assert.strictEqual(ErrorText.caret("a\nb", 1), "LINE 1: a\n        ^")
  })

  it("at the end of the text has its caret behind the last character", () => {
    assert.strictEqual(ErrorText.caret("select", 7), "LINE 1: select\n              ^")
  })

  it("in a long line is shown with some text around it, and dots where it was cut", () => {
    const shown = ErrorText.caret(`${"a".repeat(500)}X${"b".repeat(500)}`, 501)
    assert.isBelow(shown.split("\n")[0]!.length, 150)
    assert.match(shown, /^LINE 1: \.\.\.a+Xb+\.\.\.\n/)
    assert.strictEqual(pointedAt(shown), "X")
  })

  it("in a long line has no half characters about it", () => {
    for (const between of ["", "a", "aa"]) {
      const sql = `${"😀".repeat(100)}${between}X${between}${"😀".repeat(100)}`
      assert.strictEqual(ErrorText.caret(sql, positionOf(sql, "X")).isWellFormed(), true)
    }
  })

  it("behind tabs is found: a tab takes one column", () => {
    assert.strictEqual(pointedAt(ErrorText.caret("\t\tselect\tX", 10)), "X")
  })

  it("is under the right character in any text", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 150 }).map((text) => text.replaceAll("X", "x"))
    fc.assert(
      fc.property(text, text, (before, after) => {
        const sql = `${before}X${after}`
        assert.strictEqual(pointedAt(ErrorText.caret(sql, positionOf(sql, "X"))), "X")
      })
    )
  })
})

describe("the text of a server's error", () => {
  it("is printed as psql prints it, every part in its place (ERR-009, ERR-015)", () => {
    const fields = serverFields("42P01", {
      text: 'relation "peple" does not exist',
      position: 15,
      detail: "first\nsecond",
      hint: "Perhaps you meant people.",
      internalQuery: "select bad",
      internalPosition: 8,
      where: "PL/pgSQL function f() line 3\nSQL statement"
    })
    assert.strictEqual(
      ErrorText.server(fields, "select * from peple", true),
      [
        'ERROR 42P01: relation "peple" does not exist',
        "LINE 1: select * from peple",
        "                      ^",
        "DETAIL: first",
        "second",
        "HINT: Perhaps you meant people.",
        "QUERY: select bad",
        "LINE 1: select bad",
        "               ^",
        "CONTEXT: PL/pgSQL function f() line 3",
        "SQL statement"
      ].join("\n")
    )
  })

  it("leaves out what quotes values of rows, but the place in a COPY, unless that is asked for (ERR-014)", () => {
    const said = (where: string) =>
      ErrorText.server(serverFields("22P02", { text: "bad", detail: "secret", where }), "")
    assert.strictEqual(said('SQL function "f" with secret'), "ERROR 22P02: bad")
    assert.strictEqual(
      said('COPY my t, line 3, column id: "secret"'),
      "ERROR 22P02: bad\nCONTEXT: COPY my t, line 3, column id"
    )
    assert.strictEqual(
      said('COPY t, line 3: "secret, line 4"\nSQL secret'),
      "ERROR 22P02: bad\nCONTEXT: COPY t, line 3"
    )
  })

  it("is a single line when the error has nothing more", () => {
    assert.strictEqual(
      ErrorText.server(serverFields("57014", { text: "canceling statement" }), ""),
      "ERROR 57014: canceling statement"
    )
  })

  it("has a hint where the server sends none, and never in place of the server's", () => {
    const hint = (code: string, fields: Partial<ServerFields> = {}) =>
      /\nHINT: (.*)$/.exec(ErrorText.server(serverFields(code, fields), "select 1; select 2"))?.[1]
    assert.include(hint("40P01"), "tried again")
    assert.strictEqual(hint("40001", { hint: "The server's." }), "The server's.")
    assert.include(hint("25P02"), "savepoint")
    assert.include(hint("42601", { routine: "exec_parse_message" }), "connection.simple")
    assert.isUndefined(hint("42601", { routine: "scanner_yyerror" }))
  })

  it("shows the statement's first line when no place is given, and of a long one the beginning", () => {
    assert.include(
      ErrorText.server(serverFields("23505"), "\n  insert into t\nvalues ($1)"),
      "\nSTATEMENT: insert into t"
    )
    const long = ErrorText.server(serverFields("23505"), `select ${"a".repeat(1000)}`)
    assert.isBelow(long.length, 250)
    assert.strictEqual(long.endsWith("..."), true)
  })
})

describe("a refused value", () => {
  const refused = {
    direction: "encode",
    place: { _tag: "Parameter", number: 1 },
    type: "text",
    reason: "expected string, got a number",
    sql: "select $1"
  } as const

  it("that only the SQL makes a text comes with the cast that helps", () => {
    assert.match(ErrorText.codec(refused), /\nHINT: .*\$1::int4\.$/)
    assert.notInclude(ErrorText.codec({ ...refused, type: "name" }), "HINT")
    assert.notInclude(
      ErrorText.codec({ ...refused, direction: "decode", place: { _tag: "Column", column: "a", index: 0 } }),
      "HINT"
    )
  })

  it.each<readonly [CodecPlace, "decode" | "encode", string]>([
    [{ _tag: "Argument", name: "parameters" }, "encode", "the parameters cannot be sent: odd"],
    [{ _tag: "Column", column: "a", index: 0 }, "decode", 'column "a" of type int4 cannot be read: odd'],
    [
      { _tag: "RowColumn", row: 7, column: "a", index: 0 },
      "decode",
      'column "a" of type int4 cannot be read in row 7: odd'
    ],
    [{ _tag: "Row", row: 7 }, "decode", "row 7 cannot be read: odd"],
    [{ _tag: "Row", row: undefined }, "decode", "a row cannot be read: odd"],
    [
      { _tag: "Columns", of: "result" },
      "decode",
      "the result does not fit the Schema, and the statement was not run: odd\n" +
        "HINT: Change the Schema, or the statement by an alias or a cast."
    ],
    [
      { _tag: "Columns", of: "copy" },
      "encode",
      "the columns of the copy do not fit the Schema, and nothing was copied: odd\n" +
        "HINT: Change the Schema, or what is copied."
    ]
  ])("is named by its place %j", (place, direction, expected) => {
    assert.strictEqual(
      ErrorText.codec({ ...refused, place, direction, type: "int4", reason: "odd", sql: "" }),
      expected
    )
  })
})

describe("a table that does not fit", () => {
  const differing = {
    direction: "decode",
    place: { _tag: "Columns", of: "table" },
    type: "record",
    reason: "\n  id  int4",
    sql: "shop.orders"
  } as const

  it("is named in the sentence, and no statement is mentioned", () => {
    assert.strictEqual(
      ErrorText.codec(differing),
      "the table shop.orders does not fit the Schema:\n  id  int4\nHINT: Change the Schema, or the table."
    )
  })
})

describe("a deadline", () => {
  const passed = { deadline: "statement", millis: 250, sent: true } as const

  it("shows the statement on a line of its own, and what we did in the sentence", () => {
    assert.match(ErrorText.timeout({ ...passed, during: "select 1" }), /passed\. .*\nSTATEMENT: select 1$/)
    assert.match(ErrorText.timeout({ ...passed, during: "rolling back a" }), /passed while rolling back a\. /)
  })
})

describe("a statement behind a deadline", () => {
  it.each([
    [{ sent: false }, "Nothing had been sent."],
    [{ cancel: "delivered" }, "A cancel request was delivered to the server."],
    [{ cancel: "deferred" }, "No cancel request was sent, because other statements"],
    [
      { cancel: "failed", cancelFailure: "connection refused (ECONNREFUSED)" },
      "No cancel request could be delivered, and the connection was closed: connection refused (ECONNREFUSED)."
    ],
    [{}, "Whether the statement still runs is not known."]
  ] as const)("is reported with what is known of it and no more: %j", (fate, expected) => {
    const text = ErrorText.timeout({
      deadline: "statement",
      millis: 250,
      sent: true,
      during: "select 1",
      ...fate
    })
    assert.include(text, expected)
    if (!("cancel" in fate && fate.cancel === "delivered")) assert.notInclude(text, "was delivered")
  })
})

describe("a violation of the protocol", () => {
  it("doubts the server only while it has not yet shown that it is one", () => {
    const violation = { tag: "H", reason: "too long" }
    for (const state of ["Negotiation.TlsRequested", "Startup.Opening"])
      assert.include(ErrorText.protocol({ ...violation, state }), "really a PostgreSQL server?")
    assert.match(ErrorText.protocol({ ...violation, state: "ExtendedQuery.Fetching" }), /has been closed\.$/)
  })
})

describe("a host that is not found", () => {
  it("is doubted", () => {
    const notFound = (address: string) =>
      ErrorText.connect([
        {
          address,
          phase: "resolve",
          cause: { _tag: "TransportFailure", code: "ENOTFOUND", message: "host name not found" }
        }
      ])
    assert.match(notFound("db:5432"), /Is the host name right\?$/)
  })
})
