import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Column } from "../../src/model/Column.js"
import * as Oid from "../../src/model/Oid.js"
import * as Compare from "../../src/schema/Compare.js"
import { Int4, Numeric, Text, as, type } from "../../src/schema/PgSchema.js"
import * as ExpectedRow from "../../src/schema/ExpectedRow.js"
import { lossless } from "../../src/types/Registry.js"
import * as Texts from "../../src/types/Texts.js"

const column = (name: string, typeOid: number, columnNumber = 0): Column => ({
  name,
  typeOid,
  columnNumber,
  tableOid: columnNumber === 0 ? 0 : 50_000,
  typeSize: -1,
  typeModifier: -1,
  format: 1
})

const compare = (
  schema: Schema.Schema.All,
  columns: ReadonlyArray<Column>,
  facts?: Compare.CatalogueFacts,
  registry = lossless
) => Compare.compare(Either.getOrThrow(ExpectedRow.of(schema.ast)), columns, registry, facts)

const verdicts = (comparison: Compare.Comparison) =>
  comparison.columns.map(({ name, verdict }) => `${name} ${verdict}`)

/** The catalogue of one table: even columns may be NULL. */
const facts: Compare.CatalogueFacts = {
  nullability: ({ columnNumber }) =>
    columnNumber === 0 ? "unknown" : columnNumber % 2 === 0 ? "nullable" : "not null",
  typeName: (oid) => (oid === 60_000 ? "mood" : undefined)
}

describe("a result beside what a Schema wants", () => {
  const User = Schema.Struct({ id: Int4, name: Text })

  it("fits in any order, with columns that the Schema lacks, and without optional ones", () => {
    const Optional = Schema.Struct({ id: Int4, note: Schema.optional(Text) })
    const fits = compare(Optional, [column("extra", Oid.bool), column("id", Oid.int4)])
    assert.deepStrictEqual(verdicts(fits), ["extra unwanted", "id fits", "note fits"])
    assert.isFalse(fits.refuses)
    assert.deepStrictEqual(fits.mismatches, [])
  })

  it("does not fit with a column missing or of another type", () => {
    const comparison = compare(User, [column("id", Oid.int8)])
    assert.deepStrictEqual(verdicts(comparison), ["id type", "name missing"])
    assert.isTrue(comparison.refuses)
    assert.strictEqual(comparison.mismatches.length, 2)
  })

  it("is compared column by column with what an index signature takes, by name and type", () => {
    const Counts = Schema.Struct(
      { id: Int4 },
      { key: Schema.String.pipe(Schema.startsWith("n_")), value: Schema.NullOr(Numeric) }
    )
    const comparison = compare(Counts, [
      column("id", Oid.int4),
      column("n_a", Oid.numeric),
      column("n_b", Oid.text),
      column("other", Oid.text)
    ])
    assert.deepStrictEqual(verdicts(comparison), ["id fits", "n_a fits", "n_b type", "other unwanted"])
    assert.isTrue(comparison.refuses)
  })

  it("refuses columns that the Schema lacks where the Schema demands that", () => {
    const Exact = User.annotations({ parseOptions: { onExcessProperty: "error" } })
    const columns = [column("id", Oid.int4), column("name", Oid.text)]
    assert.isFalse(compare(Exact, columns).refuses)
    const comparison = compare(Exact, [...columns, column("mail", Oid.text)])
    assert.deepStrictEqual(verdicts(comparison), ["id fits", "name fits", "mail excess"])
    assert.isTrue(comparison.refuses)
    assert.match(comparison.toString(), /mail .*<- not in the Schema/)
  })

  it("is compared by the name alone where the Schema has no type", () => {
    const Names = Schema.Struct({ id: Schema.Unknown })
    assert.isFalse(compare(Names, [column("id", Oid.point)]).refuses)
    assert.isTrue(compare(Names, [column("ID", Oid.point)]).refuses)
  })

  it("takes the last of the columns with one name, as rows do", () => {
    const twice = [column("id", Oid.text), column("id", Oid.int4)]
    const One = Schema.Struct({ id: Int4 })
    assert.deepStrictEqual(verdicts(compare(One, twice)), ["id unwanted", "id fits"])
    assert.deepStrictEqual(verdicts(compare(One, twice.reverse())), ["id unwanted", "id type"])
  })

  it("recognizes a type by its name only where the name is known; a built-in one always is", () => {
    const Mood = Schema.Struct({ mood: type("mood", Schema.String) })
    const of = (oid: number, registry = lossless, known?: Compare.CatalogueFacts) =>
      compare(Mood, [column("mood", oid)], known, registry).refuses
    const loaded = lossless.withAll([Texts.make("mood", 60_000, 0), Texts.make("weather", 60_001, 0)])
    assert.deepStrictEqual(
      [
        of(60_000),
        of(60_001),
        of(Oid.text),
        of(60_000, loaded),
        of(60_001, loaded),
        of(60_000, lossless, facts)
      ],
      [false, false, true, false, true, false]
    )
    const Weather = Schema.Struct({ mood: type("weather", Schema.String) })
    assert.isTrue(compare(Weather, [column("mood", 60_000)], facts).refuses)
  })

  it.each([
    ["mood", "mood", false],
    ["public.mood", "mood", false],
    ["mood", "public.mood", false],
    ["public.mood", "other.mood", true],
    ["ood", "mood", true]
  ])("takes %s and %s for one type: %s", (wanted, name, refuses) => {
    const schema = Schema.Struct({ a: as(wanted, Schema.String) })
    const registry = lossless.with(Texts.make(name, 60_000, 0))
    assert.strictEqual(compare(schema, [column("a", 60_000)], undefined, registry).refuses, refuses)
  })

  it("finds what may be NULL only where the catalogue was asked, and refuses nothing for it", () => {
    const columns = [column("id", Oid.int4, 1), column("name", Oid.text, 2)]
    assert.deepStrictEqual(verdicts(compare(User, columns)), ["id fits", "name fits"])
    const asked = compare(User, columns, facts)
    assert.deepStrictEqual(verdicts(asked), ["id fits", "name nullable"])
    assert.isFalse(asked.refuses)
    assert.deepStrictEqual(
      asked.mismatches.map(({ name }) => name),
      ["name"]
    )
    assert.deepStrictEqual(verdicts(compare(Schema.Struct({ name: Schema.NullOr(Text) }), columns, facts)), [
      "id unwanted",
      "name fits"
    ])
  })

  it("prints as a table whose columns stand under each other", () => {
    const Wide = Schema.Struct({
      id: Int4,
      price: Schema.NullOr(Numeric),
      name: Text,
      note: Schema.String,
      mood: type("mood", Schema.Literal("sad", "ok")),
      email: as([Oid.text, Oid.varchar], Schema.String),
      nick: Schema.optional(Text)
    })
    const comparison = compare(
      Wide,
      [
        column("id", Oid.int4, 1),
        column("price", Oid.float8, 2),
        column("name", Oid.text, 4),
        column("note", Oid.xml),
        column("mood", 60_001),
        column("größe\n", Oid.int4Array)
      ],
      facts
    )
    assert.strictEqual(
      comparison.toString(),
      [
        `column     type       may be NULL  wanted           takes NULL`,
        `id         int4       no           int4             no`,
        `price      float8     yes          numeric          yes         <- another type`,
        `name       text       yes          text             no          <- may be NULL`,
        `note       xml        unknown      any type         no`,
        `mood       OID 60001  unknown      mood             no`,
        `"größe\\n"  int4[]     unknown      -                -           not wanted, left out`,
        `email      -          -            text or varchar  no          <- not in the result`,
        `nick       -          -            text             no          may be missing`
      ].join("\n")
    )
  })
})
