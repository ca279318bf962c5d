import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describeWithServer } from "../support/server.js"
import { chaos, serverOptions } from "./chaos.js"

describeWithServer("twenty cycles of random work and random faults", serverOptions, (server) => {
  it.scopedLive(
    "leave sinks equal to their sources: nothing lost, and where the position is kept with the data nothing doubled (LOG-039, LOG-043, LOG-055, LOG-058, TRP-108)",
    () =>
      Effect.gen(function* () {
        const counts = yield* chaos(server(), 20)
        for (const [kind, count] of Object.entries(counts)) assert.isAbove(count, 0, kind)
      }),
    1_800_000
  )
})
