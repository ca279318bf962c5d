import { assert, describe, it } from "@effect/vitest"
import * as Oid from "../../src/model/Oid.js"
import { PgCube } from "../../src/model/PgCube.js"
import { PgMultirange } from "../../src/model/PgMultirange.js"
import { PgRange } from "../../src/model/PgRange.js"
import type { PgType, PgTypeShape } from "../../src/model/PgType.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import * as TypeTree from "../../src/types/TypeTree.js"
import { bytesOf, decodeBinary, decodeText, encodeText, valueOf } from "./codecs.js"

const type = (oid: number, name: string, shape: PgTypeShape, delimiter = ","): PgType => ({
  oid,
  arrayOid: shape._tag === "Array" ? 0 : oid + 1,
  schema: "public",
  name,
  delimiter,
  shape
})
const array = (oid: number, name: string): PgType =>
  type(oid, `_${name}`, { _tag: "Array", element: oid - 1 })

const mood = type(90_000, "mood", { _tag: "Enum", labels: ["sad", "glad"] })
const price = type(90_010, "price", { _tag: "Domain", base: Oid.numeric })
const dear = type(90_020, "dear", { _tag: "Domain", base: price.oid })
const item = type(90_030, "item", {
  _tag: "Composite",
  fields: [
    { name: "price", type: dear.oid },
    { name: "moods", type: mood.arrayOid }
  ]
})
const order = type(90_040, "order", {
  _tag: "Composite",
  fields: [
    { name: "items", type: item.arrayOid },
    { name: "first", type: item.oid }
  ]
})
const moods = type(90_050, "moodrange", { _tag: "Range", subtype: mood.oid })
const manyMoods = type(90_060, "moodmultirange", { _tag: "Multirange", subtype: mood.oid })
const ints = type(90_070, "ints", { _tag: "Domain", base: Oid.int4Array })
const boxes = type(90_080, "boxes", { _tag: "Domain", base: Oid.box }, ";")
const cube = type(90_090, "cube", { _tag: "Base", extension: "cube" })
const hstore = type(90_100, "hstore", { _tag: "Base", extension: "hstore" })
const isbn = type(90_110, "isbn", { _tag: "Base", extension: "isn" })
const book = type(90_120, "book", { _tag: "Composite", fields: [{ name: "isbn", type: isbn.oid }] })

const all = [
  order,
  item,
  array(item.arrayOid, "item"),
  array(mood.arrayOid, "mood"),
  dear,
  price,
  mood,
  moods,
  manyMoods,
  ints,
  boxes,
  cube,
  hstore,
  book,
  isbn
]
const registry = lossless.withTypes(all)
const familiarly = familiar.withTypes(all)
const textOf = (oid: number, text: string, of = registry): unknown =>
  valueOf(decodeText(of.lookup(oid)!, text))

describe("TypeTree", () => {
  it("gives a codec to every type and to the array over it, in whatever order they come", () => {
    for (const { arrayOid, oid } of all) {
      assert.isDefined(registry.lookup(oid))
      if (arrayOid !== 0) assert.isDefined(registry.lookup(arrayOid))
    }
    assert.isUndefined(lossless.lookup(mood.oid))
    assert.deepStrictEqual(
      all.map(({ oid }) => lossless.withTypes([...all].reverse()).nameOf(oid)),
      all.map(({ oid }) => registry.nameOf(oid))
    )
  })

  it("reads enums as labels, also labels that were added later (TYP-083)", () => {
    assert.strictEqual(textOf(mood.oid, "elated"), "elated")
    assert.deepStrictEqual(textOf(mood.arrayOid, "{sad,NULL}"), ["sad", null])
    assert.deepStrictEqual(decodeBinary(registry.lookup(mood.oid)!, bytesOf("736164")), { value: "sad" })
  })

  it("reads domains as their base, through domains of domains and in arrays of them (TYP-073, TYP-084)", () => {
    assert.strictEqual(String(textOf(dear.oid, "1.50")), "1.50")
    assert.deepStrictEqual(
      valueOf(
        decodeBinary(
          registry.lookup(dear.arrayOid)!,
          bytesOf(
            `00000001 00000000 ${dear.oid.toString(16).padStart(8, "0")} 00000001 00000001 00000008 0000 0000 0000 0002`
          )
        )
      ),
      [textOf(Oid.numeric, "0.00")]
    )
  })

  it("reads composites within arrays within composites (TYP-072)", () => {
    const value = textOf(order.oid, '("{""(1.5,\\\\""{sad,glad}\\\\"")""}",)')
    assert.deepStrictEqual(value, {
      items: [{ price: textOf(Oid.numeric, "1.5"), moods: ["sad", "glad"] }],
      first: null
    })
    assert.isDefined(registry.lookup(order.oid)!.decodeBinary)
  })

  it("reads ranges and multiranges over types of the catalogue (TYP-075, TYP-079)", () => {
    assert.deepStrictEqual(textOf(moods.oid, "[sad,glad]"), PgRange.make("sad", "glad", "[]"))
    assert.deepStrictEqual(
      textOf(manyMoods.oid, "{[sad,glad)}"),
      PgMultirange.of(PgRange.make("sad", "glad"))
    )
  })

  it("takes an array that is a domain for one value, not for a dimension (TYP-073)", () => {
    assert.deepStrictEqual(textOf(ints.oid, "{1,2}"), [1, 2])
    assert.deepStrictEqual(textOf(ints.arrayOid, '{"{1,2}","{3}"}'), [[1, 2], [3]])
    assert.deepStrictEqual(encodeText(registry.lookup(ints.arrayOid)!, [[1, 2], [3]]), {
      value: '{"{\\"1\\",\\"2\\"}","{\\"3\\"}"}'
    })
  })

  it("separates elements by the catalogue's delimiter (TYP-067)", () => {
    assert.lengthOf(textOf(boxes.arrayOid, "{(1,1),(0,0);(3,3),(2,2)}") as ReadonlyArray<unknown>, 2)
  })

  it("has the text of what it does not know, alone and within others", () => {
    assert.strictEqual(textOf(isbn.oid, "978-0"), "978-0")
    assert.isUndefined(registry.lookup(isbn.oid)!.decodeBinary)
    assert.deepStrictEqual(textOf(isbn.arrayOid, "{978-0,979-1}"), ["978-0", "979-1"])
    assert.deepStrictEqual(textOf(book.oid, "(978-0)"), { isbn: "978-0" })
    assert.isUndefined(registry.lookup(book.oid)!.decodeBinary)
    const lost = lossless.withTypes([book])
    assert.deepStrictEqual(textOf(book.oid, "(978-0)", lost), { isbn: "978-0" })
  })

  it("passes over pseudo-types, and over types that have a codec", () => {
    const any = type(90_200, "anything", { _tag: "Pseudo" })
    const odd = lossless.withTypes([any, type(Oid.int4, "int4", { _tag: "Enum", labels: [] })])
    assert.isUndefined(odd.lookup(any.oid))
    assert.strictEqual(odd.lookup(Oid.int4), lossless.lookup(Oid.int4))
  })

  it("ends with a type that contains itself: it is text there (F19)", () => {
    const node = type(90_300, "node", {
      _tag: "Composite",
      fields: [
        { name: "id", type: Oid.int4 },
        { name: "children", type: 90_301 }
      ]
    })
    const one = type(90_310, "one", { _tag: "Domain", base: 90_320 })
    const other = type(90_320, "other", { _tag: "Domain", base: 90_310 })
    const cyclic = lossless.withTypes([node, array(90_301, "node"), one, other])
    assert.deepStrictEqual(textOf(node.oid, '(1,"{""(2,{})""}")', cyclic), { id: 1, children: ["(2,{})"] })
    assert.strictEqual(textOf(one.oid, "x", cyclic), "x")
  })

  it("ends with types too deep within each other: they are text there (F19)", () => {
    const chain = Array.from({ length: 10_000 }, (_, index) =>
      type(100_000 + 10 * index, `level${index}`, {
        _tag: "Composite",
        fields: [{ name: "inner", type: 100_000 + 10 * (index + 1) }]
      })
    )
    const deep = lossless.withTypes(chain)
    assert.isDefined(deep.lookup(100_000))
    assert.isUndefined(deep.lookup(100_000)!.decodeBinary)
    assert.isDefined(lossless.withTypes(chain.slice(-TypeTree.deepest)).lookup(chain.at(-2)!.oid))
  })

  it("has in the familiar preset the text of what has a class here, and objects and arrays", () => {
    assert.deepStrictEqual(textOf(cube.oid, "(1, 2)"), new PgCube([1, 2]))
    assert.strictEqual(textOf(cube.oid, "(1, 2)", familiarly), "(1, 2)")
    assert.strictEqual(textOf(moods.oid, "[sad,glad)", familiarly), "[sad,glad)")
    assert.deepStrictEqual(textOf(mood.arrayOid, "{sad}", familiarly), ["sad"])
    assert.deepStrictEqual(textOf(item.oid, "(1.50,)", familiarly), { price: "1.50", moods: null })
    assert.deepStrictEqual(textOf(hstore.oid, '"a"=>NULL', familiarly), { a: null })
  })
})
