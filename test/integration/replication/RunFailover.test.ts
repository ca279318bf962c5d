/** A run over two servers, of which the second takes the place of the first. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Replication from "../../../src/Replication.js"
import type { RunEvent } from "../../../src/replication/RunEvent.js"
import { eventually } from "../support/Eventually.js"
import { rawRows } from "../support/RawSession.js"
import { hostsOf, pair, synced } from "./Pair.js"
import { connecting } from "./support.js"

const slot = "orders"

/** A primary and a standby that has its slot, and a run that follows whichever of them takes writes. */
const following = Effect.gen(function* () {
  const both = yield* pair()
  const { primary, standby } = both
  yield* rawRows(
    primary,
    "create table orders (id int primary key); create publication orders for table orders"
  )
  yield* Replication.Slot.create(slot, { failover: true }).pipe(connecting({ target: primary }))
  yield* synced(both, slot)
  const seen: Array<number> = []
  const events: Array<RunEvent> = []
  // Held until the test has seen to the servers.
  const ready = yield* Deferred.make<void>()
  const running = yield* Replication.run(
    { slot, publications: ["orders"] },
    Replication.eachChange((change) =>
      Effect.sync(() => change._tag === "Insert" && seen.push(change.new["id"] as number))
    ),
    {
      reconnect: Schedule.spaced("50 millis"),
      onEvent: (event) =>
        Effect.zipRight(
          Effect.sync(() => events.push(event)),
          event._tag === "Lost" ? Deferred.await(ready) : Effect.void
        )
    }
  ).pipe(connecting({ config: hostsOf(both) }), Effect.fork)
  const sees = (count: number) =>
    eventually(
      Effect.sync(() => seen.length),
      (length) => length >= count
    )
  return { primary, standby, seen, events, ready, running, sees }
})

describe("a run over a primary and its standby", () => {
  it.scopedLive(
    "goes on where the standby was promoted, behind what it has handled (L16, REP-024, LOG-064)",
    () =>
      Effect.gen(function* () {
        const { events, primary, ready, running, seen, sees, standby } = yield* following
        for (let id = 1; id <= 3; id++) yield* rawRows(primary, `insert into orders values (${id})`)
        yield* sees(3)
        yield* primary.stop()
        yield* rawRows(standby, "select pg_promote()")
        yield* rawRows(standby, "insert into orders values (4)")
        yield* Deferred.succeed(ready, undefined)
        yield* sees(4)
        yield* Fiber.interrupt(running)
        assert.deepStrictEqual(seen, [1, 2, 3, 4])
        const timelines = events.flatMap((event) =>
          event._tag === "Opened" || event._tag === "Resumed" ? [event.facts.timeline] : []
        )
        assert.deepStrictEqual(timelines, [1, 2])
      }),
    120_000
  )

  it.scopedLive(
    "does not go on where the standby never had what is handled, though its log is longer by now (L16, LOG-064)",
    () =>
      Effect.gen(function* () {
        const { primary, ready, running, seen, sees, standby } = yield* following
        yield* rawRows(primary, "insert into orders values (1)")
        yield* sees(1)
        yield* eventually(rawRows(standby, "select count(*) from orders"), ([row]) => row?.[0] === "1")
        yield* rawRows(standby, "alter system set primary_conninfo = ''")
        yield* rawRows(standby, "select pg_reload_conf()")
        yield* eventually(
          rawRows(standby, "select count(*) from pg_stat_wal_receiver"),
          ([row]) => row?.[0] === "0"
        )
        yield* rawRows(primary, "insert into orders values (2)")
        yield* sees(2)
        yield* primary.stop("immediate")
        yield* rawRows(standby, "select pg_promote()")
        yield* rawRows(standby, "create table more as select generate_series(1, 100000) as n")
        yield* Deferred.succeed(ready, undefined)
        const error = yield* Effect.flip(Fiber.join(running))
        assert.deepInclude(error, { _tag: "PgSlotError", reason: "diverged" })
        assert.match(error.message, /timeline 1, which this server left at/)
        assert.deepStrictEqual(seen, [1, 2])
      }),
    120_000
  )
})
