import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Order from "effect/Order"
import { PgMultirange } from "../../src/model/PgMultirange.js"
import { PgRange } from "../../src/model/PgRange.js"

describe("PgRange", () => {
  it("is equal by its parts", () => {
    assert.isTrue(Equal.equals(PgRange.make(1, 5), PgRange.make(1, 5)))
    assert.strictEqual(Hash.hash(PgRange.make(1n, 5n)), Hash.hash(PgRange.make(1n, 5n)))
    for (const other of [
      PgRange.make(1, 6),
      PgRange.make(2, 5),
      PgRange.make(1, 5, "[]"),
      PgRange.make(1, 5, "()"),
      PgRange.make(1, null),
      PgRange.empty
    ]) {
      assert.isFalse(Equal.equals(PgRange.make(1, 5), other), String(other))
    }
    assert.isFalse(Equal.equals(PgRange.make(null, null), PgRange.empty))
  })

  it("is equal where its bounds hold the same, which values without Equal do too", () => {
    for (const bound of [NaN, [1, null], { a: 1n }, new Uint8Array([1])]) {
      const again = structuredClone(bound)
      assert.isTrue(Equal.equals(PgRange.make(bound, null), PgRange.make(again, null)), String(bound))
      assert.strictEqual(Hash.hash(PgRange.make(bound, bound)), Hash.hash(PgRange.make(again, again)))
      assert.isTrue(
        Equal.equals(PgMultirange.of(PgRange.make(bound, null)), PgMultirange.of(PgRange.make(again, null)))
      )
    }
    assert.isFalse(Equal.equals(PgRange.make([1], null), PgRange.make([2], null)))
  })

  it("shows the sign of zero", () => {
    assert.strictEqual(String(PgRange.make(-0, 0)), "[-0,0)")
  })

  it("has no inclusive end without a bound (TYP-077)", () => {
    assert.isTrue(Equal.equals(PgRange.make(null, null, "[]"), PgRange.make(null, null, "()")))
    assert.strictEqual(String(PgRange.make(null, Infinity, "[]")), "(,Infinity]")
  })

  it("is ordered as the server orders", () => {
    const sorted = [
      PgRange.empty,
      PgRange.make(null, 1),
      PgRange.make<number>(null, null),
      PgRange.make(1, 2),
      PgRange.make(1, 2, "[]"),
      PgRange.make<number>(1, null),
      PgRange.make(1, 2, "()"),
      PgRange.make(2, 3)
    ]
    const compare = PgRange.order(Order.number)
    sorted.forEach((self, index) =>
      sorted.forEach((that, other) =>
        assert.strictEqual(compare(self, that), Math.sign(index - other), `${self} ${that}`)
      )
    )
  })

  it("maps its bounds", () => {
    assert.deepStrictEqual(PgRange.make(1, null).map(String), PgRange.make<string>("1", null))
    assert.strictEqual(PgRange.empty.map(String), PgRange.empty)
  })
})

describe("PgMultirange", () => {
  it("is equal by its ranges, iterates over them and prints them", () => {
    const value = PgMultirange.of(PgRange.make(1, 2), PgRange.make<number>(5, null))
    assert.isTrue(Equal.equals(value, new PgMultirange([...value])))
    assert.strictEqual(Hash.hash(value), Hash.hash(new PgMultirange([...value])))
    assert.isFalse(Equal.equals(value, PgMultirange.of(PgRange.make(1, 2))))
    assert.strictEqual(JSON.stringify(value), '"{[1,2),[5,)}"')
  })
})
