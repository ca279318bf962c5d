import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as Integers from "../../src/types/Integers.js"
import { decodeText, encodeBinary, encodeText, golden, refusesOtherSizes, roundTrips } from "./codecs.js"

describe("Integers", () => {
  golden(Integers.int2, { ids: "TYP-020" }, [
    ["-2", "fffe", -2],
    ["0", "0000", 0],
    ["32767", "7fff", 32767]
  ])
  golden(Integers.int4, { ids: "TYP-020" }, [
    ["-2", "fffffffe", -2],
    ["-2147483648", "80000000", -2147483648]
  ])
  golden(Integers.int8, { ids: "TYP-020, TRP-084" }, [
    ["-2", "fffffffffffffffe", -2n],
    ["9007199254740993", "0020000000000001", 9007199254740993n],
    ["-9223372036854775808", "8000000000000000", -(2n ** 63n)],
    ["9223372036854775807", "7fffffffffffffff", 2n ** 63n - 1n]
  ])
  golden(Integers.int8AsString, { ids: "TRP-084" }, [
    ["-2", "fffffffffffffffe", "-2"],
    ["9007199254740993", "0020000000000001", "9007199254740993"],
    ["-9007199254740993", "ffdfffffffffffff", "-9007199254740993"],
    ["-9223372036854775808", "8000000000000000", "-9223372036854775808"]
  ])
  golden(Integers.oid, { ids: "TYP-021, TRP-097" }, [["4294967295", "ffffffff", 4294967295]])

  it("refuses binary values of another size (F16)", () => {
    refusesOtherSizes(Integers.int2, "0001")
    refusesOtherSizes(Integers.int4, "00000001")
    refusesOtherSizes(Integers.int8, "0000000000000001")
    refusesOtherSizes(Integers.int8AsString, "0000000000000001")
    refusesOtherSizes(Integers.int8AsNumber, "0000000000000001")
    refusesOtherSizes(Integers.oid, "00000001")
  })

  it.each(["", "-", "+", "1.5", "1e3", " 1", "0x10", "32768", "-32769", "99999999999999999999"])(
    "refuses %j as the text of an int2",
    (text) => {
      assert.property(decodeText(Integers.int2, text), "failure")
    }
  )

  it.each(["", "-", "1.5", "9223372036854775808", "-9223372036854775809", "1n"])(
    "refuses %j as the text of an int8",
    (text) => {
      assert.property(decodeText(Integers.int8, text), "failure")
    }
  )

  it("reads an int8 as a number only while it is exact", () => {
    assert.deepStrictEqual(decodeText(Integers.int8AsNumber, "9007199254740991"), { value: 2 ** 53 - 1 })
    for (const text of ["9007199254740992", "9007199254740993", "-9007199254740992"]) {
      assert.deepStrictEqual(decodeText(Integers.int8AsNumber, text), {
        failure: "an int8 of 2^53 or beyond may not fit a number"
      })
    }
  })

  it.prop(
    "gives back every int8 (TYP-010)",
    [fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
    ([value]) => {
      roundTrips(Integers.int8, value)
      roundTrips(Integers.int8AsString, String(value))
    }
  )
  it.prop("gives back every int4, int2 and oid (TYP-010)", [fc.integer()], ([value]) => {
    roundTrips(Integers.int4, value)
    roundTrips(Integers.int2, value >> 16)
    roundTrips(Integers.oid, value >>> 0)
  })

  it.each([
    1.5,
    NaN,
    Infinity,
    2147483648,
    -2147483649,
    2n ** 40n,
    "2147483648",
    "1.0",
    "abc",
    "",
    true,
    {},
    []
  ])("refuses %s for an int4 (TYP-006)", (value) => {
    for (const outcome of [encodeBinary(Integers.int4, value), encodeText(Integers.int4, value)]) {
      assert.include(
        "failure" in outcome ? outcome.failure : "",
        "expected a whole number from -2147483648 to 2147483647, got "
      )
    }
  })

  it("refuses a number for an int8 that may have lost digits", () => {
    assert.deepStrictEqual(encodeBinary(Integers.int8, 2 ** 53), {
      failure:
        "expected bigint or whole number from -2^63 to 2^63-1, got a number of 2^53 or beyond, which may have lost digits"
    })
    assert.property(encodeBinary(Integers.int8, 2n ** 63n), "failure")
    assert.property(encodeBinary(Integers.int8, "hello"), "failure")
  })

  it("takes digits in a string", () => {
    assert.deepStrictEqual(encodeText(Integers.int8, "-9223372036854775808"), {
      value: "-9223372036854775808"
    })
    assert.deepStrictEqual(encodeText(Integers.int4, "+7"), { value: "7" })
  })
})
