/** Parameters by their value alone. What node-postgres sends for the same values is compared on a real server, by the programs side by side. */
import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import { JsonText } from "../../src/model/JsonText.js"
import { Numeric } from "../../src/model/Numeric.js"
import * as Oid from "../../src/model/Oid.js"
import { PgArray } from "../../src/model/PgArray.js"
import { PgDate } from "../../src/model/PgDate.js"
import * as Parameters from "../../src/types/Parameters.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import { dateText } from "../../src/types/TextParameters.js"
import { inZones } from "./zones.js"

const registry = familiar.withTextParameters()

const write = (...values: ReadonlyArray<unknown>) => {
  const writer = new ByteWriter()
  writer.uint8(7)
  const plan = Parameters.plan(
    values.map(() => Oid.int4),
    registry
  )
  const failure = plan.write(writer, values, plan.formatsFor(values))
  return { failure, bytes: writer.written().slice(1), formats: plan.formatsFor(values) }
}

/** The one value that was written, as text. */
const textOf = (value: unknown): string | null => {
  const { bytes, failure } = write(value)
  assert.isNull(failure)
  const length = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0)
  if (length === -1) {
    assert.strictEqual(bytes.length, 4)
    return null
  }
  assert.strictEqual(bytes.length, 4 + length)
  return Buffer.from(bytes.subarray(4)).toString("utf8")
}

describe("a parameter that is written by its value", () => {
  it.each([
    ["plain", "plain"],
    ["", ""],
    [5, "5"],
    [-0, "-0"],
    [0.1, "0.1"],
    [Infinity, "Infinity"],
    [12345678901234567890n, "12345678901234567890"],
    [true, "true"],
    [null, null],
    [undefined, null],
    [{ a: [1, "x"] }, '{"a":[1,"x"]}'],
    [[], "{}"],
    [[1, null, undefined], '{"1",NULL,NULL}'],
    [[[1], [2]], '{{"1"},{"2"}}'],
    [['a"b', "c\\d", "NULL"], '{"a\\"b","c\\\\d","NULL"}'],
    [[{ a: 1 }], '{"{\\"a\\":1}"}'],
    [[new Uint8Array([0, 255])], '{"\\\\x00ff"}'],
    [new JsonText("null"), "null"],
    [Numeric.unsafeMake(150, 2), "1.50"],
    [[Numeric.unsafeMake(150, 2)], '{"1.50"}'],
    [new PgArray([1, 2], [1]), '{"1","2"}'],
    [{ toPostgres: () => 5 }, "5"],
    [{ toPostgres: (prepare: (value: unknown) => unknown) => prepare([1]) }, '{"1"}'],
    [[{ toPostgres: () => "made" }], '{"made"}']
  ])("%o is %s", (value, expected) => {
    assert.strictEqual(textOf(value), expected)
  })

  it("is the text of a value class of ours", () => {
    const text = textOf(PgDate.infinity)
    assert.strictEqual(text, "infinity")
  })

  it("is binary when it is bytes, of whatever kind, and text beside them", () => {
    const { bytes, formats } = write(
      new Uint8Array([1, 2]),
      "x",
      new DataView(new Uint8Array([0, 3]).buffer, 1),
      new Uint8Array([4]).buffer
    )
    assert.deepStrictEqual(formats, [1, 0, 1, 1])
    assert.deepStrictEqual([...bytes], [0, 0, 0, 2, 1, 2, 0, 0, 0, 1, 120, 0, 0, 0, 1, 3, 0, 0, 0, 1, 4])
    assert.deepStrictEqual(write("x", "y").formats, [0, 0])
  })

  it.each([
    [Symbol("s"), "symbol"],
    [() => 1, "function"],
    [new Date(NaN), "an invalid Date"],
    [Redacted.make("secret"), "pass Redacted.value of it"],
    [[Redacted.make("secret")], "pass Redacted.value of it"],
    [{ inside: { deep: Redacted.make("secret") } }, "pass Redacted.value of it"],
    ["a\0b", "zero byte"],
    [{ toJSON: () => undefined }, "JSON can hold"],
    [new PgArray([1], [0]), "bounds begin at 1"]
  ])("%o is refused", (value, reason) => {
    const { bytes, failure } = write("first", value)
    assert.deepInclude(failure, { _tag: "Refused", index: 1, type: "int4" })
    assert.include(failure!.reason, reason)
    assert.notInclude(failure!.reason, "secret")
    assert.strictEqual(bytes.length, 0)
  })

  it("is refused when it is inside itself", () => {
    const endless: { toPostgres: () => unknown } = { toPostgres: () => endless }
    assert.include(write(endless).failure?.reason, "more than 100 levels")
    const circle: Array<unknown> = []
    circle.push(circle)
    assert.include(write(circle).failure?.reason, "more than 100 levels")
  })

  it("is counted", () => {
    const plan = Parameters.plan([0], registry)
    assert.deepStrictEqual(plan.write(new ByteWriter(), []), {
      _tag: "WrongCount",
      expected: 1,
      received: 0,
      reason: "expected 1 parameter, got 0"
    })
  })

  it("stays so for a registry that is made of this one", () => {
    assert.isTrue(registry.with(lossless.lookup(Oid.int8)!).hasTextParameters)
    assert.isFalse(familiar.hasTextParameters)
  })
})

describe("a date as text", () => {
  const dates = [
    "2024-02-29T12:34:56.789Z",
    "1883-11-18T12:00:00Z",
    "0001-01-01T00:00:00Z",
    "-000043-03-15T01:02:03Z",
    "+012345-01-01T00:00:00Z"
  ]

  it("is the same moment in every zone of the host", () => {
    inZones(() => {
      for (const date of dates) {
        const text = dateText(new Date(date))
        const [, year, rest, sign, hours, minutes, , seconds, bc] =
          /^(\d+)(-.*)([+-])(\d\d):(\d\d)(:(\d\d))?( BC)?$/.exec(text)!
        const offset = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds ?? 0)
        const years = bc === undefined ? Number(year) : 1 - Number(year)
        const local = new Date(`${years < 0 ? "-" : "+"}${String(Math.abs(years)).padStart(6, "0")}${rest}Z`)
        assert.strictEqual(
          local.getTime() - (sign === "-" ? -offset : offset) * 1000,
          new Date(date).getTime(),
          text
        )
      }
    })
  })

  it("has the local day and time in it", () => {
    inZones(() => {
      const date = new Date(2024, 0, 2, 3, 4, 5, 6)
      assert.match(dateText(date), /^2024-01-02T03:04:05\.006[+-]/)
    })
  })
})
