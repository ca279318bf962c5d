/** A sample of the random Schemas that the campaign tries by the hundred. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as PgTypes from "../../../src/PgTypes.js"
import { shared } from "../support/server.js"
import { plans, throughAll } from "./randomRows.js"

describe("rows of random Schemas", () => {
  for (const [preset, types] of [
    ["lossless", PgTypes.lossless],
    ["familiar", PgTypes.familiar]
  ] as const) {
    it.scopedLive(`are the same by every way, with the ${preset} preset`, () =>
      Effect.gen(function* () {
        let rows = 0
        for (const [at, plan] of plans(12, 5).entries())
          rows += yield* throughAll(plan, { target: shared, types, feeds: at % 4 === 0 })
        assert.isAbove(rows, 20)
      })
    )
  }
})
