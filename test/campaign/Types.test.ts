/**
 * Every built-in type of the oldest and the newest server, and types found at run time, also those of extensions: thousands
 * of values that the server makes, read and written in text and in binary, in both presets, under six settings of the session
 * and in two time zones of the host.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Target } from "../integration/connection/sessions.js"
import { describeWithServer, shared } from "../integration/support/server.js"
import { differential, unsampled } from "../integration/types/differential.js"
import { findTypes, foundSamples } from "../integration/types/foundSamples.js"
import type { Sessions } from "../integration/types/readers.js"
import { openSessions, suiteSessions } from "../integration/types/readers.js"
import { samples } from "../integration/types/samples.js"
import type { Sample } from "../integration/types/samples/sample.js"
import { announce, rounds, seed } from "./campaign.js"

announce("types")
const count = rounds({ small: 200, full: 3000 })

/** Daylight saving that begins at midnight, and an offset of no whole hours; how far west they were in 1970, in minutes. */
const zones = [
  { zone: "America/Sao_Paulo", west: 180 },
  { zone: "Asia/Kathmandu", west: -330 }
]

const suite = (server: () => Target & { readonly version: number }): void => {
  it.scopedLive("values are made of every type of the catalog", () =>
    Effect.map(unsampled(server()), (types) => assert.deepStrictEqual(types, []))
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

      const compare = (some: ReadonlyArray<Sample>, sessions: () => Sessions): void => {
        for (const [at, sample] of some.entries()) {
          it.scopedLive(`${sample.type} and its arrays are the same in both formats (TYP-010)`, () => {
            assert.strictEqual(new Date(0).getTimezoneOffset(), west)
            return differential(sessions(), sample, { count, seed: seed + place * some.length + at })
          })
        }
      }

      describe("of the server's own types", () =>
        compare(
          samples,
          suiteSessions(() => openSessions(server()))
        ))
      describe("of types found at run time", () =>
        compare(
          foundSamples,
          suiteSessions(() => Effect.flatMap(findTypes(server()), (found) => openSessions(server(), found)))
        ))
    })
  }
}

describe("PostgreSQL 18", () => suite(() => shared))
describeWithServer("PostgreSQL 14", { version: 14 }, (server) => suite(server))
