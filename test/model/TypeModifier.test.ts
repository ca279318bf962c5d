import { assert, describe, it } from "@effect/vitest"
import * as Oid from "../../src/model/Oid.js"
import { typeText } from "../../src/model/TypeModifier.js"

describe("TypeModifier", () => {
  it.each([
    [Oid.numeric, 327_686, "numeric(5,2)"],
    [Oid.numeric, 133_124 + 2045, "numeric(2,-3)"],
    [Oid.varchar, 9, "varchar(5)"],
    [Oid.bpcharArray, 5, "bpchar(1)[]"],
    [Oid.bit, 3, "bit(3)"],
    [Oid.timestamptz, 0, "timestamptz(0)"],
    [Oid.interval, 0x1c080003, "interval day to second(3)"],
    [Oid.interval, 0x0004ffff, "interval year"],
    [Oid.interval, 0x7fff0002, "interval(2)"],
    [Oid.text, -1, "text"],
    [Oid.int4, 7, "int4"],
    [Oid.varchar, 0, "varchar"],
    [70_000, 9, "OID 70000"]
  ] as const)("shows type %d with the modifier %d as %s (TYP-011)", (oid, modifier, text) => {
    assert.strictEqual(typeText(oid, modifier), text)
  })
})
