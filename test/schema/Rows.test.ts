import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { inspect } from "node:util"
import type { Column } from "../../src/model/Column.js"
import * as Oid from "../../src/model/Oid.js"
import { array } from "../../src/schema/Containers.js"
import { Int4, Int8, Jsonb, Numeric, Text, TimestampTz, as, type } from "../../src/schema/PgSchema.js"
import * as Rows from "../../src/schema/Rows.js"
import { NumberFromInt8 } from "../../src/schema/Transforms.js"
import { lossless } from "../../src/types/Registry.js"
import type { ObjectRow } from "../../src/types/RowShape.js"
import { column } from "./columns.js"

const origin = (columns: ReadonlyArray<Column>): Rows.ResultFacts => ({
  columns,
  registry: lossless,
  sql: "select"
})

const failure = (
  schema: Schema.Schema.AnyNoContext,
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ObjectRow>
) => Effect.runSync(Effect.flip(Rows.compile(schema).decode(rows, 1, origin(columns))))

/** The text of the error of one value, for a column `a`. */
const reason = (schema: Schema.Schema.AnyNoContext, value: unknown, oid = Oid.text): string => {
  const error = failure(Schema.Struct({ a: schema }), [column("a", oid)], [{ a: value }])
  assert.deepStrictEqual(error.place, { _tag: "RowColumn", row: 1, column: "a", index: 0 })
  return error.reason
}

describe("a decoder of rows", () => {
  it("is compiled once for a Schema, and compares a list of columns once", () => {
    const schema = Schema.Struct({ id: Int4 })
    const rows = Rows.compile(schema)
    assert.strictEqual(Rows.compile(schema), rows)
    assert.notStrictEqual(Rows.compile(Schema.Struct({ id: Int4 })), rows)
    let looks = 0
    const fitting: ReadonlyArray<Column> = [
      {
        ...column("id", Oid.int4),
        get name() {
          looks++
          return "id"
        }
      }
    ]
    assert.isUndefined(rows.refuses(fitting, lossless))
    const first = looks
    assert.isAbove(first, 0)
    assert.isUndefined(rows.refuses(fitting, lossless))
    assert.strictEqual(looks, first)
    assert.isDefined(rows.refuses([column("id", Oid.text)], lossless))
  })

  it("leaves out what the Schema does not want, and counts rows from the one it is given", () => {
    const rows = Rows.compile(Schema.Struct({ id: Int4 }))
    const columns = [column("x", Oid.text), column("id", Oid.int4)]
    const some = [
      { x: "a", id: 1 },
      { x: "b", id: 2 }
    ]
    assert.deepStrictEqual(Effect.runSync(rows.decode(some, 1, origin(columns))), [{ id: 1 }, { id: 2 }])
    const error = Effect.runSync(Effect.flip(rows.decode([...some, { id: null }], 100, origin(columns))))
    assert.deepStrictEqual(
      [error.place, error.type],
      [{ _tag: "RowColumn", row: 102, column: "id", index: 1 }, "int4"]
    )
  })

  it("goes on with effects where a row needs them, in order, and fails at the row that fails", async () => {
    const order: Array<number> = []
    const Slow = Schema.transformOrFail(Int4, Schema.Number, {
      strict: true,
      decode: (n) =>
        n % 2 === 0
          ? Either.right(n)
          : Effect.as(
              Effect.tap(Effect.yieldNow(), () => order.push(n)),
              n
            ),
      encode: (n) => Effect.succeed(n)
    })
    const rows = Rows.compile(Schema.Struct({ n: Slow.pipe(Schema.lessThan(6)) }))
    const some = (to: number) => Array.from({ length: to + 1 }, (_, n) => ({ n }))
    const at = origin([column("n", Oid.int4)])
    assert.deepStrictEqual(await Effect.runPromise(rows.decode(some(5), 1, at)), some(5))
    assert.deepStrictEqual(order, [1, 3, 5])
    const error = await Effect.runPromise(Effect.flip(rows.decode(some(9), 1, at)))
    assert.deepStrictEqual(
      [error.place, error.reason],
      [{ _tag: "RowColumn", row: 7, column: "n", index: 0 }, "expected a number less than 6, got a number"]
    )
    assert.deepStrictEqual(order, [1, 3, 5, 1, 3, 5])
    order.length = 0
    const { failure, values } = await Effect.runPromise(rows.decodeSome(some(9), 11, at))
    assert.deepStrictEqual(
      [values, failure?.place, order],
      [some(5), { _tag: "RowColumn", row: 17, column: "n", index: 0 }, [1, 3, 5]]
    )
  })

  it.each<readonly [name: string, schema: Schema.Schema.AnyNoContext, value: unknown, reason: string]>([
    ["another shape", Int8, "secret", "expected bigint (int8), got string of 6 characters"],
    ["NULL", Schema.NonEmptyString, null, "expected string, got null"],
    ["NULL for a type", Numeric, null, "expected Numeric (numeric), got null"],
    [
      "a union",
      Schema.NullOr(TimestampTz),
      "secret",
      "expected PgTimestampTz (timestamptz) | null, got string of 6 characters"
    ],
    ["a value beyond a transformation", NumberFromInt8, 2n ** 53n, "expected int8 below 2^53, got bigint"],
    ["NULL before a transformation", NumberFromInt8, null, "expected bigint (int8), got null"],
    ["a condition", Int4.pipe(Schema.positive()), -5, "expected a positive number, got a number"],
    ["an integer out of its range", Int4, 2 ** 40, "expected number (int4), got a number"],
    [
      "a literal",
      type("mood", Schema.Literal("sad", "ok")),
      "secret",
      'expected "sad" | "ok", got string of 6 characters'
    ],
    ["inside an array", array(Int4), [1, null], "at [1]: expected number (int4), got null"],
    [
      "inside JSON",
      as(Oid.jsonb, Schema.Struct({ a: Schema.Array(Schema.Struct({ zip: Schema.String })) })),
      { a: [{ zip: 12345 }] },
      "at a[0].zip: expected string, got a number"
    ],
    [
      "missing inside JSON",
      as(Oid.jsonb, Schema.Struct({ zip: Schema.String })),
      {},
      "at zip: expected string, got nothing"
    ],
    [
      "inside one form of several",
      Schema.NullOr(Schema.Struct({ zip: Schema.String })),
      { zip: 1 },
      "at zip: expected string, got a number"
    ],
    [
      "a condition's own words",
      Text.pipe(Schema.filter((text) => `no ${text}`)),
      "secret",
      "expected { string (text) | filter }, got string of 6 characters"
    ]
  ])("reports for %s what was expected, and never the value", (_name, schema, value, expected) => {
    assert.strictEqual(reason(schema, value), expected)
  })

  it.each<readonly [name: string, schema: Schema.Schema.AnyNoContext, value: unknown, reason: string]>([
    [
      "a filter",
      Text.pipe(Schema.filter((text) => text.startsWith("a") || "must start with a")),
      "secret",
      "must start with a"
    ],
    [
      "a filter of numbers",
      Int4.pipe(Schema.filter((n) => n > 0 || "must be above 0")),
      0,
      "must be above 0"
    ],
    [
      "an annotation",
      Text.pipe(Schema.maxLength(2, { message: () => "is too long" })),
      "secret",
      "is too long"
    ],
    [
      "an annotation that overrides",
      Int4.annotations({ message: () => ({ message: "must be small", override: true }) }),
      2 ** 40,
      "must be small"
    ],
    [
      "a form of several",
      Schema.NullOr(Int4.pipe(Schema.filter((n) => n > 0 || "must be positive"))),
      -1,
      "must be positive"
    ],
    [
      "a transformation",
      Schema.transformOrFail(Text, Schema.String, {
        strict: true,
        decode: (text, _options, ast) => Either.left(new ParseResult.Type(ast, text, "must be a label")),
        encode: (text) => Either.right(text)
      }),
      "secret",
      "must be a label"
    ],
    [
      "a place further in",
      as(
        Oid.jsonb,
        Schema.Struct({ zip: Schema.String }).pipe(
          Schema.filter(() => ({ path: ["zip"], message: "is no ZIP code" }))
        )
      ),
      { zip: "secret" },
      "at zip: is no ZIP code"
    ]
  ])("reports for %s the application's own message", (_name, schema, value, expected) => {
    assert.strictEqual(reason(schema, value), expected)
  })

  it.each<readonly [name: string, schema: Schema.Schema.AnyNoContext, value: unknown]>([
    ["the value", Text.pipe(Schema.filter((text) => `not ${text.toUpperCase()}!`)), "secret"],
    ["a number", Int4.pipe(Schema.filter((n) => `not ${n}`)), 7],
    ["a part of it", Schema.compose(Text, Schema.parseJson(Schema.Unknown)), "secret-token-that-is-long"],
    [
      "what is in it",
      as(Oid.jsonb, Schema.Struct({ zip: Schema.String }).pipe(Schema.filter(({ zip }) => `no ${zip}`))),
      { zip: "secret" }
    ],
    [
      "an annotation's value",
      Text.pipe(Schema.maxLength(2, { message: ({ actual }) => `is ${String(actual)}` })),
      "secret"
    ]
  ])("shows no message that quotes %s", (_name, schema, value) => {
    assert.match(reason(schema, value), /^expected /)
  })

  it("keeps the issue as the cause, which shows no value when it is printed", () => {
    const columns = [column("pin", Oid.text)]
    const Pin = Schema.Struct({ pin: Text.pipe(Schema.maxLength(2)) })
    const error = failure(Pin, columns, [{ pin: "secret" }])
    const cause = error.cause as ParseResult.ParseIssue
    assert.strictEqual(cause._tag, "Composite")
    assert.deepStrictEqual(
      ParseResult.ArrayFormatter.formatIssueSync(cause).map(({ path }) => path),
      [["pin"]]
    )
    const printed = [
      inspect(error, { depth: 9 }),
      JSON.stringify(error),
      String(cause),
      Cause.pretty(Cause.fail(error), { renderErrorCause: true })
    ]
    for (const text of printed) {
      assert.notInclude(text, "secret")
      assert.include(text, "at most 2 character(s) long")
    }
  })

  it("shows the refused value, and messages that quote it, where errors show values", () => {
    const shown = (schema: Schema.Schema.AnyNoContext, value: unknown) => {
      const columns = [column("a", Oid.text)]
      const row = Schema.Struct({ a: schema })
      const run = Rows.compile(row).decode([{ a: value }], 1, { ...origin(columns), showsValues: true })
      return Effect.runSync(Effect.flip(run)).reason
    }
    const Quoting = Schema.String.pipe(Schema.filter((text) => text === "" || `"${text}" is too much`))
    assert.strictEqual(shown(Quoting, "secret"), '"secret" is too much')
    assert.notInclude(reason(Quoting, "secret"), "secret")
    assert.strictEqual(shown(Int4, "secret"), 'expected number (int4), got "secret"')
    assert.strictEqual(shown(Text, { a: [1] }), 'expected string (text), got {"a":[1]}')
    assert.strictEqual(shown(Int4, 7n), "expected number (int4), got 7n")
    assert.isBelow(shown(Int4, "x".repeat(1000)).length, 300)
    for (const hidden of [Redacted.make("secret"), { key: Redacted.make("secret") }])
      assert.notInclude(shown(Int4, hidden), "secret")
  })

  it("names the column of a message about a field that the Schema renames", () => {
    const Renamed = Schema.Struct({
      until: Schema.propertySignature(Int4).pipe(Schema.fromKey("valid_until"))
    }).pipe(Schema.filter(() => ({ path: ["until"], message: "is over" })))
    const error = failure(Renamed, [column("valid_until", Oid.int4)], [{ valid_until: 1 }])
    assert.deepInclude(error, {
      place: { _tag: "RowColumn", row: 1, column: "valid_until", index: 0 },
      reason: "is over"
    })
  })

  it("fails with what the Schema throws as the cause, with an effect or without", async () => {
    const thrown = new RangeError("secret")
    const raise = (): never => {
      throw thrown
    }
    const Throwing = Schema.transform(Int4, Schema.Number, { strict: true, decode: raise, encode: (n) => n })
    const Dying = Schema.transformOrFail(Int4, Schema.Number, {
      strict: true,
      decode: (n) =>
        n === 1 ? Effect.as(Effect.yieldNow(), n) : Effect.zipRight(Effect.yieldNow(), Effect.die(thrown)),
      encode: (n) => Effect.succeed(n)
    })
    const Filtering = Int4.pipe(Schema.filter((n) => (n === 1 ? true : raise())))
    for (const schema of [Throwing, Dying, Filtering]) {
      const rows = Rows.compile(Schema.Struct({ n: schema }))
      const origin_ = origin([column("n", Oid.int4)])
      const given = schema === Throwing ? [{ n: 0 }] : [{ n: 1 }, { n: 0 }]
      const { failure: error, values } = await Effect.runPromise(rows.decodeSome(given, 1, origin_))
      assert.lengthOf(values, given.length - 1)
      assert.deepInclude(error?.place, { row: given.length })
      assert.strictEqual(error?.reason, "the Schema threw RangeError")
      assert.strictEqual(error?.cause, thrown)
      assert.notInclude(error?.message ?? "", "secret")
    }
  })

  it("reports a refusal of the whole row, and a path that is not a column", () => {
    const columns = [column("low", Oid.int4), column("high", Oid.int4)]
    const Ordered = Schema.Struct({ low: Int4, high: Int4 }).pipe(
      Schema.filter(({ high, low }) => low <= high, { description: "low up to high" })
    )
    const error = failure(Ordered, columns, [{ low: 2, high: 1 }])
    assert.deepStrictEqual(
      [error.place, error.reason],
      [{ _tag: "Row", row: 1 }, "expected low up to high, got object"]
    )
    assert.strictEqual(
      error.message,
      "row 1 cannot be read: expected low up to high, got object\nSTATEMENT: select"
    )
    const Odd = Schema.Struct({ low: Int4, other: Text })
    assert.strictEqual(
      failure(Odd, columns, [{ low: 1, high: 2 }]).reason,
      "at other: expected string (text), got nothing"
    )
    const exact = Schema.Struct({ low: Int4 }).annotations({ parseOptions: { onExcessProperty: "error" } })
    assert.deepInclude(failure(exact, columns, [{ low: 1, high: 2 }]), {
      place: { _tag: "RowColumn", row: 1, column: "high", index: 1 },
      reason: "expected nothing, got a number"
    })
  })

  it("shortens what a Schema is called", () => {
    const Many = Schema.Literal(...Array.from({ length: 200 }, (_, at) => `label ${at}`))
    assert.isBelow(reason(Many, "x").length, 260)
  })

  it("lets JSON's null be a value, as the codec gives it", () => {
    const rows = Rows.compile(Schema.Struct({ a: Jsonb }))
    assert.deepStrictEqual(Effect.runSync(rows.decode([{ a: null }], 1, origin([column("a", Oid.jsonb)]))), [
      { a: null }
    ])
  })
})
