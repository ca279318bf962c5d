/** In which part of a value a failure lies. */
import { assert, describe, it } from "@effect/vitest"
import * as Oid from "../../src/model/Oid.js"
import { PgArray } from "../../src/model/PgArray.js"
import { PgMultirange } from "../../src/model/PgMultirange.js"
import { PgRange } from "../../src/model/PgRange.js"
import * as Arrays from "../../src/types/Arrays.js"
import type { Codec } from "../../src/types/Codec.js"
import * as Composites from "../../src/types/Composites.js"
import * as Hstore from "../../src/types/Hstore.js"
import * as Integers from "../../src/types/Integers.js"
import * as PgVectors from "../../src/types/PgVectors.js"
import * as Ranges from "../../src/types/Ranges.js"
import { lossless } from "../../src/types/Registry.js"
import * as Texts from "../../src/types/Texts.js"
import * as Vectors from "../../src/types/Vectors.js"
import { decodeBinary, decodeText, encodeBinary, encodeText, valueOf } from "./codecs.js"

/** A type made of another, which stands in it as the value of a part. */
type Over = (element: Codec) => Codec

const array: Over = (element) => Arrays.over(element)
const range: Over = (element) => Ranges.over({ name: "span", oid: 90_000, arrayOid: 90_001 }, element)
const ranges: Over = (element) => Ranges.multiOver({ name: "spans", oid: 90_010, arrayOid: 90_011 }, element)
const item: Over = (element) =>
  Composites.over({ name: "item", oid: 90_020, arrayOid: 90_021 }, [
    { name: "id", codec: element },
    { name: 'so "so"', codec: array(element) },
    { name: "span", codec: range(element) }
  ])
const hstore = Hstore.over({ name: "hstore", oid: 90_030, arrayOid: 90_031 })

const int = /(expected .*|4 bytes expected, got 1|text of 1 byte is not .*)/.source
const first = { id: 1, 'so "so"': null, span: null }
const made = (lower: unknown, upper: unknown): PgRange<unknown> => PgRange.make(lower, upper)

const cases: ReadonlyArray<readonly [what: string, over: Over, value: unknown, part: string]> = [
  ["an element", array, [1, null, "x"], "element [2]"],
  [
    "an element of the second dimension",
    array,
    [
      [1, 2],
      [3, 4],
      [5, "x"]
    ],
    "element [2][1]"
  ],
  [
    "an element of the third dimension",
    array,
    [
      [
        [1, 2],
        [3, 4]
      ],
      [
        ["x", 6],
        [7, 8]
      ]
    ],
    "element [1][0][0]"
  ],
  ["an element that is counted from elsewhere", array, new PgArray([1, "x"], [5]), "element [1]"],
  ["a lower bound", range, made("x", 1), "lower bound"],
  ["an upper bound", range, made(null, "x"), "upper bound"],
  ["a bound in a multirange", ranges, PgMultirange.of(made(1, 2), made(3, "x")), "range [1]: upper bound"],
  [
    "a bound in an array",
    (element) => array(range(element)),
    [null, made("x", null)],
    "element [1]: lower bound"
  ],
  ["a field", item, { ...first, id: "x" }, 'field "id"'],
  ["an element in a field", item, { ...first, 'so "so"': [1, "x"] }, 'field "so "so"": element [1]'],
  [
    "a bound in a field in an element",
    (element) => array(item(element)),
    [first, { ...first, span: made(1, "x") }],
    'element [1]: field "span": upper bound'
  ]
]

/** Writes of a number what `int4` reads, and `x` as one byte that it does not. */
const letters: Codec = {
  ...Integers.int4,
  encodeText: (writer, value) => writer.text(String(value)),
  encodeBinary: (writer, value) => (value === "x" ? writer.uint8(1) : writer.int32(Number(value)))
}

describe("the part of a value that failed", () => {
  it.each(cases)("is named when %s cannot be written", (_, over, value, part) => {
    for (const encode of [encodeText, encodeBinary]) {
      assert.match(reasonOf(encode(over(Integers.int4), value)), new RegExp(`^${escaped(part)}: ${int}$`))
    }
  })

  it.each(cases)("is named when %s cannot be read", (_, over, value, part) => {
    for (const outcome of [
      decodeText(over(Integers.int4), valueOf(encodeText(over(letters), value))),
      decodeBinary(over(Integers.int4), valueOf(encodeBinary(over(letters), value)))
    ]) {
      assert.match(reasonOf(outcome), new RegExp(`^${escaped(part)}: ${int}$`))
    }
  })

  it("is named when a text that is read to be written in binary fails", () => {
    assert.deepStrictEqual(encodeBinary(array(Integers.int4), "{{1,2},{3,x}}"), {
      failure: "expected an array in text: element [1][1]: text of 1 byte is not an int4"
    })
    assert.match(
      reasonOf(encodeBinary(item(Integers.int4), "(x,,)")),
      /^expected a composite in text: field "id": text of 1 byte/
    )
    assert.match(
      reasonOf(encodeBinary(range(Integers.int4), "[1,x)")),
      /^expected a range in text: upper bound: text of 1 byte/
    )
  })

  it("is nothing where the text around the values is malformed", () => {
    for (const [over, text] of [
      [array, "{{1,2},{3,}}"],
      [item, "(1,2"],
      [range, "[1,2"],
      [ranges, "{[1,2),[3,4}"]
    ] as const) {
      assert.match(reasonOf(decodeText(over(Integers.int4), text)), /^malformed /)
    }
  })

  it("is a field's position in a record, which has no names", () => {
    const record = lossless.lookup(Oid.record)!
    const bytes = valueOf(
      encodeBinary(
        Composites.over({ name: "r", oid: Oid.record, arrayOid: 0 }, [
          { name: "a", codec: Integers.int4 },
          { name: "b", codec: letters }
        ]),
        { a: 1, b: "x" }
      )
    )
    assert.deepStrictEqual(decodeBinary(record, bytes), { failure: "field [1]: 4 bytes expected, got 1" })
  })

  it("is named for arrays of other lengths, and for undefined", () => {
    assert.deepStrictEqual(
      encodeText(array(Integers.int4), [
        [[1], [2]],
        [[3], [4, 5]]
      ]),
      {
        failure: "element [1][1]: expected arrays of one length in dimension 3, got 1 and 2"
      }
    )
    assert.deepStrictEqual(
      encodeText(array(Integers.int4), [
        [1, 2],
        [3, undefined]
      ]),
      {
        failure: "element [1][1]: expected a value or null, got undefined"
      }
    )
  })

  it("is the key of an hstore, and never its value", () => {
    const refused: ReadonlyArray<readonly [value: unknown, reason: string]> = [
      [{ a: "x", "b c": 5 }, 'key "b c": expected string or null, got a number'],
      [
        new Map<string, unknown>([["a", "secret\0"]]),
        'key "a": expected text without zero bytes, got a string with a zero byte'
      ],
      [new Map([[5, "x"]]), "expected keys that are strings, got a number"],
      [{ "\0": "x" }, "expected keys without zero bytes, got a key with a zero byte"]
    ]
    for (const [value, reason] of refused) {
      assert.deepStrictEqual(encodeText(hstore, value), { failure: reason })
      assert.deepStrictEqual(encodeBinary(hstore, value), { failure: reason })
    }
    assert.match(reasonOf(encodeText(hstore, 5)), /^expected object or Map of strings/)
  })

  it("is the element of a vector", () => {
    assert.deepStrictEqual(encodeText(Vectors.int2vector, [1, 40_000]), {
      failure: "element [1]: expected a whole number from -32768 to 32767, got a number"
    })
    const half = PgVectors.halfvec({ name: "halfvec", oid: 90_040, arrayOid: 90_041 })
    for (const encode of [encodeText, encodeBinary]) {
      assert.deepStrictEqual(encode(half, [1, "2"]), {
        failure: "element [1]: expected a number, got string of 1 character"
      })
    }
    assert.deepStrictEqual(encodeBinary(half, [1, 2, 70_000]), {
      failure: "element [2]: expected a number within the range of halfvec, got one beyond it"
    })
  })

  it("is named where the failure is a codec's own, too", () => {
    const own: Codec = { ...Texts.text, encodeText: (writer) => writer.fail("expected a colour") }
    assert.deepStrictEqual(encodeText(Arrays.over(own), ["x"]), { failure: "element [0]: expected a colour" })
  })
})

function reasonOf(outcome: object): string {
  assert.property(outcome, "failure")
  return (outcome as { readonly failure: string }).failure
}

function escaped(text: string): string {
  return text.replace(/[[\]]/g, "\\$&")
}
