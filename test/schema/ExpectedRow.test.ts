import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Oid from "../../src/model/Oid.js"
import { array } from "../../src/schema/Containers.js"
import { AnyText, Int2, Int4, Int8, Jsonb, Text, as, type } from "../../src/schema/PgSchema.js"
import { DateTimeUtcFromTimestampTz, NumberFromInt8 } from "../../src/schema/Transforms.js"
import * as ExpectedRow from "../../src/schema/ExpectedRow.js"
import { int4 } from "../../src/types/Integers.js"

/** `name: type`, with `?` when it may be missing, and `| null` when it may be NULL. */
const wanted = (schema: Schema.Schema.All) =>
  Either.getOrThrow(ExpectedRow.of(schema.ast)).columns.map(
    ({ name, nullable, optional, types }) =>
      `${name}${optional ? "?" : ""}: ${types?.map((each) => each.name).join(" or ") ?? "any"}${nullable ? " | null" : ""}`
  )

describe("what a Schema wants of a result", () => {
  it("is a column for each field of a struct, with its type where the Schema has one", () => {
    assert.deepStrictEqual(
      wanted(
        Schema.Struct({ id: Int4, name: Schema.String, mood: type("mood", Schema.Literal("sad", "ok")) })
      ),
      ["id: int4", "name: any", "mood: mood"]
    )
  })

  it("is found behind filters, brands, transformations and recursion", () => {
    interface Node {
      readonly next: Node | null
    }
    const Node = Schema.Struct({
      next: Schema.NullOr(Schema.suspend((): Schema.Schema<Node> => Node))
    })
    const suspended = Schema.suspend(() => Int4)
    assert.deepStrictEqual(
      wanted(
        Schema.Struct({
          positive: Int4.pipe(Schema.positive(), Schema.brand("Positive")),
          count: NumberFromInt8,
          day: Schema.compose(NumberFromInt8, Schema.Number),
          at: DateTimeUtcFromTimestampTz,
          late: suspended,
          tree: as(Oid.jsonb, Node),
          node: Node
        })
      ),
      [
        "positive: int4",
        "count: int8",
        "day: int8",
        "at: timestamptz",
        "late: int4",
        "tree: jsonb",
        "node: any"
      ]
    )
  })

  it("may be NULL or missing as the field allows", () => {
    assert.deepStrictEqual(
      wanted(
        Schema.Struct({
          a: Schema.NullOr(Int4),
          b: Schema.optional(Int4),
          c: Schema.OptionFromNullOr(Int4),
          d: Schema.optionalWith(Int4, { default: () => 0, nullable: true }),
          e: Schema.optionalWith(Text, { as: "Option" }),
          f: Schema.UndefinedOr(Text),
          g: Schema.NullishOr(Text),
          h: Schema.Unknown,
          i: Jsonb,
          j: Schema.NullOr(type("mood", Schema.Literal("sad"))),
          k: Schema.OptionFromUndefinedOr(Text)
        })
      ),
      [
        "a: int4 | null",
        "b?: int4",
        "c: int4 | null",
        "d?: int4 | null",
        "e?: text",
        "f?: text",
        "g?: text | null",
        "h: any | null",
        "i: jsonb | null",
        "j: mood | null",
        "k?: text"
      ]
    )
  })

  it("has the names before a renaming, and the fields behind a class and what is made from it", () => {
    class User extends Schema.Class<User>("User")({
      id: Int4,
      givenName: Schema.propertySignature(Text).pipe(Schema.fromKey("given_name"))
    }) {}
    class Person extends User.transformOrFail<Person>("Person")(
      { full: Schema.String },
      {
        decode: (input) => Schema.decodeEither(Schema.Never)(input as never) as never,
        encode: (input) => input as never
      }
    ) {}
    const expected = ["id: int4", "given_name: text"]
    assert.deepStrictEqual(wanted(User), expected)
    assert.deepStrictEqual(wanted(Person), expected)
    assert.deepStrictEqual(wanted(Schema.Struct(User.fields)), expected)
    assert.deepStrictEqual(wanted(User.pipe(Schema.filter(() => true))), expected)
    assert.deepStrictEqual(wanted(Schema.pluck(Schema.Struct({ id: Int4 }), "id")), ["id: int4"])
    assert.deepStrictEqual(wanted(Schema.rename(Schema.Struct({ a: Int4 }), { a: "b" })), ["a: int4"])
    assert.deepStrictEqual(wanted(Schema.extend(Schema.Struct({ a: Int4 }), Schema.Struct({ b: Text }))), [
      "a: int4",
      "b: text"
    ])
    assert.deepStrictEqual(
      wanted(Schema.Struct({ a: Int4 }).pipe(Schema.attachPropertySignature("kind", "row"))),
      ["a: int4"]
    )
  })

  it("is any of several types where a field or a row has several forms", () => {
    assert.deepStrictEqual(wanted(Schema.Struct({ n: Schema.Union(Int2, Int4), s: AnyText })), [
      "n: int2 or int4",
      "s: text or varchar or bpchar or name or citext"
    ])
    assert.deepStrictEqual(wanted(Schema.Struct({ n: Schema.Union(Int2, Schema.String) })), ["n: any"])
    assert.deepStrictEqual(
      wanted(
        Schema.Union(Schema.Struct({ a: Int4, b: Text }), Schema.Struct({ a: Int8, c: Schema.NullOr(Text) }))
      ),
      ["a: int4 or int8", "b?: text", "c?: text | null"]
    )
  })

  it("is an array's type over an element's, whatever the dimensions", () => {
    assert.deepStrictEqual(
      wanted(
        Schema.Struct({
          a: array(Int4),
          b: array(array(Schema.NullOr(Text))),
          c: array(type("mood", Schema.Literal("sad"))),
          d: array(Schema.String),
          e: array(NumberFromInt8)
        })
      ),
      ["a: int4[]", "b: text[]", "c: mood[]", "d: any", "e: int8[]"]
    )
    const [column] = Either.getOrThrow(ExpectedRow.of(Schema.Struct({ a: array(Int4) }).ast)).columns
    assert.deepStrictEqual(column?.types, [{ oid: Oid.int4Array, name: "int4[]", elementCodec: int4 }])
  })

  it("is followed through suspensions, in a row as in a field", () => {
    interface Tree {
      readonly id: number
      readonly parent?: Tree | undefined
    }
    const Tree: Schema.Schema<Tree> = Schema.suspend(() =>
      Schema.Struct({ id: Int4, parent: Schema.optional(Tree) })
    )
    assert.deepStrictEqual(wanted(Tree), ["id: int4", "parent?: any"])
    assert.deepStrictEqual(
      wanted(Schema.Struct({ a: Schema.suspend(() => Schema.UndefinedOr(Schema.NullOr(Text))) })),
      ["a?: text | null"]
    )
  })

  it("is any column of an index signature's name and type, beside the fields", () => {
    const { columns, isOpen, ...row } = Either.getOrThrow(
      ExpectedRow.of(
        Schema.Struct({ id: Int4 }, { key: Schema.TemplateLiteral("n_", Schema.String), value: Int8 }).ast
      )
    )
    assert.deepStrictEqual([columns.length, isOpen, row.exact], [1, true, false])
    const found = Either.getOrThrow(
      ExpectedRow.of(
        Schema.Union(Schema.Struct({ a: Int4 }), Schema.Record({ key: Schema.String, value: Int8 })).ast
      )
    )
    assert.deepStrictEqual(
      ["a", "b"].map((name) => found.get(name)?.types?.map((each) => each.name)),
      [["int4", "int8"], ["int8"]]
    )
    assert.isTrue(found.get("a")?.optional)
  })

  it("is refused for a Schema that cannot decode a row", () => {
    class User extends Schema.Class<User>("User")({ id: Int4 }) {}
    const itself: Schema.Schema<object> = Schema.suspend(() => itself)
    for (const [schema, reason] of [
      [Schema.String, /^must decode from an object .*, got string$/],
      [Schema.Unknown, /got unknown$/],
      [Schema.NullOr(Schema.Struct({ id: Int4 })), /got null$/],
      [Schema.Array(Schema.Unknown), /got ReadonlyArray<unknown>$/],
      [Schema.parseJson(Schema.Struct({ id: Int4 })), /got string|got parseJson/],
      [Schema.declare((u): u is Date => u instanceof Date), /^must decode from an object/],
      [Schema.typeSchema(User), /^must be the Class itself, .* got a Schema of instances of User$/],
      [Schema.Struct({ [Symbol.iterator]: Int4 }), /^must have fields named as columns, got Symbol/],
      [itself, /got a Schema that refers only to itself$/]
    ] as const) {
      assert.match(Either.getOrThrow(Either.flip(ExpectedRow.of(schema.ast))), reason)
    }
  })
})
