import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import fc from "fast-check"
import * as Oid from "../../src/model/Oid.js"
import { join, PgTsQuery, type TsNode } from "../../src/model/PgTsQuery.js"
import { PgTsVector, type TsWeight } from "../../src/model/PgTsVector.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import { tsquery, tsvector } from "../../src/types/TextSearch.js"
import {
  bytesOf,
  decodeBinary,
  decodeText,
  encodeBinary,
  encodeText,
  golden,
  refusesOtherSizes,
  roundTrips,
  valueOf
} from "./codecs.js"

const lexeme = (text: string, weights = "", prefix = false): TsNode => ({
  _tag: "Lexeme",
  lexeme: text,
  prefix,
  weights
})
const phrase = (left: TsNode, right: TsNode, distance = 1): TsNode => ({
  _tag: "Phrase",
  left,
  right,
  distance
})
const [a, b, c] = [lexeme("a"), lexeme("b"), lexeme("c")] as const
const vectorHex = "00000002 6100 0002 c001 0002 6200 0000"

describe("TextSearch", () => {
  golden(tsvector, { ids: "TYP-062" }, [
    [
      "'a':1A,2 'b'",
      vectorHex,
      new PgTsVector([
        {
          lexeme: "a",
          positions: [
            { position: 1, weight: "A" },
            { position: 2, weight: "D" }
          ]
        },
        { lexeme: "b", positions: [] }
      ])
    ],
    ["", "00000000", new PgTsVector([])],
    ["'a''b\\\\ c'", "00000001 6127625c206300 0000", new PgTsVector([{ lexeme: "a'b\\ c", positions: [] }])]
  ])
  golden(tsquery, { ids: "TYP-063, TRP-093" }, [
    [
      "'a':*B & !( 'b' | 'c' )",
      "00000006 0202 0201 0203 01 00 00 6300 01 00 00 6200 01 04 01 6100",
      new PgTsQuery(join("And", lexeme("a", "B", true), { _tag: "Not", operand: join("Or", b, c) }))
    ],
    ["'a' <3> 'b'", "00000003 0204 0003 01 00 00 6200 01 00 00 6100", new PgTsQuery(phrase(a, b, 3))],
    [
      "'a' <-> 'b' <-> 'c'",
      "00000005 0204 0001 01 00 00 6300 0204 0001 01 00 00 6200 01 00 00 6100",
      new PgTsQuery(phrase(phrase(a, b), c))
    ],
    [
      "'a' <-> ( 'b' <-> 'c' )",
      "00000005 0204 0001 0204 0001 01 00 00 6300 01 00 00 6200 01 00 00 6100",
      new PgTsQuery(phrase(a, phrase(b, c)))
    ]
  ])

  it("reads the empty query, and sends it as text only (TYP-063)", () => {
    assert.deepStrictEqual(decodeText(tsquery, ""), { value: PgTsQuery.empty })
    assert.deepStrictEqual(decodeBinary(tsquery, bytesOf("00000000")), { value: PgTsQuery.empty })
    assert.deepStrictEqual(encodeText(tsquery, PgTsQuery.empty), { value: "" })
    assert.property(encodeBinary(tsquery, PgTsQuery.empty), "failure")
  })

  it("joins neighbours of one kind, however they were bracketed", () => {
    const right = "00000005 0202 0202 01 00 00 6300 01 00 00 6200 01 00 00 6100"
    assert.deepStrictEqual(decodeBinary(tsquery, bytesOf(right)), decodeText(tsquery, "'a' & 'b' & 'c'"))
    assert.isTrue(
      Equal.equals(
        new PgTsQuery(join("And", a, join("And", b, c))),
        new PgTsQuery(join("And", join("And", a, b), c))
      )
    )
  })

  it("refuses other sizes (F16)", () => {
    refusesOtherSizes(tsvector, vectorHex)
    refusesOtherSizes(tsquery, "00000003 0204 0003 01 00 00 6200 01 00 00 6100")
  })

  it.each(["ffffffff", "7fffffff 6100 0000", "00000001 6100 ffff 0001"])(
    "refuses a tsvector whose counts lie: %s (F18)",
    (hex) => {
      assert.property(decodeBinary(tsvector, bytesOf(hex)), "failure")
    }
  )

  it.each([
    ["a negative count", "ffffffff"],
    ["more items than bytes", "7fffffff 01 00 00 6100"],
    ["an operator without operands", "00000001 0201"],
    ["one operand too few", "00000002 0202 01 00 00 6100"],
    ["one operand too many", "00000002 01 00 00 6100 01 00 00 6100"],
    ["an unknown operator", "00000002 0205 01 00 00 6100"],
    ["an unknown kind", "00000001 03 00 00 6100"],
    ["an unknown weight", "00000001 01 10 00 6100"]
  ])("refuses a tsquery with %s (TYP-063, F18)", (_, hex) => {
    assert.property(decodeBinary(tsquery, bytesOf(hex)), "failure")
  })

  it("refuses to nest too deeply, and takes long chains (F19)", () => {
    const items = (count: number, operator: string, tail: string) =>
      bytesOf(count.toString(16).padStart(8, "0") + operator + tail)
    assert.property(decodeBinary(tsquery, items(100_001, "0201".repeat(100_000), "0100006100")), "failure")
    assert.property(decodeText(tsquery, `${"!".repeat(100_000)}'a'`), "failure")
    assert.property(decodeText(tsquery, `${"(".repeat(100_000)}'a'`), "failure")
    const chain = items(3_999, "02040001" + "0100006200", "") // one operator and its right operand
    assert.property(decodeBinary(tsquery, chain), "failure")
    const long = items(3_999, ("02040001" + "0100006200").repeat(1_999), "0100006100")
    const value = valueOf(decodeBinary(tsquery, long))
    assert.deepStrictEqual(valueOf(encodeBinary(tsquery, value)), long)
    assert.strictEqual(String(valueOf(decodeText(tsquery, String(value)))), String(value))
  })

  it.each(["a", "'a", "'a' &", "& 'a'", "'a' 'b'", "('a'", "'a')", "!", "'a':E", "'a' <x> 'b'", "'a' "])(
    "refuses %j as a query's text",
    (text) => {
      assert.property(decodeText(tsquery, text), "failure")
    }
  )

  it.each(["a", "'a", "'a':", "'a':1,", "'a'  'b'", "'a' ", "'a':1E", "'a''"])(
    "refuses %j as a vector's text",
    (text) => {
      assert.property(decodeText(tsvector, text), "failure")
    }
  )

  const word = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 5 })
    .filter((text) => !text.includes("\0"))
  const node: fc.Arbitrary<TsNode> = fc.letrec<{ node: TsNode }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc
        .tuple(word, fc.boolean(), fc.subarray(["A", "B", "C", "D"]))
        .map(([text, prefix, weights]) => lexeme(text, weights.join(""), prefix)),
      tie("node").map((operand): TsNode => ({ _tag: "Not", operand })),
      fc.tuple(tie("node"), tie("node")).map(([left, right]) => join("And", left, right)),
      fc.tuple(tie("node"), tie("node")).map(([left, right]) => join("Or", left, right)),
      fc
        .tuple(tie("node"), tie("node"), fc.nat(16384))
        .map(([left, right, distance]) => phrase(left, right, distance))
    )
  })).node

  it.prop("gives back every query in both formats (TYP-010)", [node], ([root]) => {
    roundTrips(tsquery, new PgTsQuery(root))
  })

  const entry = fc.record({
    lexeme: word,
    positions: fc.array(
      fc.record({
        position: fc.integer({ min: 1, max: 16383 }),
        weight: fc.constantFrom<TsWeight>("A", "B", "C", "D")
      }),
      { maxLength: 3 }
    )
  })

  it.prop(
    "gives back every vector in both formats (TYP-010)",
    [fc.array(entry, { maxLength: 4 })],
    ([lexemes]) => {
      roundTrips(tsvector, new PgTsVector(lexemes))
    }
  )

  it("takes values and strings (TYP-006), and is text in the familiar preset", () => {
    assert.deepStrictEqual(encodeText(tsquery, "fat & rat"), { value: "fat & rat" })
    for (const codec of [tsquery, tsvector]) {
      for (const value of [5, {}, []]) {
        assert.property(encodeText(codec, value), "failure")
        assert.property(encodeBinary(codec, value), "failure")
      }
    }
    assert.property(encodeBinary(tsquery, new PgTsQuery(lexeme("\0"))), "failure")
    assert.deepStrictEqual(decodeText(familiar.lookup(Oid.tsquery)!, "'a'"), { value: "'a'" })
    assert.deepStrictEqual(decodeText(lossless.lookup(Oid.tsqueryArray)!, "{'a',NULL}"), {
      value: [new PgTsQuery(a), null]
    })
  })
})
