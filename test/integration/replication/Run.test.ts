import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { layer, PgConnector } from "../../../src/connection/PgConnector.js"
import * as PgSchema from "../../../src/PgSchema.js"
import type { LogicalOptions } from "../../../src/replication/feed/LogicalFeed.js"
import * as Replication from "../../../src/Replication.js"
import type { RunEvent } from "../../../src/replication/run/RunEvent.js"
import type { TransactionEvent } from "../../../src/replication/feed/TransactionAssembler.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import type { Target } from "../connection/sessions.js"
import { configOf, s, table } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { describeWithServer, shared } from "../support/server.js"
import { connecting, fresh, lastEnd, slotName, slotRow } from "./support.js"

/** A table, a publication of it, and a slot that begins now. */
const prepare = (columns: string, target: Target = shared) =>
  Effect.gen(function* () {
    const rows = yield* table(columns, target)
    const publication = fresh("run_pub")
    yield* Effect.acquireRelease(rawRows(target, `create publication ${publication} for table ${rows}`), () =>
      Effect.ignore(rawRows(target, `drop publication ${publication}`))
    )
    const slot = yield* slotName(target)
    yield* Replication.Slot.create(slot)
    const run = (sql: string) => rawRows(target, sql)
    const options: LogicalOptions = { slot, publications: [publication] }
    return { rows, slot, run, options }
  })

/** The ids that a transaction inserts. */
const idsOf = (event: TransactionEvent): ReadonlyArray<number> =>
  event._tag === "Transaction"
    ? event.changes.flatMap((change) => (change._tag === "Insert" ? [change.new["id"] as number] : []))
    : []

const endTheWalsender = (slot: string, target: Target = shared) =>
  Effect.flatMap(slotRow(slot, "pg_terminate_backend(active_pid)::text", target), (row) =>
    row?.[0] === "true" ? Effect.void : Effect.fail(new Error("nobody uses the slot"))
  )

const confirmed = (slot: string, target: Target = shared) =>
  Effect.map(slotRow(slot, "(confirmed_flush_lsn - '0/0'::pg_lsn)::text", target), (row) =>
    BigInt(row?.[0] ?? "0")
  )

const tags = (events: ReadonlyArray<RunEvent<unknown>>) => events.map(({ _tag }) => _tag)

class Crash extends Data.TaggedError("Crash")<{ readonly at: string }> {}

/** Opens again at once: what is tested is that it does, not when. */
const soon = Schedule.spaced("20 millis")

const inserts = (from: number, to: number, rows: string) =>
  Array.from({ length: to - from }, (_, at) => `insert into ${rows} values (${from + at})`)

describe("a feed kept going", () => {
  it.scopedLive("goes on where it was when its session is ended (L01, REP-056)", () =>
    connecting()(
      Effect.gen(function* () {
        const { options, rows, run, slot } = yield* prepare("id int")
        const seen: Array<number> = []
        const events: Array<RunEvent> = []
        const running = yield* Effect.fork(
          Replication.run(
            options,
            Replication.eachTransaction((event) => Effect.sync(() => seen.push(...idsOf(event)))),
            { onEvent: (event) => Effect.sync(() => events.push(event)) }
          )
        )
        for (let round = 0; round < 3; round++) {
          yield* run(`insert into ${rows} values (${round * 2})`)
          yield* eventually(
            Effect.sync(() => seen.length),
            (length) => length === round * 2 + 1
          )
          yield* endTheWalsender(slot)
          yield* run(`insert into ${rows} values (${round * 2 + 1})`)
          yield* eventually(
            Effect.sync(() => seen.length),
            (length) => length === round * 2 + 2
          )
        }
        yield* Fiber.interrupt(running)
        assert.deepStrictEqual(seen, [0, 1, 2, 3, 4, 5])
        assert.deepStrictEqual(
          tags(events).filter((tag) => tag !== "Retrying" && tag !== "Lost"),
          ["Opened", "Resumed", "Resumed", "Resumed", "Stopped"]
        )
        // Each feed had handled something: its loss is the first since the run was last well.
        assert.deepStrictEqual(
          events.flatMap((event) =>
            event._tag === "Retrying" && event.reason._tag !== "PgSlotError" ? [event.attempt] : []
          ),
          [1, 1, 1]
        )
        const last = events.at(-1)!
        assert.strictEqual(last._tag === "Stopped" ? last.how : undefined, "interrupted")
        // What was finished was reported before the feed closed.
        assert.strictEqual(yield* confirmed(slot), last._tag === "Stopped" ? last.position : 0n)
      })
    )
  )

  it.scopedLive("ends with its handler's failure, and begins there the next time (L21, LOG-055)", () =>
    connecting()(
      Effect.gen(function* () {
        const { options, rows, run } = yield* prepare("id int")
        for (const sql of inserts(1, 6, rows)) yield* run(sql)
        const seen: Array<number> = []
        const take = (fails: boolean) =>
          Replication.eachTransaction((event) =>
            Effect.suspend(() => {
              const [id] = idsOf(event)
              if (fails && id === 3) return Effect.fail(new Crash({ at: "3" }))
              seen.push(id!)
              return Effect.void
            })
          )
        const error = yield* Effect.flip(Replication.run(options, take(true)))
        assert.strictEqual(error._tag, "Crash")
        assert.deepStrictEqual(seen, [1, 2])
        yield* Effect.raceFirst(
          Replication.run(options, take(false)),
          eventually(
            Effect.sync(() => seen.length),
            (length) => length === 5
          )
        )
        assert.deepStrictEqual(seen, [1, 2, 3, 4, 5])
      })
    )
  )

  it.scopedLive("takes changes one by one, and batches, up to a position (REP-086)", () =>
    connecting()(
      Effect.gen(function* () {
        const { options, rows, run, slot } = yield* prepare("id int")
        yield* run(`insert into ${rows} select generate_series(1, 3)`)
        for (const sql of inserts(4, 8, rows)) yield* run(sql)
        const until = yield* lastEnd(slot, options.publications[0]!)
        yield* run(`insert into ${rows} values (8)`)
        const events: Array<RunEvent> = []
        const copy = yield* slotName()
        yield* run(`select pg_copy_logical_replication_slot('${slot}', '${copy}')`)
        const seen: Array<unknown> = []
        yield* Replication.run(
          { ...options, until },
          Replication.eachChange(
            (event) => Effect.sync(() => event._tag === "Insert" && seen.push(event.new["id"])),
            { concurrency: 4 }
          ),
          { onEvent: (event) => Effect.sync(() => events.push(event)) }
        )
        assert.deepStrictEqual(seen, [1, 2, 3, 4, 5, 6, 7])
        assert.deepStrictEqual(tags(events), ["Opened", "Stopped"])
        assert.isAtLeast(Number(yield* confirmed(slot)), Number(until))
        const batches: Array<ReadonlyArray<number>> = []
        yield* Replication.run(
          { ...options, slot: copy, until },
          Replication.eachBatch(
            (batch) => Effect.sync(() => batches.push(Chunk.toReadonlyArray(batch).flatMap(idsOf))),
            { count: 2 }
          )
        )
        assert.deepStrictEqual(batches, [[1, 2, 3, 4], [5, 6], [7]])
      })
    )
  )

  it.scopedLive(
    "fails for a slot that is gone, made anew or moved on, and does not go on (L15, LOG-059, LOG-063)",
    () =>
      connecting()(
        Effect.gen(function* () {
          const { options, rows, run, slot } = yield* prepare("id int")
          const seen: Array<number> = []
          const follow = () =>
            Effect.gen(function* () {
              const before = seen.length
              const changed = yield* Effect.makeLatch()
              const running = yield* Effect.fork(
                Effect.flip(
                  Replication.run(
                    options,
                    Replication.eachTransaction((event) => Effect.sync(() => seen.push(...idsOf(event)))),
                    // It connects again when the slot has been changed.
                    { reconnect: Schedule.mapEffect(Schedule.spaced("3 millis"), () => changed.await) }
                  )
                )
              )
              yield* run(`insert into ${rows} values (1)`)
              yield* eventually(
                Effect.sync(() => seen.length),
                (length) => length > before
              )
              return Effect.map(Effect.zipRight(changed.open, Fiber.join(running)), (error) =>
                error._tag === "PgSlotError" ? error.reason : error._tag
              )
            })

          const first = yield* follow()
          yield* endTheWalsender(slot)
          yield* Replication.Slot.drop(slot, { wait: true })
          assert.strictEqual(yield* first, "missing")

          yield* Replication.Slot.create(slot)
          const second = yield* follow()
          yield* endTheWalsender(slot)
          yield* Replication.Slot.drop(slot, { wait: true })
          // Something of its own, and enough log that the new slot keeps none from before.
          yield* run(`insert into ${rows} values (2); select pg_switch_wal(); checkpoint`)
          yield* Replication.Slot.create(slot)
          assert.strictEqual(yield* second, "recreated")

          const third = yield* follow()
          yield* endTheWalsender(slot)
          yield* run(`insert into ${rows} values (3)`)
          yield* run(`select pg_replication_slot_advance('${slot}', pg_current_wal_lsn())`)
          assert.strictEqual(yield* third, "diverged")
        })
      )
  )
})

describeWithServer("a feed kept going, over restarts", {}, (server) => {
  it.scopedLive("outlives the server's restart, however it stops (L01, L17)", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const { options, rows, run } = yield* prepare("id int", server())
        const seen: Array<number> = []
        const events: Array<RunEvent> = []
        const running = yield* Effect.fork(
          Replication.run(
            options,
            Replication.eachTransaction((event) => Effect.sync(() => seen.push(...idsOf(event)))),
            { reconnect: soon, onEvent: (event) => Effect.sync(() => events.push(event)) }
          )
        )
        let id = 0
        for (const mode of ["fast", "immediate"] as const) {
          yield* run(`insert into ${rows} values (${++id})`)
          yield* eventually(
            Effect.sync(() => seen.length),
            (length) => length === id
          )
          yield* server().restart(mode)
          yield* run(`insert into ${rows} values (${++id})`)
          yield* eventually(
            Effect.sync(() => seen.length),
            (length) => length === id
          )
        }
        yield* Fiber.interrupt(running)
        assert.deepStrictEqual(seen, [1, 2, 3, 4])
        assert.strictEqual(tags(events).filter((tag) => tag === "Resumed").length, 2)
      })
    )
  )
})

for (const marked of [false, true]) {
  describe(`exactly once${marked ? ", marked with an origin" : ""}`, () => {
    /** A target, and a way to read what is in it, twice if it is there twice. */
    const target = Effect.gen(function* () {
      const copies = yield* table("id int")
      const ids = Effect.map(rawRows(shared, `select id from ${copies} order by id`), (rows) =>
        rows.map((row) => Number(row[0]))
      )
      return { copies, ids }
    })
    it.scopedLive(
      "loses and doubles nothing when the handler fails before or after its write, or its session ends (L01, L21, LOG-058)",
      () =>
        connecting()(
          Effect.gen(function* () {
            const { options, rows, run, slot } = yield* prepare("id int")
            const { copies, ids } = yield* target
            const connector = yield* PgConnector
            const name = fresh("origin")
            const positions = fresh("positions")
            yield* Effect.addFinalizer(() =>
              run(
                `drop table if exists ${positions};
                 select pg_replication_origin_drop(roname) from pg_replication_origin where roname = '${name}'`
              ).pipe(Effect.retry({ times: 20 }), Effect.ignore)
            )
            const witness = yield* slotName()
            yield* Replication.Slot.create(witness, { plugin: "test_decoding" })
            const troubled = new Set<number>()
            const events: Array<RunEvent<unknown>> = []
            const handler = Replication.exactlyOnce(
              {
                connection: connector.open(),
                table: positions,
                ...(marked ? { origin: name } : {})
              },
              (event, connection) =>
                Effect.gen(function* () {
                  const [id] = idsOf(event)
                  if (id === undefined) return
                  const first = !troubled.has(id)
                  troubled.add(id)
                  if (first && id % 5 === 1) yield* new Crash({ at: "before" })
                  yield* connection.query(s(`insert into ${copies} values ($1)`, [id]))
                  if (first && id % 5 === 2) yield* new Crash({ at: "after" })
                  if (first && id % 5 === 3) {
                    yield* run(`select pg_terminate_backend(${connection.facts.processId})`)
                    yield* connection.query(s("select 1"))
                  }
                  if (first && id % 5 === 4) yield* endTheWalsender(slot)
                })
            )
            const running = yield* Effect.fork(
              Replication.run(options, handler, {
                retry: Schedule.recurs(1),
                reconnect: soon,
                onEvent: (event) => Effect.sync(() => events.push(event))
              })
            )
            for (const sql of inserts(0, 20, rows)) yield* run(sql)
            yield* eventually(ids, (found) => found.length >= 20)
            yield* run(`insert into ${rows} values (20)`)
            yield* eventually(ids, (found) => found.includes(20))
            yield* Fiber.interrupt(running)
            assert.deepStrictEqual(
              yield* ids,
              Array.from({ length: 21 }, (_, id) => id)
            )
            const count = (tag: string) => tags(events).filter((each) => each === tag).length
            assert.strictEqual(count("HandlerFailed"), 8)
            // A session that ended in the handler is noticed there; of the walsender's end what has come is handled first.
            assert.isAtLeast(count("Resumed"), 4)
            const here = yield* Effect.map(
              run(
                `select data from pg_logical_slot_peek_changes('${witness}', null, null, 'only-local', '1')`
              ),
              (rows) => rows.some(([line]) => line?.includes(`public.${copies}:`))
            )
            assert.strictEqual(here, !marked)
          })
        )
    )
  })
}

describe("a position that is kept with the data", () => {
  it.scopedLive("is not left to an origin, since the server moves that for what it rolls back, too", () =>
    Effect.gen(function* () {
      const rows = yield* table("id int")
      const origin = fresh("moved")
      yield* Effect.acquireRelease(rawRows(shared, `select pg_replication_origin_create('${origin}')`), () =>
        Effect.ignore(rawRows(shared, `select pg_replication_origin_drop('${origin}')`))
      )
      const answer = yield* rawRows(
        shared,
        `select pg_replication_origin_session_setup('${origin}');
         begin; insert into ${rows} values (1);
         select pg_replication_origin_xact_setup('0/1234', now()); rollback;
         select pg_replication_origin_session_progress(false); select pg_replication_origin_session_reset()`
      )
      assert.include(answer.flat(), "0/1234")
      assert.deepStrictEqual(yield* rawRows(shared, `select from ${rows}`), [])
    })
  )

  /** A run into a table of copies, which the test ends. */
  const copying = Effect.gen(function* () {
    const source = yield* prepare("id int")
    const copies = yield* table("id int")
    const positions = fresh("positions")
    yield* Effect.addFinalizer(() => Effect.ignore(source.run(`drop table if exists ${positions}`)))
    const ids = Effect.map(source.run(`select id from ${copies} order by id`), (rows) =>
      rows.map((row) => Number(row[0]))
    )
    const kept = Effect.map(
      source.run(`select (position - '0/0'::pg_lsn)::text from ${positions} where name = '${source.slot}'`),
      ([row]) => BigInt(row?.[0] ?? "0")
    )
    return { ...source, copies, positions, ids, kept }
  })

  it.scopedLive(
    "is looked at when the answer to a COMMIT was lost, whatever had become of it (LOG-058)",
    () =>
      connecting()(
        Effect.gen(function* () {
          const { copies, ids, options, positions, rows, run } = yield* copying
          const proxy = yield* FaultProxy.make({ target: shared })
          const target = yield* PgConnector.pipe(Effect.provide(layer(configOf({ target: proxy }))))
          const events: Array<RunEvent<unknown>> = []
          const troubled = new Set<number>()
          const handler = Replication.exactlyOnce(
            { connection: target.open(), table: positions },
            (event, connection) =>
              Effect.gen(function* () {
                const [id] = idsOf(event)
                yield* connection.query(s(`insert into ${copies} values ($1)`, [id]))
                if (troubled.has(id!) || id! > 2) return
                troubled.add(id!)
                // The COMMIT arrives and its answer does not, or it does not arrive.
                yield* proxy.setFault(
                  id === 1 ? { toClient: { resetAfter: 0 } } : { toServer: { resetAfter: 0 } }
                )
              })
          )
          yield* Effect.fork(
            Replication.run(options, handler, {
              reconnect: soon,
              onEvent: (event) =>
                Effect.zipRight(
                  Effect.sync(() => events.push(event)),
                  event._tag === "Lost" ? proxy.setFault({}) : Effect.void
                )
            })
          )
          for (const sql of inserts(1, 4, rows)) yield* run(sql)
          yield* eventually(ids, (found) => found.includes(3))
          assert.deepStrictEqual(yield* ids, [1, 2, 3])
          assert.deepStrictEqual(
            events.flatMap((event) => (event._tag === "Lost" ? [event.reason._tag] : [])),
            ["PgCommitUnknownError", "PgCommitUnknownError"]
          )
        })
      )
  )

  it.scopedLive(
    "fails for a slot that was moved on or made anew between two runs, and follows an idle one (L02, L15, LOG-059)",
    () =>
      connecting()(
        Effect.gen(function* () {
          const { copies, ids, kept, options, positions, rows, run, slot } = yield* copying
          const connector = yield* PgConnector
          const handler = Replication.exactlyOnce(
            { connection: connector.open(), table: positions },
            (event, connection) => connection.query(s(`insert into ${copies} values ($1)`, [idsOf(event)[0]]))
          )
          const running = (until: Effect.Effect<unknown, Error>) =>
            Effect.raceFirst(
              Effect.zipRight(
                Replication.run({ ...options, statusInterval: "20 millis" }, handler),
                Effect.never
              ),
              until
            )
          const other = yield* table("id int")
          yield* run(`insert into ${rows} values (1)`)
          yield* running(
            Effect.gen(function* () {
              yield* eventually(ids, (found) => found.includes(1))
              const before = yield* kept
              yield* run(`insert into ${other} select generate_series(1, 1000)`)
              yield* eventually(kept, (position) => position > before)
              yield* eventually(confirmed(slot), (position) => position > before)
            })
          )
          // What is kept is never behind the slot.
          assert.isAtLeast(Number(yield* kept), Number(yield* confirmed(slot)))
          const reason = Effect.map(Effect.flip(Replication.run(options, handler)), (error) =>
            error._tag === "PgSlotError" ? error.reason : error._tag
          )
          // As long as a transaction that has written is open, decoding restarts before it: the advanced slot does not look like a new one.
          yield* Effect.scoped(
            Effect.gen(function* () {
              const writer = yield* connector.open()
              yield* writer.simple(`begin; insert into ${other} values (0)`)
              yield* run(`insert into ${rows} values (2)`)
              yield* running(eventually(ids, (found) => found.includes(2)))
              assert.deepStrictEqual(yield* ids, [1, 2])

              yield* run(`insert into ${rows} values (3)`)
              yield* run(`select pg_replication_slot_advance('${slot}', pg_current_wal_lsn())`)
              assert.strictEqual(yield* reason, "diverged")
            })
          )
          yield* Replication.Slot.drop(slot)
          yield* run(`select pg_switch_wal(); checkpoint`)
          yield* Replication.Slot.create(slot)
          assert.strictEqual(yield* reason, "recreated")
          assert.deepStrictEqual(yield* ids, [1, 2])
        })
      )
  )

  for (const queries of [true, false]) {
    it.scopedLive(
      `ends the run when the handler takes longer than its session may be idle in a transaction, ${queries ? "and asks for more" : "and then commits"}`,
      () =>
        connecting()(
          Effect.gen(function* () {
            const { copies, ids, options, positions, rows, run } = yield* copying
            const connector = yield* PgConnector
            const parameters = { idle_in_transaction_session_timeout: "20ms" }
            const handler = Replication.exactlyOnce(
              { connection: connector.open({ parameters }), table: positions },
              (_, connection) =>
                Effect.gen(function* () {
                  yield* connection.query(s(`insert into ${copies} values (1)`))
                  yield* connection.ended
                  if (queries) yield* connection.query(s("select 1"))
                })
            )
            yield* run(`insert into ${rows} values (1)`)
            const error = yield* Effect.flip(
              Replication.run(options, handler, {
                reconnect: soon
              })
            )
            assert.deepInclude(error, { _tag: "PgServerError", code: "25P03" })
            assert.include(String(error), "idle_in_transaction_session_timeout")
            assert.deepStrictEqual(yield* ids, [])
          })
        )
    )
  }

  it.scopedLive("moves for whole batches, and for one run at a time", () =>
    connecting()(
      Effect.gen(function* () {
        const { copies, ids, options, positions, rows, run, slot } = yield* copying
        const connector = yield* PgConnector
        for (const sql of inserts(1, 8, rows)) yield* run(sql)
        const until = yield* lastEnd(slot, options.publications[0]!)
        let calls = 0
        const handler = Replication.exactlyOnce(
          { connection: connector.open(), table: positions, batch: { count: 3 } },
          (event, connection) =>
            Effect.gen(function* () {
              yield* connection.query(s(`insert into ${copies} values ($1)`, [idsOf(event)[0]]))
              // The second batch fails at its end, and is repeated as a whole.
              if (++calls === 6) yield* new Crash({ at: "6" })
            })
        )
        yield* Replication.run({ ...options, until }, handler, { retry: Schedule.recurs(1) })
        assert.deepStrictEqual(yield* ids, [1, 2, 3, 4, 5, 6, 7])
        assert.strictEqual(calls, 10)

        const meddling = Replication.exactlyOnce(
          { connection: connector.open(), table: positions },
          () => Effect.void
        )
        yield* run(`insert into ${rows} values (8)`)
        const keeping = yield* Effect.fork(
          Effect.flip(
            Replication.run({ ...options, statusInterval: "20 millis" }, meddling, {
              reconnect: Schedule.stop,
              onEvent: (event) =>
                event._tag === "Opened"
                  ? Effect.asVoid(run(`update ${positions} set position = position + 1`)).pipe(Effect.orDie)
                  : Effect.void
            })
          )
        )
        assert.deepInclude(yield* Fiber.join(keeping), { _tag: "PgSlotError", reason: "in-use" })
      })
    )
  )
})

describeWithServer(
  "a transaction prepared before its slot sent prepared ones",
  { settings: { max_prepared_transactions: "5" } },
  (server) => {
    it.scopedLive("arrives whole with its commit, and is handled with it, exactly once too (LOG-058)", () =>
      Effect.gen(function* () {
        const target = server()
        const prepared = yield* prepare("id int", target).pipe(connecting({ target }))
        const { options, rows, run } = prepared
        const connector = yield* Effect.provide(PgConnector, layer(configOf({ target })))
        const copies = yield* table("id int primary key", target)
        const held = new Map<string, ReadonlyArray<number>>()
        const handler = Replication.exactlyOnce(
          { connection: connector.open(), table: fresh("positions") },
          (event, connection) => {
            if (event._tag === "Transaction" && event.isPrepared) {
              return Effect.sync(() => held.set(event.transaction.gid!, idsOf(event)))
            }
            const ids = event._tag === "CommitPrepared" ? held.get(event.gid) : idsOf(event)
            return connection.query(s(`insert into ${copies} select unnest($1::int4[])`, [ids]))
          }
        )
        const ids = Effect.map(run(`select id from ${copies} order by id`), (found) =>
          found.map(([id]) => Number(id))
        )
        const following = (twoPhase: boolean, last: number) =>
          Effect.raceFirst(
            Effect.zipRight(Replication.run({ ...options, twoPhase }, handler), Effect.never),
            eventually(ids, (found) => found.includes(last))
          ).pipe(connecting({ target }))
        const gid = fresh("late")
        // Its locks would outlast a test that fails.
        yield* Effect.addFinalizer(() => Effect.ignore(run(`rollback prepared '${gid}'`)))
        yield* run(`begin; insert into ${rows} values (1); prepare transaction '${gid}'`)
        yield* run(`insert into ${rows} values (2)`)
        yield* following(false, 2)
        assert.deepStrictEqual(yield* ids, [2])
        yield* run(`insert into ${rows} values (3)`)
        yield* following(true, 3)
        yield* run(`commit prepared '${gid}'`)
        yield* run(`insert into ${rows} values (4)`)
        yield* following(true, 4)
        assert.deepStrictEqual(yield* ids, [1, 2, 3, 4])
      })
    )
  }
)

describe("tables and messages", () => {
  it.scopedLive(
    "come typed from a real server, a domain and a large value included (L12, L13, LOG-018)",
    () =>
      connecting()(
        Effect.gen(function* () {
          const connector = yield* PgConnector
          const domain = fresh("positive")
          yield* Effect.acquireRelease(
            rawRows(shared, `create domain ${domain} as int check (value > 0)`),
            () => Effect.ignore(rawRows(shared, `drop domain ${domain} cascade`))
          )
          const { options, rows, run } = yield* prepare(`id ${domain} primary key, big text, at timestamptz`)
          yield* run(`alter table ${rows} alter big set storage external`)
          const Row = Schema.Struct({
            id: PgSchema.Int4,
            big: PgSchema.Text,
            at: Schema.NullOr(PgSchema.TimestampTz)
          })
          const typed = Replication.table(`public.${rows}`, Row)
          yield* run(`insert into ${rows} values (1, repeat('x', 10000), null)`)
          yield* run(`update ${rows} set at = null where id = 1; delete from ${rows}`)
          const position = yield* Effect.scoped(
            Effect.flatMap(connector.open(), (connection) =>
              Replication.emit(connection, {
                prefix: "mine",
                content: "héllo",
                transactional: false,
                flush: true
              })
            )
          )
          const seen: Array<unknown> = []
          yield* Replication.run(
            { ...options, messages: true, until: position },
            Replication.eachChange((event) =>
              Effect.map(typed.decode(event), (found) => {
                if (event._tag === "LogicalMessage") {
                  seen.push([event.prefix, new TextDecoder().decode(event.content), event.lsn === position])
                }
                if (Option.isNone(found)) return
                const change = found.value
                if (change._tag === "Insert") seen.push([change.new.row.id, change.new.row.big.length])
                if (change._tag === "Update") seen.push([change.new._tag, change.new.row])
                if (change._tag === "Delete") seen.push([change.old._tag, change.old.row])
              })
            )
          )
          assert.deepStrictEqual(seen, [
            [1, 10_000],
            ["PartialRow", { id: 1, at: null }],
            ["PartialRow", { id: 1 }],
            ["mine", "héllo", true]
          ])
          yield* run(`alter table ${rows} alter big type int using 1; insert into ${rows} values (2, 2)`)
          const refused = yield* Effect.flip(Replication.run(options, Replication.eachChange(typed.decode)))
          assert.deepInclude(refused, { _tag: "PgCodecError", place: { _tag: "Columns", of: "table" } })
          assert.match(refused.message, /big +int4 .*<- another type/)
        })
      )
  )
})
