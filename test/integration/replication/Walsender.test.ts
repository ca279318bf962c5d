/** What a walsender is like, and what of that a feed relies on. */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Lsn from "../../../src/model/Lsn.js"
import * as Command from "../../../src/replication/walsender/Command.js"
import type { LogicalOptions } from "../../../src/replication/feed/LogicalFeed.js"
import { logical } from "../../../src/replication/feed/LogicalFeed.js"
import type { LogicalFeed } from "../../../src/replication/feed/LogicalFeed.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import type { Transaction } from "../../../src/replication/feed/TransactionAssembler.js"
import * as Walsender from "../../../src/replication/walsender/Walsender.js"
import type { Target } from "../connection/sessions.js"
import { refusal, table } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { describeEachVersion, describeWithServer, shared } from "../support/server.js"
import { connecting, fresh, slotName, slotRow } from "./support.js"

/** A published table, and a slot that begins now. */
const prepared = (columns: string, target: Target = shared) =>
  Effect.gen(function* () {
    const rows = yield* table(columns, target)
    const publication = fresh("publication")
    yield* Effect.acquireRelease(rawRows(target, `create publication ${publication} for table ${rows}`), () =>
      Effect.ignore(rawRows(target, `drop publication ${publication}`))
    )
    const slot = yield* slotName(target)
    yield* Slot.create(slot)
    const options: LogicalOptions = { slot, publications: [publication] }
    return { rows, slot, options, run: (sql: string) => rawRows(target, sql) }
  })

const taken = (feed: LogicalFeed, count: number) =>
  Effect.map(Stream.runCollect(Stream.take(feed.transactions, count)), (events) =>
    Chunk.toReadonlyArray(events).filter((event): event is Transaction => event._tag === "Transaction")
  )

const ids = (transactions: ReadonlyArray<Transaction>): ReadonlyArray<unknown> =>
  transactions.flatMap(({ changes }) =>
    changes.flatMap((change) => (change._tag === "Insert" ? [change.new["id"]] : []))
  )

describeEachVersion("a walsender", (server, version) => {
  it.scopedLive("makes, reads and drops physical slots (REP-012, REP-015, REP-016, REP-023)", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const connection = yield* Walsender.openPhysical
        const name = fresh("physical")
        yield* Walsender.createPhysicalSlot(connection, name, { reserveWal: true })
        yield* Walsender.createPhysicalSlot(connection, fresh("physical"), { temporary: true })
        const [row] = yield* rawRows(
          server(),
          `select restart_lsn, temporary from pg_replication_slots where slot_name = '${name}'`
        )
        assert.strictEqual(row![1], "f")
        if (version >= 15) {
          const read = yield* Walsender.readSlot(connection, name)
          assert.strictEqual(read?.restart, Option.getOrThrow(Lsn.fromText(row![0]!)))
          assert.strictEqual(read?.timeline, 1)
          assert.isUndefined(yield* Walsender.readSlot(connection, "nowhere"))
          const logicalSlot = yield* slotName(server())
          yield* Slot.create(logicalSlot)
          const error = yield* Effect.flip(Walsender.readSlot(connection, logicalSlot))
          assert.deepInclude(error, { _tag: "PgUsageError", argument: "slot" })
        }
        assert.strictEqual(yield* Walsender.segmentSize(connection), 16 << 20)
        yield* Walsender.dropSlot(connection, name)
        assert.strictEqual((yield* refusal(Walsender.dropSlot(connection, name))).code, "42704")
      })
    )
  )

  it.scopedLive("identifies itself, to the last digit, whatever lengths it claims (REP-010, REP-013)", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const system = yield* Walsender.identify(yield* Walsender.open)
        const [row] = yield* rawRows(
          server(),
          "select system_identifier, timeline_id from pg_control_system(), pg_control_checkpoint()"
        )
        assert.deepStrictEqual([system.systemId, String(system.timeline)], row)
        assert.strictEqual(system.database, "postgres")
      })
    )
  )

  it.scopedLive("has no history of a timeline that never was, and goes on (REP-014)", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const connection = yield* Walsender.openPhysical
        const error = yield* refusal(Walsender.ask(connection, Command.timelineHistory(99)))
        assert.strictEqual(error.code, "58P01")
        assert.strictEqual((yield* Walsender.identify(connection)).timeline, 1)
      })
    )
  )
})

describe("a slot's state", () => {
  it.scopedLive("is seen by the transaction that made the slot, if that is fresh (REP-019)", () =>
    connecting()(
      Effect.gen(function* () {
        const { rows, run } = yield* prepared("id int")
        const connection = yield* Walsender.open
        const use = (name: string) => Slot.createOn(connection, name, { snapshot: "use", temporary: true })
        assert.strictEqual((yield* refusal(use(fresh("use")))).severity, "ERROR")
        yield* connection.simple("begin isolation level repeatable read, read only; select 1")
        assert.strictEqual((yield* refusal(use(fresh("use")))).severity, "ERROR")
        yield* connection.simple("rollback; begin isolation level repeatable read, read only")
        yield* use(fresh("use"))
        yield* run(`insert into ${rows} values (1)`)
        assert.deepStrictEqual(yield* Walsender.rows(connection, `select id from ${rows}`), [])
        yield* connection.simple("rollback")
        assert.lengthOf(yield* Walsender.rows(connection, `select id from ${rows}`), 1)
      })
    )
  )

  it.scopedLive(
    "is gone with an error if the slot is temporary, and the next feed reports that it made another (TRP-120)",
    () =>
      connecting()(
        Effect.gen(function* () {
          const { options, rows, run } = yield* prepared("id int")
          const connection = yield* Walsender.open
          const name = fresh("temporary")
          yield* Slot.createOn(connection, name, { temporary: true })
          yield* refusal(connection.simple("select 1 / 0"))
          assert.isTrue(Option.isNone(yield* Slot.get(name)))
          const feed = yield* logical({ ...options, slot: name, create: { temporary: true } })
          assert.strictEqual(feed.facts.created?.consistentPoint, feed.facts.start)
          yield* run(`insert into ${rows} values (1)`)
          assert.deepStrictEqual(ids(yield* taken(feed, 1)), [1])
        })
      )
  )
})

describe("positions", () => {
  it.scopedLive("begin at the later of the one asked for and the slot's (REP-033)", () =>
    connecting()(
      Effect.gen(function* () {
        const { options, rows, run, slot } = yield* prepared("id int")
        for (let id = 1; id <= 3; id++) yield* run(`insert into ${rows} values (${id})`)
        const read = (changes: Partial<LogicalOptions>, count: number, acknowledged: number) =>
          Effect.scoped(
            Effect.gen(function* () {
              const feed = yield* logical({ ...options, ...changes })
              const transactions = yield* taken(feed, count)
              if (acknowledged > 0) yield* feed.acknowledge(transactions[acknowledged - 1]!.endLsn)
              return { ids: ids(transactions), ends: transactions.map(({ endLsn }) => endLsn), feed }
            })
          )
        const all = yield* read({}, 3, 0)
        const asked = yield* read({ start: all.ends[0]! }, 2, 0)
        assert.deepStrictEqual([asked.ids, asked.feed.facts.start], [[2, 3], all.ends[0]])
        // A feed reports acknowledged positions to the slot.
        assert.deepStrictEqual((yield* read({}, 2, 1)).ids, [2, 3])
        const kept = yield* read({}, 1, 0)
        const confirmed = Option.getOrThrow(yield* Slot.get(slot)).confirmed
        assert.deepStrictEqual([kept.ids, kept.feed.facts.start], [[3], confirmed])
        for (const start of [all.ends[0]!, all.ends[2]! + 2n ** 40n]) {
          const error = yield* Effect.flip(Effect.scoped(logical({ ...options, start })))
          assert.strictEqual(error._tag, "PgSlotError")
        }
      })
    )
  )

  it.scopedLive("that are written and not yet safe move no slot (REP-049)", () =>
    connecting()(
      Effect.gen(function* () {
        const { options, rows, run, slot } = yield* prepared("id int")
        const feed = yield* logical(options)
        for (let id = 1; id <= 3; id++) yield* run(`insert into ${rows} values (${id})`)
        const ends = (yield* taken(feed, 3)).map(({ endLsn }) => endLsn)
        yield* feed.acknowledge(ends[0]!)
        yield* feed.report
        const [written] = yield* eventually(
          rawRows(
            shared,
            `select (r.write_lsn - '0/0')::text, (s.confirmed_flush_lsn - '0/0')::text
             from pg_replication_slots s join pg_stat_replication r on r.pid = s.active_pid where slot_name = '${slot}'`
          ),
          (found) => found[0]?.[1] === String(ends[0])
        )
        assert.isAtLeast(Number(written?.[0]), Number(ends[2]))
        yield* Effect.sleep("300 millis")
        assert.deepStrictEqual(yield* slotRow(slot, "(confirmed_flush_lsn - '0/0')::text"), [String(ends[0])])
      })
    )
  )
})

const styles = {
  DateStyle: "German",
  IntervalStyle: "sql_standard",
  extra_float_digits: "-5",
  bytea_output: "escape",
  timezone: "Asia/Kathmandu"
}

describeWithServer("a server with styles of its own", { settings: styles }, (server) => {
  it.scopedLive("sends texts that are read as the values they stand for (LOG-032)", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const { options, rows, run } = yield* prepared(
          "at timestamptz, day date, span interval, score float8, raw bytea",
          server()
        )
        yield* run(
          `insert into ${rows} values ('2001-02-03 04:05:06.789+01', '2001-02-03', '1 mon -2 days 03:00:00.5',
             0.1::float8 + 0.2::float8, '\\x00ff5c27')`
        )
        const read = (binary: boolean) =>
          Effect.scoped(
            Effect.gen(function* () {
              const [transaction] = yield* taken(yield* logical({ ...options, binary }), 1)
              const change = transaction?.changes[0]
              return change?._tag === "Insert" ? change.new : undefined
            })
          )
        // Ours would read any form of these two; other plugins build theirs on this one.
        const connection = yield* Walsender.open
        assert.strictEqual(yield* Walsender.setting(connection, "IntervalStyle"), "postgres")
        assert.strictEqual(yield* Walsender.setting(connection, "bytea_output"), "hex")
        const text = yield* read(false)
        assert.strictEqual(text?.["score"], 0.1 + 0.2)
        assert.deepStrictEqual(text, yield* read(true))
      })
    )
  )
})

describeWithServer(
  "a primary that waits for a feed",
  { settings: { synchronous_standby_names: "feed", synchronous_commit: "local" } },
  (server) => {
    it.scopedLive("goes on as soon as the feed reports what is safe (REP-053)", () =>
      connecting({ target: server(), config: { applicationName: "feed" } })(
        Effect.gen(function* () {
          const { options, rows, run } = yield* prepared("id int", server())
          const feed = yield* logical({ ...options, statusInterval: "1 hour" })
          const commit = yield* Effect.fork(
            run(`set synchronous_commit = on; insert into ${rows} values (1)`)
          )
          const [transaction] = yield* taken(feed, 1)
          yield* Effect.sleep("300 millis")
          assert.isTrue(Option.isNone(yield* Fiber.poll(commit)))
          yield* feed.acknowledge(transaction!.endLsn)
          yield* feed.report
          yield* Fiber.join(commit)
        })
      )
    )
  }
)
