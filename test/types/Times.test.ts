import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { PgTime } from "../../src/model/PgTime.js"
import { PgTimeTz } from "../../src/model/PgTimeTz.js"
import * as Times from "../../src/types/Times.js"
import {
  bytesOf,
  decodeBinary,
  decodeText,
  encodeText,
  golden,
  refusesOtherSizes,
  roundTrips
} from "./codecs.js"

const noon = 43_200_000_000
const micros = fc.integer({ min: 0, max: 86_400_000_000 })

describe("Times", () => {
  golden(Times.time, { ids: "TYP-049" }, [
    ["24:00:00", "000000141dd76000", new PgTime(86_400_000_000)],
    ["00:00:00.000001", "0000000000000001", new PgTime(1)]
  ])
  golden(Times.timetz, { ids: "TYP-050, TRP-089" }, [
    ["12:00:00+02", "0000000a0eebb000 ffffe3e0", new PgTimeTz(noon, 7200)],
    ["12:00:00-05:30:15", "0000000a0eebb000 00004d67", new PgTimeTz(noon, -19_815)],
    ["12:00:00+00", "0000000a0eebb000 00000000", new PgTimeTz(noon, 0)]
  ])

  it("refuses other sizes and times outside the day (F16)", () => {
    refusesOtherSizes(Times.time, "000000141dd76000")
    refusesOtherSizes(Times.timetz, "0000000a0eebb000 ffffe3e0")
    assert.property(decodeBinary(Times.time, bytesOf("000000141dd76001")), "failure")
    assert.property(decodeBinary(Times.time, bytesOf("ffffffffffffffff")), "failure")
    assert.property(decodeText(Times.time, "24:00:00.000001"), "failure")
    assert.property(decodeText(Times.time, "12:60:00"), "failure")
    assert.property(decodeText(Times.timetz, "12:00:00"), "failure")
  })

  it.prop(
    "gives back every time (TYP-010)",
    [micros, fc.integer({ min: -57_599, max: 57_599 })],
    ([value, offset]) => {
      roundTrips(Times.time, new PgTime(value))
      roundTrips(Times.timetz, new PgTimeTz(value, offset))
    }
  )

  it("gives the server's text in the familiar preset", () => {
    assert.deepStrictEqual(decodeText(Times.timetzAsText, "12:00:00+02"), { value: "12:00:00+02" })
    assert.deepStrictEqual(decodeBinary(Times.timetzAsText, bytesOf("0000000a0eebb000 ffffe3e0")), {
      value: "12:00:00+02"
    })
    assert.deepStrictEqual(decodeBinary(Times.timeAsText, bytesOf("000000141dd76000")), { value: "24:00:00" })
    assert.property(decodeBinary(Times.timeAsText, bytesOf("00")), "failure")
  })

  it.each([5, new Date(0), {}, true])("refuses %s (TYP-006)", (value) => {
    assert.property(encodeText(Times.time, value), "failure")
    assert.property(encodeText(Times.timetz, value), "failure")
  })
})
