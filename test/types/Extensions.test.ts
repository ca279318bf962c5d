import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import fc from "fast-check"
import { PgCube } from "../../src/model/PgCube.js"
import { PgSparseVector } from "../../src/model/PgSparseVector.js"
import { PgVector } from "../../src/model/PgVector.js"
import * as Arrays from "../../src/types/Arrays.js"
import * as Citext from "../../src/types/Citext.js"
import * as Cubes from "../../src/types/Cubes.js"
import * as Extensions from "../../src/types/Extensions.js"
import * as Halves from "../../src/types/Halves.js"
import * as Hstore from "../../src/types/Hstore.js"
import * as PgVectors from "../../src/types/PgVectors.js"
import * as Trees from "../../src/types/Trees.js"
import {
  bytesOf,
  decodeBinary,
  decodeText,
  encodeBinary,
  encodeText,
  fixture,
  golden,
  refusesOtherSizes,
  roundTrips
} from "./codecs.js"

const names = (name: string) => ({ name, oid: 70_000, arrayOid: 70_001 })
const hstore = Hstore.over(names("hstore"))
const ltree = Trees.over(names("ltree"))
const cube = Cubes.over(names("cube"))
const vector = PgVectors.vector(names("vector"))
const halfvec = PgVectors.halfvec(names("halfvec"))
const sparsevec = PgVectors.sparsevec(names("sparsevec"))

describe("hstore", () => {
  const hex = "00000002 00000001 61 00000001 31 00000001 62 ffffffff"
  golden(hstore, { ids: "TYP-085" }, [
    ['"a"=>"1", "b"=>NULL', hex, { a: "1", b: null }],
    ["", "00000000", {}],
    ['"a\\"b\\\\c"=>"NULL"', "00000001 00000005 6122625c63 00000004 4e554c4c", { 'a"b\\c': "NULL" }]
  ])

  it("gives back every map, whatever is in it (TYP-085)", () => {
    const text = fc.string({ unit: "grapheme" }).map((value) => value.replaceAll("\0", ""))
    fc.assert(
      fc.property(fc.dictionary(text, fc.option(text), { noNullPrototype: true }), (value) =>
        roundTrips(hstore, value)
      ),
      { numRuns: 200 }
    )
  })

  it("keeps keys that mean something to JavaScript (F21)", () => {
    const value = (decodeText(hstore, '"__proto__"=>"1", "constructor"=>NULL') as { value: object }).value
    assert.deepStrictEqual(Object.entries(value), [
      ["__proto__", "1"],
      ["constructor", null]
    ])
    assert.deepStrictEqual(encodeText(hstore, value), { value: '"__proto__"=>"1", "constructor"=>NULL' })
  })

  it("refuses other sizes (F16)", () => refusesOtherSizes(hstore, hex))

  it.each([
    ["a negative count", "ffffffff"],
    ["more pairs than bytes", "7fffffff 00000001 61 ffffffff"],
    ["a key that is NULL", "00000001 ffffffff ffffffff"],
    ["a length below -1", "00000001 00000001 61 fffffffe"],
    ["a length past the end", "00000001 7fffffff 61 ffffffff"]
  ])("refuses %s (F18, V34)", (_, bytes) => {
    assert.property(decodeBinary(hstore, bytesOf(bytes)), "failure")
  })

  it.each(['"a"', '"a"=>', '"a"=>"b', 'a=>"b"', '"a"=>"b""c"=>"d"', '"a"=>null', '"a"=>"b", ', '"\\'])(
    "refuses the text %j",
    (text) => assert.property(decodeText(hstore, text), "failure")
  )

  it("takes maps and the server's text, and no other values", () => {
    assert.deepStrictEqual(encodeText(hstore, new Map([["a", null]])), { value: '"a"=>NULL' })
    assert.deepStrictEqual(encodeText(hstore, "a=>1"), { value: "a=>1" })
    for (const value of [
      { a: 1 },
      { a: undefined },
      { "a\0": "b" },
      ["a"],
      new Date(0),
      new Map([[1, "b"]]),
      5
    ])
      assert.property(encodeText(hstore, value), "failure")
  })
})

describe("ltree", () => {
  golden(ltree, { ids: "TYP-086" }, [
    ["Top.a.b", "01 546f702e612e62", "Top.a.b"],
    ["", "01", ""]
  ])

  it("refuses another version, and none (TYP-086)", () => {
    assert.property(decodeBinary(ltree, bytesOf("02 61")), "failure")
    assert.property(decodeBinary(ltree, new Uint8Array(0)), "failure")
  })
})

describe("citext", () => {
  golden(Citext.over(names("citext")), { ids: "TYP-017" }, [["AbC", "416243", "AbC"]])
})

describe("cube", () => {
  const one = "3ff0000000000000"
  const two = "4000000000000000"
  golden(cube, { ids: "TYP-087" }, [
    ["(1, 2)", `80000002 ${one} ${two}`, new PgCube([1, 2])],
    ["(1, 2),(2, 1)", `00000002 ${one} ${two} ${two} ${one}`, new PgCube([1, 2], [2, 1])],
    ["(1),(2)", `00000001 ${one} ${two}`, new PgCube([1], [2])],
    ["()", "80000000", new PgCube([])],
    ["(-0)", "80000001 8000000000000000", new PgCube([-0])]
  ])

  it("refuses other sizes, and more dimensions than there can be (F16, F18)", () => {
    refusesOtherSizes(cube, `00000001 ${one} ${two}`)
    assert.property(decodeBinary(cube, bytesOf("7fffffff")), "failure")
    assert.property(decodeBinary(cube, bytesOf(`80000065 ${one.repeat(101)}`)), "failure")
    assert.property(encodeBinary(cube, new PgCube(Array.from({ length: 101 }, () => 1))), "failure")
    assert.property(encodeBinary(cube, new PgCube([1, 2], [1])), "failure")
  })

  it.each(["(1", "1, 2", "(1, x)", "(1, 2),(3)", "((1))"])("refuses the text %j", (text) =>
    assert.property(decodeText(cube, text), "failure")
  )

  it("is equal by its corners", () => {
    assert.isTrue(Equal.equals(new PgCube([1], [2]), new PgCube([1], [2])))
    assert.isFalse(Equal.equals(new PgCube([1], [2]), new PgCube([1, 2])))
    assert.strictEqual(Hash.hash(new PgCube([1], [2])), Hash.hash(new PgCube([1], [2])))
    assert.strictEqual(new PgCube([1, 2]).dimensions, 2)
  })
})

describe("pgvector", () => {
  const vectorHex = "0003 0000 3f800000 40000000 40400000"
  const sparseHex = "00000005 00000002 00000000 00000000 00000002 3f000000 40000000"
  const values: Readonly<Record<string, PgVector | PgSparseVector>> = {
    "[1,2,3]": PgVector.of(1, 2, 3),
    "[0.1,-0]": PgVector.of(0.1, -0),
    "[3.4028235e+38,-1.5,1e-45]": PgVector.of(2 ** 128 - 2 ** 104, -1.5, 2 ** -149),
    "[65504,-0.5]": PgVector.of(65504, -0.5),
    "[0.099975586,-0,0.00024414062]": PgVector.of(0.0999755859375, -0, 2 ** -12),
    "{1:0.5,3:2}/5": new PgSparseVector(5, [0, 2], Float32Array.of(0.5, 2)),
    "{}/3": new PgSparseVector(3, [], new Float32Array(0)),
    "{1:-1.5,1000000000:0.1}/1000000000": new PgSparseVector(1e9, [0, 1e9 - 1], Float32Array.of(-1.5, 0.1))
  }
  for (const codec of [vector, halfvec, sparsevec]) {
    const rows = fixture("pgvector").filter(([type]) => type === codec.name)
    golden<unknown>(
      codec,
      { ids: "TYP-088" },
      rows.map(([, text = "", hex = ""]) => [text, hex, values[text]])
    )
  }

  it("refuses other sizes (F16)", () => {
    refusesOtherSizes(vector, vectorHex)
    refusesOtherSizes(halfvec, "0001 0000 3c00")
    refusesOtherSizes(sparsevec, sparseHex)
  })

  it.each(["ffff0000", "7fff0000 3f800000"])("refuses a vector whose dimensions lie: %s (F18)", (hex) => {
    assert.property(decodeBinary(vector, bytesOf(hex)), "failure")
    assert.property(decodeBinary(halfvec, bytesOf(hex)), "failure")
  })

  it.each([
    ["a negative count", "00000005 ffffffff 00000000"],
    ["more numbers than bytes", "00000005 7fffffff 00000000"],
    ["a place outside", "00000001 00000001 00000000 00000001 3f000000"],
    ["a negative place", "00000001 00000001 00000000 ffffffff 3f000000"],
    ["places out of order", "00000005 00000002 00000000 00000002 00000002 3f000000 3f000000"],
    ["negative dimensions", "ffffffff 00000000 00000000"]
  ])("refuses a sparse vector with %s (F18)", (_, hex) => {
    assert.property(decodeBinary(sparsevec, bytesOf(hex)), "failure")
  })

  it("takes arrays of numbers and text, and has one bound for dimensions (TYP-088)", () => {
    const expected = encodeBinary(vector, PgVector.of(1, 2, 3))
    for (const value of [[1, 2, 3], Float32Array.of(1, 2, 3), "[1, 2, 3]", " [1,2,3] "])
      assert.deepStrictEqual(encodeBinary(vector, value), expected)
    for (const value of [[], "[]", [NaN], [Infinity], [1e39], ["1"], new Float32Array(16_001), "1,2", null])
      assert.property(encodeBinary(vector, value), "failure")
    assert.property(encodeBinary(vector, new Float32Array(16_000)), "value")
    assert.property(encodeBinary(halfvec, [65520]), "failure")
    for (const value of [
      new PgSparseVector(0, [], new Float32Array(0)),
      new PgSparseVector(2, [2], Float32Array.of(1)),
      new PgSparseVector(2, [0, 1], Float32Array.of(1)),
      new PgSparseVector(2, [0.5], Float32Array.of(1)),
      new PgSparseVector(1_000_000_001, [], new Float32Array(0)),
      [1, 2]
    ])
      assert.property(encodeBinary(sparsevec, value), "failure")
    assert.deepStrictEqual(
      encodeBinary(sparsevec, "{3:2}/5"),
      encodeBinary(sparsevec, PgSparseVector.fromDense([0, 0, 2, 0, 0]))
    )
  })

  it("reads sparse vectors as the server does: spaces, any order, and zeros that it does not keep (TYP-088)", () => {
    const expected = encodeBinary(sparsevec, new PgSparseVector(5, [0, 2], Float32Array.of(0.5, 2)))
    for (const text of [" { 1 : 0.5 , 3:2 } / 5 ", "{3:2,1:0.5}/5", "{3:2,2:0,1:0.5,3:-0}/5"])
      assert.deepStrictEqual(encodeBinary(sparsevec, text), expected, text)
    assert.deepStrictEqual(
      encodeBinary(sparsevec, new PgSparseVector(5, [0, 1, 2, 3], Float32Array.of(0.5, -0, 2, 1e-50))),
      expected
    )
    for (const text of [
      "{1:1e-50}/5",
      "{1:1,}/5",
      "{1:1,1:2}/5",
      "{6:1}/5",
      "{0:1}/5",
      "{1}/5",
      "{1:x}/5",
      "{1:1}"
    ])
      assert.property(encodeBinary(sparsevec, text), "failure", text)
  })

  it("makes arrays of vectors of nested arrays, not dimensions", () => {
    const vectors = Arrays.over(vector)
    const expected = encodeBinary(vectors, [PgVector.of(1, 2), null])
    assert.property(expected, "value")
    assert.deepStrictEqual(encodeBinary(vectors, [[1, 2], null]), expected)
  })

  it("is equal by numbers, and 0 is -0", () => {
    assert.isTrue(Equal.equals(PgVector.of(1, 0), PgVector.of(1, -0)))
    assert.strictEqual(Hash.hash(PgVector.of(1, 0)), Hash.hash(PgVector.of(1, -0)))
    assert.isFalse(Equal.equals(PgVector.of(1), PgVector.of(1, 2)))
    const sparse = PgSparseVector.fromDense([0, 0.5])
    assert.isTrue(Equal.equals(sparse, new PgSparseVector(2, [1], Float32Array.of(0.5))))
    assert.strictEqual(Hash.hash(sparse), Hash.hash(PgSparseVector.fromDense([0, 0.5])))
    assert.isFalse(Equal.equals(sparse, PgSparseVector.fromDense([0, 0.5, 0])))
    assert.deepStrictEqual([sparse.at(0), sparse.at(1), sparse.at(2)], [0, 0.5, undefined])
    assert.strictEqual(JSON.stringify(PgVector.of(0.1)), '"[0.1]"')
    assert.deepStrictEqual([...PgVector.of(1, 2)], [1, 2])
    assert.strictEqual(PgVector.of(1, 2).dimensions, 2)
  })
})

describe("Halves", () => {
  it("gives back every half but the many NaN (TYP-088)", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = Halves.read(bits)
      if (!Number.isNaN(value)) assert.strictEqual(Halves.write(value), bits)
    }
    assert.isNaN(Halves.read(Halves.write(NaN)))
  })

  it.each([
    [2049, 2048],
    [2051, 2052],
    [2 ** -25, 0],
    [2 ** -25 * 1.001, 2 ** -24],
    [65519, 65504],
    [65520, Infinity],
    [-70000, -Infinity],
    [0.1, 0.0999755859375]
  ])("rounds %d to the nearest half, of two as near to the even one", (given, expected) => {
    assert.strictEqual(Halves.read(Halves.write(given)), expected)
  })
})

describe("Extensions", () => {
  it("are known by the names of extension and type together", () => {
    assert.isDefined(Extensions.find("vector", "halfvec"))
    assert.isDefined(Extensions.find("postgis", "geography"))
    assert.isUndefined(Extensions.find("mine", "vector"))
    assert.isUndefined(Extensions.find(null, "hstore"))
    assert.isUndefined(Extensions.find("postgis", "constructor"))
  })
})
