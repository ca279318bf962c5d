import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import fc from "fast-check"
import * as CompiledRow from "../../src/schema/CompiledRow.js"
import * as Steps from "../../src/schema/Steps.js"
import * as PgSchema from "../../src/PgSchema.js"
import { randomRow } from "./randomSchema.js"

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
          if (found === Steps.undecided) {
            seen.undecided++
            continue
          }
          // Where Effect would run an effect, it may still be sure that the row is refused; Effect's parser is asked then too.
          if (!Either.isEither(expected)) {
            assert.strictEqual(found, Steps.refused)
            continue
          }
          if (Either.isLeft(expected)) {
            seen.refused++
            assert.strictEqual(found, Steps.refused)
            continue
          }
          seen.given++
          assert.notStrictEqual(found, Steps.refused)
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

  it("keeps a column that is called __proto__, which Effect's parser loses", () => {
    const Odd = Schema.Struct({ ["__proto__"]: PgSchema.Int4, id: PgSchema.Int4 })
    const row = JSON.parse('{"__proto__": 1, "id": 2}') as object
    const found = CompiledRow.of(Odd.ast)!(row)
    assert.deepStrictEqual(Object.entries(found as object), [
      ["__proto__", 1],
      ["id", 2]
    ])
    assert.strictEqual(CompiledRow.of(Odd.ast)!({ id: 2 }), Steps.refused)
  })

  it("leaves to Effect's parser what is no flat row, and options of its own", () => {
    const Flat = Schema.Struct({ id: PgSchema.Int4 })
    for (const schema of [
      Schema.Record({ key: Schema.String, value: PgSchema.Int4 }),
      Schema.Union(Flat, Schema.Struct({ other: PgSchema.Text })),
      Schema.suspend(() => Flat),
      Flat.annotations({ parseOptions: { onExcessProperty: "error" } }),
      Schema.Struct({})
    ])
      assert.isUndefined(CompiledRow.of(schema.ast))
    assert.isDefined(CompiledRow.of(Flat.ast))
  })
})
