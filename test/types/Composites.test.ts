import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as Oid from "../../src/model/Oid.js"
import { PgArray } from "../../src/model/PgArray.js"
import * as Arrays from "../../src/types/Arrays.js"
import * as Composites from "../../src/types/Composites.js"
import * as Integers from "../../src/types/Integers.js"
import * as Numerics from "../../src/types/Numerics.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import * as Texts from "../../src/types/Texts.js"
import * as Uuids from "../../src/types/Uuids.js"
import {
  bytesOf,
  decodeBinary,
  decodeText,
  encodeBinary,
  encodeText,
  golden,
  hexOf,
  refusesOtherSizes,
  roundTrips,
  valueOf
} from "./codecs.js"

const pair = Composites.over({ name: "pair", oid: 70_000, arrayOid: 70_001 }, [
  { name: "a", codec: Integers.int4 },
  { name: "b", codec: Texts.text }
])
const pairHex = "00000002 00000017 00000004 00000001 00000019 ffffffff"
const nested = Composites.over({ name: "nested", oid: 70_002, arrayOid: 70_003 }, [
  { name: "id", codec: Integers.int8 },
  { name: "pairs", codec: Arrays.over(pair) },
  { name: "one", codec: pair }
])

describe("Composites", () => {
  golden(pair, { ids: "TYP-080, TYP-081", written: (text) => text.replaceAll(/""(?=[^)])/g, '\\"') }, [
    ["(1,)", pairHex, { a: 1, b: null }, "TRP-092"],
    ['(,"")', "00000002 00000017 ffffffff 00000019 00000000", { a: null, b: "" }, "TRP-092"],
    ['(-2,"b c")', "00000002 00000017 00000004 fffffffe 00000019 00000003 622063", { a: -2, b: "b c" }],
    [
      '(0,"b ""c""")',
      "00000002 00000017 00000004 00000000 00000019 00000005 6220226322",
      { a: 0, b: 'b "c"' }
    ],
    ['(0,"x\\\\y")', "00000002 00000017 00000004 00000000 00000019 00000003 785c79", { a: 0, b: "x\\y" }]
  ])

  it("reads quotes within a value, escapes, and surrounding space (TYP-081)", () => {
    assert.deepStrictEqual(decodeText(pair, ' (1,a"b c"\\,d) '), { value: { a: 1, b: "ab c,d" } })
  })

  it("takes () for no column, and for one that is NULL (TYP-081)", () => {
    const none = Composites.over({ name: "none", oid: 1, arrayOid: 0 }, [])
    const one = Composites.over({ name: "one", oid: 1, arrayOid: 0 }, [{ name: "a", codec: Texts.text }])
    assert.deepStrictEqual(decodeText(none, "()"), { value: {} })
    assert.deepStrictEqual(decodeText(one, "()"), { value: { a: null } })
    assert.deepStrictEqual(encodeText(one, { a: null }), { value: "()" })
    roundTrips(none, {})
  })

  it.each(["", "(", "(1,a", "1,a", '(1,"a)', "(1,a)x", "(1,a\\"])("refuses the text %j", (text) => {
    assert.property(decodeText(pair, text), "failure")
  })

  it("refuses other sizes (F16, TYP-080)", () => {
    refusesOtherSizes(pair, pairHex)
    refusesOtherSizes(pair, "00000002 00000017 00000004 00000001 00000019 00000002 6162")
  })

  it.each([
    ["a negative number of fields", "ffffffff"],
    ["more fields than bytes", "7fffffff 00000017 00000004 00000001"],
    ["a length below -1", "00000002 00000017 fffffffe 00000019 ffffffff"],
    ["a length past the end", "00000002 00000017 7fffffff 00000019 ffffffff"]
  ])("refuses %s (F18, TYP-080)", (_, hex) => {
    assert.property(decodeBinary(pair, bytesOf(hex)), "failure")
  })

  it("names the type that has been altered: another number of fields, another type in one (TYP-082)", () => {
    const failureOf = (outcome: object): string => (outcome as { failure: string }).failure
    const more = "00000003 00000017 ffffffff 00000019 ffffffff 00000019 ffffffff"
    assert.match(
      failureOf(decodeBinary(pair, bytesOf(more))),
      /a composite pair of 3 fields where 2 are known/
    )
    assert.match(failureOf(decodeText(pair, "(1,a,b)")), /a composite pair of 3 fields where 2 are known/)
    assert.match(
      failureOf(decodeBinary(pair, bytesOf("00000002 00000014 ffffffff 00000019 ffffffff"))),
      /field "a": a value of the type 20, not 23; pair was altered: call refreshTypes/
    )
  })

  it("goes through arrays and composites within each other, in both formats (TYP-072)", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.array(
          fc.record(
            {
              a: fc.option(fc.integer()),
              b: fc.option(fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", "")))
            },
            { noNullPrototype: true }
          ),
          { maxLength: 4 }
        ),
        (id, pairs) => {
          roundTrips(nested, { id, pairs, one: pairs[0] ?? null })
          roundTrips(Arrays.over(nested), [{ id, pairs, one: null }, null])
        }
      ),
      { numRuns: 100 }
    )
  })

  it("keeps names that mean something to JavaScript (F21)", () => {
    const odd = Composites.over({ name: "odd", oid: 1, arrayOid: 0 }, [
      { name: "__proto__", codec: Integers.int4 },
      { name: "constructor", codec: Integers.int4 }
    ])
    const value = valueOf(decodeText(odd, "(1,2)"))
    assert.deepStrictEqual(Object.entries(value), [
      ["__proto__", 1],
      ["constructor", 2]
    ])
    assert.strictEqual(Object.getPrototypeOf(value), Object.prototype)
    assert.deepStrictEqual(encodeText(odd, value), { value: "(1,2)" })
  })

  it("refuses a parameter without a field, with another one, or of another shape", () => {
    for (const value of [{ a: 1 }, { a: 1, b: undefined }, { a: 1, b: "x", c: 2 }, [1, "x"], 5, null]) {
      assert.property(encodeText(pair, value), "failure")
      assert.property(encodeBinary(pair, value), "failure")
    }
    assert.match((encodeText(pair, { a: "x", b: "secret" }) as { failure: string }).failure, /whole number/)
    assert.notMatch((encodeText(pair, { a: 1, b: "x", secret: 2 }) as { failure: string }).failure, /secret/)
  })

  it("takes the server's own text as a parameter", () => {
    assert.deepStrictEqual(encodeText(pair, "(1,x)"), { value: "(1,x)" })
    assert.strictEqual(hexOf(valueOf(encodeBinary(pair, "(1,)"))), pairHex.replaceAll(" ", ""))
    assert.property(encodeBinary(pair, "(1"), "failure")
  })

  it("travels as text when a field does (TYP-080)", () => {
    const mixed = Composites.over({ name: "mixed", oid: 1, arrayOid: 0 }, [
      { name: "a", codec: Texts.textOnly("isbn", 80_000, 0) }
    ])
    assert.isUndefined(mixed.decodeBinary)
    assert.isUndefined(mixed.encodeBinary)
    assert.deepStrictEqual(decodeText(mixed, "(x)"), { value: { a: "x" } })
  })
})

describe("Records", () => {
  const record = lossless.lookup(Oid.record)!
  const records = lossless.lookup(Oid.recordArray)!

  it("are arrays of values, each by its own type (TYP-080)", () => {
    assert.deepStrictEqual(
      decodeBinary(record, bytesOf("00000002 00000017 00000004 00000001 00000019 ffffffff")),
      { value: [1, null] }
    )
  })

  it("keep the bytes of a value whose type is not known", () => {
    assert.deepStrictEqual(decodeBinary(record, bytesOf("00000001 00011170 00000002 6162")), {
      value: [Uint8Array.of(0x61, 0x62)]
    })
  })

  it("know the types that the registry has learned", () => {
    const extended = lossless.with(pair)
    const inner = pairHex.replaceAll(" ", "")
    assert.deepStrictEqual(
      decodeBinary(
        extended.lookup(Oid.record)!,
        bytesOf(`00000001 00011170 ${(inner.length / 2).toString(16).padStart(8, "0")} ${inner}`)
      ),
      { value: [{ a: 1, b: null }] }
    )
  })

  it("are the server's text in text, and no parameter", () => {
    assert.deepStrictEqual(decodeText(record, '(1,"a b")'), { value: '(1,"a b")' })
    assert.isUndefined(record.encodeBinary)
    assert.isUndefined(familiar.lookup(Oid.record))
  })

  it("lie within each other to a limit, and no deeper (F19)", () => {
    const within = (levels: number): string => {
      let hex = "00000000"
      for (let level = 0; level < levels; level++) {
        hex = `00000001000008c9${(hex.length / 2).toString(16).padStart(8, "0")}${hex}`
      }
      return hex
    }
    assert.property(decodeBinary(record, bytesOf(within(Composites.deepestRecord - 1))), "value")
    assert.match(
      (decodeBinary(record, bytesOf(within(Composites.deepestRecord))) as { failure: string }).failure,
      /more than 32 levels deep/
    )
    assert.property(decodeBinary(record, bytesOf(within(50_000))), "failure")
  })

  it("stand in arrays, of which more than one dimension is a PgArray", () => {
    const one = "00000001 00000017 00000004 00000005"
    const header = (dims: string, count: number) =>
      `${dims} 00000000 000008c9 ${"00000001 00000001 ".repeat(count)} 00000010 ${one}`
    assert.deepStrictEqual(decodeBinary(records, bytesOf(header("00000001", 1))), { value: [[5]] })
    assert.deepStrictEqual(decodeBinary(records, bytesOf(header("00000002", 2))), {
      value: new PgArray([[[5]]], [1, 1])
    })
  })

  it("end in a value or a failure, whatever the bytes (F22)", () => {
    const known = lossless.withAll([pair, nested, Numerics.numeric, Uuids.uuid])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        for (const codec of [known.lookup(Oid.record)!, pair, nested]) {
          decodeBinary(codec, bytes)
          decodeText(codec, String.fromCharCode(...bytes))
        }
      }),
      { numRuns: 300 }
    )
  })
})
