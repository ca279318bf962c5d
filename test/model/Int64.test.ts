import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as Int64 from "../../src/model/Int64.js"

const any = fc.oneof(
  fc.bigInt({ min: Int64.minimum, max: Int64.maximum }),
  fc.bigInt({ min: -(2n ** 53n) - 2n, max: -(2n ** 53n) + 2n }),
  fc.bigInt({ min: 2n ** 53n - 2n, max: 2n ** 53n + 2n }),
  fc.bigInt({ min: -(2n ** 32n) - 2n, max: 2n ** 32n + 2n })
)

describe("Int64", () => {
  it.prop("keeps every number in its halves", [any], ([value]) => {
    const high = Int64.highOfBigInt(value)
    const low = Int64.lowOfBigInt(value)
    assert.strictEqual(high, high | 0)
    assert.strictEqual(low, low | 0)
    assert.strictEqual(Int64.toBigInt(high, low), value)
    assert.strictEqual(Int64.toText(high, low), String(value))
    if (Int64.isSafe(high)) assert.strictEqual(BigInt(Int64.toNumber(high, low)), value)
    else assert.isTrue(value >= 2n ** 53n || value < -(2n ** 53n))
  })

  it.prop("takes the same halves from a safe number", [fc.maxSafeInteger()], ([value]) => {
    assert.strictEqual(Int64.highOf(value), Int64.highOfBigInt(BigInt(value)))
    assert.strictEqual(Int64.lowOf(value), Int64.lowOfBigInt(BigInt(value)))
  })

  it.prop("orders as numbers do", [any, any], ([a, b]) => {
    const order = Int64.compare(
      Int64.highOfBigInt(a),
      Int64.lowOfBigInt(a),
      Int64.highOfBigInt(b),
      Int64.lowOfBigInt(b)
    )
    assert.strictEqual(order, a < b ? -1 : a > b ? 1 : 0)
  })
})
