import { describe, it } from "@effect/vitest"
import { explorePool } from "./poolModel.js"

describe("random users of a pool", () => {
  it.live(
    "get a connection that no other has, or an error, and leave none behind, in any order of fibers (P01)",
    () => explorePool(200, 1)
  )
})
