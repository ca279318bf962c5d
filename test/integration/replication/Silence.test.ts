/** A server that decodes a large transaction of a table that is not published, and sends nothing meanwhile. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { LogicalOptions } from "../../../src/replication/feed/LogicalFeed.js"
import { logical } from "../../../src/replication/feed/LogicalFeed.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import type { MajorVersion } from "../../../src/testing/EmbeddedPostgres.js"
import { rawRows } from "../support/rawSession.js"
import { describeWithServer } from "../support/server.js"
import { connecting } from "./support.js"

/** After so much silence the link looks whether the server can be reached. */
const probe = 10

const servers: ReadonlyArray<readonly [MajorVersion, Readonly<Record<string, string>>]> = [
  [14, {}],
  [17, { wal_sender_timeout: "0" }],
  [18, { wal_sender_timeout: "0" }]
]

for (const [version, settings] of servers) {
  describeWithServer(
    `a giant that is not published (PostgreSQL ${version})`,
    { version, settings },
    (server) => {
      it.scopedLive(
        "is waited for, however often its silence is looked into",
        () =>
          Effect.gen(function* () {
            yield* rawRows(
              server(),
              "create table silent (id int); create table heard (id int primary key); create publication heard for table heard"
            )
            yield* Slot.create("heard")
            const options = { slot: "heard", publications: ["heard"], inUse: { wait: "1 minute" } } as const
            let number = 0
            const received = (limits: Partial<LogicalOptions>) =>
              Effect.scoped(
                Effect.flatMap(logical({ ...options, ...limits }), (feed) =>
                  Stream.runHead(
                    Stream.filter(
                      feed.changes,
                      (event) => event._tag === "Insert" && event.new["id"] === number
                    )
                  )
                )
              )
            // Twice as large each time, until the server is silent for long enough on this machine.
            const isSilent = Effect.gen(function* () {
              const rows = 1_000_000 * 2 ** number++
              yield* rawRows(server(), `insert into silent select generate_series(1, ${rows})`)
              yield* rawRows(server(), `insert into heard values (${number})`)
              const outcome = yield* Effect.either(received({ silenceLimit: 8 * probe }))
              if (outcome._tag === "Left")
                assert.deepInclude(outcome.left, { _tag: "PgTimeoutError", deadline: "silence" })
              return outcome._tag === "Left"
            })
            while (!(yield* isSilent)) assert.isBelow(number, 3, "a silence is not noticed")
            assert.isTrue(Option.isSome(yield* received({})))
          }).pipe(connecting({ target: server(), connector: { silenceProbe: probe } })),
        300_000
      )
    }
  )
}
