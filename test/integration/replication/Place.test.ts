/** A position is of one cluster: a source that another cluster has taken the place of. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Replication from "../../../src/Replication.js"
import type { TransactionEvent } from "../../../src/replication/feed/TransactionAssembler.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import type { Target } from "../connection/sessions.js"
import { open, s, table } from "../connection/sessions.js"
import { rawRows } from "../support/rawSession.js"
import { matrix, shared } from "../support/server.js"
import { connecting, fresh, lastEnd, slotRow } from "./support.js"

const slot = "orders"

/**
 * A server with a slot, the table that it follows, and so much log. Test clusters of one version are copies of one template and
 * have its identifier, so another cluster is one of another version.
 */
const source = (version: (typeof matrix)[number], log: number) =>
  Effect.gen(function* () {
    const server = yield* start({ version })
    yield* rawRows(server, "create table orders (id int primary key)")
    yield* rawRows(server, "create publication orders for table orders")
    yield* connecting({ target: server })(Replication.Slot.create(slot))
    yield* rawRows(server, `create table filling as select generate_series(1, ${log}) as n`)
    return server
  })

const confirmed = (target: Target) =>
  Effect.map(slotRow(slot, "confirmed_flush_lsn", target), (row) => row?.[0])

const idsOf = (event: TransactionEvent): ReadonlyArray<unknown> =>
  event._tag === "Transaction"
    ? event.changes.flatMap((change) => (change._tag === "Insert" ? [change.new["id"]] : []))
    : []

/** What is written, and the position, lie in the shared server. */
const target = Effect.gen(function* () {
  const copies = yield* table("id int")
  const positions = fresh("positions")
  yield* Effect.addFinalizer(() => Effect.ignore(rawRows(shared, `drop table if exists ${positions}`)))
  const handler = Replication.exactlyOnce({ connection: open(), table: positions }, (event, connection) =>
    Effect.forEach(idsOf(event), (id) => connection.query(s(`insert into ${copies} values ($1)`, [id])))
  )
  const ids = Effect.map(rawRows(shared, `select id from ${copies} order by id`), (rows) => rows.flat())
  /** Goes through what the source has. */
  const follow = (server: Target, more: Partial<Replication.LogicalOptions> = {}) =>
    Effect.flatMap(lastEnd(slot, "orders", server), (until) =>
      connecting({ target: server })(
        Replication.run({ slot, publications: ["orders"], until, ...more }, handler)
      )
    )
  return { follow, handler, ids, positions }
})

describe("a source that was replaced by another cluster", () => {
  for (const version of matrix) {
    it.scopedLive(
      `is refused by the position that is kept with the data, in a process that has not seen the first (PostgreSQL ${version})`,
      () =>
        Effect.gen(function* () {
          const { follow, ids } = yield* target
          const first = yield* source(version === 18 ? 17 : 18, 20_000)
          yield* rawRows(first, "insert into orders values (1)")
          yield* follow(first)
          const other = yield* source(version, 1)
          // They lie below the position, and the log reaches beyond it in the end.
          yield* rawRows(other, "insert into orders values (2); insert into orders values (3)")
          yield* rawRows(other, "create table more as select generate_series(1, 100000) as n")
          const before = yield* confirmed(other)
          const error = yield* Effect.flip(follow(other))
          assert.deepInclude(error, { _tag: "PgSlotError", reason: "diverged" })
          assert.include(String(error), "this is another cluster")
          assert.deepStrictEqual(yield* ids, ["1"])
          // A new copy can still receive the changes kept by the slot.
          assert.strictEqual(yield* confirmed(other), before)
        }),
      120_000
    )
  }

  it.scopedLive("is refused by a table that an earlier version has made, once a run has been there", () =>
    Effect.gen(function* () {
      const { follow, ids, positions } = yield* target
      const first = yield* source(18, 20_000)
      yield* rawRows(
        shared,
        `create table ${positions} (name text primary key, position pg_lsn not null,
          moved_at timestamptz not null default now());
         insert into ${positions} values ('${slot}', '${(yield* confirmed(first))!}')`
      )
      yield* rawRows(first, "insert into orders values (1)")
      yield* follow(first)
      assert.deepStrictEqual(yield* ids, ["1"])
      const [row] = yield* rawRows(first, "select system_identifier::text from pg_control_system()")
      assert.deepStrictEqual(
        yield* rawRows(shared, `select system_id, timeline::text, handled = position from ${positions}`),
        [[row![0]!, "1", "t"]]
      )
      const other = yield* source(17, 100_000)
      yield* rawRows(other, "insert into orders values (2)")
      const error = yield* Effect.flip(follow(other))
      assert.deepInclude(error, { _tag: "PgSlotError", reason: "diverged" })
    })
  )

  it.scopedLive(
    "is refused where a consumer keeps the place with its position, and nothing is made there",
    () =>
      Effect.gen(function* () {
        const first = yield* source(18, 20_000)
        const other = yield* source(17, 100_000)
        const options = { slot, publications: ["orders"] }
        const facts = yield* connecting({ target: first })(
          Effect.scoped(Effect.map(Replication.logical(options), ({ facts }) => facts))
        )
        const again = { ...options, start: facts.start, startPlace: facts }
        const opening = (more: Partial<Replication.LogicalOptions>, server: Target) =>
          connecting({ target: server })(Effect.scoped(Replication.logical({ ...again, ...more })))
        yield* opening({}, first)
        const before = yield* confirmed(other)
        for (const more of [{}, { slot: "others", create: {} }]) {
          const error = yield* Effect.flip(opening(more, other))
          assert.deepInclude(error, { _tag: "PgSlotError", reason: "diverged" })
        }
        assert.strictEqual(yield* confirmed(other), before)
        assert.deepStrictEqual(yield* rawRows(other, "select slot_name from pg_replication_slots"), [[slot]])
      })
  )
})
