import { assert, describe, it } from "@effect/vitest"
import { leftAt } from "../../src/replication/feed/FeedPlace.js"

describe("a history of timelines", () => {
  const history =
    "1\t0/3000148\tno recovery target specified\n\n# a remark\n2\t16/B374D848\tno recovery target specified\n"

  it("says where each was left (REP-014, LOG-064)", () => {
    assert.strictEqual(leftAt(history, 1), 0x3000148n)
    assert.strictEqual(leftAt(history, 2), 0x16_b374_d848n)
  })

  it("does not say where one was left that is not in it", () => {
    assert.isUndefined(leftAt(history, 3))
    assert.isUndefined(leftAt("", 1))
  })
})
