/** A sample of the campaign of the same name, on the shared server: few values, and the same ones each time. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { shared } from "../support/Server.js"
import { differential, unsampled } from "./differential.js"
import { samples } from "./samples.js"

describe("the server's own values, read and written in both formats under six settings", () => {
  it.scopedLive("cover every type of its catalog", () =>
    Effect.map(unsampled(undefined), (types) => assert.deepStrictEqual(types, []))
  )

  for (const [at, sample] of samples.entries()) {
    it.scopedLive(`agree for ${sample.type} and its arrays (TYP-010)`, () =>
      differential(sample, { version: shared.version, count: 30, seed: at + 1 })
    )
  }
})
