import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { JsonText } from "../../src/model/JsonText.js"
import * as Oid from "../../src/model/Oid.js"
import { PgArray } from "../../src/model/PgArray.js"
import * as Arrays from "../../src/types/Arrays.js"
import type { Codec } from "../../src/types/Codec.js"
import { int4 } from "../../src/types/Integers.js"
import { json, jsonb } from "../../src/types/Json.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import { text } from "../../src/types/Texts.js"
import {
  bytesOf,
  decodeBinary,
  decodeText,
  encodeBinary,
  encodeText,
  hexOf,
  refusesOtherSizes,
  roundTrips,
  valueOf
} from "./codecs.js"

const ints = Arrays.over(int4)
const texts = Arrays.over(text)
const jsons = Arrays.over(json)

const header = (...words: ReadonlyArray<number>): Uint8Array => {
  const view = new DataView(new ArrayBuffer(words.length * 4))
  words.forEach((word, index) => view.setInt32(index * 4, word))
  return new Uint8Array(view.buffer)
}

describe("Arrays", () => {
  it.each([
    ["{}", "TYP-064", "00000000 00000000 00000017", []],
    [
      "{1,NULL}",
      "TYP-064",
      "00000001 00000001 00000017 00000002 00000001 00000004 00000001 ffffffff",
      [1, null]
    ],
    [
      "[0:1]={1,2}",
      "TYP-067, TYP-070, TRP-074",
      "00000001 00000000 00000017 00000002 00000000 00000004 00000001 00000004 00000002",
      new PgArray([1, 2], [0])
    ],
    [
      "{{1,2},{3,4}}",
      "TYP-064",
      "00000002 00000000 00000017 00000002 00000001 00000002 00000001 00000004 00000001 00000004 00000002 00000004 00000003 00000004 00000004",
      [
        [1, 2],
        [3, 4]
      ]
    ]
  ])("reads and writes %s as the server does (%s)", (written, _, hex, value) => {
    assert.deepStrictEqual(decodeText(ints, written), { value })
    assert.deepStrictEqual(decodeBinary(ints, bytesOf(hex)), { value })
    assert.strictEqual(hexOf(valueOf(encodeBinary(ints, value))), hex.replaceAll(" ", ""))
    assert.deepStrictEqual(decodeText(ints, valueOf(encodeText(ints, value))), { value })
  })

  it("distinguishes the empty string, NULL and the word NULL (TYP-067, TRP-076)", () => {
    const value = ["", null, "NULL", "a b", 'a"b\\c']
    const written = '{"",NULL,"NULL","a b","a\\"b\\\\c"}'
    const hex =
      "00000001 00000001 00000019 00000005 00000001 00000000 ffffffff 00000004 4e554c4c 00000003 612062 00000005 6122625c63"
    assert.deepStrictEqual(decodeText(texts, written), { value })
    assert.deepStrictEqual(decodeBinary(texts, bytesOf(hex)), { value })
    assert.strictEqual(hexOf(valueOf(encodeBinary(texts, value))), hex.replaceAll(" ", ""))
    assert.deepStrictEqual(encodeText(texts, value), { value: '{"",NULL,"NULL","a b","a\\"b\\\\c"}' })
    assert.deepStrictEqual(decodeText(texts, "{null,nUlL,\\null,nulls}"), {
      value: [null, null, "null", "nulls"]
    })
  })

  it("reads bounds below one in every dimension, and keeps them (TYP-067, TYP-070, TRP-074)", () => {
    const value = new PgArray([[1, 2, 3]], [-2, 0])
    assert.deepStrictEqual(decodeText(ints, "[-2:-2][0:2]={{1,2,3}}"), { value })
    assert.deepStrictEqual(decodeText(ints, "[1:2]={1,2}"), { value: [1, 2] })
    assert.deepStrictEqual(encodeText(ints, value), { value: '[-2:-2][0:2]={{"1","2","3"}}' })
    roundTrips(ints, value)
  })

  it("drops bounds in the familiar preset, and shifts nothing (TRP-074)", () => {
    const codec = familiar.lookup(Oid.int4Array)!
    assert.deepStrictEqual(decodeText(codec, "[0:1]={1,2}"), { value: [1, 2] })
    assert.deepStrictEqual(decodeBinary(codec, valueOf(encodeBinary(ints, new PgArray([1, 2], [-5])))), {
      value: [1, 2]
    })
  })

  it("allows white space around elements and braces (TYP-068)", () => {
    assert.deepStrictEqual(decodeText(texts, ' { "a b" , c d ,\te } '), { value: ["a b", "c d", "e"] })
    assert.deepStrictEqual(decodeText(ints, "{ { 1 , 2 } , { 3 , 4 } }"), {
      value: [
        [1, 2],
        [3, 4]
      ]
    })
  })

  it("collapses arrays of empty arrays (TYP-069)", () => {
    assert.deepStrictEqual(decodeText(ints, "{{}}"), { value: [] })
    assert.deepStrictEqual(decodeText(ints, "{{},{}}"), { value: [] })
    assert.strictEqual(hexOf(valueOf(encodeBinary(ints, [[], []]))), "000000000000000000000017")
    assert.deepStrictEqual(encodeText(ints, [[]]), { value: "{}" })
    assert.deepStrictEqual(encodeText(ints, new PgArray([], [5])), { value: "{}" })
  })

  it("uses the semicolon of types that have it (TRP-075)", () => {
    const boxes = Arrays.over({ ...text, name: "box", oid: Oid.box, arrayOid: Oid.boxArray, delimiter: ";" })
    const value = ["(1,1),(0,0)", "(3,3),(2,2)"]
    assert.deepStrictEqual(decodeText(boxes, "{(1,1),(0,0);(3,3),(2,2)}"), { value })
    assert.deepStrictEqual(encodeText(boxes, value), { value: '{"(1,1),(0,0)";"(3,3),(2,2)"}' })
  })

  it.each([
    ["seven dimensions", header(7, 0, 23, ...Array.from({ length: 14 }, () => 1))],
    ["minus one dimension", header(-1, 0, 23)],
    ["a negative length", header(1, 0, 23, -1, 1)],
    ["more elements than bytes", header(1, 0, 23, 1000, 1)],
    ["a product that overflows 32 bits", header(3, 0, 23, 65536, 1, 65536, 1, 65536, 1)],
    ["a product that overflows to zero", header(2, 0, 23, 65536, 1, 65536, 1)],
    ["the largest length", header(1, 0, 23, 0x7fffffff, 1)],
    ["many empty arrays", header(2, 0, 23, 0x7fffffff, 1, 0, 1)],
    ["another element type", header(0, 0, 25)],
    ["an element beyond the end", header(1, 0, 23, 1, 1, 5)],
    ["a negative element", header(1, 0, 23, 1, 1, -2)],
    ["an element of another size", header(1, 0, 23, 1, 1, 8, 0, 0)],
    ["bytes left over", header(1, 0, 23, 1, 1, 4, 0, 0)],
    ["bytes behind an empty array", header(0, 0, 23, 0)],
    ["a header cut in its dimensions", header(2, 0, 23, 1, 1)]
  ])("refuses %s before anything is allocated for it (TYP-065, F17, V35)", (_, bytes) => {
    assert.property(decodeBinary(ints, bytes), "failure")
  })

  it("compares the count with the bytes before it reads an element (F17)", () => {
    assert.deepStrictEqual(decodeBinary(ints, header(1, 0, 23, 100_000_000, 1, 4, 7)), {
      failure: "an array of 100000000 elements in 8 bytes"
    })
  })

  it("refuses every cut (F16)", () => {
    refusesOtherSizes(ints, "00000001 00000001 00000017 00000002 00000001 00000004 00000001 ffffffff")
  })

  it("lets the lengths decide about NULL, not the flag (TYP-066)", () => {
    assert.deepStrictEqual(decodeBinary(ints, header(1, 0, 23, 1, 1, -1)), { value: [null] })
    assert.deepStrictEqual(decodeBinary(ints, header(1, 1, 23, 1, 1, 4, 9)), { value: [9] })
  })

  it.each([
    "",
    "{",
    "}",
    "{1",
    "{1,}",
    "{,1}",
    "{1}}",
    "{1}x",
    "{1,{2}}",
    "{{1},2}",
    "{{1},{2,3}}",
    "[0:1]={1}",
    "[0:1]",
    "[a:b]={1}",
    "[1:2][1:1]={1,2}",
    '{"1}',
    "{1\\",
    "{x}",
    "{{{{{{{1}}}}}}}",
    "1",
    "{1 2}",
    '{"1"2}'
  ])("refuses %j as an array's text (TYP-069, F17, F19)", (written) => {
    assert.property(decodeText(ints, written), "failure")
  })

  const element = fc.option(fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0")))
  const shaped = fc
    .tuple(
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
      fc.infiniteStream(element)
    )
    .map(([lengths, stream]) => {
      const build = (depth: number): Array<unknown> =>
        Array.from({ length: lengths[depth]! }, () =>
          depth === lengths.length - 1 ? (stream.next().value as string | null) : build(depth + 1)
        )
      return { lengths, values: build(0) }
    })

  it.prop(
    "gives back every array of text, whatever is in it (TYP-010, TYP-067)",
    [shaped],
    ([{ values }]) => {
      roundTrips(texts, values)
    }
  )

  it.prop(
    "gives back bounds (TYP-070)",
    [shaped, fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 4, maxLength: 4 })],
    ([{ lengths, values }, bounds]) => {
      const lowerBounds = lengths.map((_, index) => bounds[index]!)
      if (lowerBounds.some((bound) => bound !== 1)) roundTrips(texts, new PgArray(values, lowerBounds))
    }
  )

  it.prop(
    "reads an array that begins at 1 as one with a stated bound, whole or broken",
    [fc.array(fc.option(fc.string()), { maxLength: 12 }), fc.nat(), fc.uint8Array({ maxLength: 8 })],
    ([values, at, junk]) => {
      const unbound = Arrays.over(text, "dropped")
      const bytes = valueOf(encodeBinary(unbound, values))
      const broken = Uint8Array.from([...bytes.subarray(0, at % (bytes.length + 1)), ...junk])
      for (const plain of [bytes, broken]) {
        const bound = plain.slice()
        if (bound.length >= 20) new DataView(bound.buffer).setInt32(16, 7)
        assert.deepStrictEqual(decodeBinary(unbound, plain), decodeBinary(unbound, bound))
      }
    }
  )

  it.prop("never fails otherwise than with a reason (F22)", [fc.uint8Array({ maxLength: 60 })], ([bytes]) => {
    decodeBinary(ints, bytes)
    decodeBinary(texts, Uint8Array.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, ...bytes]))
    assert.doesNotThrow(() => decodeText(texts, `{${Buffer.from(bytes).toString("latin1")}`))
  })

  it("takes an array inside JSON as data, and a PgArray for more dimensions (TYP-074)", () => {
    assert.deepStrictEqual(encodeText(jsons, [[1, 2], { a: "x" }]), {
      value: '{"[1,2]","{\\"a\\":\\"x\\"}"}'
    })
    roundTrips(jsons, [[1, 2], [3], "s"])
    const two = new PgArray(
      [
        [[1], 2],
        [3, null]
      ],
      [1, 1]
    )
    roundTrips(jsons, two)
    roundTrips(Arrays.over(jsonb), two)
    assert.deepStrictEqual(encodeText(jsons, [new JsonText("null"), null]), { value: '{"null",NULL}' })
  })

  it.each([
    [[[1, 2], [3]], "element [1]: expected arrays of one length in dimension 2, got 2 and 1"],
    [[[1], 2], "element [1]: expected arrays of one length in dimension 2, got a number among them"],
    [[[1], null], "element [1]: expected arrays of one length in dimension 2, got null among them"],
    [[1, undefined], "element [1]: expected a value or null, got undefined"],
    [[[[[[[[1]]]]]]], "expected an array of at most 6 dimensions"],
    [
      new PgArray([1], [1, 1]),
      "expected a PgArray with one lower bound of 32 bits for each of its dimensions"
    ],
    [
      new PgArray([1], [0.5]),
      "expected a PgArray with one lower bound of 32 bits for each of its dimensions"
    ],
    [5, "expected array or PgArray, got a number"]
  ])("refuses %j (TYP-069)", (value, failure) => {
    assert.deepStrictEqual(encodeBinary(ints, value), { failure })
    assert.deepStrictEqual(encodeText(ints, value), { failure })
  })

  it("refuses an array that contains itself", () => {
    const circle: Array<unknown> = []
    circle.push(circle)
    assert.property(encodeBinary(ints, circle), "failure")
  })

  it("takes the server's own text", () => {
    assert.deepStrictEqual(encodeBinary(ints, "{1,NULL}"), encodeBinary(ints, [1, null]))
    assert.deepStrictEqual(encodeText(ints, "{1,NULL}"), { value: "{1,NULL}" })
    assert.property(encodeBinary(ints, "{x}"), "failure")
  })

  it("reads arrays of every type of both presets", () => {
    for (const registry of [lossless, familiar]) {
      for (const oid of [
        Oid.boolArray,
        Oid.byteaArray,
        Oid.int2Array,
        Oid.int8Array,
        Oid.oidArray,
        Oid.float4Array,
        Oid.float8Array,
        Oid.numericArray,
        Oid.varcharArray,
        Oid.bpcharArray,
        Oid.nameArray,
        Oid.charInternalArray,
        Oid.jsonArray,
        Oid.jsonbArray,
        Oid.uuidArray,
        Oid.dateArray,
        Oid.timeArray,
        Oid.timetzArray,
        Oid.timestampArray,
        Oid.timestamptzArray,
        Oid.intervalArray
      ]) {
        const codec: Codec | undefined = registry.lookup(oid)
        assert.isDefined(codec)
        assert.deepStrictEqual(decodeText(codec!, "{NULL}"), { value: [null] })
        assert.strictEqual(codec!.name, Oid.nameOf(oid))
      }
    }
  })
})
