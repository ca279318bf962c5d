import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { PgInterval } from "../../src/model/PgInterval.js"
import { interval, intervalAsFields } from "../../src/types/Intervals.js"
import {
  bytesOf,
  decodeBinary,
  decodeText,
  encodeText,
  encodeBinary,
  golden,
  refusesOtherSizes,
  roundTrips
} from "./codecs.js"

const make = (months: number, days: number, micros: bigint): PgInterval =>
  new PgInterval(months, days, Number(micros >> 32n), Number(BigInt.asIntN(32, micros)))

const mixed = make(-14, 3, -14_706_789_000n)

describe("Intervals", () => {
  golden(interval, { ids: "TYP-051, TYP-054" }, [
    ["1 mon 2 days 00:00:03", "00000000002dc6c0 00000002 00000001", make(1, 2, 3_000_000n)],
    ["-1 years -2 mons +3 days -04:05:06.789", "fffffffc93683578 00000003 fffffff2", mixed],
    ["00:00:00", "0000000000000000 00000000 00000000", make(0, 0, 0n)],
    ["100:00:00", "00000053d1ac1000 00000000 00000000", make(0, 0, 360_000_000_000n)],
    ["-1 days +02:03:00", "00000001b7e1dd00 ffffffff 00000000", make(0, -1, 7_380_000_000n)],
    ["infinity", "7fffffffffffffff 7fffffff 7fffffff", PgInterval.infinity, "TRP-079"],
    ["-infinity", "8000000000000000 80000000 80000000", PgInterval.negativeInfinity, "TRP-079"]
  ])

  it.each([
    ["postgres_verbose", "@ 1 year 2 mons -3 days 4 hours 5 mins 6.789 secs ago", mixed],
    ["postgres_verbose", "@ 0", make(0, 0, 0n)],
    ["postgres_verbose", "@ 1 mon", make(1, 0, 0n)],
    ["postgres_verbose", "@ 6.5 secs ago", make(0, 0, -6_500_000n)],
    ["sql_standard", "-1-2 +3 -4:05:06.789", mixed],
    ["sql_standard", "1-2", make(14, 0, 0n)],
    ["sql_standard", "-1-2", make(-14, 0, 0n)],
    ["sql_standard", "1 0:00:00", make(0, 1, 0n)],
    ["sql_standard", "-1 2:03:04", make(0, -1, -7_384_000_000n)],
    ["sql_standard", "+0-1 -1 +0:00:00", make(1, -1, 0n)],
    ["sql_standard", "112:00:00", make(0, 0, 403_200_000_000n)],
    ["sql_standard", "-4:05:06.789", make(0, 0, -14_706_789_000n)],
    ["sql_standard", "0", make(0, 0, 0n)],
    ["iso_8601", "P-1Y-2M3DT-4H-5M-6.789S", mixed],
    ["iso_8601", "PT0S", make(0, 0, 0n)],
    ["iso_8601", "PT-0.5S", make(0, 0, -500_000n)],
    ["iso_8601", "P1M", make(1, 0, 0n)]
  ])("reads IntervalStyle %s: %s (TYP-054)", (_, text, value) => {
    assert.deepStrictEqual(decodeText(interval, text), { value })
  })

  it.each([
    "",
    "1",
    "P",
    "PT",
    "P1",
    "@",
    "@ ",
    "1 fortnight",
    "1 day 2",
    "1.5 days",
    "4:5:6",
    "1 2 3:00:00",
    "- 1 day",
    "ago"
  ])("refuses %j as an interval's text", (text) => {
    assert.property(decodeText(interval, text), "failure")
  })

  it("refuses other sizes (F16)", () => {
    refusesOtherSizes(interval, "00000000002dc6c0 00000002 00000001")
    refusesOtherSizes(intervalAsFields, "00000000002dc6c0 00000002 00000001")
  })

  it.prop(
    "gives back every interval (TYP-010)",
    [fc.integer(), fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
    ([months, days, micros]) => {
      roundTrips(interval, make(months, days, micros))
    }
  )

  it("gives fields in the familiar preset, zeros left out, as node-postgres does", () => {
    const value = { years: -1, months: -2, days: 3, hours: -4, minutes: -5, seconds: -6, milliseconds: -789 }
    assert.deepStrictEqual(decodeText(intervalAsFields, "-1 years -2 mons +3 days -04:05:06.789"), { value })
    assert.deepStrictEqual(decodeBinary(intervalAsFields, bytesOf("fffffffc93683578 00000003 fffffff2")), {
      value
    })
    assert.deepStrictEqual(decodeText(intervalAsFields, "00:00:00"), { value: {} })
    assert.deepStrictEqual(decodeText(intervalAsFields, "00:00:00.000001"), {
      value: { milliseconds: 0.001 }
    })
    assert.deepStrictEqual(decodeText(intervalAsFields, "-infinity"), { value: -Infinity })
  })

  it("takes fields and gives them back", () => {
    const value = { years: 1, days: 2, hours: 30, milliseconds: 1.5 }
    assert.deepStrictEqual(encodeText(interval, value), { value: "1 year 2 days 30:00:00.0015" })
    assert.deepStrictEqual(encodeText(intervalAsFields, Infinity), { value: "infinity" })
  })

  it.each([5, { weeks: 1 }, { days: "1" }, { days: 1.5 }, { months: 2 ** 31 }, [], true, new Date(0)])(
    "refuses %j (TYP-006)",
    (value) => {
      assert.property(encodeText(interval, value), "failure")
      assert.property(encodeBinary(interval, value), "failure")
    }
  )
})
