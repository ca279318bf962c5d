/**
 * Rows of random Schemas on the oldest and the newest server, in both presets: queries, streams, parameters, COPY in three formats
 * both ways, files, and typed tables of a feed give the same.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Target } from "../integration/connection/sessions.js"
import { describeWithServer, shared } from "../integration/support/server.js"
import { everyPair, plans, throughAll } from "../integration/types/randomRows.js"
import * as PgTypes from "../../src/PgTypes.js"
import { announce, rounds, seed } from "./campaign.js"

announce("schemas")
const count = rounds({ small: 40, full: 1500 })

const suite = (server: () => Target): void => {
  for (const [preset, types] of [
    ["lossless", PgTypes.lossless],
    ["familiar", PgTypes.familiar]
  ] as const) {
    it.scopedLive(`are the same by every way, with the ${preset} preset`, () =>
      Effect.gen(function* () {
        let rows = 0
        for (const plan of plans(count, seed))
          rows += yield* throughAll(plan, { target: server(), types, feeds: true })
        assert.isAbove(rows, count)
      })
    )
  }
}

describe("rows of random Schemas on PostgreSQL 18", () => suite(() => shared))
describe("rows of every type by every Schema that it has", () => {
  for (const [preset, types] of [
    ["lossless", PgTypes.lossless],
    ["familiar", PgTypes.familiar]
  ] as const) {
    it.scopedLive(`are the same by every way, with the ${preset} preset`, () =>
      Effect.gen(function* () {
        let rows = 0
        for (const plan of everyPair())
          rows += yield* throughAll(plan, { target: shared, types, feeds: true })
        assert.isAbove(rows, 100)
      })
    )
  }
})
describeWithServer(
  "rows of random Schemas on PostgreSQL 14",
  { version: 14, settings: { wal_level: "logical" } },
  (server) => suite(server)
)
