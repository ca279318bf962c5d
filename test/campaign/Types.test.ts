/**
 * Every built-in type of the oldest and the newest server: thousands of values that the server makes, read and written in
 * text and in binary, in both presets, under six settings of the session and in two time zones of the host.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { afterAll, beforeAll } from "vitest"
import type { Target } from "../integration/connection/sessions.js"
import { describeWithServer, shared } from "../integration/support/Server.js"
import { differential, unsampled } from "../integration/types/differential.js"
import { samples } from "../integration/types/samples.js"
import { announce, rounds, seed } from "./campaign.js"

announce("types")
const count = rounds({ small: 200, full: 3000 })

/** Daylight saving that begins at midnight, and an offset of no whole hours; how far west they were in 1970, in minutes. */
const zones = [
  { zone: "America/Sao_Paulo", west: 180 },
  { zone: "Asia/Kathmandu", west: -330 }
]

const suite = (version: number, target: () => Target): void => {
  it.scopedLive("values are made of every type of the catalog", () =>
    Effect.map(unsampled(target()), (types) => assert.deepStrictEqual(types, []))
  )

  for (const [place, { west, zone }] of zones.entries()) {
    describe(`the host in ${zone}`, () => {
      const before = process.env["TZ"]
      beforeAll(() => {
        process.env["TZ"] = zone
      })
      afterAll(() => {
        if (before === undefined) delete process.env["TZ"]
        else process.env["TZ"] = before
      })

      for (const [at, sample] of samples.entries()) {
        it.scopedLive(`${sample.type} and its arrays are the same in both formats (TYP-010)`, () => {
          assert.strictEqual(new Date(0).getTimezoneOffset(), west)
          return differential(sample, {
            target: target(),
            version,
            count,
            seed: seed + place * samples.length + at
          })
        })
      }
    })
  }
}

describe("PostgreSQL 18", () => suite(18, () => shared))
describeWithServer("PostgreSQL 14", { version: 14 }, (server) => suite(14, server))
