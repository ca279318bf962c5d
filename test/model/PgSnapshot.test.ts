import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import { PgSnapshot } from "../../src/model/PgSnapshot.js"
import { PgTid } from "../../src/model/PgTid.js"

describe("PgSnapshot", () => {
  it("shows which transactions are visible", () => {
    const snapshot = Option.getOrThrow(PgSnapshot.fromText("10:20:10,14"))
    assert.deepStrictEqual(
      [9n, 10n, 11n, 14n, 19n, 20n].map((xid) => snapshot.isVisible(xid)),
      [true, false, true, false, true, false]
    )
  })

  it("is equal by its parts", () => {
    const make = () => new PgSnapshot(10n, 20n, [10n, 14n])
    assert.isTrue(Equal.equals(make(), make()))
    assert.strictEqual(Hash.hash(make()), Hash.hash(make()))
    assert.isFalse(Equal.equals(make(), new PgSnapshot(10n, 20n, [10n])))
    assert.strictEqual(JSON.stringify(make()), '"10:20:10,14"')
  })
})

describe("PgTid", () => {
  it("is equal by its parts and ordered by block", () => {
    assert.isTrue(Equal.equals(new PgTid(1, 2), new PgTid(1, 2)))
    assert.strictEqual(Hash.hash(new PgTid(1, 2)), Hash.hash(new PgTid(1, 2)))
    assert.isFalse(Equal.equals(new PgTid(1, 2), new PgTid(2, 1)))
    assert.strictEqual(PgTid.Order(new PgTid(1, 2), new PgTid(2, 1)), -1)
    assert.strictEqual(PgTid.Order(new PgTid(1, 2), new PgTid(1, 1)), 1)
    assert.isTrue(Option.isNone(PgTid.make(0, 65536)))
    assert.strictEqual(JSON.stringify(new PgTid(1, 2)), '"(1,2)"')
  })
})
