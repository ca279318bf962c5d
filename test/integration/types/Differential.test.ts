/**
 * A sample of the campaign of the same name, on the shared server: few values, and the same ones each time; long ones, and
 * those of types found at run time, under two settings only.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { shared } from "../support/server.js"
import { differential, everySettings, unsampled } from "./differential.js"
import { findTypes, foundSamples } from "./foundSamples.js"
import { openSessions, suiteSessions } from "./readers.js"
import { samples } from "./samples.js"

/** As a session begins, and one that differs in everything. */
const few = [everySettings[0]!, everySettings[3]!]

describe("the server's own values, read and written in both formats under several settings", () => {
  const sessions = suiteSessions(() => openSessions(shared))

  it.scopedLive("cover every type of its catalog", () =>
    Effect.map(unsampled(undefined), (types) => assert.deepStrictEqual(types, []))
  )

  for (const [at, sample] of samples.entries()) {
    it.scopedLive(`agree for ${sample.type} and its arrays (TYP-010)`, () =>
      differential(sessions(), sample, {
        count: 30,
        seed: at + 1,
        settings: sample.isLong === true ? few : everySettings
      })
    )
  }
})

describe("values of types found at run time, read and written in both formats", () => {
  const sessions = suiteSessions(() =>
    Effect.flatMap(findTypes(shared), (found) => openSessions(shared, found))
  )

  for (const [at, sample] of foundSamples.entries()) {
    it.scopedLive(`agree for ${sample.type} and its arrays (TYP-010)`, () =>
      differential(sessions(), sample, { count: 12, seed: at + 1, settings: few })
    )
  }
})
