/**
 * Values of every type there is, of extensions and of an application's own too: as queries read them, as a snapshot copies
 * them, and as a feed gives them, in both formats.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { PgChangeRowError } from "../../../src/model/ChangeRowError.js"
import { DroppedTypeValue } from "../../../src/replication/changes/DroppedTypeValue.js"
import { logical } from "../../../src/replication/feed/LogicalFeed.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import * as Registry from "../../../src/types/Registry.js"
import type { Target } from "../connection/sessions.js"
import { open, s } from "../connection/sessions.js"
import { describeWithServer, shared } from "../support/server.js"
import { compareAll } from "./everyType.js"
import { connecting, fresh, slotName } from "./support.js"

describe("values of every type, in a query, a snapshot, and a feed by binary and by text", () => {
  it.scopedLive("are equal", () => compareAll(shared, { registry: Registry.lossless, streaming: "off" }))
})

/** What a feed gives that reads in binary until it meets a column that cannot be. */
const meetText = (target: Target, type: string, literal: string, streaming: "off" | "on") =>
  connecting({ target, config: { parameters: { logical_decoding_work_mem: "64kB" } } })(
    Effect.gen(function* () {
      const pg = yield* open({ target })
      const publication = fresh("meet")
      const [plain, other] = [fresh("plain"), fresh("other")]
      yield* Effect.acquireRelease(
        pg.simple(`create table ${plain} (id int primary key); create table ${other} (id int primary key, note text);
          create publication ${publication} for table ${plain}, ${other}`),
        () => Effect.ignore(pg.simple(`drop publication ${publication}; drop table ${plain}, ${other}`))
      )
      const slot = yield* slotName(target)
      yield* Slot.create(slot)
      const feed = yield* logical({ slot, publications: [publication], streaming })
      const numbers = (from: number, to: number) =>
        `insert into ${other} select i, repeat('x', 200) from generate_series(${from}, ${to}) i`
      yield* pg.simple(`begin; ${numbers(1, 700)}; commit`)
      yield* pg.simple(`alter table ${plain} add column odd ${type}`)
      // The transaction has given many of its changes before it comes to the column.
      yield* pg.simple(
        `begin; ${numbers(701, 1500)}; insert into ${plain} values (1, '${literal}'), (2, null); ${numbers(1501, 1900)}; commit`
      )
      yield* pg.simple(`begin; ${numbers(1901, 2000)}; commit`)
      yield* pg.simple(`insert into ${plain} values (3, '${literal}')`)
      const [[end]] = (yield* pg.values(s("select pg_current_wal_lsn()"))) as [[bigint]]
      const events: Array<unknown> = []
      yield* Stream.takeUntil(feed.changes, (event) => event._tag === "Commit" && event.endLsn >= end).pipe(
        Stream.runForEach((event) =>
          Effect.suspend(() => {
            if (event._tag === "Insert") events.push(event.new["odd"] ?? event.new["id"])
            else events.push(event._tag)
            return event._tag === "Commit" ? feed.acknowledge(event.endLsn) : Effect.void
          })
        )
      )
      const [[odd]] = (yield* pg.values(s(`select odd from ${plain} where id = 1`))) as [[unknown]]
      const ids = (from: number, to: number) =>
        Array.from({ length: to - from + 1 }, (_, index) => from + index)
      const expected = [
        ["Begin", ...ids(1, 700), "Commit"],
        ["Begin", ...ids(701, 1500), odd, 2, ...ids(1501, 1900), "Commit"],
        ["Begin", ...ids(1901, 2000), "Commit"],
        ["Begin", odd, "Commit"]
      ].flat()
      // Transactions of others have nothing in them.
      const own = events.filter((event, at) => {
        const isEmpty = (first: unknown, second: unknown) => first === "Begin" && second === "Commit"
        return !isEmpty(event, events[at + 1]) && !isEmpty(events[at - 1], event)
      })
      assert.deepStrictEqual(runsOf(own), runsOf(expected))
    })
  ).pipe(Effect.scoped)

/** Numbers that follow one another as their first and last. */
const runsOf = (events: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  const runs: Array<unknown> = []
  let from = 0
  for (const [at, event] of events.entries()) {
    if (typeof event === "number" && events[at + 1] === event + 1) continue
    runs.push(at === from ? event : [events[from], event])
    from = at + 1
  }
  return runs
}

const textOnly = [
  ["money", "12.34"],
  ["aclitem[]", "{=r/postgres}"],
  ["regtype[]", "{integer,text}"]
] as const

describe("a column that has no binary form, or none that queries use, met amid a feed", () => {
  for (const [type, literal] of textOnly) {
    for (const streaming of ["off", "on"] as const) {
      it.scopedLive(`has ${type} go on as text, each change once, streaming ${streaming}`, () =>
        meetText(shared, type, literal, streaming)
      )
    }
  }
})

describe("a type that is gone", () => {
  it.scopedLive("has its values marked, as the server prints them", () =>
    connecting()(
      Effect.gen(function* () {
        const pg = yield* open()
        const [rows, mood] = [fresh("rows"), fresh("mood")]
        yield* pg.simple(`create type ${mood} as enum ('sad', 'glad'); create table ${rows} (id int primary key, m ${mood}, l ${mood}[]);
          create publication ${rows} for table ${rows}`)
        yield* Effect.addFinalizer(() =>
          Effect.ignore(pg.simple(`drop publication ${rows}; drop table ${rows}`))
        )
        const [[oid, array]] = (yield* pg.values(
          s(`select '${mood}'::regtype::oid, '${mood}[]'::regtype::oid`)
        )) as [[number, number]]
        const slot = yield* slotName()
        yield* Slot.create(slot)
        yield* pg.simple(`insert into ${rows} values (1, 'sad', '{glad,null}')`)
        yield* pg.simple(`drop type ${mood} cascade; insert into ${rows} values (2)`)
        for (const binary of [true, false]) {
          const seen = yield* Effect.scoped(
            Effect.flatMap(logical({ slot, publications: [rows], binary }), (feed) =>
              feed.changes.pipe(
                Stream.filterMap((event) =>
                  event._tag === "Insert" ? Option.some(event.new) : Option.none()
                ),
                Stream.take(2),
                Stream.runCollect
              )
            )
          )
          assert.deepStrictEqual(
            [...seen],
            [
              {
                id: 1,
                m: new DroppedTypeValue({ typeOid: oid, text: "sad" }),
                l: new DroppedTypeValue({ typeOid: array, text: "{glad,NULL}" })
              },
              { id: 2 }
            ]
          )
        }
      })
    )
  )
})

/** A table with a composite, alone, in arrays and inside another, altered in every way between the rows. */
const alterComposites = (target: Target, binary: boolean, streaming: "off" | "on") =>
  connecting({ target, config: { parameters: { logical_decoding_work_mem: "64kB" } } })(
    Effect.gen(function* () {
      const pg = yield* open({ target })
      const [rows, item, outer] = [fresh("rows"), fresh("item"), fresh("outer")]
      yield* pg.simple(`create type ${item} as (a int, b text); create type ${outer} as (i ${item}, l ${item}[]);
        create table ${rows} (id int primary key, o ${outer}, pad text); create publication ${rows} for table ${rows}`)
      yield* Effect.addFinalizer(() =>
        Effect.ignore(pg.simple(`drop publication ${rows}; drop table ${rows}; drop type ${outer}, ${item}`))
      )
      const slot = yield* slotName(target)
      yield* Slot.create(slot)
      const pad = `(select string_agg(md5(i::text), '') from generate_series(1, ${streaming === "on" ? 3000 : 1}) i)`
      const insert = (id: number, value: string) =>
        pg.simple(
          `insert into ${rows} values (${id}, row(row(${value})::${item}, array[row(${value})::${item}, null])::${outer}, ${pad})`
        )
      const alter = (how: string) => pg.simple(`alter type ${item} ${how}`)
      const write = Effect.gen(function* () {
        yield* insert(1, "1, 'one'")
        yield* alter("add attribute c int")
        yield* insert(2, "2, 'two', 22")
        yield* alter("drop attribute b")
        yield* insert(3, "3, 33")
        yield* alter("add attribute d int")
        yield* alter("rename attribute a to aa")
        yield* insert(4, "4, 44, 444")
        // As many fields of the same types as before, and another name for the last.
        yield* alter("drop attribute d")
        yield* alter("add attribute e int")
        yield* insert(5, "5, 55, 555")
      })
      const read = Effect.flatMap(logical({ slot, publications: [rows], binary, streaming }), (feed) =>
        feed.changes.pipe(
          Stream.filterMap((event) =>
            event._tag === "Insert" ? Option.some(event.new["o"]) : Option.none()
          ),
          Stream.take(5),
          Stream.runCollect
        )
      ).pipe(Effect.scoped)
      yield* write
      return [...(yield* read)]
    })
  ).pipe(Effect.scoped)

/** As the server has the rows now: a field that was made later is NULL, one that was dropped is not there. */
const rowsNow = [
  { aa: 1, c: null, e: null },
  { aa: 2, c: 22, e: null },
  { aa: 3, c: 33, e: null },
  { aa: 4, c: 44, e: null },
  { aa: 5, c: 55, e: 555 }
].map((i) => ({ i, l: [i, null] }))

const alterations = (target: () => Target): void => {
  for (const binary of [true, false]) {
    for (const streaming of ["off", "on"] as const) {
      const how = `${binary ? "in binary" : "as text"}, streaming ${streaming}`
      it.scopedLive(`is read by the fields that it had, ${how}`, () =>
        Effect.map(alterComposites(target(), binary, streaming), (seen) =>
          assert.deepStrictEqual(seen, rowsNow)
        )
      )
    }
  }
}

describe("a composite that was altered since a value was written", () => {
  alterations(() => shared)

  it.scopedLive("is asked for again where it is altered while the feed runs", () =>
    connecting()(
      Effect.gen(function* () {
        const pg = yield* open()
        const [rows, item] = [fresh("rows"), fresh("item")]
        yield* pg.simple(`create type ${item} as (a int); create table ${rows} (id int primary key, i ${item});
          create publication ${rows} for table ${rows}`)
        yield* Effect.addFinalizer(() =>
          Effect.ignore(pg.simple(`drop publication ${rows}; drop table ${rows}; drop type ${item}`))
        )
        const slot = yield* slotName()
        yield* Slot.create(slot)
        const feed = yield* logical({ slot, publications: [rows] })
        const seen = yield* Queue.unbounded<unknown>()
        yield* Effect.forkScoped(
          Stream.runForEach(feed.changes, (event) =>
            event._tag === "Insert" ? Queue.offer(seen, event.new["i"]) : Effect.void
          ).pipe(Effect.ensuring(Queue.shutdown(seen)))
        )
        yield* pg.simple(`insert into ${rows} values (1, row(1))`)
        assert.deepStrictEqual(yield* Queue.take(seen), { a: 1 })
        yield* pg.simple(`alter type ${item} add attribute b text`)
        yield* pg.simple(`insert into ${rows} values (2, row(2, 'two'))`)
        assert.deepStrictEqual(yield* Queue.take(seen), { a: 2, b: "two" })
        yield* pg.simple(`alter type ${item} drop attribute a`)
        yield* pg.simple(`insert into ${rows} values (3, row('three'))`)
        assert.deepStrictEqual(yield* Queue.take(seen), { b: "three" })
      })
    )
  )
})

describeWithServer(
  "a composite that was altered on PostgreSQL 14",
  { version: 14, settings: { wal_level: "logical" } },
  (server) => alterations(server)
)

describe("a feed of a temporary slot", () => {
  it.scopedLive("begins as text where it has to, and logs where it cannot change to binary", () =>
    connecting()(
      Effect.gen(function* () {
        const pg = yield* open()
        const rows = fresh("rows")
        yield* pg.simple(
          `create table ${rows} (id int primary key, price money); create publication ${rows} for table ${rows}`
        )
        yield* Effect.addFinalizer(() =>
          Effect.ignore(pg.simple(`drop publication ${rows}; drop table ${rows}`))
        )
        const options = { slot: fresh("slot"), publications: [rows], create: { temporary: true } }
        const first = yield* Effect.scoped(
          Effect.gen(function* () {
            const feed = yield* logical(options)
            yield* pg.simple(`insert into ${rows} values (1, 12.34)`)
            return yield* Stream.runHead(Stream.filter(feed.changes, ({ _tag }) => _tag === "Insert"))
          })
        )
        assert.deepInclude(Option.getOrThrow(first), { new: { id: 1, price: "$12.34" } })
        yield* pg.simple(`alter table ${rows} drop column price`)
        const feed = yield* logical({ ...options, slot: fresh("slot") })
        yield* pg.simple(`alter table ${rows} add column price money; insert into ${rows} values (2, 12.34)`)
        const error = yield* Effect.flip(Stream.runDrain(feed.changes))
        assert.instanceOf(error, PgChangeRowError)
        assert.match(error.message, /column "price" of type money [^]*binary: false/)
      })
    )
  )
})

describeWithServer(
  "the same on PostgreSQL 14",
  { version: 14, settings: { wal_level: "logical" } },
  (server) => {
    for (const [type, literal] of textOnly) {
      it.scopedLive(`has ${type} go on as text, each change once`, () =>
        meetText(server(), type, literal, "on")
      )
    }
  }
)

describeWithServer(
  "values of every type on PostgreSQL 14",
  { version: 14, settings: { wal_level: "logical" } },
  (server) => {
    it.scopedLive("are equal in streamed transactions", () =>
      compareAll(server(), { registry: Registry.lossless, streaming: "on" })
    )
  }
)
