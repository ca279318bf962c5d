/**
 * Hundreds of cycles of random work and random faults: in the end each sink equals its source. `CHAOS_CYCLE` repeats one
 * cycle of the seed.
 */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chaos, serverOptions } from "../integration/replication/chaos.js"
import { describeWithServer } from "../integration/support/server.js"
import { announce, rounds } from "./campaign.js"

describeWithServer("a feed under fire", serverOptions, (server) => {
  it.scopedLive(
    "loses nothing, and doubles nothing where the position is kept with the data (LOG-055, LOG-058)",
    () =>
      Effect.gen(function* () {
        announce("of chaos")
        const counts = yield* chaos(server(), rounds({ small: 200, full: 2000 }))
        process.stdout.write(`${JSON.stringify(counts)}\n`)
      })
  )
})
