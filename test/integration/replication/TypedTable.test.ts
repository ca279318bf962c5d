/** Changes of a real feed through a Schema, while their table is altered. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Replication from "../../../src/Replication.js"
import type { Insert } from "../../../src/replication/changes/LogicalEvent.js"
import { open } from "../connection/sessions.js"
import { connecting, fresh, slotName } from "./support.js"

const following = Effect.gen(function* () {
  const pg = yield* open()
  const rows = fresh("typed")
  yield* Effect.acquireRelease(
    pg.simple(
      `create table ${rows} (id int primary key, n int, note text); create publication ${rows} for table ${rows}`
    ),
    () => Effect.ignore(pg.simple(`drop publication ${rows}; drop table ${rows}`))
  )
  const slot = yield* slotName()
  yield* Replication.Slot.create(slot)
  const feed = yield* Replication.logical({ slot, publications: [rows] })
  const table = Replication.table(rows, Schema.Struct({ id: Schema.Int, n: Schema.NullOr(Schema.Int) }))
  return { feed, pg, rows, table }
})

describe("rows of a feed through a Schema", () => {
  it.scopedLive("are compared with it again when their table was altered", () =>
    Effect.gen(function* () {
      const { feed, pg, rows, table } = yield* following
      const inserts = yield* Queue.unbounded<Insert>()
      yield* Effect.forkScoped(
        Stream.runForEach(feed.changes, (event) =>
          event._tag === "Insert" ? Queue.offer(inserts, event) : Effect.void
        )
      )
      const through = (sql: string) =>
        Effect.zipRight(pg.simple(sql), Effect.flatMap(Queue.take(inserts), table.decode))
      const row = (sql: string) =>
        Effect.map(through(sql), (change) =>
          change._tag === "Some" && change.value._tag === "Insert" ? change.value.new.row : undefined
        )
      assert.deepStrictEqual(yield* row(`insert into ${rows} values (1, 10, 'a')`), { id: 1, n: 10 })
      yield* pg.simple(`alter table ${rows} drop column note; alter table ${rows} add column more int`)
      assert.deepStrictEqual(yield* row(`insert into ${rows} values (2, 20, 2)`), { id: 2, n: 20 })
      yield* pg.simple(
        `alter table ${rows} rename column n to m; alter table ${rows} rename column more to n`
      )
      assert.deepStrictEqual(yield* row(`insert into ${rows} values (3, 30, 31)`), { id: 3, n: 31 })
      yield* pg.simple(`alter table ${rows} alter column n type text`)
      const refused = yield* Effect.flip(through(`insert into ${rows} values (4, 40, 'four')`))
      assert.deepInclude(refused, { _tag: "PgChangeRowError" })
      assert.match(refused.message, /column "n" of type text/)
      yield* pg.simple(`delete from ${rows}; alter table ${rows} alter column n type int using 0`)
      assert.deepStrictEqual(yield* row(`insert into ${rows} values (5, 50, 51)`), { id: 5, n: 51 })
    }).pipe(connecting())
  )

  it.scopedLive("are given up to the one that it refuses, though all come at once", () =>
    Effect.gen(function* () {
      const { feed, pg, rows } = yield* following
      const table = Replication.table(
        rows,
        Schema.Struct({ id: Schema.Int, n: Schema.Int.pipe(Schema.positive()) })
      )
      yield* pg.simple(
        `insert into ${rows} select i, case i when 4 then -1 else i end from generate_series(1, 6) i`
      )
      const given: Array<unknown> = []
      const error = yield* feed.changes.pipe(
        Stream.filter((event): event is Insert => event._tag === "Insert"),
        Stream.mapEffect(table.decode),
        Stream.runForEach((change) =>
          Effect.sync(() => {
            if (change._tag === "Some" && change.value._tag === "Insert") given.push(change.value.new)
          })
        ),
        Effect.flip
      )
      assert.deepInclude(error, { _tag: "PgChangeRowError" })
      assert.deepStrictEqual(
        given,
        [1, 2, 3].map((id) => ({ _tag: "WholeRow", row: { id, n: id } }))
      )
    }).pipe(connecting())
  )
})
