/** A slot that the server copies to its standby (PostgreSQL 17 and later), and a feed that goes on there. */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { logical } from "../../../src/replication/feed/LogicalFeed.js"
import type { TransactionEvent } from "../../../src/replication/feed/TransactionAssembler.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { hostsOf, pair, syncNow, synced } from "./pair.js"
import { connecting, slotRow } from "./support.js"

const ids = (events: Iterable<TransactionEvent>): ReadonlyArray<unknown> =>
  [...events].flatMap((event) =>
    event._tag === "Transaction"
      ? event.changes.flatMap((change) => (change._tag === "Insert" ? [change.new["id"]] : []))
      : []
  )

describe("a failover slot", () => {
  for (const version of [17, 18] as const) {
    it.scopedLive(
      `is refused on the standby, and after its promotion goes on there without loss (PostgreSQL ${version}) (REP-024)`,
      () =>
        Effect.gen(function* () {
          const both = yield* pair(version)
          const { primary, standby } = both
          const anywhere = connecting({ config: { ...hostsOf(both), targetSessionAttrs: "read-write" } })
          const slot = "orders"
          yield* rawRows(
            primary,
            "create table orders (id int primary key); create publication orders for table orders"
          )
          yield* anywhere(Slot.create(slot, { failover: true }))
          yield* synced(both, slot)

          const options = { slot, publications: ["orders"] }
          const read = (count: number, acknowledged: number) =>
            Effect.scoped(
              Effect.gen(function* () {
                const feed = yield* logical(options)
                const events = Chunk.toReadonlyArray(
                  yield* Stream.runCollect(Stream.take(feed.transactions, count))
                )
                const last = events[acknowledged - 1]
                if (last?._tag === "Transaction") yield* feed.acknowledge(last.endLsn)
                return { ids: ids(events), facts: feed.facts }
              })
            ).pipe(anywhere)

          for (let id = 1; id <= 4; id++) yield* rawRows(primary, `insert into orders values (${id})`)
          const before = yield* read(3, 2)
          assert.deepStrictEqual(before.ids, [1, 2, 3])

          const wanted = yield* slotRow(slot, "confirmed_flush_lsn", primary)
          yield* eventually(
            Effect.zipRight(syncNow(standby), slotRow(slot, "confirmed_flush_lsn", standby)),
            (row) => row?.[0] === wanted?.[0]
          )
          const early = yield* Effect.flip(Effect.scoped(logical(options))).pipe(
            connecting({ target: standby })
          )
          assert.deepInclude(early, { _tag: "PgServerError", code: "55000" })

          yield* rawRows(primary, "insert into orders values (5)")
          yield* primary.stop()
          yield* rawRows(standby, "select pg_promote()")
          yield* rawRows(standby, "insert into orders values (6)")
          const after = yield* read(4, 4)
          assert.deepStrictEqual(after.ids, [3, 4, 5, 6])
          assert.strictEqual(after.facts.systemId, before.facts.systemId)
          assert.strictEqual(after.facts.timeline, before.facts.timeline + 1)
          yield* rawRows(standby, "insert into orders values (7)")
          assert.deepStrictEqual((yield* read(1, 1)).ids, [7])
        }),
      120_000
    )
  }
})
