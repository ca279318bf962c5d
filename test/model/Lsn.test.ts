import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import fc from "fast-check"
import * as Lsn from "../../src/model/Lsn.js"

describe("Lsn", () => {
  it.prop(
    "reads its own text over 64 bits (TYP-025)",
    [fc.bigInt({ min: 0n, max: Lsn.maximum })],
    ([lsn]) => {
      assert.isTrue(Lsn.isLsn(lsn))
      assert.deepStrictEqual(Lsn.fromText(Lsn.toText(lsn)), Option.some(lsn))
    }
  )

  it("shows a position as the server does, and reads the padded form of later servers (TYP-025, REP-007)", () => {
    assert.strictEqual(Lsn.toText(0x16b3748n), "0/16B3748")
    assert.deepStrictEqual(Lsn.fromText("0/016B3748"), Option.some(0x16b3748n))
    assert.deepStrictEqual(Lsn.fromText("ffffffff/FFFFFFFF"), Option.some(Lsn.maximum))
  })

  it("orders without sign: the half with the high bit is the later one", () => {
    assert.strictEqual(Lsn.Order(2n ** 63n, 2n ** 63n - 1n), 1)
    assert.strictEqual(Lsn.max(2n ** 63n, 1n), 2n ** 63n)
  })

  it("refuses what is no position", () => {
    for (const text of ["", "/", "0", "0/", "g/0", "123456789/0", "0/123456789", "-1/0", " 0/0"]) {
      assert.isTrue(Option.isNone(Lsn.fromText(text)))
    }
    for (const value of [-1n, 2n ** 64n, 0, "0/0"]) assert.isFalse(Lsn.isLsn(value))
  })
})
