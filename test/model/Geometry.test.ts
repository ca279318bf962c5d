import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import { PgBox, PgCircle, PgLseg, PgPath, PgPoint, PgPolygon } from "../../src/model/Geometry.js"

const a = new PgPoint(1, 2)
const b = new PgPoint(3, 4)

describe("Geometry", () => {
  it("is equal by kind and numbers", () => {
    assert.isTrue(Equal.equals(new PgPath([a, b], true), new PgPath([a, new PgPoint(3, 4)], true)))
    assert.strictEqual(Hash.hash(new PgPath([a], true)), Hash.hash(new PgPath([new PgPoint(1, 2)], true)))
    assert.isFalse(Equal.equals(new PgPath([a, b], true), new PgPath([a, b], false)))
    assert.isFalse(Equal.equals(new PgPolygon([a]), new PgPolygon([a, b])))
    assert.isFalse(Equal.equals<unknown, unknown>(new PgLseg(a, b), new PgBox(a, b)))
    assert.isFalse(Equal.equals(new PgCircle(a, 1), new PgCircle(a, 2)))
  })

  it("takes NaN for itself, and both zeros for one", () => {
    assert.isTrue(Equal.equals(new PgPoint(NaN, 0), new PgPoint(NaN, -0)))
    assert.strictEqual(Hash.hash(new PgPoint(NaN, 0)), Hash.hash(new PgPoint(NaN, -0)))
  })

  it("prints as the server does", () => {
    assert.strictEqual(String(new PgPoint(-0, Infinity)), "(-0,Infinity)")
    assert.strictEqual(JSON.stringify(new PgCircle(a, 1.5)), '"<(1,2),1.5>"')
  })
})
