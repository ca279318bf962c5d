/** Random users of a pool, in virtual time, each program in an order of its own. A failing program is run again by its seed. */
import { describe, it } from "@effect/vitest"
import { explorePool } from "../client/pool/poolModel.js"
import { announce, rounds, seed } from "./campaign.js"

describe("random users of a pool", () => {
  it.live("keep its invariants", () => {
    announce("Pool")
    return explorePool(rounds({ small: 2_000, full: 10_000 }), seed)
  })
})
