/** One suite for a client over a pool and for one over a single connection, and what only the latter does. */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Copy from "../../../src/client/Copy.js"
import * as PgClient from "../../../src/client/PgClient.js"
import { configOf, s, table } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"

const pgOf = <E>(layer: Layer.Layer<PgClient.PgClient, E>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, PgClient.PgClient))

const single = () => pgOf(PgClient.layerConnection(configOf()))

const one = (pg: PgClient.PgClientService, text: string, parameters: ReadonlyArray<unknown> = []) =>
  Effect.map(pg.values(s(text, parameters)), ([row]) => row?.[0])

const kinds = {
  "over a pool": () => pgOf(PgClient.layer(configOf(), { max: 3 })),
  "over a pool that shares its connections": () =>
    pgOf(PgClient.layer(configOf(), { max: 3, multiplex: { depth: 8 } })),
  "over a single connection": single
}

for (const [name, make] of Object.entries(kinds)) {
  describe(`a client ${name}`, () => {
    it.scopedLive(
      "answers many fibers, plain and through a Schema, and goes on after a failed statement",
      () =>
        Effect.gen(function* () {
          const pg = yield* make()
          yield* pg.ping
          const numbers = Array.from({ length: 50 }, (_, n) => n)
          const answers = yield* Effect.forEach(
            numbers,
            (n): Effect.Effect<unknown, unknown> =>
              n % 10 === 3
                ? Effect.as(Effect.flip(pg.query(s("select 1 / 0"))), n)
                : n % 2 === 0
                  ? one(pg, "select $1::int4", [n])
                  : Effect.map(
                      pg.query(s("select $1::int4 as n", [n]), Schema.Struct({ n: Schema.Number })),
                      ([row]) => row?.n
                    ),
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual(answers, numbers)
        })
    )

    it.scopedLive("keeps a transaction apart from statements of other fibers, and nests", () =>
      Effect.gen(function* () {
        const pg = yield* make()
        const name = yield* table("n int4")
        const outside = Effect.forEach(
          Array.from({ length: 20 }),
          () => one(pg, "select pg_current_xact_id_if_assigned() is null"),
          { concurrency: "unbounded" }
        )
        const transaction = (n: number) =>
          pg.withTransaction(
            Effect.gen(function* () {
              yield* pg.query(s(`insert into ${name} values ($1)`, [n]))
              yield* Effect.ignore(
                pg.withTransaction(
                  Effect.zipRight(pg.query(s(`insert into ${name} values (-1)`)), Effect.fail("undone"))
                )
              )
              assert.strictEqual(yield* one(pg, "select pg_current_xact_id_if_assigned() is null"), false)
              if (n % 2 === 1) return yield* Effect.fail("odd")
            })
          )
        const [free] = yield* Effect.all(
          [outside, ...[1, 2, 3, 4].map((n) => Effect.ignore(transaction(n)))],
          { concurrency: "unbounded" }
        )
        assert.isTrue(free.every((isFree) => isFree === true))
        assert.deepStrictEqual(yield* pg.values(s(`select n from ${name} order by n`)), [[2], [4]])
      })
    )

    it.scopedLive("streams, copies and lends, one after the other and side by side", () =>
      Effect.gen(function* () {
        const pg = yield* make()
        const name = yield* table("n int4")
        const rows = pg.stream(s("select generate_series(1, 1000) as n"))
        const copied = Copy.rowsInto(
          { table: name, columns: ["n"] },
          Stream.fromIterable([{ n: 1 }, { n: 2 }])
        ).pipe(Effect.provideService(PgClient.PgClient, pg))
        const lent = Effect.scoped(Effect.flatMap(pg.connection, (mine) => mine.simple("select 1; select 2")))
        const [streamed, , results] = yield* Effect.all([Stream.runCollect(rows), copied, lent], {
          concurrency: "unbounded"
        })
        assert.strictEqual(Chunk.size(streamed), 1000)
        assert.strictEqual(results.length, 2)
        assert.strictEqual(Chunk.size(yield* Stream.runCollect(Stream.take(rows, 3))), 3)
        assert.strictEqual(yield* one(pg, `select count(*)::int4 from ${name}`), 2)
      })
    )

    it.scopedLive("cancels an interrupted statement and answers afterwards", () =>
      Effect.gen(function* () {
        const pg = yield* make()
        const mark = `asleep ${name}`
        const asleep = yield* Effect.fork(pg.query(s(`select '${mark}', pg_sleep(600)`)))
        const running = Effect.map(
          rawRows(
            shared,
            `select 1 from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%${mark}%'`
          ),
          ({ length }) => length
        )
        yield* eventually(running, (count) => count === 1)
        yield* Fiber.interrupt(asleep)
        assert.strictEqual(yield* running, 0)
        assert.strictEqual(yield* one(pg, "select 1"), 1)
      })
    )
  })
}

describe("a client over a single connection", () => {
  it.scopedLive("keeps what statements leave in its one session", () =>
    Effect.gen(function* () {
      const pg = yield* single()
      const pid = yield* one(pg, "select pg_backend_pid()")
      yield* pg.query(s("create temp table scratch (n int4)"))
      yield* pg.query(s("set application_name = 'mine'"))
      yield* Effect.scoped(Effect.flatMap(pg.connection, (mine) => mine.query(s("set work_mem = '5MB'"))))
      assert.deepStrictEqual(
        yield* pg.values(
          s(
            "select pg_backend_pid(), current_setting('application_name'), current_setting('work_mem'), count(*)::int4 from scratch"
          )
        ),
        [[pid, "mine", "5MB", 0]]
      )
    })
  )

  it.scopedLive("is not opened again: every call fails with the reason when it has ended", () =>
    Effect.gen(function* () {
      const pg = yield* single()
      const pid = yield* one(pg, "select pg_backend_pid()")
      yield* rawRows(shared, `select pg_terminate_backend(${String(pid)})`)
      yield* eventually(Effect.either(pg.ping), ({ _tag }) => _tag === "Left")
      for (const call of [pg.ping, Effect.asVoid(pg.query(s("select 1"))), pg.withTransaction(Effect.void)]) {
        const error = yield* Effect.flip(call)
        assert.deepInclude(error, { _tag: "PgClosedError", nothingSent: true })
        assert.match(error.message, /57P01/)
      }
    })
  )

  it.scopedLive("fails its layer when the session cannot be opened", () =>
    Effect.gen(function* () {
      const layer = PgClient.layerConnection(configOf({ config: { database: "nowhere" } }))
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      assert.strictEqual(error._tag, "PgConnectError")
    })
  )
})

describe("a client for reading beside one for writing", () => {
  it.scopedLive("has a pool of its own, whose sessions may be a primary's while there is no standby", () =>
    Effect.gen(function* () {
      const layer = PgClient.layerReadWrite(configOf(), { read: { max: 1 }, write: { max: 2 } })
      const context = yield* Layer.build(layer)
      const [write, read] = [
        Context.get(context, PgClient.PgClient),
        Context.get(context, PgClient.PgReadClient)
      ]
      const pids = yield* Effect.all([
        one(write, "select pg_backend_pid()"),
        one(read, "select pg_backend_pid()")
      ])
      assert.notStrictEqual(pids[0], pids[1])
      assert.strictEqual(yield* one(write, "show transaction_read_only"), "off")
      // A transaction of one client is not one of the other.
      yield* write.withTransaction(Effect.map(read.inTransaction, (isInside) => assert.isFalse(isInside)))
    })
  )
})
