import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import fc from "fast-check"
import { PgDate } from "../../src/model/PgDate.js"
import { date, dateAsLocalDate } from "../../src/types/Dates.js"
import {
  decodeBinary,
  decodeText,
  encodeBinary,
  encodeText,
  bytesOf,
  golden,
  refusesOtherSizes,
  roundTrips,
  valueOf
} from "./codecs.js"
import { inZones } from "./zones.js"

const day = (text: string): PgDate => Option.getOrThrow(PgDate.fromText(text))

const vectors = [
  ["2000-01-01", "00000000"],
  ["1999-12-31", "ffffffff"],
  ["0001-01-01", "fff4dbf9"],
  ["0001-01-01 BC", "fff4da8b", "TYP-052, TRP-081"],
  ["5874897-12-31", "7fda970c"],
  ["infinity", "7fffffff", "TRP-079"],
  ["-infinity", "80000000", "TRP-079"]
] as const satisfies ReadonlyArray<readonly [text: string, hex: string, ids?: string]>

describe("Dates", () => {
  golden(
    date,
    { ids: "TYP-045" },
    vectors.map(([text, hex, ids]) => [text, hex, day(text), ids])
  )

  it("refuses other sizes (F16)", () => {
    refusesOtherSizes(date, "00000001")
    refusesOtherSizes(dateAsLocalDate, "00000001")
  })

  it.each([
    "03/02/2001",
    "03.02.2001",
    "02-03-2001",
    "2001-02-29",
    "2001-13-01",
    "0000-01-01",
    "",
    "2001-02-03 00:00:00"
  ])("refuses %j instead of guessing day and month (TYP-053, TRP-091)", (text) => {
    assert.property(decodeText(date, text), "failure")
    assert.property(decodeText(dateAsLocalDate, text), "failure")
  })

  it.prop(
    "gives back every day (TYP-010)",
    [fc.integer({ min: -2_451_545, max: 2_145_031_948 })],
    ([days]) => {
      roundTrips(date, new PgDate(days))
    }
  )

  it("is the same day in every time zone, both ways (TYP-048, TRP-082)", () => {
    inZones(() => {
      const utc = new Date(Date.UTC(2024, 2, 31, 23, 30))
      assert.strictEqual(String(valueOf(decodeText(date, "2024-03-31"))), "2024-03-31")
      assert.deepStrictEqual(encodeText(date, day("2024-03-31")), { value: "2024-03-31" })
      assert.deepStrictEqual(encodeText(date, utc), { value: "2024-03-31" })
      assert.deepStrictEqual(encodeBinary(date, utc), { value: bytesOf("00002298") })
    })
  })

  it("is the host's midnight in the familiar preset, and the same day when written again (TRP-082)", () => {
    inZones(() => {
      for (const text of [
        "2024-03-31",
        "1970-01-01",
        "0099-12-31",
        "0004-02-29",
        "0001-01-01 BC",
        "9999-12-31"
      ]) {
        const { day: dayOfMonth, month, year } = Option.getOrThrow(day(text).toCivil())
        const local = valueOf(decodeText(dateAsLocalDate, text))
        assert.instanceOf(local, Date)
        if (!(local instanceof Date)) return
        assert.deepStrictEqual(
          [local.getFullYear(), local.getMonth() + 1, local.getDate()],
          [year, month, dayOfMonth]
        )
        assert.deepStrictEqual(encodeText(dateAsLocalDate, local), { value: text })
        assert.deepStrictEqual(decodeBinary(dateAsLocalDate, valueOf(encodeBinary(date, day(text)))), {
          value: local
        })
      }
    })
  })

  it("is ±Infinity in the familiar preset, both ways, and fails where Date ends (TRP-079)", () => {
    assert.deepStrictEqual(decodeText(dateAsLocalDate, "infinity"), { value: Infinity })
    assert.deepStrictEqual(decodeBinary(dateAsLocalDate, bytesOf("80000000")), { value: -Infinity })
    assert.deepStrictEqual(encodeText(dateAsLocalDate, -Infinity), { value: "-infinity" })
    assert.deepStrictEqual(decodeText(dateAsLocalDate, "5874897-12-31"), {
      failure: "a date beyond the range of Date"
    })
  })

  it.each([new Date(NaN), 5, Infinity, {}, true])("refuses %s (TYP-006)", (value) => {
    assert.property(encodeText(date, value), "failure")
    assert.property(encodeBinary(date, value), "failure")
  })

  it("leaves strings to the server in text, and reads ISO itself in binary", () => {
    assert.deepStrictEqual(encodeText(date, "today"), { value: "today" })
    assert.property(encodeBinary(date, "today"), "failure")
    assert.deepStrictEqual(encodeBinary(date, "1999-12-31"), { value: bytesOf("ffffffff") })
  })
})
