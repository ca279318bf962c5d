/** A server that decodes a large transaction of a table that is not published, and sends nothing meanwhile. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { logical } from "../../../src/replication/feed/LogicalFeed.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import type { Version } from "../../../src/testing/EmbeddedPostgres.js"
import { rawRows } from "../support/RawSession.js"
import { describeWithServer } from "../support/Server.js"
import { connecting } from "./support.js"

/** After so much silence the link looks whether the server can be reached. */
const probe = 50

const servers: ReadonlyArray<readonly [Version, Readonly<Record<string, string>>]> = [
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
            yield* rawRows(server(), "insert into silent select generate_series(1, 1000000)")
            yield* rawRows(server(), "insert into heard values (1)")
            const options = { slot: "heard", publications: ["heard"], inUse: { wait: "1 minute" } } as const
            // So long is the silence at the least.
            const limited = Effect.flatMap(logical({ ...options, silenceLimit: 8 * probe }), (feed) =>
              Stream.runDrain(feed.changes)
            )
            assert.deepInclude(yield* Effect.flip(Effect.scoped(limited)), {
              _tag: "PgTimeoutError",
              deadline: "silence"
            })
            const feed = yield* logical(options)
            const first = yield* Stream.runHead(Stream.filter(feed.changes, ({ _tag }) => _tag === "Insert"))
            assert.deepInclude(Option.getOrThrow(first), { new: { id: 1 } })
          }).pipe(connecting({ target: server(), connector: { silenceProbe: probe } })),
        120_000
      )
    }
  )
}
