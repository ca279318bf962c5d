import { assert, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { LogicalEvent } from "../../../src/replication/changes/LogicalEvent.js"
import { positionOf } from "../../../src/replication/changes/LogicalEvent.js"
import type { LogicalOptions } from "../../../src/replication/feed/LogicalFeed.js"
import { logical } from "../../../src/replication/feed/LogicalFeed.js"
import { run } from "../../../src/replication/run/Run.js"
import { eachChange } from "../../../src/replication/run/RunHandler.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import type { Target } from "../connection/sessions.js"
import { table } from "../connection/sessions.js"
import { rawRows } from "../support/rawSession.js"
import { describeEachVersion } from "../support/server.js"
import { connecting, fresh, slotName, slotRow } from "./support.js"

/** Two tables, a publication of each, and a slot that begins now. */
const prepare = (target: Target) =>
  Effect.gen(function* () {
    const sql = (text: string) => rawRows(target, text)
    const rows = yield* table("id int primary key", target)
    const others = yield* table("id int primary key", target)
    const [one, other] = [fresh("pub"), fresh("pub")]
    yield* Effect.acquireRelease(
      sql(`create publication ${one} for table ${rows}; create publication ${other} for table ${others}`),
      () => Effect.ignore(sql(`drop publication if exists ${one}, ${other}`))
    )
    const slot = yield* slotName(target)
    yield* Slot.create(slot)
    const confirmed = Effect.map(
      slotRow(slot, "(confirmed_flush_lsn - '0/0'::pg_lsn)::text", target),
      (row) => BigInt(row?.[0] ?? "0")
    )
    return { sql, rows, others, one, other, slot, confirmed }
  })

/** What the feed gives, with everything acknowledged, until it fails; `seen` is called with the id of each insert. */
const following = (options: LogicalOptions, seen: (id: unknown) => Effect.Effect<unknown>) =>
  Effect.gen(function* () {
    const feed = yield* logical(options)
    yield* Stream.runForEach(feed.changes, (event: LogicalEvent) => {
      if (event._tag === "Insert") return seen(event.new["id"])
      const position = positionOf(event)
      return position === undefined ? Effect.void : feed.acknowledge(position)
    })
  }).pipe(Effect.scoped)

describeEachVersion("a publication that is dropped or renamed while a feed is open", (server) => {
  const gone = (how: (names: { one: string; other: string }) => string, both: boolean) =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const { confirmed, one, other, others, rows, slot, sql } = yield* prepare(server())
        const ids: Array<unknown> = []
        const first = yield* Deferred.make<void>()
        const reading = yield* Effect.fork(
          Effect.flip(
            following(
              { slot, publications: both ? [one, other] : [one], statusInterval: "20 millis" },
              (id) => {
                ids.push(id)
                return Deferred.succeed(first, undefined)
              }
            )
          )
        )
        yield* sql(`insert into ${rows} values (1)`)
        yield* Deferred.await(first)
        yield* sql(how({ one, other }))
        yield* sql(`insert into ${rows} values (2)`)
        const behind = yield* sql("select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text")
        if (both) yield* sql(`insert into ${others} values (3)`)
        const error = yield* Fiber.join(reading)
        assert.deepInclude(error, { _tag: "PgServerError", severity: "ERROR", code: "42704" })
        assert.include(error.message, one)
        assert.deepStrictEqual(ids, [1])
        // The change comes to the next reader of the slot.
        assert.isBelow(Number(yield* confirmed), Number(behind[0]![0]))
      })
    )

  it.scopedLive("ends it at the first change behind, and no position moves past that (LOG-003)", () =>
    gone(({ one }) => `drop publication ${one}`, false)
  )

  it.scopedLive("ends it when it has another name", () =>
    gone(({ one }) => `alter publication ${one} rename to ${one}_2`, false)
  )

  it.scopedLive("ends it when it is one of two", () => gone(({ one }) => `drop publication ${one}`, true))

  it.scopedLive("ends a run, which does not try again", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const { one, rows, slot, sql } = yield* prepare(server())
        const first = yield* Deferred.make<void>()
        const running = yield* Effect.fork(
          Effect.flip(
            run(
              { slot, publications: [one] },
              eachChange(() => Deferred.succeed(first, undefined))
            )
          )
        )
        yield* sql(`insert into ${rows} values (1)`)
        yield* Deferred.await(first)
        yield* sql(`drop publication ${one}; insert into ${rows} values (2)`)
        assert.deepInclude(yield* Fiber.join(running), { _tag: "PgServerError", code: "42704" })
      })
    )
  )
})

describeEachVersion("a publication that is younger than what its slot has to send", (server, version) => {
  it.scopedLive("is reported as a missing publication, never as a missing slot", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        for (let time = 0; time < 5; time++) {
          const { rows, slot, sql } = yield* prepare(server())
          yield* sql(`insert into ${rows} values (1)`)
          const late = fresh("late")
          yield* sql(`create publication ${late} for table ${rows}`)
          const options: LogicalOptions = { slot, publications: [late] }
          const error = yield* Effect.flip(following(options, () => Effect.void))
          assert.deepInclude(error, { _tag: "PgServerError", code: "42704" })
          assert.include(error.message, late)
          yield* sql(`insert into ${rows} values (2)`)
          if (version >= 18) {
            const passing = yield* logical({ ...options, missingPublications: "skip" })
            const inserts = Stream.filter(passing.changes, (event) => event._tag === "Insert")
            const ids = yield* Stream.runCollect(Stream.take(inserts, 1))
            assert.deepStrictEqual(
              Chunk.toReadonlyArray(ids).map(({ new: row }) => row["id"]),
              [2]
            )
          }
          yield* sql(`drop publication ${late}`)
        }
      }).pipe(Effect.scoped)
    )
  )
})

describeEachVersion("a role with client_min_messages = error", (server, version) => {
  it.scopedLive("reports a missing publication all the same", () =>
    connecting({ target: server(), config: { user: "deaf" } })(
      Effect.gen(function* () {
        yield* rawRows(
          server(),
          `create role deaf superuser replication login; alter role deaf set client_min_messages = error`
        )
        const { one, rows, slot, sql } = yield* prepare(server())
        const feed = yield* logical({ slot, publications: [one] })
        yield* sql(`drop publication ${one}; insert into ${rows} values (1)`)
        const error = yield* Effect.flip(Stream.runDrain(feed.changes))
        assert.deepInclude(error, { _tag: "PgServerError", code: "42704" }, `on ${version}`)
      })
    )
  )
})
