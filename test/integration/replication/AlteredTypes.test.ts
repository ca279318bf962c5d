/**
 * Composite types that are altered while a feed is open, so that number and types of their fields stay: the stream does not say so,
 * and a value under an old name would be another value.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { LogicalOptions } from "../../../src/replication/feed/LogicalFeed.js"
import { logical } from "../../../src/replication/feed/LogicalFeed.js"
import { PgRange } from "../../../src/model/PgRange.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import type { Target } from "../connection/sessions.js"
import { open } from "../connection/sessions.js"
import { snapshot } from "../../../src/replication/snapshot/Snapshot.js"
import { describeEachVersion, shared } from "../support/server.js"
import { connecting, fresh, slotName } from "./support.js"

/** Large enough to be streamed before its end. */
const large = "(select string_agg(md5(i::text), '') from generate_series(1, 3000) i)"

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
    const alter = (how: string) =>
      pg.simple(`alter type item ${how}; alter table kept ${how.replace("attribute", "column")}`)
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
    const feed = yield* logical({ slot: source.slot, publications: [source.schema], ...options })
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
    return { alter: source.alter, through }
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
              const { alter, through } = yield* reading(server(), { binary, streaming })
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
