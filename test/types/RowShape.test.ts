import { assert, describe, it } from "@effect/vitest"
import * as RowShape from "../../src/types/RowShape.js"

describe("RowShape", () => {
  it("builds rows of the same names in the same way, wherever the names come from", () => {
    assert.strictEqual(RowShape.object(["id", "name"]), RowShape.object(["id", "name"]))
    assert.strictEqual(RowShape.object(["__proto__"]), RowShape.object(["__proto__"]))
  })

  it("distinguishes lists of names that only look alike", () => {
    const lists = [[], [""], ["a,b"], ["a", "b"], ["b", "a"], ['a","b'], ["a\0b"], ["\ud800"], ["\ufffd"]]
    assert.strictEqual(new Set(lists.map(RowShape.object)).size, lists.length)
    for (const names of lists) assert.deepStrictEqual(Object.keys(RowShape.object(names)(names)), names)
  })

  it("forgets all of them after the bound, and what was built before goes on", () => {
    const first = RowShape.object(["kept"])
    for (let index = 0; index < RowShape.maxShapes; index++) RowShape.object([`other ${index}`])
    assert.notStrictEqual(RowShape.object(["kept"]), first)
    assert.deepStrictEqual(first([1]), { kept: 1 })
  })
})
