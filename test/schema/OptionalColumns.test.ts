import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as PgSchema from "../../src/PgSchema.js"
import * as OptionalColumns from "../../src/schema/OptionalColumns.js"

const { Int4, Text } = PgSchema

describe("the columns that an encoded row may be without", () => {
  const of = (fields: Schema.Struct.Fields) => OptionalColumns.of(Schema.Struct(fields).ast)

  it("are those of fields that may be missing or undefined", () => {
    assert.deepStrictEqual(
      of({
        plain: Int4,
        nullable: Schema.NullOr(Int4),
        optional: Schema.optional(Int4),
        exact: Schema.optionalWith(Int4, { exact: true }),
        undefinable: Schema.UndefinedOr(Int4),
        nullish: Schema.NullishOr(Text),
        unknown: PgSchema.Json
      }),
      ["optional", "exact", "undefinable", "nullish"]
    )
  })

  it("are asked of the transformation where a field has one", () => {
    assert.deepStrictEqual(
      of({
        byDefault: Schema.optionalWith(Int4, { default: () => 1 }),
        option: Schema.optionalWith(Int4, { as: "Option" }),
        nullableOption: Schema.optionalWith(Int4, { as: "Option", nullable: true }),
        fromNull: Schema.OptionFromNullOr(Int4),
        fromUndefined: Schema.OptionFromUndefinedOr(Int4),
        renamed: Schema.optional(Int4).pipe(Schema.fromKey("re_named")),
        renamedOption: Schema.optionalWith(Int4, { as: "Option" }).pipe(Schema.fromKey("re_option")),
        kept: Schema.propertySignature(Int4).pipe(Schema.fromKey("is_kept")),
        filled: Schema.optionalToRequired(Int4, Schema.Number, {
          decode: () => 0,
          encode: () => {
            throw new Error("not for this value")
          }
        })
      }),
      ["option", "nullableOption", "fromUndefined", "re_named", "re_option"]
    )
  })

  it("are found in Classes, conditions, unions and suspensions, and not behind other transformations", () => {
    class Row extends Schema.Class<Row>("Row")({
      id: Int4,
      note: Schema.optional(Text),
      tag: Schema.optionalWith(Text, { as: "Option" })
    }) {}
    assert.deepStrictEqual(OptionalColumns.of(Row.ast), ["note", "tag"])
    const Flat = Schema.Struct({ note: Schema.optional(Text) })
    const Checked = Flat.pipe(Schema.filter(() => true))
    assert.deepStrictEqual(OptionalColumns.of(Checked.ast), ["note"])
    assert.deepStrictEqual(OptionalColumns.of(Schema.suspend(() => Checked).ast), ["note"])
    assert.deepStrictEqual(OptionalColumns.of(Schema.Union(Flat, Schema.Struct({ id: Int4 })).ast), ["note"])
    const Other = Schema.transform(Flat, Schema.Struct({ note: Schema.String }), {
      strict: true,
      decode: ({ note = "" }) => ({ note }),
      encode: ({ note }) => ({ note })
    })
    assert.deepStrictEqual(OptionalColumns.of(Other.ast), [])
    type Self = Schema.Schema<{ readonly note?: string | undefined }>
    const Loop: Self = Schema.suspend(() => Loop)
    assert.deepStrictEqual(OptionalColumns.of(Loop.ast), [])
  })
})
