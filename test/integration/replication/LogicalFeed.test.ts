import { assert, describe, it } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as NodeFs from "node:fs"
import type { LogicalEvent } from "../../../src/replication/changes/LogicalEvent.js"
import { positionOf } from "../../../src/replication/changes/LogicalEvent.js"
import type { LogicalOptions } from "../../../src/replication/feed/LogicalFeed.js"
import { logical } from "../../../src/replication/feed/LogicalFeed.js"
import { plugin } from "../../../src/replication/feed/PluginFeed.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import * as SpillStore from "../../../src/replication/feed/SpillStore.js"
import { Unchanged } from "../../../src/replication/changes/Unchanged.js"
import { kindOf } from "../../../src/wire/replication/PgOutput.js"
import { Numeric } from "../../../src/model/Numeric.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import type { Target } from "../connection/sessions.js"
import { table } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { privateTemporaryFolder } from "../support/folders.js"
import { rawRows } from "../support/rawSession.js"
import { describeWithServer, matrix, shared } from "../support/server.js"
import { connecting, fresh, lastEnd, slotName, slotRow } from "./support.js"

/** A table, a publication of it, and a slot that begins now. */
const prepare = (columns: string, target: Target = shared, alter?: string) =>
  Effect.gen(function* () {
    const rows = yield* table(columns, target)
    if (alter !== undefined) yield* rawRows(target, `alter table ${rows} ${alter}`)
    const publication = fresh(`My"Pub,'`)
    const quoted = `"${publication.replaceAll('"', '""')}"`
    yield* Effect.acquireRelease(rawRows(target, `create publication ${quoted} for table ${rows}`), () =>
      Effect.ignore(rawRows(target, `drop publication ${quoted}`))
    )
    const slot = yield* slotName(target)
    yield* Slot.create(slot)
    const run = (sql: string) => rawRows(target, sql)
    const options: LogicalOptions = { slot, publications: [publication] }
    return { rows, slot, run, options }
  })

type Requirements<T> = T extends Effect.Effect<unknown, unknown, infer R> ? R : never
export type Environment = Requirements<ReturnType<typeof logical>> | Scope.Scope

const isEnd = (event: LogicalEvent): boolean => positionOf(event) !== undefined

/** Where streaming begins at once, transactions of other tests in this database arrive, with nothing in them. */
const isEmpty = (before: LogicalEvent | undefined, event: LogicalEvent | undefined): boolean =>
  before?._tag === "Begin" && event !== undefined && isEnd(event)

/** The events up to and including the n-th that can be acknowledged, without transactions that have nothing in them. */
const untilEnds = <E, R>(stream: Stream.Stream<LogicalEvent, E, R>, ends: number) => {
  let seen = 0
  let before: LogicalEvent | undefined
  const isLast = (event: LogicalEvent): boolean => {
    const counts = isEnd(event) && !isEmpty(before, event)
    before = event
    return counts && ++seen === ends
  }
  return Effect.map(Stream.runCollect(Stream.takeUntil(stream, isLast)), (chunk) => {
    const events = Chunk.toReadonlyArray(chunk)
    return events.filter((event, at) => !isEmpty(events[at - 1], event) && !isEmpty(event, events[at + 1]))
  })
}

const show = (event: LogicalEvent): unknown => {
  switch (event._tag) {
    case "Insert":
      return ["insert", event.relation.schema, event.new]
    case "Update":
      return ["update", event.oldKind, event.old, event.new]
    case "Delete":
      return ["delete", event.oldKind, event.old]
    case "Truncate":
      return ["truncate", event.relations.length]
    case "LogicalMessage":
      return [
        "message",
        event.prefix,
        new TextDecoder().decode(event.content),
        event.transaction !== undefined
      ]
    default:
      return event._tag
  }
}

const ends = (events: ReadonlyArray<LogicalEvent>) =>
  events.flatMap((event) => Option.toArray(Option.fromNullable(positionOf(event))))

const confirmed = (slot: string, target: Target = shared) =>
  Effect.map(slotRow(slot, "(confirmed_flush_lsn - '0/0'::pg_lsn)::text", target), (row) =>
    BigInt(row?.[0] ?? "0")
  )

/** What the reader of the slot has reported as taken over; zero when it has none. */
const written = (slot: string) =>
  Effect.map(
    rawRows(
      shared,
      `select (r.write_lsn - '0/0'::pg_lsn)::text from pg_stat_replication r
        join pg_replication_slots s on s.active_pid = r.pid where s.slot_name = '${slot}'`
    ),
    ([row]) => BigInt(row?.[0] ?? "0")
  )

/** A history of every kind of change, alike on every version. */
const history = (target: Target, major: number) =>
  Effect.gen(function* () {
    const { options, rows, run, slot } = yield* prepare(
      "id int primary key, name text, price numeric, tags int[], big text",
      target,
      "alter big set storage external"
    )
    const feed = yield* logical({ ...options, messages: true })
    assert.strictEqual((feed.facts.serverVersion! / 10_000) | 0, major)
    yield* run(
      `insert into ${rows} values (1, 'one', 1.50, '{1,2}', repeat('b', 10000)), (2, null, 'NaN', null, null)`
    )
    yield* run(`update ${rows} set name = 'ONE' where id = 1`)
    yield* run(`update ${rows} set id = 3 where id = 2`)
    yield* run(`delete from ${rows} where id = 3; truncate ${rows}`)
    yield* run(`begin; select pg_logical_emit_message(true, 'p', 'inside'); commit`)
    yield* run(`select pg_logical_emit_message(false, 'p', 'alone'); insert into ${rows} values (9)`)
    const events = yield* untilEnds(feed.changes, 7)
    const one = Numeric.fromText("1.50")
    assert.deepStrictEqual(events.map(show), [
      "Begin",
      [
        "insert",
        "public",
        { id: 1, name: "one", price: Option.getOrThrow(one), tags: [1, 2], big: "b".repeat(10_000) }
      ],
      ["insert", "public", { id: 2, name: null, price: Numeric.NaN, tags: null, big: null }],
      "Commit",
      "Begin",
      [
        "update",
        "none",
        undefined,
        { id: 1, name: "ONE", price: Option.getOrThrow(one), tags: [1, 2], big: Unchanged }
      ],
      "Commit",
      "Begin",
      ["update", "key", { id: 2 }, { id: 3, name: null, price: Numeric.NaN, tags: null, big: null }],
      "Commit",
      "Begin",
      ["delete", "key", { id: 3 }],
      ["truncate", 1],
      "Commit",
      "Begin",
      ["message", "p", "inside", true],
      "Commit",
      ["message", "p", "alone", false],
      "Begin",
      ["insert", "public", { id: 9, name: null, price: null, tags: null, big: null }],
      "Commit"
    ])
    const last = ends(events).at(-1)!
    yield* feed.acknowledge(last)
    yield* feed.report
    yield* eventually(confirmed(slot, target), (position) => position >= last)
  })

describe("a logical feed", () => {
  it.scopedLive(
    "returns every kind of change, typed (REP-032, LOG-002, LOG-029, TRP-101, TRP-110, TRP-112)",
    () => connecting()(history(shared, 18))
  )

  it.scopedLive("repeats what was not acknowledged, and nothing that was (LOG-053, LOG-055, TRP-104)", () =>
    connecting()(
      Effect.gen(function* () {
        const { options, rows, run, slot } = yield* prepare("id int")
        for (let id = 1; id <= 5; id++) yield* run(`insert into ${rows} values (${id})`)
        const read = (count: number, acknowledge: number) =>
          Effect.scoped(
            Effect.gen(function* () {
              const feed = yield* logical(options)
              const events = yield* untilEnds(feed.changes, count)
              if (acknowledge > 0) yield* feed.acknowledge(ends(events)[acknowledge - 1]!)
              return events.flatMap((event) => (event._tag === "Insert" ? [event.new["id"]] : []))
            })
          )
        assert.deepStrictEqual(yield* read(5, 0), [1, 2, 3, 4, 5])
        assert.deepStrictEqual(yield* read(5, 0), [1, 2, 3, 4, 5])
        assert.deepStrictEqual(yield* read(3, 2), [1, 2, 3])
        // The final report was on time: the slot shows it once the feed has closed.
        const before = yield* confirmed(slot)
        assert.deepStrictEqual(yield* read(3, 3), [3, 4, 5])
        assert.isAbove(Number(yield* confirmed(slot)), Number(before))
        yield* run(`insert into ${rows} values (6)`)
        assert.deepStrictEqual(yield* read(1, 1), [6])
      })
    )
  )

  it.scopedLive("refuses an acknowledgement of what has not come, and a second reader", () =>
    connecting()(
      Effect.gen(function* () {
        const { options, rows, run } = yield* prepare("id int")
        const feed = yield* logical(options)
        yield* run(`insert into ${rows} values (1)`)
        const [end] = ends(yield* untilEnds(feed.changes, 1))
        const error = yield* Effect.flip(feed.acknowledge(end! + 1_000_000n))
        assert.deepInclude(error, { _tag: "PgSlotError", reason: "diverged" })
        assert.strictEqual((yield* Effect.flip(Stream.runDrain(feed.transactions)))._tag, "PgClosedError")
      })
    )
  )

  it.scopedLive(
    "moves an idle slot on with the server's log, and not past what waits (REP-052, LOG-060, TRP-098)",
    () =>
      connecting()(
        Effect.gen(function* () {
          const { options, rows, run, slot } = yield* prepare("id int")
          const other = yield* table("id int")
          const feed = yield* logical({ ...options, statusInterval: "50 millis" })
          const seen: Array<LogicalEvent> = []
          yield* Effect.forkScoped(
            Stream.runForEach(feed.changes, (event) => Effect.sync(() => seen.push(event)))
          )
          const end = Effect.map(run("select (pg_current_wal_lsn() - '0/0'::pg_lsn)::text"), (rows) =>
            BigInt(rows[0]![0]!)
          )
          yield* run(`insert into ${other} select generate_series(1, 1000)`)
          const idle = yield* end
          yield* eventually(confirmed(slot), (position) => position >= idle)

          yield* run(`insert into ${rows} values (1)`)
          yield* eventually(
            Effect.sync(() => ends(seen)),
            (positions) => positions.length === 1
          )
          yield* run(`insert into ${other} select generate_series(1, 1000)`)
          const beyond = yield* end
          // A report behind it shows that it was written; it is not flushed yet.
          yield* eventually(written(slot), (position) => position >= beyond)
          assert.isBelow(Number(yield* confirmed(slot)), Number(ends(seen)[0]))

          yield* feed.acknowledge(ends(seen)[0]!)
          const later = yield* end
          yield* eventually(confirmed(slot), (position) => position >= later)
          assert.strictEqual((yield* feed.progress).outstanding, 0)
        })
      )
  )

  it.scopedLive("ends at its until position, with everything up to it (REP-086)", () =>
    connecting()(
      Effect.gen(function* () {
        const { options, rows, run, slot } = yield* prepare("id int")
        yield* run(`insert into ${rows} values (1); `)
        yield* run(`insert into ${rows} values (2)`)
        const until = yield* lastEnd(slot, options.publications[0]!)
        yield* run(`insert into ${rows} values (3)`)
        const feed = yield* logical({ ...options, until })
        const whole = Chunk.toReadonlyArray(yield* Stream.runCollect(feed.transactions))
        assert.deepStrictEqual(
          whole.map((event) => (event._tag === "Transaction" ? event.changes.length : event._tag)),
          [1, 1]
        )
      })
    )
  )

  it.scopedLive("makes a slot that is gone with it, or takes one that is there", () =>
    connecting()(
      Effect.gen(function* () {
        const { options, rows, run, slot } = yield* prepare("id int")
        const name = fresh("temporary")
        yield* Effect.scoped(
          Effect.gen(function* () {
            const feed = yield* logical({ ...options, slot: name, create: { temporary: true } })
            assert.strictEqual(feed.facts.created?.name, name)
            assert.isTrue(Option.getOrThrow(yield* Slot.get(name)).temporary)
            yield* run(`insert into ${rows} values (1)`)
            assert.lengthOf(yield* untilEnds(feed.changes, 1), 3)
          })
        )
        yield* eventually(Slot.get(name), Option.isNone)
        const feed = yield* logical({ ...options, create: {} })
        assert.isUndefined(feed.facts.created)
        assert.strictEqual(feed.facts.slot, slot)
      })
    )
  )

  it.scopedLive(
    "reports what is wrong with a slot before it begins (REP-034, REP-035, LOG-061, TRP-107)",
    () =>
      connecting()(
        Effect.gen(function* () {
          const { options, rows, run, slot } = yield* prepare("id int")
          const reason = (changes: Partial<LogicalOptions>) =>
            Effect.map(Effect.flip(Effect.scoped(logical({ ...options, ...changes }))), (error) =>
              error._tag === "PgSlotError"
                ? error.reason
                : error._tag === "PgUsageError"
                  ? error.argument
                  : error._tag
            )
          assert.strictEqual(yield* reason({ slot: "nobody" }), "missing")
          const text = yield* slotName()
          yield* Slot.create(text, { plugin: "test_decoding" })
          assert.strictEqual(yield* reason({ slot: text }), "slot")
          const physical = yield* slotName()
          yield* Slot.createPhysical(physical)
          assert.strictEqual(yield* reason({ slot: physical }), "slot")
          assert.strictEqual(yield* reason({ publications: [] }), "publications")
          assert.strictEqual(yield* reason({ start: 2n ** 60n }), "diverged")

          const old = Option.getOrThrow(yield* Slot.get(slot)).confirmed!
          yield* run(`insert into ${rows} values (1)`)
          const { lag } = Option.getOrThrow(yield* Slot.get(slot))
          yield* Slot.advance(slot, old + lag!)
          assert.include(["diverged", "recreated"], yield* reason({ start: old }))

          const holder = yield* logical(options)
          assert.strictEqual(yield* reason({}), "in-use")
          const reading = yield* Effect.fork(Effect.flip(Stream.runDrain(holder.changes)))
          const taker = yield* logical({ ...options, inUse: { takeOver: true } })
          assert.strictEqual((yield* Fiber.join(reading))._tag, "PgServerError")
          yield* run(`insert into ${rows} values (2)`)
          assert.lengthOf(yield* untilEnds(taker.changes, 1), 3)
        })
      )
  )

  it.scopedLive("is not opened while a publication is missing, which 18 passes over (LOG-003, TRP-113)", () =>
    connecting()(
      Effect.gen(function* () {
        const { options, rows, run, slot } = yield* prepare("id int")
        yield* run(`insert into ${rows} values (1)`)
        const before = yield* slotRow(slot, "confirmed_flush_lsn")
        const mistyped = { ...options, publications: [...options.publications, "nobody's"] }
        const error = yield* Effect.flip(Effect.scoped(logical(mistyped)))
        assert.deepInclude(error, { _tag: "PgUsageError", argument: "publications" })
        assert.include(error.message, "nobody's")
        assert.deepStrictEqual(yield* slotRow(slot, "confirmed_flush_lsn"), before)
        const feed = yield* logical(options)
        assert.lengthOf(yield* untilEnds(feed.changes, 1), 3)
      })
    )
  )

  it.scopedLive(
    "puts streamed transactions together, without what was taken back (LOG-044, TRP-102, TRP-103)",
    () =>
      connecting({ config: { parameters: { debug_logical_replication_streaming: "immediate" } } })(
        Effect.gen(function* () {
          const { options, rows, run } = yield* prepare("id int, pad text")
          for (const streaming of ["on", "parallel"] as const) {
            const feed = yield* Effect.scoped(
              Effect.gen(function* () {
                const feed = yield* logical({ ...options, streaming })
                yield* run(
                  `begin; insert into ${rows} values (1); savepoint a; insert into ${rows} values (2);
                 rollback to a; insert into ${rows} values (3); commit`
                )
                const rolledBack = `begin; insert into ${rows} values (4); rollback`
                yield* run(rolledBack)
                yield* run(`create table unpublished (id int); insert into unpublished values (1);
                  drop table unpublished`)
                yield* run(`insert into ${rows} values (5)`)
                const events = yield* untilEnds(feed.changes, 2)
                yield* feed.acknowledge(ends(events)[1]!)
                return events
              })
            )
            assert.deepStrictEqual(
              feed.map((event) => (event._tag === "Insert" ? event.new["id"] : event._tag)),
              ["Begin", 1, 3, "Commit", "Begin", 5, "Commit"]
            )
            assert.isTrue(feed[0]?._tag === "Begin" && feed[0].transaction.streamed)
          }
        })
      )
  )
})

describe("types of the database", () => {
  for (const streaming of ["off", "on"] as const) {
    it.scopedLive(`are read as in queries, streaming ${streaming} (LOG-018, LOG-031)`, () =>
      connecting({ config: { parameters: { debug_logical_replication_streaming: "immediate" } } })(
        Effect.gen(function* () {
          const [mood, name, pair] = [fresh("mood"), fresh("name"), fresh("pair")]
          yield* Effect.acquireRelease(
            rawRows(
              shared,
              `create type ${mood} as enum ('sad', 'glad'); create domain ${name} as text;
               create type ${pair} as (a int, b ${mood})`
            ),
            () =>
              Effect.ignore(
                rawRows(shared, `drop type ${pair}; drop domain ${name}; drop type ${mood} cascade`)
              )
          )
          for (const binary of [true, false]) {
            const { options, rows, run } = yield* prepare(
              `m ${mood}, ms ${mood}[], n ${name}, p ${pair}, r int4range`
            )
            const feed = yield* logical({ ...options, streaming, binary })
            yield* run(`insert into ${rows} values ('glad', '{sad,glad}', 'x', '(1,sad)', '[1,3)')`)
            const insert = (yield* untilEnds(feed.changes, 1)).find((event) => event._tag === "Insert")
            assert.deepInclude(insert?.new, { m: "glad", ms: ["sad", "glad"], n: "x", p: { a: 1, b: "sad" } })
            assert.strictEqual(String(insert?.new["r"]), "[1,3)")
          }
        })
      )
    )
  }
})

describe("transactions larger than memory", () => {
  it.scopedLive("wait in private files that are gone afterwards (LOG-047, LOG-049)", () =>
    connecting({ config: { parameters: { logical_decoding_work_mem: "64kB" } } })(
      Effect.gen(function* () {
        const { options, rows, run } = yield* prepare("id int, pad text")
        const parent = yield* privateTemporaryFolder
        const store = yield* SpillStore.inFiles({ memoryBytes: 100_000 })
        const feed = yield* logical({ ...options, streaming: "on", store, bufferBytes: 65_536 })
        yield* run(`insert into ${rows} select i, repeat('x', 200) from generate_series(1, 20000) i`)
        let next = 1
        let files: ReadonlyArray<string> = []
        yield* Stream.runForEach(
          Stream.takeUntil(feed.changes, (event) => event._tag === "Commit"),
          (event) =>
            Effect.sync(() => {
              if (event._tag !== "Insert") return
              assert.strictEqual(event.new["id"], next++)
              if (next !== 10_000) return
              files = NodeFs.readdirSync(parent).flatMap((folder) =>
                NodeFs.readdirSync(`${parent}/${folder}`).map((file) => {
                  const { mode, size } = NodeFs.statSync(`${parent}/${folder}/${file}`)
                  return `${(NodeFs.statSync(`${parent}/${folder}`).mode & 0o777).toString(8)}/${(mode & 0o777).toString(8)} ${size > 4_000_000}`
                })
              )
            })
        )
        assert.strictEqual(next, 20_001)
        assert.deepStrictEqual(files, ["700/600 true"])
        assert.deepStrictEqual(NodeFs.readdirSync(`${parent}/${NodeFs.readdirSync(parent)[0]!}`), [])
      }).pipe(Effect.provide(NodeFileSystem.layer))
    )
  )

  it.scopedLive("do not arrive when rolled back, except parts that 18 takes back unasked (LOG-045)", () =>
    connecting({ config: { parameters: { logical_decoding_work_mem: "64kB" } } })(
      Effect.gen(function* () {
        const { options, rows, run } = yield* prepare("id int")
        yield* run(
          `begin; savepoint part; insert into ${rows} values (1); release part;
           insert into ${rows} select generate_series(2, 20000); rollback`
        )
        yield* run(`insert into ${rows} values (0)`)
        const kinds = yield* Effect.scoped(
          Effect.flatMap(logical(options), ({ messages }) =>
            Stream.runCollect(
              messages.pipe(
                Stream.map((message) => (message._tag === "XLogData" ? kindOf(message.data[0]!) : undefined)),
                Stream.takeUntil((kind) => kind === "Commit")
              )
            )
          )
        )
        assert.include(Chunk.toReadonlyArray(kinds), "StreamAbort")
        const feed = yield* logical(options)
        assert.deepStrictEqual((yield* untilEnds(feed.changes, 1)).map(show), [
          "Begin",
          ["insert", "public", { id: 0 }],
          "Commit"
        ])
      })
    )
  )

  it.scopedLive("fail the feed when no file was allowed, and when they are wanted whole", () =>
    connecting({ config: { parameters: { logical_decoding_work_mem: "64kB" } } })(
      Effect.gen(function* () {
        const { options, rows, run } = yield* prepare("id int, pad text")
        yield* run(`insert into ${rows} select i, repeat('x', 200) from generate_series(1, 20000) i`)
        const failure = (changes: Partial<LogicalOptions>) =>
          Effect.scoped(
            Effect.gen(function* () {
              const feed = yield* logical({ ...options, ...changes })
              return yield* Effect.flip(Stream.runDrain(feed.transactions))
            })
          )
        const store = SpillStore.inMemory(1_000_000)
        assert.deepInclude(yield* failure({ streaming: "on", store }), {
          _tag: "PgLimitError",
          limit: "memoryBytes"
        })
        assert.deepInclude(yield* failure({ transactionBytes: 100_000 }), {
          _tag: "PgLimitError",
          limit: "transactionBytes",
          max: 100_000,
          nothingSent: false
        })
      })
    )
  )
})

describe("a feed of another plugin", () => {
  it.scopedLive(
    "gives what the plugin writes, and goes on behind what was acknowledged (REP-038, REP-087, REP-090)",
    () =>
      connecting()(
        Effect.gen(function* () {
          const { rows, run } = yield* prepare("id int")
          const slot = yield* slotName()
          yield* Slot.create(slot, { plugin: "test_decoding" })
          const read = Effect.scoped(
            Effect.gen(function* () {
              const feed = yield* plugin({
                slot,
                plugin: "test_decoding",
                options: [["include-xids", "off"], ["skip-empty-xacts"]]
              })
              // A plugin gives the transactions of all tables, those of other tests among them.
              let lines: Array<string> = []
              yield* Stream.runForEachWhile(feed.messages, (message) =>
                Effect.gen(function* () {
                  if (message._tag !== "XLogData") return true
                  const line = new TextDecoder().decode(message.data)
                  lines = line === "BEGIN" ? [line] : [...lines, line]
                  if (line !== "COMMIT") return true
                  yield* feed.acknowledge(message.start)
                  return !lines.some((one) => one.startsWith(`table public.${rows}:`))
                })
              )
              return lines
            })
          )
          yield* run(`insert into ${rows} values (1)`)
          yield* run(`insert into ${rows} values (2)`)
          for (const id of [1, 2]) {
            assert.deepStrictEqual(yield* read, [
              "BEGIN",
              `table public.${rows}: INSERT: id[integer]:${id}`,
              "COMMIT"
            ])
          }
        })
      )
  )
})

describeWithServer("the oldest server", { version: 14 }, (server) => {
  it.scopedLive("returns every kind of change too", () =>
    connecting({ target: server() })(history(server(), 14))
  )
})

describeWithServer("an impatient server", { settings: { wal_sender_timeout: "1s" } }, (server) => {
  it.scopedLive(
    "keeps a consumer that takes five times as long as it waits for an answer (REP-045, REP-046, TRP-100)",
    () =>
      connecting({ target: server() })(
        Effect.gen(function* () {
          const { options, rows, run } = yield* prepare("id int, pad text", server())
          const feed = yield* logical({ ...options, bufferBytes: 65_536 })
          assert.strictEqual(String(feed.facts.statusInterval), "Duration(333ms)")
          yield* run(`insert into ${rows} select i, repeat('x', 1000) from generate_series(1, 3000) i`)
          let slept = false
          const events = yield* untilEnds(
            Stream.mapEffect(feed.changes, (event) => {
              if (slept) return Effect.succeed(event)
              slept = true
              return Effect.delay(Effect.succeed(event), "5 seconds")
            }),
            1
          )
          assert.lengthOf(events, 3002)
          yield* run(`insert into ${rows} values (0, 'still there')`)
        })
      )
  )

  it.scopedLive("is answered while nothing is read and nothing comes (REP-044)", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const { options, rows, run } = yield* prepare("id int", server())
        // Only the answers to its questions keep it.
        const feed = yield* logical({ ...options, statusInterval: "1 hour" })
        yield* Effect.sleep("3 seconds")
        yield* run(`insert into ${rows} values (1)`)
        assert.lengthOf(yield* untilEnds(feed.changes, 1), 3)
      })
    )
  )

  it.scopedLive("stops without waiting for us (REP-054, TRP-099)", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const { options, rows, run } = yield* prepare("id int", server())
        const feed = yield* logical(options)
        yield* run(`insert into ${rows} values (1)`)
        const acknowledged = yield* Deferred.make<void>()
        const reading = yield* Effect.fork(
          Effect.flip(
            Stream.runForEach(feed.changes, (event) => {
              const position = positionOf(event)
              return position === undefined
                ? Effect.void
                : Effect.zipRight(feed.acknowledge(position), Deferred.succeed(acknowledged, undefined))
            })
          )
        )
        yield* Deferred.await(acknowledged)
        yield* server().stop("fast")
        assert.strictEqual((yield* Fiber.join(reading))._tag, "PgClosedError")
        yield* server().startAgain
      })
    )
  )

  it.scopedLive("stops although a feed that has failed is in its scope (REP-054)", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy.make({ target: server() })
      yield* connecting({ target: { ...server(), ...proxy } })(
        Effect.gen(function* () {
          const { options, rows, run } = yield* prepare("id int", server())
          const feed = yield* logical(options)
          // What a table is has to be asked for in another session.
          yield* proxy.refuse(true)
          yield* run(`insert into ${rows} values (1)`)
          assert.deepInclude(yield* Effect.flip(Stream.runDrain(feed.changes)), { _tag: "PgConnectError" })
          yield* server().stop("fast")
          yield* proxy.refuse(false)
          yield* server().startAgain
        })
      )
    })
  )
})

for (const version of matrix) {
  describeWithServer(
    `positions that a consumer gives apart (PostgreSQL ${version})`,
    { version, settings: { wal_level: "logical" } },
    (server) => {
      it.scopedLive("are what the server has of it: written, flushed and applied (REP-049, REP-050)", () =>
        connecting({ target: server() })(
          Effect.gen(function* () {
            const { options, rows, run, slot } = yield* prepare("id int primary key", server())
            const feed = yield* logical({ ...options, statusInterval: "1 hour" })
            yield* run(`insert into ${rows} values (1)`)
            yield* run(`insert into ${rows} values (2)`)
            yield* run(`insert into ${rows} values (3)`)
            const [one, two, three] = ends(yield* untilEnds(feed.changes, 3))
            const told = Effect.map(
              run(
                `select (r.write_lsn - '0/0'::pg_lsn)::text, (r.flush_lsn - '0/0'::pg_lsn)::text,
                   (r.replay_lsn - '0/0'::pg_lsn)::text
                 from pg_stat_replication r join pg_replication_slots s on s.active_pid = r.pid
                 where s.slot_name = '${slot}'`
              ),
              ([row]) => row?.map((text) => BigInt(text ?? "0"))
            )
            yield* feed.acknowledge({ written: three!, flushed: two!, applied: one! })
            yield* feed.report
            yield* eventually(told, (row) => row?.join() === [three, two, one].join())
            yield* eventually(confirmed(slot, server()), (position) => position === two)
            yield* feed.acknowledge({ applied: three!, flushed: three! })
            yield* feed.report
            yield* eventually(told, (row) => row?.join() === [three, three, three].join())
          })
        )
      )
    }
  )
}
