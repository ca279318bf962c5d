import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as Floats from "../../src/types/Floats.js"
import {
  decodeBinary,
  decodeText,
  encodeBinary,
  encodeText,
  golden,
  refusesOtherSizes,
  roundTrips,
  bytesOf
} from "./codecs.js"

const single = fc.float({ noDefaultInfinity: false, noNaN: false })

describe("Floats", () => {
  golden(Floats.float8, { ids: "TYP-027, TYP-028" }, [
    ["NaN", "7ff8000000000000", NaN],
    ["Infinity", "7ff0000000000000", Infinity],
    ["-Infinity", "fff0000000000000", -Infinity],
    ["-0", "8000000000000000", -0],
    ["0.1", "3fb999999999999a", 0.1],
    ["5e-324", "0000000000000001", 5e-324]
  ])
  golden(
    Floats.float4,
    { ids: "TYP-030", written: (text) => (text === "0.1" ? "0.10000000149011612" : text) },
    [
      ["0.1", "3dcccccd", Math.fround(0.1)],
      ["-0", "80000000", -0],
      ["NaN", "7fc00000", NaN]
    ]
  )
  it("gives a float4 in binary the digits of its text (TYP-030)", () => {
    const bytes = (value: number): Uint8Array => {
      const view = new DataView(new ArrayBuffer(4))
      view.setFloat32(0, value)
      return new Uint8Array(view.buffer)
    }
    for (const value of [
      0.1,
      34342.062,
      116100096,
      -34342.062,
      1e-45,
      3.4028235e38,
      16777216,
      1.1754944e-38,
      -2.5,
      123456.79,
      1e6,
      -0,
      Infinity,
      NaN
    ]) {
      assert.deepStrictEqual(decodeBinary(Floats.float4AsPrinted, bytes(value)), { value })
    }
  })

  it("reads the server's large and small numbers by value (TYP-029)", () => {
    assert.deepStrictEqual(decodeText(Floats.float8, "9.999999999999999e+22"), { value: 1e23 - 8388608 })
    assert.deepStrictEqual(decodeText(Floats.float8, "1e-05"), { value: 0.00001 })
  })

  it.each(["", " ", "0x10", "1e", "Infinit", "1,5", "--1", "."])("refuses %j as a float's text", (text) => {
    assert.property(decodeText(Floats.float8, text), "failure")
    assert.property(decodeText(Floats.float4, text), "failure")
  })

  it("refuses binary values of another size (F16)", () => {
    refusesOtherSizes(Floats.float4, "3dcccccd")
    refusesOtherSizes(Floats.float4AsPrinted, "3dcccccd")
    refusesOtherSizes(Floats.float8, "3fb999999999999a")
  })

  it.prop("gives back every float8 (TYP-010)", [fc.double()], ([value]) => {
    roundTrips(Floats.float8, value)
  })
  it.prop("gives back every float4 (TYP-010)", [single], ([value]) => {
    roundTrips(Floats.float4, value)
  })

  it("refuses what float4 cannot hold (TYP-031)", () => {
    assert.property(encodeBinary(Floats.float4, 1e39), "failure")
    assert.property(encodeText(Floats.float4, 1e-60), "failure")
  })

  it("refuses text beyond the range, as the server does, instead of an infinity or zero (TYP-031)", () => {
    for (const text of ["1e400", "-2e+308", "1e-400", "0.001e-330"]) {
      assert.property(decodeText(Floats.float8, text), "failure")
      assert.property(encodeBinary(Floats.float8, text), "failure")
    }
    assert.deepStrictEqual(decodeText(Floats.float8, "-0e-400"), { value: -0 })
  })

  it.each([true, {}, "", "abc", 2n ** 60n + 1n, null, new Date(0)])(
    "refuses %s for a float8 (TYP-006)",
    (value) => {
      assert.property(encodeBinary(Floats.float8, value), "failure")
      assert.property(encodeText(Floats.float8, value), "failure")
    }
  )

  it("takes exact bigints and text", () => {
    assert.deepStrictEqual(encodeBinary(Floats.float8, 2n ** 60n), { value: bytesOf("43b0000000000000") })
    assert.deepStrictEqual(encodeBinary(Floats.float8, "-inf"), { value: bytesOf("fff0000000000000") })
  })
})
