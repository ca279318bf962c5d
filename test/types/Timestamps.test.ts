import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import fc from "fast-check"
import { PgTimestamp } from "../../src/model/PgTimestamp.js"
import { PgTimestampTz } from "../../src/model/PgTimestampTz.js"
import type { Codec } from "../../src/types/Codec.js"
import * as Timestamps from "../../src/types/Timestamps.js"
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
import { inZones } from "./zones.js"

const wall = (text: string): PgTimestamp => Option.getOrThrow(PgTimestamp.fromText(text))
const instant = (text: string): PgTimestampTz => Option.getOrThrow(PgTimestampTz.fromText(text))
const micros = fc.bigInt({ min: -211_813_488_000_000_000n, max: 9_223_371_331_199_999_999n })
const halves = (value: bigint): [number, number] => [Number(value >> 32n), Number(BigInt.asIntN(32, value))]

const vectors = [
  ["1999-12-31 23:59:59.999999", "ffffffffffffffff", "TRP-083"],
  ["2000-01-01 00:00:00", "0000000000000000"],
  ["4713-01-01 00:00:00 BC", "fd0f7fbdaf17e000", "TYP-052"],
  ["294276-12-31 23:59:59.999999", "7fffff5bb3b29fff"],
  ["infinity", "7fffffffffffffff", "TRP-079"],
  ["-infinity", "8000000000000000", "TRP-079"]
] as const satisfies ReadonlyArray<readonly [text: string, hex: string, ids?: string]>

describe("Timestamps", () => {
  golden(
    Timestamps.timestamp,
    { ids: "TYP-046" },
    vectors.map(([text, hex, ids]) => [text, hex, wall(text), ids])
  )
  golden(Timestamps.timestamptz, { ids: "TYP-046" }, [
    ["2024-02-29 12:34:56.789+00", "0002b58341728608", instant("2024-02-29 12:34:56.789+00")],
    [
      "1999-12-31 23:59:59.999999+00",
      "ffffffffffffffff",
      instant("1999-12-31 23:59:59.999999+00"),
      "TRP-083"
    ],
    ["infinity", "7fffffffffffffff", PgTimestampTz.infinity, "TRP-079"],
    ["-infinity", "8000000000000000", PgTimestampTz.negativeInfinity, "TRP-079"]
  ])

  it("refuses other sizes (F16)", () => {
    for (const codec of [
      Timestamps.timestamp,
      Timestamps.timestamptz,
      Timestamps.timestampAsLocalDate,
      Timestamps.timestamptzAsDate
    ]) {
      refusesOtherSizes(codec, "0002b58341728608")
    }
  })

  it.each([
    ["1800-01-01 05:53:28+05:53:28", "1800-01-01 00:00:00+00"],
    ["2024-01-01 00:00:00+05:30", "2023-12-31 18:30:00+00"],
    ["2024-01-01 00:00:00-08", "2024-01-01 08:00:00+00"],
    ["0001-12-31 23:00:00-02 BC", "0001-01-01 01:00:00+00"]
  ])("reads %s at the right instant (TYP-052, TRP-077, TRP-078)", (text, utc) => {
    assert.strictEqual(String(valueOf(decodeText(Timestamps.timestamptz, text))), utc)
  })

  it.each([
    "03/02/2001 04:05:06.7",
    "Sat Feb 03 04:05:06.7 2001",
    "Sat 03 Feb 04:05:06 2001 IST",
    "03.02.2001 04:05:06.7",
    "2001-02-03",
    "2001-02-03 24:00:01+00",
    "2001-02-03 23:60:00+00",
    "2001-02-03 04:05:06.1234567+00"
  ])("refuses %j instead of guessing (TYP-053, TRP-091)", (text) => {
    const codecs: ReadonlyArray<Codec> = [
      Timestamps.timestamp,
      Timestamps.timestamptz,
      Timestamps.timestampAsLocalDate
    ]
    for (const codec of codecs) {
      assert.property(decodeText(codec, text), "failure")
    }
  })

  it("refuses a timestamptz without its offset", () => {
    assert.property(decodeText(Timestamps.timestamptz, "2001-02-03 04:05:06"), "failure")
  })

  it.prop("gives back every microsecond (TYP-010, TYP-047)", [micros], ([value]) => {
    const [high, low] = halves(value)
    roundTrips(Timestamps.timestamp, new PgTimestamp(high, low))
    roundTrips(Timestamps.timestamptz, new PgTimestampTz(high, low))
  })

  it("rounds down to the millisecond, before 2000 too (TYP-047, TRP-083)", () => {
    const before = bytesOf("ffffffffffffffff")
    assert.deepStrictEqual(decodeBinary(Timestamps.timestamptzAsDate, before), {
      value: new Date("1999-12-31T23:59:59.999Z")
    })
    assert.deepStrictEqual(decodeText(Timestamps.timestamptzAsDate, "1969-12-31 23:59:59.999999+00"), {
      value: new Date(-1)
    })
  })

  it("gives ±Infinity in the familiar preset, both ways, and fails where Date ends (TRP-079)", () => {
    for (const codec of [Timestamps.timestampAsLocalDate, Timestamps.timestamptzAsDate]) {
      assert.deepStrictEqual(decodeText(codec, "infinity"), { value: Infinity })
      assert.deepStrictEqual(decodeBinary(codec, bytesOf("8000000000000000")), { value: -Infinity })
      assert.deepStrictEqual(encodeText(codec, Infinity), { value: "infinity" })
      assert.deepStrictEqual(encodeBinary(codec, -Infinity), { value: bytesOf("8000000000000000") })
      assert.deepStrictEqual(decodeBinary(codec, bytesOf("7fffff5bb3b29fff")), {
        failure: "a time beyond the range of Date"
      })
    }
  })

  it("takes a timestamp's Date in UTC in every time zone (TYP-048)", () => {
    inZones(() => {
      const date = new Date("2024-03-31T01:30:00.250Z")
      assert.deepStrictEqual(encodeText(Timestamps.timestamp, date), { value: "2024-03-31 01:30:00.25" })
      assert.strictEqual(
        String(valueOf(decodeText(Timestamps.timestamp, "2024-03-31 01:30:00.25"))),
        "2024-03-31 01:30:00.25"
      )
      assert.deepStrictEqual(encodeText(Timestamps.timestamptz, date), { value: "2024-03-31T01:30:00.250Z" })
      assert.deepStrictEqual(
        encodeBinary(Timestamps.timestamptz, date),
        encodeBinary(Timestamps.timestamptz, "2024-03-31 01:30:00.25+00")
      )
    })
  })

  it("reads and writes a timestamp by the host's clock in the familiar preset", () => {
    inZones(() => {
      for (const text of ["2024-06-30 12:34:56.789", "0050-02-28 01:00:00", "1999-12-31 23:59:59"]) {
        const local = valueOf(decodeText(Timestamps.timestampAsLocalDate, text))
        assert.deepStrictEqual(encodeText(Timestamps.timestampAsLocalDate, local), { value: text })
        const binary = valueOf(encodeBinary(Timestamps.timestamp, wall(text)))
        assert.deepStrictEqual(decodeBinary(Timestamps.timestampAsLocalDate, binary), { value: local })
      }
      assert.deepStrictEqual(decodeText(Timestamps.timestampAsLocalDate, "2024-06-30 12:34:56.789"), {
        value: new Date(2024, 5, 30, 12, 34, 56, 789)
      })
    })
  })

  it("writes instants that ISO 8601 gives a sign as the server reads them (TYP-052)", () => {
    assert.deepStrictEqual(encodeText(Timestamps.timestamptz, new Date(-62_167_219_200_001)), {
      value: "0002-12-31 23:59:59.999+00 BC"
    })
    assert.deepStrictEqual(encodeText(Timestamps.timestamptz, new Date(8.64e15)), {
      value: "275760-09-13 00:00:00+00"
    })
  })

  it.each([new Date(NaN), 5, Infinity, {}, true, 5n])("refuses %s (TYP-006)", (value) => {
    for (const codec of [Timestamps.timestamp, Timestamps.timestamptz]) {
      assert.property(encodeText(codec, value), "failure")
      assert.property(encodeBinary(codec, value), "failure")
    }
  })
})
