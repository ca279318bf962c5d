import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { PgBox, PgCircle, PgLine, PgLseg, PgPath, PgPoint, PgPolygon } from "../../src/model/Geometry.js"
import * as Oid from "../../src/model/Oid.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import * as Geometries from "../../src/types/Geometries.js"
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

const p = (x: number, y: number): PgPoint => new PgPoint(x, y)
const one = "3ff0000000000000"
const two = "4000000000000000"
const three = "4008000000000000"
const four = "4010000000000000"

describe("Geometries", () => {
  golden(Geometries.point, { ids: "TYP-060, TYP-061" }, [
    ["(1,2)", one + two, p(1, 2)],
    ["(NaN,-Infinity)", "7ff8000000000000 fff0000000000000", p(NaN, -Infinity)],
    ["(-0,1)", "8000000000000000" + one, p(-0, 1)]
  ])
  golden(Geometries.line, { ids: "TYP-060, TYP-061" }, [["{1,2,3}", one + two + three, new PgLine(1, 2, 3)]])
  golden(Geometries.lseg, { ids: "TYP-060, TYP-061" }, [
    ["[(1,2),(3,4)]", one + two + three + four, new PgLseg(p(1, 2), p(3, 4))]
  ])
  golden(Geometries.box, { ids: "TYP-060, TYP-061" }, [
    ["(3,4),(1,2)", three + four + one + two, new PgBox(p(3, 4), p(1, 2))]
  ])
  golden(Geometries.path, { ids: "TYP-060, TYP-061" }, [
    ["[(1,2),(3,4)]", `00 00000002 ${one}${two}${three}${four}`, new PgPath([p(1, 2), p(3, 4)], false)],
    ["((1,2))", `01 00000001 ${one}${two}`, new PgPath([p(1, 2)], true)]
  ])
  golden(Geometries.polygon, { ids: "TYP-060, TYP-061" }, [
    ["((1,2),(3,4))", `00000002 ${one}${two}${three}${four}`, new PgPolygon([p(1, 2), p(3, 4)])]
  ])
  golden(Geometries.circle, { ids: "TYP-060, TYP-061" }, [
    ["<(1,2),3>", one + two + three, new PgCircle(p(1, 2), 3)]
  ])

  it("reads the server's exponents", () => {
    assert.deepStrictEqual(decodeText(Geometries.point, "(1e-05,1e+300)"), { value: p(1e-5, 1e300) })
  })

  it("parts boxes in arrays by semicolons (TYP-060, TYP-067, TRP-075)", () => {
    const text = "{(1,1),(0,0);(3,3),(2,2)}"
    const value = [new PgBox(p(1, 1), p(0, 0)), new PgBox(p(3, 3), p(2, 2))]
    const codec = lossless.lookup(Oid.boxArray)!
    assert.deepStrictEqual(decodeText(codec, text), { value })
    assert.deepStrictEqual(encodeText(codec, value), { value: '{"(1,1),(0,0)";"(3,3),(2,2)"}' })
    const binary = valueOf(encodeBinary(codec, value))
    assert.strictEqual(hexOf(binary.subarray(8, 12)), "0000025b")
    assert.deepStrictEqual(decodeBinary(codec, binary), { value })
    assert.deepStrictEqual(decodeText(familiar.lookup(Oid.boxArray)!, text), {
      value: ["(1,1),(0,0)", "(3,3),(2,2)"]
    })
  })

  it("refuses other sizes (F16)", () => {
    refusesOtherSizes(Geometries.point, one + two)
    refusesOtherSizes(Geometries.line, one + two + three)
    refusesOtherSizes(Geometries.lseg, one + two + three + four)
    refusesOtherSizes(Geometries.box, one + two + three + four)
    refusesOtherSizes(Geometries.path, `00 00000002 ${one}${two}${three}${four}`)
    refusesOtherSizes(Geometries.polygon, `00000002 ${one}${two}${three}${four}`)
    refusesOtherSizes(Geometries.circle, one + two + three)
  })

  it.each([
    ["a negative count", `ffffffff ${one}${two}`],
    ["more points than bytes", `7fffffff ${one}${two}`],
    ["a count that overflows to the right size", `10000001 ${one}${two}`]
  ])("refuses points with %s (TYP-060, F18)", (_, hex) => {
    assert.property(decodeBinary(Geometries.polygon, bytesOf(hex)), "failure")
    assert.property(decodeBinary(Geometries.path, bytesOf(`00${hex}`)), "failure")
  })

  it("refuses a path with an unknown flag (F18)", () => {
    assert.property(decodeBinary(Geometries.path, bytesOf(`02 00000001 ${one}${two}`)), "failure")
  })

  it.each([
    "",
    "()",
    "(1)",
    "(1,2",
    "(1,2,3)",
    "(x,1)",
    "((1,2)",
    "[(1,2)",
    "(1,2),",
    "{1,2}",
    "<(1,2)>",
    "<1,2>"
  ])("refuses %j as text", (text) => {
    for (const codec of Geometries.all) {
      assert.property(decodeText<unknown>(codec, text), "failure", codec.name)
      assert.property(encodeBinary(codec, text), "failure", codec.name)
    }
  })

  const number = fc.double()
  const point = fc.tuple(number, number).map(([x, y]) => p(x, y))

  it.prop(
    "gives back every number in both formats (TYP-010)",
    [fc.array(point, { minLength: 3, maxLength: 5 }), number],
    ([points, radius]) => {
      const [a, b] = points as [PgPoint, PgPoint]
      roundTrips(Geometries.point, a)
      roundTrips(Geometries.line, new PgLine(a.x, a.y, radius))
      roundTrips(Geometries.lseg, new PgLseg(a, b))
      roundTrips(Geometries.box, new PgBox(a, b))
      roundTrips(Geometries.path, new PgPath(points, radius > 0))
      roundTrips(Geometries.polygon, new PgPolygon(points))
      roundTrips(Geometries.circle, new PgCircle(a, radius))
    }
  )

  it("gives plain points and circles in the familiar preset, and takes them in both", () => {
    for (const registry of [familiar, lossless]) {
      const point = registry.lookup(Oid.point)!
      const circle = registry.lookup(Oid.circle)!
      assert.deepStrictEqual(encodeText(point, { x: 1, y: 2 }), { value: "(1,2)" })
      assert.deepStrictEqual(encodeText(circle, { x: 1, y: 2, radius: 3 }), { value: "<(1,2),3>" })
    }
    assert.deepStrictEqual(decodeText(familiar.lookup(Oid.point)!, "(1,2)"), { value: { x: 1, y: 2 } })
    assert.deepStrictEqual(decodeBinary(familiar.lookup(Oid.point)!, bytesOf(one + two)), {
      value: { x: 1, y: 2 }
    })
    assert.deepStrictEqual(decodeText(familiar.lookup(Oid.pointArray)!, '{"(1,2)"}'), {
      value: [{ x: 1, y: 2 }]
    })
    assert.deepStrictEqual(decodeBinary(familiar.lookup(Oid.circle)!, bytesOf(one + two + three)), {
      value: { x: 1, y: 2, radius: 3 }
    })
    assert.deepStrictEqual(decodeText(familiar.lookup(Oid.path)!, "[(1,2)]"), { value: "[(1,2)]" })
  })

  it("takes strings as they are and nothing else (TYP-006)", () => {
    assert.deepStrictEqual(encodeText(Geometries.box, "1,2,3,4"), { value: "1,2,3,4" })
    for (const value of [5, [1, 2], {}, { x: 1 }, { x: "1", y: 2 }, null]) {
      for (const codec of Geometries.all) {
        assert.property(encodeText(codec, value), "failure")
        assert.property(encodeBinary(codec, value), "failure")
      }
    }
  })
})
