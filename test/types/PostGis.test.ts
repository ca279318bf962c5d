import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import fc from "fast-check"
import type { Figure } from "../../src/model/PgGeometry.js"
import { PgGeometry } from "../../src/model/PgGeometry.js"
import * as Arrays from "../../src/types/Arrays.js"
import * as Ewkb from "../../src/types/Ewkb.js"
import * as PostGis from "../../src/types/PostGis.js"
import {
  bytesOf,
  decodeBinary,
  decodeText,
  encodeBinary,
  encodeText,
  fixture,
  hexOf,
  refusesOtherSizes,
  valueOf
} from "./codecs.js"
import { wktOf } from "./wkt.js"

const codec = PostGis.over({ name: "geometry", oid: 70_000, arrayOid: 70_001 })

/** What a real server made of many texts; the file states how. */
const captured = fixture("postgis").map(([type, made, srid, wkt = "", hex = ""]) => ({
  type,
  made,
  srid: Number(srid),
  wkt,
  hex
}))

/** Some of them as the values they are. */
const samples: ReadonlyArray<readonly [name: string, hex: string, figure: Figure, srid?: number]> = [
  [
    "SRID=4326;POINT(1 2)",
    "0101000020E6100000000000000000F03F0000000000000040",
    { _tag: "Point", position: [1, 2] },
    4326
  ],
  [
    "POINT Z (1 2 3)",
    "0101000080000000000000F03F00000000000000400000000000000840",
    { _tag: "Point", position: [1, 2, 3] }
  ],
  [
    "POINT M (1 2 3)",
    "0101000040000000000000F03F00000000000000400000000000000840",
    { _tag: "Point", position: [1, 2, 3] }
  ],
  [
    "POINT ZM (1 2 3 4)",
    "01010000C0000000000000F03F000000000000004000000000000008400000000000001040",
    { _tag: "Point", position: [1, 2, 3, 4] }
  ],
  ["POINT EMPTY", "0101000000000000000000F87F000000000000F87F", { _tag: "Point", position: [NaN, NaN] }],
  [
    "LINESTRING(0 0,1 1)",
    "01020000000200000000000000000000000000000000000000000000000000F03F000000000000F03F",
    {
      _tag: "LineString",
      positions: [
        [0, 0],
        [1, 1]
      ]
    }
  ],
  ["POLYGON EMPTY", "010300000000000000", { _tag: "Polygon", rings: [] }],
  [
    "POLYGON((0 0,1 0,1 1,0 0))",
    "0103000000010000000400000000000000000000000000000000000000000000000000F03F0000000000000000000000000000F03F000000000000F03F00000000000000000000000000000000",
    {
      _tag: "Polygon",
      rings: [
        [
          [0, 0],
          [1, 0],
          [1, 1],
          [0, 0]
        ]
      ]
    }
  ],
  [
    "SRID=4326;MULTIPOINT(1 2)",
    "0104000020E6100000010000000101000000000000000000F03F0000000000000040",
    { _tag: "MultiPoint", figures: [{ _tag: "Point", position: [1, 2] }] },
    4326
  ],
  [
    "GEOMETRYCOLLECTION(POINT(1 2),GEOMETRYCOLLECTION EMPTY)",
    "0107000000020000000101000000000000000000F03F0000000000000040010700000000000000",
    {
      _tag: "GeometryCollection",
      figures: [
        { _tag: "Point", position: [1, 2] },
        { _tag: "GeometryCollection", figures: [] }
      ]
    }
  ]
]

const coordinatesOf = ({ hasM, hasZ }: PgGeometry) => `${hasZ ? "Z" : ""}${hasM ? "M" : ""}`

describe("PostGis", () => {
  it("has the bytes of every kind of figure, with each number of coordinates, empty and not", () => {
    const kinds = captured.map(({ wkt }) => /^[A-Z]+( Z?M?)?( EMPTY)?/.exec(wkt)![0])
    assert.strictEqual(new Set(kinds).size, 15 * 4 * 2)
    for (const [, hex] of samples)
      assert.include(
        captured.map((row) => row.hex.toUpperCase()),
        hex
      )
  })

  it.each(captured)(
    "reads the $type $made as the server means it, and writes it as the server does (TYP-089)",
    ({ hex, srid, wkt }) => {
      const value = valueOf(decodeBinary(codec, bytesOf(hex)))
      const coordinates = coordinatesOf(value)
      assert.strictEqual(wktOf(value.figure, coordinates), wkt)
      assert.strictEqual(value.srid, srid)
      assert.deepStrictEqual(decodeText(codec, hex.toUpperCase()), { value })
      assert.deepStrictEqual(encodeText(codec, value), { value: hex.toUpperCase() })
      assert.strictEqual(hexOf(valueOf(encodeBinary(codec, value))), hex)

      const further = coordinates === "" ? undefined : (coordinates.toLowerCase() as "z" | "m" | "zm")
      const made = Ewkb.geometry(value.figure, srid, further)
      const back = Ewkb.decode(made.bytes)
      assert.deepStrictEqual(back, made)
      assert.deepStrictEqual(
        { ...made, bytes: undefined },
        { ...value, bytes: undefined },
        "of its own making it differs in nothing but the order of bytes"
      )
    }
  )

  it.each(samples.map(([name, hex, figure, srid = 0]) => ({ name, hex, figure, srid })))(
    "reads $name, and gives its bytes back as they came (TYP-089)",
    ({ figure, hex, name, srid }) => {
      for (const outcome of [decodeBinary(codec, bytesOf(hex)), decodeText(codec, hex)]) {
        const value = valueOf(outcome)
        assert.deepStrictEqual(value.figure, figure)
        assert.strictEqual(value.type, figure._tag)
        assert.strictEqual(value.srid, srid)
        assert.strictEqual(value.hasZ, name.includes("Z"))
        assert.strictEqual(value.hasM, /\bZ?M\b/.test(name))
        assert.strictEqual(String(value), hex)
        assert.deepStrictEqual(encodeText(codec, value), { value: hex })
        assert.strictEqual(hexOf(valueOf(encodeBinary(codec, value))), hex.toLowerCase())
      }
      refusesOtherSizes(codec, hex)
    }
  )

  it("reads the other byte order, also within", () => {
    const value = valueOf(
      decodeBinary(codec, bytesOf("00 00000004 00000001 01 01000000 000000000000F03F 0000000000000040"))
    )
    assert.deepStrictEqual(value.figure, {
      _tag: "MultiPoint",
      figures: [{ _tag: "Point", position: [1, 2] }]
    })
  })

  it("makes the bytes of a figure, of as many coordinates as its first position has", () => {
    const hexOfMade = (...made: Parameters<typeof Ewkb.geometry>) => String(Ewkb.geometry(...made))
    assert.strictEqual(
      hexOfMade({ _tag: "Point", position: [1, 2] }, 4326),
      "0020000001000010E63FF00000000000004000000000000000"
    )
    const line = (...positions: ReadonlyArray<ReadonlyArray<number>>) =>
      ({ _tag: "LineString", positions }) as const
    assert.strictEqual(
      hexOfMade(line([1, 2, 3], [1]), 0, "zm"),
      "0080000002000000023FF0000000000000400000000000000040080000000000003FF00000000000007FF80000000000007FF8000000000000"
    )
    assert.deepStrictEqual(
      [undefined, "z", "m", "zm"].map((further) =>
        hexOfMade(line(), 0, further as undefined | "z" | "m" | "zm")
      ),
      ["000000000200000000", "008000000200000000", "004000000200000000", "00C000000200000000"]
    )
  })

  it("copies the bytes, so that the buffer may be used again", () => {
    const bytes = bytesOf(samples[0]![1])
    const value = valueOf(decodeBinary(codec, bytes))
    bytes.fill(0)
    assert.strictEqual(String(value), samples[0]![1])
  })

  it.each([
    ["an unknown byte order", "02 01000000 000000000000F03F 0000000000000040"],
    ["an unknown kind", "01 0D000000 00000000"],
    ["more positions than bytes", "01 02000000 FFFFFFFF"],
    ["more rings than bytes", "01 03000000 FFFFFF7F"],
    ["more figures than bytes", "01 07000000 FFFFFFFF"]
  ])("refuses %s (F17, F18)", (_, hex) => {
    assert.property(decodeBinary(codec, bytesOf(hex)), "failure")
  })

  it("reads figures as deep within each other as the server takes them, and no deeper (F19)", () => {
    const within = (levels: number) => bytesOf(`${"010700000001000000".repeat(levels)}010700000000000000`)
    assert.property(decodeBinary(codec, within(Ewkb.deepest)), "value")
    assert.property(decodeBinary(codec, within(Ewkb.deepest + 1)), "failure")
    assert.property(decodeBinary(codec, within(100_000)), "failure")
  })

  it.each(["", "0", "01010", "POINT(1 2)", "0x01"])("refuses the text %j from the server", (text) => {
    assert.property(decodeText(codec, text), "failure")
  })

  it("takes text as a parameter, and no other values", () => {
    assert.deepStrictEqual(encodeText(codec, "POINT(1 2)"), { value: "POINT(1 2)" })
    assert.property(encodeText(codec, { x: 1, y: 2 }), "failure")
  })

  it("stands in arrays between colons", () => {
    const value = valueOf(decodeText(codec, samples[0]![1]))
    const array = Arrays.over(codec)
    assert.deepStrictEqual(decodeText(array, `{${value}:NULL}`), { value: [value, null] })
    assert.deepStrictEqual(encodeText(array, [value, value]), { value: `{"${value}":"${value}"}` })
  })

  it("is equal by its bytes", () => {
    const value = Ewkb.geometry({ _tag: "Point", position: [1, 2] })
    assert.isTrue(Equal.equals(value, Ewkb.geometry({ _tag: "Point", position: [1, 2] })))
    assert.strictEqual(Hash.hash(value), Hash.hash(Ewkb.geometry({ _tag: "Point", position: [1, 2] })))
    assert.isFalse(Equal.equals(value, Ewkb.geometry({ _tag: "Point", position: [1, 3] })))
    assert.instanceOf(value, PgGeometry)
    assert.strictEqual(JSON.stringify({ value }), `{"value":"${value}"}`)
  })

  it("ends in a value or a failure, whatever the bytes (F22)", () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(...captured)
          .chain(({ hex }) =>
            fc.tuple(fc.constant(hex), fc.nat({ max: hex.length / 2 - 1 }), fc.nat({ max: 255 }))
          ),
        ([hex, at, byte]) => {
          const bytes = bytesOf(hex)
          bytes[at] = byte
          decodeBinary(codec, bytes)
        }
      ),
      { numRuns: 300 }
    )
  })
})
