import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import fc from "fast-check"
import type { Column } from "../../src/model/Column.js"
import * as Oid from "../../src/model/Oid.js"
import * as CompiledRow from "../../src/schema/CompiledRow.js"
import * as Rows from "../../src/schema/Rows.js"
import * as ParseSteps from "../../src/schema/ParseSteps.js"
import { lossless } from "../../src/types/Registry.js"
import { column } from "./columns.js"
import * as PgSchema from "../../src/PgSchema.js"
import { randomRow } from "./randomSchema.js"

/** As a JavaScript program has it: some transpilers put code into an empty class. */
const bare = (): Schema.Schema.AnyNoContext & (new (...args: ReadonlyArray<never>) => object) =>
  (
    new Function("Base", 'return class Bare extends Base("Bare") {}') as (
      base: (name: string) => unknown
    ) => ReturnType<typeof bare>
  )((name) => Schema.Class(name)({ id: PgSchema.Int4 }))

describe("a compiled Schema of a flat row", () => {
  it("gives what Effect's own parser gives, and stops at every row that it refuses", () => {
    const seen = { compiled: 0, given: 0, refused: 0, undecided: 0 }
    fc.assert(
      fc.property(randomRow, ({ rows, schema }) => {
        const step = CompiledRow.of(schema.ast)
        if (step === undefined) return
        seen.compiled++
        const parser = ParseResult.decodeUnknown(schema)
        for (const row of rows) {
          const expected = parser(row)
          const found = step(row)
          if (found === ParseSteps.undecided) {
            seen.undecided++
            continue
          }
          // Where Effect would run an effect, it may still be sure that the row is refused; Effect's parser is asked then too.
          if (!Either.isEither(expected)) {
            assert.strictEqual(found, ParseSteps.refused)
            continue
          }
          if (Either.isLeft(expected)) {
            seen.refused++
            assert.strictEqual(found, ParseSteps.refused)
            continue
          }
          seen.given++
          assert.notStrictEqual(found, ParseSteps.refused)
          assert.strictEqual(Object.getPrototypeOf(found), Object.getPrototypeOf(expected.right))
          if (!Equal.equals(found, expected.right)) assert.deepStrictEqual(found, expected.right)
        }
      }),
      { numRuns: 600 }
    )
    // The property is about something: rows of both kinds, and most Schemas are compiled.
    assert.isAbove(seen.compiled, 400)
    assert.isAbove(seen.given, 100)
    assert.isAbove(seen.refused, 100)
    assert.isBelow(seen.undecided, seen.given)
  })

  it("returns a row of exactly the Schema's columns as it is, when the row is not shared and no value changes", () => {
    const Flat = Schema.Struct({ id: PgSchema.Int4, note: Schema.NullOr(PgSchema.Text) })
    const Checked = Flat.pipe(Schema.filter(({ id }) => id > 0))
    class Instance extends Schema.Class<Instance>("Instance")(Flat.fields) {}
    const row = { id: 1, note: null }
    for (const schema of [Flat, Checked]) {
      assert.strictEqual(CompiledRow.keeping(schema.ast)!(row), row)
      const copy = CompiledRow.of(schema.ast)!(row)
      assert.deepStrictEqual(copy, row)
      assert.notStrictEqual(copy, row)
      assert.strictEqual(CompiledRow.keeping(schema.ast)!({ id: 1, note: 2 }), ParseSteps.refused)
    }
    assert.strictEqual(CompiledRow.keeping(Checked.ast)!({ id: 0, note: null }), ParseSteps.refused)
    for (let times = 0; times < 3; times++)
      assert.instanceOf(CompiledRow.keeping(Instance.ast)!(row), Instance)
    const origin = { registry: lossless, sql: "", own: true }
    const columns = (...names: ReadonlyArray<string>) => names.map((name) => column(name, Oid.text))
    const decoded = (given: object, of: ReadonlyArray<Column>) =>
      Effect.runSync(Rows.compile(Flat).decode([given as typeof row], 1, { ...origin, columns: of }))[0]
    assert.strictEqual(decoded(row, columns("id", "note")), row)
    const wide = { ...row, more: 1 }
    assert.deepStrictEqual(decoded(wide, columns("id", "note", "more")), row)
  })

  it("checks what a transformation gives by the Schema behind it", () => {
    const Trimmed = Schema.transform(PgSchema.Text, Schema.String.pipe(Schema.minLength(3)), {
      strict: true,
      decode: (text) => text.trim(),
      encode: (text) => text
    })
    const Row = Schema.Struct({ name: Trimmed, again: Schema.compose(PgSchema.Text, Trimmed) })
    const step = CompiledRow.of(Row.ast)!
    assert.deepStrictEqual(step({ name: " abc ", again: "abc" }), { name: "abc", again: "abc" })
    assert.strictEqual(step({ name: " ab ", again: "abc" }), ParseSteps.refused)
    assert.strictEqual(step({ name: "abc", again: " ab " }), ParseSteps.refused)
  })

  it("runs what an application's Class has of its own", () => {
    const fields = { id: PgSchema.Int4, note: Schema.optionalWith(PgSchema.Text, { exact: true }) }
    let made = 0
    class Counting extends Schema.Class<Counting>("Counting")(fields) {
      constructor(props: { readonly id: number }, options?: Schema.MakeOptions) {
        super(props, options)
        made++
      }
    }
    class Initialised extends Schema.Class<Initialised>("Initialised")(fields) {
      readonly extra = ++made
    }
    class Speaking extends Schema.Class<Speaking>("Speaking")(fields) {
      get greeting() {
        return `Hello ${this.id}`
      }
    }
    class Tagged extends Schema.TaggedClass<Tagged>()("Tagged", {}) {}
    for (const Class of [Counting, Initialised]) {
      made = 0
      const step = CompiledRow.of(Class.ast)!
      for (let id = 1; id <= 3; id++) {
        assert.isTrue(step({ id }) instanceof Class)
        assert.strictEqual(made, id)
      }
    }
    const step = CompiledRow.of(Speaking.ast)!
    for (const id of [1, 2]) assert.strictEqual((step({ id }) as Speaking).greeting, `Hello ${id}`)
    const tagged = Schema.Struct({ _tag: Schema.tag("Tagged") })
    assert.strictEqual((CompiledRow.of(Tagged.ast)!({ _tag: "Tagged" }) as Tagged)._tag, "Tagged")
    assert.isDefined(CompiledRow.of(tagged.ast))
  })

  it("makes instances of a bare Class that are like those of its constructor", () => {
    const Bare = bare()
    const step = CompiledRow.of(Bare.ast)!
    const [first, second] = [{ id: 1 }, { id: 1 }].map((row) => step(row))
    assert.isTrue(second instanceof Bare)
    assert.isTrue(Equal.equals(first, second))
    assert.deepStrictEqual(second, first)
    assert.strictEqual(String(second), String(first))
    assert.deepStrictEqual(Schema.encodeSync(Bare as never)(second as never), { id: 1 })
  })

  it("keeps a column that is called __proto__, which Effect's parser loses", () => {
    const Odd = Schema.Struct({ ["__proto__"]: PgSchema.Int4, id: PgSchema.Int4 })
    const row = JSON.parse('{"__proto__": 1, "id": 2}') as object
    const found = CompiledRow.of(Odd.ast)!(row)
    assert.deepStrictEqual(Object.entries(found as object), [
      ["__proto__", 1],
      ["id", 2]
    ])
    assert.strictEqual(CompiledRow.of(Odd.ast)!({ id: 2 }), ParseSteps.refused)
  })

  it("keeps it through a Record and a Struct with an index signature, whatever the columns of the row before", () => {
    const Row = Schema.Record({ key: Schema.String, value: PgSchema.Int4 })
    const Mixed = Schema.Struct(
      { id: Schema.NumberFromString },
      { key: Schema.String, value: Schema.Unknown }
    )
    const odd = JSON.parse('{"__proto__": 1, "constructor": 2}') as object
    const step = CompiledRow.of(Row.ast)!
    for (const row of [odd, { a: 1 }, odd, {}])
      assert.deepStrictEqual(Object.entries(step(row) as object), Object.entries(row))
    assert.strictEqual(step(JSON.parse('{"__proto__": "x"}')), ParseSteps.refused)
    const mixed = CompiledRow.of(Mixed.ast)!
    assert.deepStrictEqual(mixed({ more: null, id: "7" }), { id: 7, more: null })
    assert.strictEqual(mixed({ more: null }), ParseSteps.undecided)
  })

  it("leaves to Effect's parser what is no flat row, and options of its own", () => {
    const Flat = Schema.Struct({ id: PgSchema.Int4 })
    for (const schema of [
      Schema.Union(Flat, Schema.Struct({ other: PgSchema.Text })),
      Schema.suspend(() => Flat),
      Flat.annotations({ parseOptions: { onExcessProperty: "error" } }),
      Schema.Struct({})
    ])
      assert.isUndefined(CompiledRow.of(schema.ast))
    assert.isDefined(CompiledRow.of(Flat.ast))
  })
})
