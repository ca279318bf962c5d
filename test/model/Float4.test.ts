import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as Float4 from "../../src/model/Float4.js"

describe("Float4", () => {
  it.prop(
    "finds the same digits by arithmetic as by text (TYP-030)",
    [fc.oneof(fc.float({ noNaN: true }), fc.float({ noNaN: true, min: -1000, max: 1000 }))],
    ([single]) => {
      assert.strictEqual(Float4.shortest(single), Float4.shortestByText(single))
    },
    { fastCheck: { numRuns: 5000 } }
  )

  it("finds them next to every power of ten and of two", () => {
    const view = new DataView(new ArrayBuffer(4))
    for (let exponent = -45; exponent <= 38; exponent++) {
      view.setFloat32(0, 10 ** exponent)
      const bits = view.getInt32(0)
      for (let near = -20; near <= 20; near++) {
        view.setInt32(0, Math.max(1, bits + near))
        const single = view.getFloat32(0)
        assert.strictEqual(Float4.shortest(single), Float4.shortestByText(single))
      }
    }
    for (let exponent = -149; exponent <= 127; exponent++) {
      for (const single of [2 ** exponent, -(2 ** exponent)]) {
        assert.strictEqual(Float4.shortest(single), Float4.shortestByText(single))
      }
    }
  })
})
