import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import * as Oid from "../../src/model/Oid.js"
import { PgArray } from "../../src/model/PgArray.js"
import * as Parameters from "../../src/types/Parameters.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import { hexOf } from "./codecs.js"

const write = (oids: ReadonlyArray<number>, values: ReadonlyArray<unknown>, registry = lossless) => {
  const writer = new ByteWriter()
  writer.uint8(7)
  const failure = Parameters.plan(oids, registry).write(writer, values)
  return { failure, hex: hexOf(writer.written()).slice(2), writer }
}

const reasonOf = (oid: number, value: unknown, registry = lossless): string =>
  write([oid], [value], registry).failure?.reason ?? ""

describe("Parameters", () => {
  it("writes lengths and bytes, NULL as minus one (TYP-007)", () => {
    assert.strictEqual(
      write([Oid.int4, Oid.text, Oid.bool], [5, null, true]).hex,
      "0000000400000005ffffffff0000000101"
    )
    assert.strictEqual(write([], []).hex, "")
  })

  it("states binary where the codec writes it, and text for types that take the server's own words", () => {
    const oids = [Oid.int4, Oid.timestamptz, Oid.timestamptzArray, Oid.int4Array, Oid.numeric, 0, 99_999]
    assert.deepStrictEqual(Parameters.plan(oids, lossless).formats, [1, 0, 0, 1, 0, 0, 0])
  })

  it("states binary for an array with NULL in it that goes as text else, for NULL may be a word there", () => {
    const oids = [
      Oid.timestamptzArray,
      Oid.timestamptzArray,
      Oid.timestamptzArray,
      Oid.int4,
      Oid.timestamptzArray
    ]
    const time = new Date(0)
    const formats = Parameters.plan(oids, lossless).formatsFor([
      [time],
      [time, null],
      [[time], [null]],
      1,
      new PgArray([null], [0])
    ])
    assert.deepStrictEqual(formats, [0, 1, 1, 1, 1])
    assert.deepStrictEqual(
      Parameters.plan([Oid.timestamptzArray], lossless).formatsFor([["now", null]]),
      [0],
      "a word that the server alone reads"
    )
  })

  it("refuses undefined, which is more often a mistake than a NULL (TYP-007)", () => {
    assert.deepStrictEqual(write([Oid.int4, Oid.text], [1, undefined]).failure, {
      _tag: "Refused",
      index: 1,
      type: "text",
      reason: "expected a value or null, got undefined"
    })
  })

  const oids = Object.values(Oid).flatMap((oid) => (typeof oid === "number" ? [oid] : []))

  it("refuses a Redacted for every type, explains how to pass its value, and never shows it", () => {
    const redacted = Redacted.make("secret")
    for (const registry of [lossless, familiar])
      for (const oid of [0, ...oids])
        for (const value of [redacted, [redacted], { inside: redacted }]) {
          const reason = reasonOf(oid, value, registry)
          assert.notInclude(reason, "secret")
          assert.notStrictEqual(reason, "", `${registry.nameOf(oid)} takes it`)
          if (value === redacted) assert.include(reason, "pass Redacted.value of it", registry.nameOf(oid))
        }
  })

  it("refuses another number of values than the statement has", () => {
    assert.deepStrictEqual(write([Oid.int4], []).failure, {
      _tag: "WrongCount",
      expected: 1,
      received: 0,
      reason: "expected 1 parameter, got 0"
    })
    assert.strictEqual(write([], [1]).failure?._tag, "WrongCount")
  })

  it("leaves nothing behind when it refuses, and the writer can be used on", () => {
    const { failure, hex, writer } = write([Oid.int4, Oid.int4], [1, "x"])
    assert.isNotNull(failure)
    assert.strictEqual(hex, "")
    assert.isNull(writer.failure)
    assert.isNull(Parameters.plan([Oid.int4], lossless).write(writer, [2]))
    assert.strictEqual(hexOf(writer.written()), "070000000400000002")
  })

  it.each([
    [Oid.int4, 2 ** 31, "expected a whole number from -2147483648 to 2147483647, got a number out of range"],
    [Oid.int4, NaN, "expected a whole number from -2147483648 to 2147483647, got NaN"],
    [Oid.int4, 1.5, "expected a whole number from -2147483648 to 2147483647, got a number with a fraction"],
    [Oid.int8, "hello", "expected bigint or whole number from -2^63 to 2^63-1, got string of 5 characters"],
    [Oid.bool, 1, "expected boolean, got a number"],
    [Oid.text, 5, "expected string, got a number"],
    [Oid.text, "a\0b", "expected text without zero bytes, got a string with a zero byte"],
    [Oid.text, "\ud800", "text with a lone surrogate has no UTF-8 form"],
    [Oid.date, new Date(NaN), "expected PgDate, Date or string, got an invalid Date"],
    [Oid.int4, { secret: 1 }, "expected a whole number from -2147483648 to 2147483647, got object"],
    [Oid.int4, new Map(), "expected a whole number from -2147483648 to 2147483647, got Map"],
    [Oid.bytea, 5, "expected Uint8Array, or text in hex or escape form, got a number"]
  ])("names what OID %i expects and the shape of the given value (TYP-006)", (oid, value, reason) => {
    assert.strictEqual(reasonOf(oid, value), reason)
  })

  it("never repeats the value", () => {
    for (const oid of [Oid.int4, Oid.bool, Oid.uuid, Oid.float8, Oid.int4Array]) {
      const reason = reasonOf(oid, "hunter2")
      assert.notStrictEqual(reason, "")
      assert.notInclude(reason, "hunter2")
    }
  })

  it.each([
    ["x'y", "782779"],
    [5, "35"],
    [-0, "2d30"],
    [7n, "37"],
    [true, "74727565"]
  ])("sends %s for an unknown type as its text", (value, hex) => {
    assert.strictEqual(write([0], [value]).hex.slice(8), hex)
    assert.strictEqual(write([99_999], [value]).hex.slice(8), hex)
  })

  it.each([[1.5], [2 ** 53], [NaN], [{}], [[1]], [new Date(0)], [new Uint8Array(1)], [() => 1]])(
    "refuses to guess the text of %s for an unknown type",
    (value) => {
      assert.include(reasonOf(0, value), "for a parameter of unknown type")
    }
  )

  it("lets the type decide between JSON and an SQL array (TYP-006, TYP-042, TRP-087)", () => {
    const text = (oid: number) => Buffer.from(write([oid], [[1, 2]]).hex.slice(8), "hex").toString("latin1")
    assert.strictEqual(text(Oid.json), "[1,2]")
    assert.strictEqual(text(Oid.jsonb), "\u0001[1,2]")
    assert.strictEqual(text(Oid.int4Array).length, 12 + 8 + 16)
  })

  it("keeps the sign of zero for floats (TYP-028)", () => {
    assert.strictEqual(write([Oid.float8], [-0]).hex, "000000088000000000000000")
  })

  it("takes more kinds of values for text in the familiar preset only", () => {
    assert.strictEqual(write([Oid.text], [5], familiar).hex, "0000000135")
    assert.strictEqual(
      reasonOf(Oid.text, {}, familiar),
      "expected string, number, bigint or boolean, got object"
    )
  })

  it("writes the right length of a long text whose bytes are not its characters", () => {
    const { hex } = write([Oid.text], ["é".repeat(5000)])
    assert.strictEqual(hex.slice(0, 8), "00002710")
    assert.lengthOf(hex, 8 + 20_000)
  })

  it("refuses values beyond the writer's limit instead of sending a part", () => {
    const writer = new ByteWriter(16, 64)
    const failure = Parameters.plan([Oid.text], lossless).write(writer, ["x".repeat(100)])
    assert.strictEqual(failure?._tag, "Refused")
    assert.strictEqual(writer.offset, 0)
  })
})
