import { assert, describe, it } from "@effect/vitest"
import * as Oid from "../../src/model/Oid.js"
import { PgMultirange } from "../../src/model/PgMultirange.js"
import { PgRange } from "../../src/model/PgRange.js"
import type { PgType, PgTypeShape } from "../../src/model/PgType.js"
import type { Codec } from "../../src/types/Codec.js"
import { mapped } from "../../src/types/Mapped.js"
import { familiar, lossless, type Registry } from "../../src/types/Registry.js"
import * as Texts from "../../src/types/Texts.js"
import { decodeText, encodeText, valueOf } from "./codecs.js"

class Own {
  constructor(readonly inner: unknown) {}
}

const own = (found: Codec): Codec<Own> =>
  mapped(
    found,
    (value) => new Own(value),
    (value) => (value instanceof Own ? value.inner : value)
  )

const type = (oid: number, schema: string, name: string, shape: PgTypeShape, delimiter = ","): PgType => ({
  oid,
  arrayOid: shape._tag === "Array" ? 0 : oid + 1,
  schema,
  name,
  delimiter,
  shape
})

const colour = type(90_000, "shop", "colour", { _tag: "Enum", labels: ["red"] })
const colours = type(90_001, "shop", "_colour", { _tag: "Array", element: colour.oid })
const size = type(90_010, "shop", "size", { _tag: "Domain", base: Oid.int4 })
const shirt = type(90_020, "shop", "shirt", {
  _tag: "Composite",
  fields: [
    { name: "size", type: size.oid },
    { name: "colours", type: colour.arrayOid }
  ]
})
const span = type(90_030, "shop", "span", { _tag: "Range", subtype: colour.oid })
const spans = type(90_040, "shop", "spans", { _tag: "Multirange", subtype: colour.oid })
const tint = type(90_050, "shop", "tint", { _tag: "Domain", base: colour.oid })
const hstore = type(90_060, "ext", "hstore", { _tag: "Base", extension: "hstore" })
const isbn = type(90_070, "ext", "isbn", { _tag: "Base", extension: "isn" }, ";")
const all = [shirt, colours, tint, spans, span, size, colour, hstore, isbn]

const read = (registry: Registry, { oid }: { readonly oid: number }, text: string): unknown =>
  valueOf(decodeText(registry.lookup(oid)!, text))

const found = (name: string, of = lossless): Registry => of.withNamed(name, own).withTypes(all)

describe("a codec for a type by its name", () => {
  it.each([
    ["colour", colour, "red", "red"],
    ["size", size, "5", 5],
    ["shirt", shirt, "(5,{red})", { size: 5, colours: ["red"] }],
    ["span", span, "[red,)", PgRange.make<unknown>("red", null)],
    ["hstore", hstore, '"a"=>NULL', { a: null }],
    ["isbn", isbn, "978-0", "978-0"]
  ])(
    "is made of the one that %s would have, and goes both ways",
    (name, { arrayOid, oid, schema }, text, inner) => {
      for (const registry of [found(name), found(`${schema}.${name}`)]) {
        const codec = registry.lookup(oid)!
        assert.deepStrictEqual(decodeText(codec, text), { value: new Own(inner) })
        assert.deepStrictEqual(
          encodeText(codec, new Own(inner)),
          encodeText(lossless.withTypes(all).lookup(oid)!, inner)
        )
        const array = registry.lookup(arrayOid)!
        const written = valueOf(encodeText(array, [new Own(inner), null]))
        assert.deepStrictEqual(decodeText(array, written), { value: [new Own(inner), null] })
      }
      assert.deepStrictEqual(decodeText(found(`other.${name}`).lookup(oid)!, text), { value: inner })
    }
  )

  it("goes into arrays, ranges, composites and domains of the type, in whatever order they come", () => {
    const red = new Own("red")
    for (const types of [all, [...all].reverse()]) {
      const registry = lossless.withNamed("shop.colour", own).withTypes(types)
      assert.deepStrictEqual(read(registry, colours, "{red,NULL}"), [red, null])
      assert.deepStrictEqual(read(registry, shirt, "(5,{red})"), { size: 5, colours: [red] })
      assert.deepStrictEqual(read(registry, span, "[red,)"), PgRange.make<unknown>(red, null))
      assert.deepStrictEqual(
        read(registry, spans, "{[red,)}"),
        PgMultirange.of(PgRange.make<unknown>(red, null))
      )
      assert.deepStrictEqual(read(registry, tint, "red"), red)
    }
  })

  it("is made anew for the OIDs that the type has another time", () => {
    const registry = lossless.withNamed("shop.colour", own)
    const again = { ...colour, oid: 91_000, arrayOid: 91_001 }
    registry.withTypes(all)
    const later = registry.withTypes([again])
    assert.deepStrictEqual(read(later, again, "red"), new Own("red"))
    assert.isUndefined(later.lookup(colour.oid))
  })

  it("gets what those before it have made, also by other spellings of the name", () => {
    const registry = lossless.withNamed("colour", own).withNamed("shop.colour", own).withTypes(all)
    assert.deepStrictEqual(read(registry, colour, "red"), new Own(new Own("red")))
  })

  it("is made of the preset's text, where the preset has text", () => {
    assert.deepStrictEqual(read(found("span", familiar), span, "[red,)"), new Own("[red,)"))
  })

  it("stays a codec of its type, whatever it is made of", () => {
    const codec = lossless
      .withNamed("isbn", () => Texts.text)
      .withTypes(all)
      .lookup(isbn.oid)!
    assert.deepInclude(codec, { name: "isbn", oid: isbn.oid, arrayOid: isbn.arrayOid, delimiter: ";" })
    assert.strictEqual(codec.decodeText, Texts.text.decodeText)
  })

  it("takes the place of one that is there, with its array, and gives way to one that comes later", () => {
    for (const name of ["uuid", "pg_catalog.uuid"]) {
      const registry = lossless.withNamed(name, own)
      const id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
      assert.deepStrictEqual(read(registry, { oid: Oid.uuid }, id), new Own(id))
      assert.deepStrictEqual(read(registry, { oid: Oid.uuidArray }, `{${id}}`), [new Own(id)])
      assert.deepStrictEqual(read(registry.with(lossless.lookup(Oid.uuid)!), { oid: Oid.uuid }, id), id)
    }
    assert.strictEqual(lossless.withNamed("shop.uuid", own).lookup(Oid.uuid), lossless.lookup(Oid.uuid))
    const citext = lossless.with(Texts.make("citext", 70_000, 70_001))
    assert.deepStrictEqual(read(citext.withNamed("citext", own), { oid: 70_000 }, "x"), new Own("x"))
    assert.strictEqual(citext.withNamed("pg_catalog.citext", own).lookup(70_000), citext.lookup(70_000))
  })

  it("does nothing for a name that is never met, or for an array's", () => {
    const names = ["shop.nix", "lour", "_colour", "shop.colour[]", "colour[]", "int4[]"]
    const registry = names.reduce((given, name) => given.withNamed(name, own), lossless)
    for (const types of [all, [...all].reverse()]) {
      assert.deepStrictEqual(read(registry.withTypes(types), colours, "{red}"), ["red"])
    }
    assert.deepStrictEqual(read(registry, { oid: Oid.int4Array }, "{1}"), [1])
  })

  it("is remembered when other codecs are added", () => {
    const registry = lossless.withNamed("colour", own).with(Texts.text).withTypes([size]).withTypes(all)
    assert.deepStrictEqual(read(registry, colour, "red"), new Own("red"))
  })

  it("throws where it is read or written when it could not be made, and the other types are found", () => {
    const registry = lossless
      .withNamed("colour", () => {
        throw new RangeError("no such colour")
      })
      .withTypes(all)
    assert.throws(() => read(registry, colour, "red"), RangeError)
    assert.throws(() => encodeText(registry.lookup(colour.oid)!, "red"), RangeError)
    assert.deepStrictEqual(read(registry, size, "5"), 5)
  })
})
