import { assert, describe, it } from "@effect/vitest"
import { maxTypes, KnownTypes } from "../../../src/connection/session/KnownTypes.js"
import * as Oid from "../../../src/model/Oid.js"
import type { PgType } from "../../../src/model/PgType.js"
import * as Composites from "../../../src/types/Composites.js"
import { lossless } from "../../../src/types/Registry.js"

const mood = (oid: number): PgType => ({
  oid,
  arrayOid: oid + 1,
  schema: "public",
  name: `mood${oid}`,
  delimiter: ",",
  shape: { _tag: "Enum", labels: [] }
})

describe("the book of types", () => {
  it("lists the types to look up: unknown ones that were not looked up before, each once", () => {
    const book = new KnownTypes(lossless)
    assert.deepStrictEqual(
      book.unknown([0, Oid.int4, Oid.int4Array, 90_000, 90_001, 90_000]),
      [90_000, 90_001]
    )
    book.learn([mood(90_000)], [90_000, 95_000])
    assert.deepStrictEqual(book.unknown([90_000, 90_001, 95_000, 96_000]), [96_000])
  })

  it("makes a new registry when it learns a type, and does not change the old one", () => {
    const book = new KnownTypes(lossless)
    book.learn([mood(90_000)], [90_000])
    const first = book.registry
    book.learn([mood(91_000)], [91_000])
    assert.deepStrictEqual(
      [first.lookup(91_000), book.registry.lookup(90_000)?.name, book.registry.lookup(91_001)?.name],
      [undefined, "mood90000", "mood91000[]"]
    )
  })

  it("takes what it learns later for what is, and never in place of what was given", () => {
    const book = new KnownTypes(lossless)
    book.learn([mood(90_000), { ...mood(90_000), oid: Oid.int4 }], [90_000])
    book.learn([{ ...mood(90_000), name: "renamed" }], [90_000])
    assert.strictEqual(book.registry.nameOf(90_000), "renamed")
    assert.strictEqual(book.registry.lookup(Oid.int4), lossless.lookup(Oid.int4))
  })

  it("looks up again a type with fields, and its arrays, which were not looked up by themselves", () => {
    const pair: PgType = {
      ...mood(90_000),
      shape: { _tag: "Composite", fields: [{ name: "a", type: Oid.int4 }], attributes: [] }
    }
    const given = lossless.withTypes([{ ...pair, oid: 92_000, arrayOid: 92_001 }])
    const book = new KnownTypes(given)
    book.learn([pair, mood(91_000)], [90_000, 91_000, 95_000])
    book.doubt([90_001, 91_000, 91_001, Oid.int4, 92_000, 92_001, 95_000, 96_000])
    // Enums have no fields; what was given is never asked for.
    assert.deepStrictEqual(
      book.unknown([90_001, 91_000, 91_001, Oid.int4, 92_000, 92_001, 95_000]),
      [90_001, 95_000]
    )
    book.learn([pair], [90_001])
    assert.deepStrictEqual(book.unknown([90_001]), [])
  })

  it("forgets all at once, and asks again", () => {
    const book = new KnownTypes(lossless)
    book.learn([mood(90_000)], [90_000, 95_000])
    book.forget()
    assert.deepStrictEqual(
      [book.registry, book.generation, book.unknown([90_000, 95_000])],
      [lossless, 1, [90_000, 95_000]]
    )
  })

  it("forgets what was found when a session is lost, and nothing changes where nothing was", () => {
    const book = new KnownTypes(lossless)
    book.lose()
    assert.strictEqual(book.generation, 0)
    book.learn([mood(90_000)], [90_000])
    book.lose()
    assert.deepStrictEqual([book.registry, book.generation, book.unknown([90_000])], [lossless, 1, [90_000]])
  })

  it("keeps its registry when it learns nothing new, and makes another when a type has changed", () => {
    const book = new KnownTypes(lossless)
    book.learn([mood(90_000)], [90_000])
    const first = book.registry
    book.learn([mood(90_000)], [90_000])
    assert.strictEqual(book.registry, first)
    book.learn([{ ...mood(90_000), name: "renamed" }], [90_000])
    const second = book.registry
    assert.notStrictEqual(second, first)
    book.learn([], [95_000])
    assert.notStrictEqual(book.registry, second)
    assert.deepStrictEqual([book.registry.isMissing(95_000), book.registry.isMissing(90_000)], [true, false])
    assert.deepStrictEqual(book.unknown([95_000]), [])
  })

  it("is not asked again for types with fields that were given", () => {
    const pair = Composites.over({ name: "pair", oid: 70_000, arrayOid: 70_001 }, [
      { name: "id", codec: lossless.lookup(Oid.int4)! }
    ])
    const book = new KnownTypes(lossless.with(pair))
    book.doubt([70_000, Oid.int4])
    assert.deepStrictEqual(book.unknown([70_000, Oid.int4]), [])
  })

  it("checks every text once that is wanted, also after what it learns and forgets", () => {
    const book = new KnownTypes(lossless)
    const isChecked = () => book.registry.lookup(Oid.text) !== lossless.lookup(Oid.text)
    assert.isFalse(isChecked())
    book.checkText()
    const checked = book.registry
    assert.isTrue(isChecked())
    book.checkText()
    assert.strictEqual(book.registry, checked)
    book.learn([mood(90_000)], [90_000])
    assert.isTrue(isChecked())
    book.forget()
    assert.isTrue(isChecked())
  })

  it("keeps no more than its bound, however many types come and go", () => {
    const book = new KnownTypes(lossless)
    const upTo = (count: number, from: number) =>
      Array.from({ length: count }, (_, index) => from + 2 * index)
    book.learn(upTo(maxTypes - 1, 100_000).map(mood), [])
    book.learn([mood(91_000)], [91_000])
    assert.isDefined(book.registry.lookup(100_000))
    book.learn([mood(90_000)], [90_000])
    assert.isUndefined(book.registry.lookup(100_000))
    assert.isDefined(book.registry.lookup(90_000))
    book.learn([], upTo(maxTypes, 200_000))
    assert.deepStrictEqual(book.unknown([90_000, 200_000]), [90_000])
  })
})
