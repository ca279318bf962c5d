/**
 * Composite types that are altered while a feed is open, so that number and types of their fields stay: the stream does not show it,
 * and a value under an old name would be another value.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { LogicalOptions } from "../../../src/replication/feed/LogicalFeed.js"
import { logical } from "../../../src/replication/feed/LogicalFeed.js"
import * as SpillStore from "../../../src/replication/feed/SpillStore.js"
import type { PgMultirange } from "../../../src/model/PgMultirange.js"
import { PgRange } from "../../../src/model/PgRange.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import type { Target } from "../connection/sessions.js"
import { open } from "../connection/sessions.js"
import { snapshot } from "../../../src/replication/snapshot/Snapshot.js"
import { describeEachVersion, shared } from "../support/server.js"
import { connecting, fresh, slotName } from "./support.js"

/** Large enough to be streamed before its end. */
const large = "(select string_agg(md5(i::text), '') from generate_series(1, 3000) i)"

/** Of the type, and of the table that is one. */
const alteration = (how: string): string =>
  `alter type item ${how}; alter table kept ${how.replace("attribute", "column")}`

const prepare = (target: Target) =>
  Effect.gen(function* () {
    const schema = fresh("altered")
    const pg = yield* open({ target })
    yield* Effect.acquireRelease(
      pg.simple(`create schema ${schema}; set search_path = ${schema}; create type item as (a int, b int);
        create domain checked as item check (true); create type holder as (i item, n int);
        create type span as range (subtype = item); create table kept (a int, b int);
        create table rows (id int primary key, i item, l item[], d checked, h holder, k kept, pad text);
        create table spans (id int primary key, s span, pad text);
        create publication ${schema} for table rows, spans`),
      () => Effect.ignore(pg.simple(`drop publication ${schema}; drop schema ${schema} cascade`))
    )
    const slot = yield* slotName(target)
    yield* Slot.create(slot)
    const insert = (id: number, a: number, b: number) => {
      const item = `row(${a}, ${b})::item`
      return [
        pg.simple(`insert into spans values (${id}, span(${item}, null), ${large})`),
        pg.simple(`insert into rows values
          (${id}, ${item}, array[${item}, null], ${item}, row(${item}, 7)::holder, row(${a}, ${b})::kept, ${large})`)
      ]
    }
    const alter = (how: string) => pg.simple(alteration(how))
    return { alter, insert, pg, schema, slot }
  })

type Row = Readonly<Record<string, unknown>>

/** The row's composites, wherever they lie. */
const itemsOf = (row: Row): ReadonlyArray<unknown> => {
  if (row["s"] instanceof PgRange) return [row["s"].lower]
  const { d, h, i, k, l } = row as Record<"d" | "h" | "i" | "k", Row> & { readonly l: ReadonlyArray<unknown> }
  return [i, l[0], d, h["i"], k]
}

const reading = (target: Target, options: Pick<LogicalOptions, "binary" | "streaming">) =>
  Effect.gen(function* () {
    const source = yield* prepare(target)
    const memory = SpillStore.inMemory()
    /** Done when a row of each table has come of a transaction that has not ended: each fills a block, behind what describes its table. */
    let kept = yield* Deferred.make<void>()
    let blocks = 0
    const store: SpillStore.SpillStore = {
      ...memory,
      append: (xid, block) =>
        Effect.zipRight(
          memory.append(xid, block),
          Effect.suspend(() => (++blocks < 2 ? Effect.void : Deferred.succeed(kept, undefined)))
        )
    }
    const feed = yield* logical({ slot: source.slot, publications: [source.schema], store, ...options })
    const seen = yield* Queue.unbounded<Row>()
    yield* Effect.forkScoped(
      Stream.runForEach(feed.changes, (event) =>
        event._tag === "Insert" ? Queue.offer(seen, event.new) : Effect.void
      ).pipe(Effect.ensuring(Queue.shutdown(seen)))
    )
    /** Inserts into each table by itself, and reads what comes of it. */
    const through = (id: number, a: number, b: number) =>
      Effect.map(
        Effect.forEach(source.insert(id, a, b), (insert) => Effect.zipRight(insert, Queue.take(seen))),
        (rows) => rows.flatMap(itemsOf)
      )
    /** Inserts into each table, and alters the types from outside before that ends. */
    const across = (id: number, a: number, b: number, how: ReadonlyArray<string>) =>
      Effect.gen(function* () {
        kept = yield* Deferred.make<void>()
        blocks = 0
        const other = yield* open({ target })
        yield* source.pg.simple("begin")
        yield* Effect.all(source.insert(id, a, b))
        // Its commit has the server write down what the open transaction has done, which could be sent no earlier.
        yield* other.simple("select pg_logical_emit_message(true, 'written', '')")
        if (options.streaming === "on") yield* Deferred.await(kept)
        yield* other.simple(`set search_path = ${source.schema}`)
        for (const one of how) yield* other.simple(alteration(one))
        yield* source.pg.simple("commit")
        return [...(yield* Queue.takeN(seen, 2))].flatMap(itemsOf)
      })
    return { across, alter: source.alter, through }
  })

const all = (item: unknown): ReadonlyArray<unknown> => Array.from({ length: 6 }, () => item)

describeEachVersion(
  "a composite that is altered while a feed is open, its fields as many and of the same types as before,",
  (server) => {
    for (const binary of [true, false]) {
      for (const streaming of ["off", "on"] as const) {
        it.scopedLive(
          `is read under the names of its time, ${binary ? "in binary" : "as text"}, streaming ${streaming}`,
          () =>
            Effect.gen(function* () {
              const { across, alter, through } = yield* reading(server(), { binary, streaming })
              assert.deepStrictEqual(yield* through(1, 10, 11), all({ a: 10, b: 11 }))
              yield* alter("rename attribute a to aa")
              assert.deepStrictEqual(yield* through(2, 20, 21), all({ aa: 20, b: 21 }))
              // The names change places.
              yield* alter("rename attribute aa to c")
              yield* alter("rename attribute b to aa")
              yield* alter("rename attribute c to b")
              assert.deepStrictEqual(yield* through(3, 30, 31), all({ b: 30, aa: 31 }))
              yield* alter("drop attribute aa")
              yield* alter("add attribute z int")
              assert.deepStrictEqual(yield* through(4, 40, 41), all({ b: 40, z: 41 }))
              // One that is described before the names change, and ends behind.
              const swap = ["b to c", "z to b", "c to z"].map((names) => `rename attribute ${names}`)
              assert.deepStrictEqual(yield* across(5, 50, 51, swap), all({ z: 50, b: 51 }))
            }).pipe(
              connecting({
                target: server(),
                config: { parameters: { logical_decoding_work_mem: "64kB" } }
              })
            )
        )
      }
    }
  },
  { settings: { wal_level: "logical" } }
)

describe("a composite that lies in nothing but another type, and is altered while a feed is open,", () => {
  const range = "create type place as range (subtype = item)"
  const places: ReadonlyArray<
    readonly [name: string, type: string, value: string, itemOf: (value: unknown) => unknown]
  > = [
    ["a domain", "create domain place as item check (true)", "row(1, 2)::item::place", (value) => value],
    ["a range", range, "place(row(1, 2)::item, null)", (value) => (value as PgRange<unknown>).lower],
    [
      "a multirange",
      range,
      "multirange(place(row(1, 2)::item, null))",
      (value) => (value as PgMultirange<unknown>).ranges[0]?.lower
    ],
    [
      "an array",
      "create domain place as item[] check (true)",
      "array[row(1, 2)::item]::place",
      (value) => (value as ReadonlyArray<unknown>)[0]
    ],
    [
      "another composite",
      "create type place as (i item)",
      "row(row(1, 2)::item)::place",
      (value) => (value as { readonly i: unknown }).i
    ]
  ]
  for (const [name, type, value, itemOf] of places) {
    it.scopedLive(`is read under the names of its time: in ${name}`, () =>
      Effect.gen(function* () {
        const schema = fresh("lies")
        const pg = yield* open()
        yield* Effect.acquireRelease(
          pg.simple(`create schema ${schema}; set search_path = ${schema}; create type item as (a int, b int); ${type};
            create table rows as select 0 as id, ${value} as x; alter table rows add primary key (id);
            create publication ${schema} for table rows`),
          () => Effect.ignore(pg.simple(`drop publication ${schema}; drop schema ${schema} cascade`))
        )
        const slot = yield* slotName()
        yield* Slot.create(slot)
        const feed = yield* logical({ slot, publications: [schema] })
        const seen = yield* Queue.unbounded<Row>()
        yield* Effect.forkScoped(
          Stream.runForEach(feed.changes, (event) =>
            event._tag === "Insert" ? Queue.offer(seen, event.new) : Effect.void
          ).pipe(Effect.ensuring(Queue.shutdown(seen)))
        )
        const insert = (id: number) =>
          Effect.zipRight(
            pg.simple(`insert into rows values (${id}, ${value})`),
            Effect.map(Queue.take(seen), (row) => itemOf(row["x"]))
          )
        assert.deepStrictEqual(yield* insert(1), { a: 1, b: 2 })
        yield* pg.simple("alter type item rename attribute a to c")
        assert.deepStrictEqual(yield* insert(2), { c: 1, b: 2 })
      }).pipe(connecting())
    )
  }
})

describe("a composite that is altered between a snapshot and the copy of its table", () => {
  it.scopedLive("is read under the names that the server copies it by", () =>
    Effect.gen(function* () {
      const { alter, insert, pg, schema } = yield* prepare(shared)
      yield* Effect.all(insert(1, 10, 11))
      const sync = yield* snapshot({ slot: yield* slotName(), publications: [schema] })
      // The names change places.
      yield* alter("rename attribute a to c")
      yield* alter("rename attribute b to a")
      yield* alter("rename attribute c to b")
      const rows: Array<Row> = []
      yield* Stream.runForEach(sync.copy, (event) =>
        Effect.sync(() => event._tag === "CopyBatch" && rows.push(...event.rows))
      )
      yield* pg.simple("select 1")
      const item = { b: 10, a: 11 }
      assert.deepStrictEqual(
        rows.flatMap((row) => (row["s"] instanceof PgRange ? [row["s"].lower] : [row["i"], row["k"]])).sort(),
        [item, item, item]
      )
    }).pipe(connecting())
  )
})
