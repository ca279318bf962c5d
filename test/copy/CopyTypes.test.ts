/** What the types let through and what they refuse; the compiler is the test, and running it shows that nothing runs. */
import { describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Copy from "../../src/Copy.js"
import * as Statement from "../../src/model/Statement.js"

const rows = Stream.make([1])
const into = { table: "t", columns: ["a"] }
const Person = Schema.Struct({ id: Schema.Number })
const person = Stream.make({ id: 1 })

describe("the types of a copy", () => {
  it("take a format that is one of several, with what these have in common", () => {
    for (const format of ["binary", "text", "csv", undefined] as const) {
      Copy.rowsInto({ ...into, format, freeze: true, where: Statement.make("a > 1") }, rows)
      Copy.rowsInto({ table: "t", columns: ["a"], format }, rows)
      Copy.rowsInto({ table: "t", format }, Person, person)
      Copy.rowsFrom({ table: "t", format, mode: "array" })
      Copy.encodeRows({ columns: [], format })
      Copy.decodeRows({ columns: [], format })
      if (format !== undefined) {
        Copy.from({ table: "t", format }, Stream.empty)
        Copy.to({ table: "t", format })
      }
      // @ts-expect-error the binary format passes over no row
      Copy.rowsInto({ ...into, format, onError: "ignore" }, rows)
      // @ts-expect-error the binary format has no delimiter
      Copy.rowsFrom({ table: "t", format, delimiter: "," })
    }
    for (const format of ["text", "csv"] as const) {
      Copy.rowsInto(
        { ...into, format, nullText: "-", defaultText: "D", onError: "ignore", rejectLimit: 1 },
        rows
      )
      Copy.rowsFrom({ table: "t", format, header: "match" })
      // @ts-expect-error text has no quotes
      Copy.rowsFrom({ table: "t", format, quote: "'" })
    }
  })

  it("refuse what a format has not", () => {
    // @ts-expect-error binary has no delimiter
    Copy.rowsInto({ ...into, format: "binary", delimiter: "," }, rows)
    const spread = { format: "binary", delimiter: "," } as const
    // @ts-expect-error nor when it comes by a spread
    Copy.rowsInto({ ...into, ...spread }, rows)
    // @ts-expect-error text has no quotes
    Copy.rowsInto({ ...into, format: "text", quote: "'" }, rows)
    // @ts-expect-error what is left to us has no delimiter
    Copy.rowsInto({ ...into, delimiter: "," }, rows)
    // @ts-expect-error binary has no encoding
    Copy.from({ table: "t", format: "binary", encoding: "UTF8" }, Stream.empty)
    // @ts-expect-error bytes are of a format that is stated
    Copy.to({ table: "t" })
  })

  it("refuse what goes the other way only", () => {
    // @ts-expect-error it is the server that writes quotes
    Copy.rowsInto({ ...into, format: "csv", forceQuote: "*" }, rows)
    // @ts-expect-error it is the server that reads NULL
    Copy.rowsFrom({ table: "t", format: "csv", forceNull: "*" })
    // @ts-expect-error nothing is stored
    Copy.rowsFrom({ table: "t", format: "csv", freeze: true })
    // @ts-expect-error there are no defaults on the way out
    Copy.rowsFrom({ table: "t", format: "csv", defaultText: "D" })
    // @ts-expect-error the server compares no names on the way out
    Copy.to({ table: "t", format: "csv", header: "match" })
    // @ts-expect-error a writer passes over nothing
    Copy.encodeRows({ columns: [], format: "csv", forceNull: "*" })
    // @ts-expect-error a reader puts nothing in quotes
    Copy.decodeRows({ columns: [], format: "csv", forceQuote: "*" })
    Copy.rowsFrom({ table: "t", format: "csv", forceQuote: ["a"] })
    Copy.rowsInto({ ...into, format: "csv", forceNull: "*", forceNotNull: ["a"] }, rows)
    Copy.encodeRows({ columns: [], format: "csv", forceQuote: "*", defaultText: "D" })
    Copy.decodeRows({ columns: [], format: "csv", forceNull: "*", forceNotNull: ["a"] })
  })

  it("name the reason why an option is refused", () => {
    type In<T, N extends PropertyKey> = T extends unknown
      ? N extends keyof T
        ? Extract<T[N], Copy.Misplaced<string>>
        : never
      : never
    type Reason<T, N extends PropertyKey> = In<T, N> extends Copy.Misplaced<infer R> ? R : never
    const reasons: [
      Reason<Copy.FormatInto, "quote">,
      Reason<Copy.FormatInto, "delimiter">,
      Reason<Copy.FormatInto, "forceQuote">,
      Reason<Copy.BytesFrom, "forceNull">,
      Reason<Copy.FormatFrom, "freeze">,
      Reason<Copy.RowsToRead, "forceQuote">,
      Reason<Copy.RowsToWrite, "forceNull">,
      Reason<Copy.FormatInto, "rejectLimit">
    ] = [
      "quote is for the format csv",
      "delimiter is for the format text or csv",
      "forceQuote is not for a copy into a table",
      "forceNull is not for a copy from the server",
      "freeze is not for a copy from the server",
      "forceQuote is not for the reading of data",
      "forceNull is not for the writing of data",
      'rejectLimit needs onError: "ignore"'
    ]
    void reasons
  })

  it("refuse a limit where no row is passed over, and rows in another encoding than UTF-8", () => {
    // @ts-expect-error the copy stops at the first
    Copy.rowsInto({ ...into, format: "text", rejectLimit: 3 }, rows)
    // @ts-expect-error for this reason
    Copy.rowsInto({ ...into, format: "text", onError: "stop", rejectLimit: 3 }, rows)
    // @ts-expect-error rows are UTF-8
    Copy.rowsInto({ ...into, format: "csv", encoding: "LATIN1" }, rows)
    Copy.rowsInto({ ...into, format: "csv", encoding: "UTF8" }, rows)
    Copy.from({ table: "t", format: "csv", encoding: "LATIN1", header: "match" }, Stream.empty)
  })

  it("check rows against their Schema, which may name the columns", () => {
    const read: Stream.Stream<{ readonly id: number }, unknown, unknown> = Copy.rowsFrom(
      { table: "t" },
      Person
    )
    Copy.rowsInto({ table: "t", format: "csv", defaultText: "D" }, Person, read)
    Stream.run(person, Copy.rowsSink({ table: "t" }, Person))
    // @ts-expect-error an id is a number
    Copy.rowsInto({ table: "t" }, Person, Stream.make({ id: "1" }))
    // @ts-expect-error without a Schema the columns must be named
    Copy.rowsInto({ table: "t" }, rows)
  })
})
