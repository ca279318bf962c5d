import { assert, describe, it } from "@effect/vitest"
import * as Oid from "../../src/model/Oid.js"
import { PgTimestampTz } from "../../src/model/PgTimestampTz.js"
import * as Integers from "../../src/types/Integers.js"
import * as Json from "../../src/types/Json.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import * as Texts from "../../src/types/Texts.js"
import { bytesOf, decodeBinary, decodeText } from "./codecs.js"

describe("Registry", () => {
  it("is a new registry with each codec, and the old one stays as it was", () => {
    const numbers = lossless.with(Integers.int8AsNumber)
    assert.deepStrictEqual(decodeText(numbers.lookup(Oid.int8)!, "5"), { value: 5 })
    assert.deepStrictEqual(decodeText(numbers.lookup(Oid.int8Array)!, "{5}"), { value: [5] })
    assert.deepStrictEqual(decodeText(lossless.lookup(Oid.int8)!, "5"), { value: 5n })
    assert.deepStrictEqual(decodeText(lossless.lookup(Oid.int8Array)!, "{5}"), { value: [5n] })
  })

  it("knows the name of every type, its own or built in", () => {
    const extended = lossless.with(Texts.make("citext", 70_000, 70_001))
    assert.deepStrictEqual(
      [70_000, 70_001, Oid.int4, Oid.point, 80_000].map((oid) => extended.nameOf(oid)),
      ["citext", "citext[]", "int4", "point", "OID 80000"]
    )
    assert.isUndefined(lossless.lookup(70_000))
  })

  it("reads every type from its text by a function for each, which is asked for once", () => {
    const asked: Array<number> = []
    const parsed = lossless.withTextParsers((oid) => {
      asked.push(oid)
      return (text) => `${oid}: ${text}`
    })
    for (const oid of [Oid.int8, Oid.int8, 80_000]) {
      const codec = parsed.lookup(oid)!
      assert.deepStrictEqual(decodeText(codec, "5"), { value: `${oid}: 5` })
      assert.isUndefined(codec.decodeBinary)
    }
    assert.deepStrictEqual(asked, [Oid.int8, 80_000])
    assert.strictEqual(parsed.lookup(Oid.int8)!.name, "int8")
    assert.strictEqual(parsed.lookup(Oid.int8)!.encodeBinary, Integers.int8.encodeBinary)
  })

  it("knows which types the catalogue does not have, and whether types are named for it", () => {
    const asked = lossless.withTypes([], [80_000, Oid.int4])
    assert.deepStrictEqual(
      [80_000, Oid.int4, 80_001].map((oid) => asked.isMissing(oid)),
      [true, false, false]
    )
    assert.isFalse(lossless.isMissing(80_000))
    assert.isFalse(lossless.hasNames)
    assert.isTrue(lossless.withNamed("mood", (found) => found).hasNames)
  })

  it("reads exact JSON on request (TRP-086)", () => {
    const codec = lossless.with(Json.jsonbAsText).lookup(Oid.jsonb)!
    assert.strictEqual(
      String((decodeText(codec, "12345678901234567890") as { value: unknown }).value),
      "12345678901234567890"
    )
  })

  it.each([
    [Oid.int8, "9007199254740993", "9007199254740993", 9007199254740993n],
    [Oid.numericArray, "{0.10}", [0.1], undefined],
    [Oid.float4, "0.1", 0.1, Math.fround(0.1)],
    [Oid.oid, "4294967295", 4294967295, 4294967295],
    [Oid.jsonb, '{"a":[1]}', { a: [1] }, { a: [1] }],
    [Oid.time, "24:00:00", "24:00:00", undefined],
    [Oid.timestamptz, "2024-02-29 12:34:56.789123+00", new Date("2024-02-29T12:34:56.789Z"), undefined]
  ])("has two readings of OID %i", (oid, text, familiarly, exactly) => {
    assert.deepStrictEqual(decodeText(familiar.lookup(oid)!, text), { value: familiarly })
    if (exactly !== undefined)
      assert.deepStrictEqual(decodeText(lossless.lookup(oid)!, text), { value: exactly })
  })

  it("loses nothing by default", () => {
    const codec = lossless.lookup(Oid.timestamptz)!
    assert.deepStrictEqual(decodeBinary(codec, bytesOf("7fffffffffffffff")), {
      value: PgTimestampTz.infinity
    })
    assert.strictEqual(
      String((decodeText(codec, "2024-02-29 12:34:56.789123+02") as { value: unknown }).value),
      "2024-02-29 10:34:56.789123+00"
    )
  })
})
