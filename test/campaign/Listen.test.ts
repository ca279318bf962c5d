/** A listener whose session is lost a thousand times, by the network and by the server, while another session notifies without a pause. */
import { describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Listen from "../../src/client/listen/Listen.js"
import * as PgClient from "../../src/client/PgClient.js"
import * as FaultProxy from "../../src/testing/FaultProxy.js"
import { configOf, s } from "../integration/connection/sessions.js"
import { throughLosses } from "../integration/client/listenLosses.js"
import { shared } from "../integration/support/server.js"
import { announce, randomOf, rounds } from "./campaign.js"

const cycles = rounds({ small: 1000, full: 10_000 })

describe("a listener", () => {
  it.scopedLive(
    `emits every notification, or a gap where it would have been, through ${cycles} losses`,
    () =>
      Effect.gen(function* () {
        announce("listen")
        const random = randomOf(0)
        const proxy = yield* FaultProxy.make({ target: shared })
        const application = `listen_campaign_${process.pid}`
        const listening = yield* Layer.build(
          Layer.provideMerge(
            Listen.layer({ reconnect: Schedule.spaced("2 millis"), onReconnect: () => Effect.void }),
            PgClient.layer(
              configOf({ config: { host: proxy.host, port: proxy.port, applicationName: application } })
            )
          )
        )
        const sending = yield* Layer.build(
          Layer.provideMerge(Listen.layer(), PgClient.layer(configOf({ config: { maxConnections: 2 } })))
        )
        const pg = Context.get(sending, PgClient.PgClient)
        const kill = pg.query(
          s("select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1", [
            application
          ])
        )
        const channel = `losses_${process.pid}`
        yield* throughLosses({
          cycles,
          events: yield* Context.get(listening, Listen.Listen).listen(channel),
          lose: () => {
            const how = random.pick(["cut", "reset", "kill"] as const)
            return how === "kill" ? Effect.asVoid(kill) : proxy.dropAll(how)
          },
          notify: (payload) => Effect.provide(Listen.notify(channel, payload), sending)
        })
      }),
    20 * 60_000
  )
})
