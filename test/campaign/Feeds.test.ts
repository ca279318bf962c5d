/**
 * Values of every type there is on every server, of extensions and of an application's own too: a query, a snapshot, and a feed by
 * binary and by text give the same, in both presets, also of transactions that are streamed ahead of their end.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { compareAll } from "../integration/replication/everyType.js"
import { describeEachVersion } from "../integration/support/server.js"
import { unsampled } from "../integration/types/differential.js"
import * as Registry from "../../src/types/Registry.js"
import { announce, rounds, seed } from "./campaign.js"

announce("of values in feeds")
const count = rounds({ small: 20, full: 300 })

const ways = [
  ["of the lossless preset", { registry: Registry.lossless, streaming: "off" }],
  ["of the lossless preset, streamed", { registry: Registry.lossless, streaming: "on" }],
  ["of the familiar preset, streamed", { registry: Registry.familiar, streaming: "on" }]
] as const

describeEachVersion("values of every type in a feed", (server) => {
  it.scopedLive("are of every type of the catalog", () =>
    Effect.map(unsampled(server()), (types) => assert.deepStrictEqual(types, []))
  )

  for (const [name, how] of ways) {
    it.scopedLive(`are those of a query and of a snapshot, ${name}`, () =>
      compareAll(server(), { ...how, count, seed })
    )
  }
})
