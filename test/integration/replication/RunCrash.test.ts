/** A run whose server crashes and forgets how far the slot was, and a run that reads from a standby. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Replication from "../../../src/Replication.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { describeWithServer, shared } from "../support/server.js"
import type { Pair } from "./pair.js"
import { pair } from "./pair.js"
import type { Target } from "../connection/sessions.js"
import { open, s, table } from "../connection/sessions.js"
import { connecting, fresh, slotRow } from "./support.js"

const slot = "orders"

const setUp = (target: Target) =>
  rawRows(target, "create table orders (id int primary key); create publication orders for table orders")

/** Follows the slot until the scope closes; `sees` waits until so many rows have come. */
const following = Effect.gen(function* () {
  const seen: Array<number> = []
  yield* Effect.forkScoped(
    Replication.run(
      { slot, publications: ["orders"], statusInterval: "50 millis" },
      Replication.eachChange((change) =>
        Effect.sync(() => change._tag === "Insert" && seen.push(change.new["id"] as number))
      ),
      { reconnect: Schedule.spaced("50 millis") }
    )
  )
  const sees = (count: number) =>
    eventually(
      Effect.sync(() => seen.length),
      (length) => length >= count
    )
  return { seen, sees }
})

const confirmed = (target: Target) =>
  Effect.map(slotRow(slot, "(confirmed_flush_lsn - '0/0')::text", target), (row) => BigInt(row?.[0] ?? "0"))

describeWithServer("a server that crashes", { settings: { checkpoint_timeout: "1h" } }, (server) => {
  it.scopedLive("takes its slot back, and nothing that was handled is handled again (LOG-057)", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        yield* setUp(server())
        yield* Replication.Slot.create(slot)
        const saved = yield* confirmed(server())
        const { seen, sees } = yield* following
        for (let id = 1; id <= 3; id++) yield* rawRows(server(), `insert into orders values (${id})`)
        yield* sees(3)
        yield* rawRows(server(), "create table after_the_orders ()")
        const handled = yield* eventually(confirmed(server()), (position) => position > saved)
        // No feed may report to the slot before the test has looked at it.
        yield* rawRows(server(), "alter system set max_wal_senders = 0")
        yield* server().restart("immediate")
        assert.isBelow(Number(yield* confirmed(server())), Number(handled))
        yield* rawRows(server(), "alter system reset max_wal_senders")
        yield* server().restart("immediate")
        yield* rawRows(server(), "insert into orders values (4)")
        yield* sees(4)
        assert.deepStrictEqual(seen, [1, 2, 3, 4])
      })
    )
  )
})

/** A slot on a standby begins with the primary's next word about its running transactions. */
const createOnStandby = ({ primary, standby }: Pair) =>
  Effect.gen(function* () {
    const creating = yield* Effect.fork(Replication.Slot.create(slot).pipe(connecting({ target: standby })))
    yield* eventually(
      Effect.zipRight(rawRows(primary, "select pg_log_standby_snapshot()"), Fiber.poll(creating)),
      (done) => done._tag === "Some"
    )
    yield* Fiber.join(creating)
  })

describe("a run that reads from a standby", () => {
  for (const version of [16, 18] as const) {
    it.scopedLive(
      `goes on when the standby is started again, when it is promoted, and when the link is lost after that (PostgreSQL ${version}) (REP-061)`,
      () =>
        Effect.gen(function* () {
          const both = yield* pair(version)
          const { primary, standby } = both
          yield* setUp(primary)
          yield* createOnStandby(both)
          const { seen, sees } = yield* following.pipe(connecting({ target: standby }))
          const inserts = (id: number, target: Target) =>
            Effect.zipRight(rawRows(target, `insert into orders values (${id})`), sees(id))
          yield* inserts(1, primary)
          yield* standby.restart("fast")
          yield* inserts(2, primary)
          yield* rawRows(standby, "select pg_promote()")
          yield* inserts(3, standby)
          // The same run of the server, at once; then another run.
          yield* rawRows(
            standby,
            "select pg_terminate_backend(active_pid) from pg_replication_slots where active"
          )
          yield* inserts(4, standby)
          yield* standby.restart("fast")
          yield* inserts(5, standby)
          assert.deepStrictEqual(seen, [1, 2, 3, 4, 5])
        }),
      120_000
    )

    it.scopedLive(
      `keeps the timeline that its positions came to belong to, for a process that is started anew (PostgreSQL ${version}) (LOG-064)`,
      () =>
        Effect.gen(function* () {
          const both = yield* pair(version)
          const { primary, standby } = both
          yield* setUp(primary)
          yield* createOnStandby(both)
          const copies = yield* table("id int")
          const positions = fresh("positions")
          yield* Effect.addFinalizer(() =>
            Effect.ignore(rawRows(shared, `drop table if exists ${positions}`))
          )
          const run = Replication.run(
            { slot, publications: ["orders"], statusInterval: "50 millis" },
            Replication.exactlyOnce({ connection: open(), table: positions }, (event, connection) =>
              Effect.forEach(event._tag === "Transaction" ? event.changes : [], (change) =>
                change._tag === "Insert"
                  ? connection.query(s(`insert into ${copies} values ($1)`, [change.new["id"]]))
                  : Effect.void
              )
            ),
            { reconnect: Schedule.spaced("50 millis") }
          ).pipe(connecting({ target: standby }))
          const sees = (id: number) =>
            eventually(rawRows(shared, `select max(id) from ${copies}`), ([row]) => row?.[0] === String(id))
          const first = yield* Effect.fork(run)
          yield* rawRows(primary, "insert into orders values (1)")
          yield* sees(1)
          yield* rawRows(standby, "select pg_promote()")
          yield* rawRows(standby, "insert into orders values (2)")
          yield* sees(2)
          // An idle feed keeps its position too.
          yield* eventually(rawRows(shared, `select timeline from ${positions}`), ([row]) => row?.[0] === "2")
          yield* Fiber.interrupt(first)
          yield* rawRows(standby, "insert into orders values (3)")
          yield* Effect.forkScoped(run)
          yield* sees(3)
          const [ids] = yield* rawRows(shared, `select array_agg(id order by id) from ${copies}`)
          assert.deepStrictEqual(ids, ["{1,2,3}"])
        }),
      120_000
    )
  }
})
