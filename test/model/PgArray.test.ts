import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import { Numeric } from "../../src/model/Numeric.js"
import { PgArray } from "../../src/model/PgArray.js"

describe("PgArray", () => {
  it("counts as the server counts (TYP-070)", () => {
    const array = new PgArray(
      [
        [1, 2],
        [3, null]
      ],
      [-1, 0]
    )
    assert.strictEqual(array.at(-1, 1), 2)
    assert.isNull(array.at(0, 1))
    for (const indices of [[0], [1, 0], [0, 2], [0, 0, 0], [-2, 0]]) assert.isUndefined(array.at(...indices))
  })

  it("is equal by bounds and by elements, deep", () => {
    const a = new PgArray([[Numeric.zero], [null]], [0, 1])
    const b = new PgArray([[Numeric.unsafeMake(0, 2)], [null]], [0, 1])
    assert.isTrue(Equal.equals(a, b))
    assert.strictEqual(Hash.hash(a), Hash.hash(b))
    assert.isFalse(Equal.equals(a, new PgArray(a.values, [1, 1])))
    assert.isFalse(Equal.equals(a, new PgArray([[Numeric.zero], [1]], [0, 1])))
  })

  it("is equal when its NaN, its bytes and its JSON are", () => {
    const made = (values: ReadonlyArray<unknown>) => new PgArray(values, [0])
    const values = () => [NaN, Uint8Array.of(1, 2), { a: [1, { b: null }] }, null]
    assert.isTrue(Equal.equals(made(values()), made(values())))
    for (const [left, right] of [
      [NaN, 0],
      [Uint8Array.of(1), Uint8Array.of(2)],
      [Uint8Array.of(1), [1]],
      [{ a: 1 }, { a: 2 }],
      [{ a: 1 }, { b: 1 }],
      [{ a: 1 }, { a: 1, b: 1 }],
      [{}, null],
      [new Date(0), new Date(1)]
    ]) {
      assert.isFalse(Equal.equals(made([left]), made([right])))
    }
  })
})
