/** A run over two servers, of which the second takes the place of the first. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Replication from "../../../src/Replication.js"
import type { RunEvent } from "../../../src/replication/run/RunEvent.js"
import type { PgConnector } from "../../../src/connection/PgConnector.js"
import type { MajorVersion } from "../../../src/testing/EmbeddedPostgres.js"
import type { Target } from "../connection/sessions.js"
import { open } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"
import { hostsOf, pair, synced } from "./pair.js"
import { connecting, fresh, slotRow } from "./support.js"

const slot = "orders"

type Handled = Replication.Handler<never, PgConnector>

const eachInsert = (seen: Array<number>): Handled =>
  Replication.eachChange((change) =>
    Effect.sync(() => change._tag === "Insert" && seen.push(change.new["id"] as number))
  )

/** A primary and a standby that has its slot, and a run that follows whichever of them takes writes. */
const followingOn = (version: MajorVersion, handler: (seen: Array<number>) => Handled = eachInsert) =>
  Effect.gen(function* () {
    const both = yield* pair(version)
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
    const run = Replication.run(
      { slot, publications: ["orders"], statusInterval: "100 millis" },
      handler(seen),
      {
        reconnect: Schedule.spaced("50 millis"),
        onEvent: (event) =>
          Effect.zipRight(
            Effect.sync(() => events.push(event)),
            event._tag === "Lost" ? Deferred.await(ready) : Effect.void
          )
      }
    ).pipe(connecting({ config: hostsOf(both) }))
    const running = yield* Effect.fork(run)
    const sees = (count: number) =>
      eventually(
        Effect.sync(() => seen.length),
        (length) => length >= count
      )
    /** From here on the standby receives nothing. */
    const cut = Effect.gen(function* () {
      yield* rawRows(standby, "alter system set primary_conninfo = ''")
      yield* rawRows(standby, "select pg_reload_conf()")
      yield* eventually(
        rawRows(standby, "select count(*) from pg_stat_wal_receiver"),
        ([row]) => row?.[0] === "0"
      )
    })
    return { primary, standby, seen, events, ready, run, running, sees, cut }
  })

const following = followingOn(18)

/** Writes log that has nothing for the slot, and waits until the run's position is behind it. */
const idle = (primary: Target) =>
  Effect.gen(function* () {
    yield* rawRows(primary, "create table unheard as select generate_series(1, 1000) as n")
    const [row] = yield* rawRows(primary, "select (pg_current_wal_lsn() - '0/0')::text")
    const end = BigInt(row![0]!)
    yield* eventually(
      slotRow(slot, "(confirmed_flush_lsn - '0/0')::text", primary),
      (found) => BigInt(found?.[0] ?? "0") >= end
    )
    return end
  })

const longer = "create table more as select generate_series(1, 100000) as n"

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
        const { cut, primary, ready, running, seen, sees, standby } = yield* following
        yield* rawRows(primary, "insert into orders values (1)")
        yield* sees(1)
        yield* eventually(rawRows(standby, "select count(*) from orders"), ([row]) => row?.[0] === "1")
        yield* cut
        yield* rawRows(primary, "insert into orders values (2)")
        yield* sees(2)
        yield* primary.stop("immediate")
        yield* rawRows(standby, "select pg_promote()")
        yield* rawRows(standby, longer)
        yield* Deferred.succeed(ready, undefined)
        const error = yield* Effect.flip(Fiber.join(running))
        assert.deepInclude(error, { _tag: "PgSlotError", reason: "diverged" })
        assert.match(error.message, /timeline 1, which this server left at/)
        assert.deepStrictEqual(seen, [1, 2])
      }),
    120_000
  )

  for (const version of [17, 18] as const) {
    for (const isLonger of [false, true]) {
      it.scopedLive(
        `goes on where the standby lacks only log that had nothing for it, ${isLonger ? "a longer one" : "a shorter one"} by now (PostgreSQL ${version}) (LOG-064)`,
        () =>
          Effect.gen(function* () {
            const { cut, primary, ready, running, seen, sees, standby } = yield* followingOn(version)
            yield* rawRows(primary, "insert into orders values (1)")
            yield* sees(1)
            yield* eventually(rawRows(standby, "select count(*) from orders"), ([row]) => row?.[0] === "1")
            yield* cut
            yield* idle(primary)
            yield* primary.stop("immediate")
            yield* rawRows(standby, "select pg_promote()")
            if (isLonger) yield* rawRows(standby, longer)
            yield* rawRows(standby, "insert into orders values (2)")
            yield* Deferred.succeed(ready, undefined)
            yield* sees(2)
            yield* rawRows(standby, "insert into orders values (3)")
            yield* sees(3)
            yield* Fiber.interrupt(running)
            assert.deepStrictEqual(seen, [1, 2, 3])
          }),
        120_000
      )
    }

    it.scopedLive(
      `goes on there with a position that is kept with the data, and lowers it before anything else (PostgreSQL ${version}) (LOG-064)`,
      () =>
        Effect.gen(function* () {
          const table = fresh("positions")
          yield* Effect.addFinalizer(() => Effect.ignore(rawRows(shared, `drop table ${table}`)))
          const kept = Effect.map(rawRows(shared, `select (position - '0/0')::text from ${table}`), (rows) =>
            BigInt(rows[0]?.[0] ?? "0")
          )
          const { cut, events, primary, ready, running, seen, sees, standby } = yield* followingOn(
            version,
            (seen) =>
              Replication.exactlyOnce({ connection: open(), table }, (event) =>
                Effect.sync(() => {
                  if (event._tag !== "Transaction") return
                  for (const change of event.changes) {
                    if (change._tag === "Insert") seen.push(change.new["id"] as number)
                  }
                })
              )
          )
          yield* rawRows(primary, "insert into orders values (1)")
          yield* sees(1)
          yield* eventually(rawRows(standby, "select count(*) from orders"), ([row]) => row?.[0] === "1")
          yield* cut
          const end = yield* idle(primary)
          yield* eventually(kept, (position) => position >= end)
          yield* primary.stop("immediate")
          yield* rawRows(standby, "select pg_promote()")
          yield* Deferred.succeed(ready, undefined)
          yield* eventually(
            Effect.sync(() => events.at(-1)?._tag),
            (tag) => tag === "Resumed"
          )
          yield* eventually(kept, (position) => position < end)
          yield* rawRows(standby, longer)
          yield* rawRows(standby, "insert into orders values (2)")
          yield* sees(2)
          yield* Fiber.interrupt(running)
          assert.deepStrictEqual(seen, [1, 2])
        }),
      120_000
    )
  }

  /** Keeps the position in a table of the shared server, and makes room for a process that is started anew. */
  const keeping = Effect.gen(function* () {
    const table = fresh("positions")
    yield* Effect.addFinalizer(() => Effect.ignore(rawRows(shared, `drop table ${table}`)))
    const kept = Effect.map(
      rawRows(shared, `select (position - '0/0')::text, timeline::text from ${table}`),
      ([row]) => ({ position: BigInt(row?.[0] ?? "0"), timeline: row?.[1] })
    )
    const servers = yield* followingOn(18, (seen) =>
      Replication.exactlyOnce({ connection: open(), table }, (event) =>
        Effect.sync(() => {
          if (event._tag !== "Transaction") return
          for (const change of event.changes) {
            if (change._tag === "Insert") seen.push(change.new["id"] as number)
          }
        })
      )
    )
    return { ...servers, kept }
  })

  it.scopedLive(
    "is gone on with by a process that is started anew, which knows the timeline and what was handled (LOG-064)",
    () =>
      Effect.gen(function* () {
        const { cut, kept, primary, ready, run, running, seen, sees, standby } = yield* keeping
        yield* rawRows(primary, "insert into orders values (1)")
        yield* sees(1)
        yield* eventually(rawRows(standby, "select count(*) from orders"), ([row]) => row?.[0] === "1")
        yield* cut
        const end = yield* idle(primary)
        yield* eventually(kept, ({ position }) => position >= end)
        yield* Fiber.interrupt(running)
        yield* primary.stop("immediate")
        yield* rawRows(standby, "select pg_promote()")
        yield* rawRows(standby, longer)
        yield* rawRows(standby, "insert into orders values (2)")
        yield* Deferred.succeed(ready, undefined)
        yield* Effect.fork(run)
        yield* sees(2)
        assert.deepStrictEqual(seen, [1, 2])
        assert.strictEqual((yield* kept).timeline, "2")
      }),
    120_000
  )

  it.scopedLive(
    "is not gone on with by a process that is started anew where what was handled is missing (LOG-064)",
    () =>
      Effect.gen(function* () {
        const { cut, kept, primary, ready, run, running, seen, sees, standby } = yield* keeping
        yield* rawRows(primary, "insert into orders values (1)")
        yield* sees(1)
        yield* eventually(rawRows(standby, "select count(*) from orders"), ([row]) => row?.[0] === "1")
        yield* cut
        yield* rawRows(primary, "insert into orders values (2)")
        yield* sees(2)
        // Committed, and not only handled.
        const [row] = yield* rawRows(primary, "select (pg_current_wal_lsn() - '0/0')::text")
        yield* eventually(kept, ({ position }) => position >= BigInt(row![0]!))
        yield* Fiber.interrupt(running)
        yield* primary.stop("immediate")
        yield* rawRows(standby, "select pg_promote()")
        yield* rawRows(standby, longer)
        yield* rawRows(standby, "insert into orders values (3)")
        yield* Deferred.succeed(ready, undefined)
        const error = yield* Effect.flip(run)
        assert.deepInclude(error, { _tag: "PgSlotError", reason: "diverged" })
        assert.match(String(error), /timeline 1, which this server left at/)
        assert.deepStrictEqual(seen, [1, 2])
      }),
    120_000
  )

  it.scopedLive(
    "does not go back to the old primary, which has no history, though its log is longer by now (LOG-064)",
    () =>
      Effect.gen(function* () {
        const { primary, ready, running, seen, sees, standby } = yield* following
        yield* rawRows(primary, "insert into orders values (1)")
        yield* sees(1)
        yield* primary.stop()
        yield* rawRows(standby, "select pg_promote()")
        yield* rawRows(standby, "insert into orders values (2)")
        yield* Deferred.succeed(ready, undefined)
        yield* sees(2)
        yield* primary.startAgain
        yield* rawRows(primary, longer)
        yield* standby.stop("immediate")
        const error = yield* Effect.flip(Fiber.join(running))
        assert.deepInclude(error, { _tag: "PgSlotError", reason: "diverged" })
        assert.match(error.message, /timeline 2, which this server has never been on/)
        assert.deepStrictEqual(seen, [1, 2])
      }),
    120_000
  )
})
