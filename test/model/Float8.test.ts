import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as Float8 from "../../src/model/Float8.js"

describe("the text of a double-precision number", () => {
  it.each([
    [0, "0"],
    [-0, "-0"],
    [NaN, "NaN"],
    [-Infinity, "-Infinity"],
    [0.1, "0.1"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [-1.5e-7, "-1.5e-07"],
    [123456789012345, "123456789012345"],
    [1e15, "1e+15"],
    [-1e20, "-1e+20"],
    [1.7976931348623157e308, "1.7976931348623157e+308"],
    [5e-324, "5e-324"],
    // JavaScript prints what lies halfway between two numbers.
    [1e23, "9.999999999999999e+22"],
    [2 ** 53, "9.007199254740992e+15"]
  ] as const)("of %d is %s, as the server prints it", (value, text) => {
    assert.strictEqual(Float8.printed(value), text)
  })

  it("reads back as the number", () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        assert.isTrue(Object.is(Number(Float8.printed(value)), value))
      })
    )
  })
})
