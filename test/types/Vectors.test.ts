import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as Oid from "../../src/model/Oid.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import { int2vector, oidvector } from "../../src/types/Vectors.js"
import {
  bytesOf,
  decodeBinary,
  decodeText,
  encodeBinary,
  encodeText,
  golden,
  hexOf,
  refusesOtherSizes,
  roundTrips,
  valueOf
} from "./codecs.js"

const two = "00000001 00000000 0000001a 00000002 00000000 00000004 00000001 00000004 ffffffff"

describe("Vectors", () => {
  golden(oidvector, { ids: "TYP-071" }, [["1 4294967295", two, [1, 4294967295]]])
  golden(int2vector, { ids: "TYP-071" }, [
    ["-1 2", "00000001 00000000 00000015 00000002 00000000 00000002 ffff 00000002 0002", [-1, 2]]
  ])

  it("reads an empty one, and sends it as text only (TYP-071)", () => {
    assert.deepStrictEqual(decodeText(oidvector, ""), { value: [] })
    assert.deepStrictEqual(decodeBinary(oidvector, bytesOf("00000001 00000000 0000001a 00000000 00000000")), {
      value: []
    })
    assert.deepStrictEqual(encodeText(oidvector, []), { value: "" })
    assert.property(encodeBinary(oidvector, []), "failure")
    assert.strictEqual(oidvector.parameterFormat, 0)
  })

  it("refuses other sizes (F16)", () => {
    refusesOtherSizes(oidvector, two)
  })

  it.each([
    ["two dimensions", "00000002 00000000 0000001a 00000001 00000000 00000004 00000001"],
    ["a flag of NULLs", "00000001 00000001 0000001a 00000001 00000000 00000004 00000001"],
    ["elements of another type", "00000001 00000000 00000017 00000001 00000000 00000004 00000001"],
    ["another lower bound", "00000001 00000000 0000001a 00000001 00000001 00000004 00000001"],
    ["a negative count", "00000001 00000000 0000001a ffffffff 00000000"],
    ["more elements than bytes", "00000001 00000000 0000001a 7fffffff 00000000 00000004 00000001"],
    ["a NULL element", "00000001 00000000 0000001a 00000001 00000000 ffffffff 00000001"]
  ])("refuses %s (TYP-071, F17)", (_, hex) => {
    assert.property(decodeBinary(oidvector, bytesOf(hex)), "failure")
  })

  it.each(["x", "1,2", "-1", "4294967296", "1 x"])("refuses %j as text", (text) => {
    assert.property(decodeText(oidvector, text), "failure")
    assert.property(encodeBinary(oidvector, text), "failure")
  })

  it.prop(
    "gives back all numbers (TYP-010)",
    [fc.array(fc.nat(0xffffffff), { minLength: 1 })],
    ([numbers]) => {
      roundTrips(oidvector, numbers)
      roundTrips(
        int2vector,
        numbers.map((number) => (number << 16) >> 16)
      )
      roundTrips(lossless.lookup(Oid.oidvectorArray)!, [numbers, null, [1]])
    }
  )

  it("takes arrays of numbers and strings (TYP-006)", () => {
    assert.strictEqual(hexOf(valueOf(encodeBinary(oidvector, "1 4294967295"))), two.replaceAll(" ", ""))
    for (const value of [5, [null], ["1"], [1.5], [-1], {}]) {
      assert.property(encodeText(oidvector, value), "failure")
      assert.property(encodeBinary(oidvector, value), "failure")
    }
    assert.property(encodeText(int2vector, [40000]), "failure")
  })

  it("is text in the familiar preset", () => {
    assert.deepStrictEqual(decodeText(familiar.lookup(Oid.int2vector)!, "1 2"), { value: "1 2" })
    assert.deepStrictEqual(decodeText(familiar.lookup(Oid.int2vectorArray)!, '{"1 2",3}'), {
      value: ["1 2", "3"]
    })
  })
})
