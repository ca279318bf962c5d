/** Statements of many fibers on the connections of a pool that shares them. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Schema from "effect/Schema"
import type { PgClientOptions } from "../../../src/client/PgClient.js"
import * as PgClient from "../../../src/client/PgClient.js"
import { PgPool } from "../../../src/client/pool/PgPool.js"
import { configOf, s, table } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"

let clients = 0

const clientOf = (options: PgClientOptions) =>
  Effect.suspend(() => {
    const name = `multiplex_${process.pid}_${++clients}`
    return Effect.map(
      Layer.build(PgClient.layer(configOf({ config: { applicationName: name } }), options)),
      (context) => ({ pg: Context.get(context, PgClient.PgClient), pool: Context.get(context, PgPool), name })
    )
  })

const one = (pg: PgClient.PgClientService, text: string, parameters: ReadonlyArray<unknown> = []) =>
  Effect.map(pg.values(s(text, parameters)), ([row]) => row?.[0])

const count = 200
const numbers = Array.from({ length: count }, (_, at) => at)

/** Statements that the server works at for the client of this name. */
const running = (name: string, text: string) =>
  Effect.map(
    rawRows(
      shared,
      `select 1 from pg_stat_activity where application_name = '${name}' and state = 'active' and query like '%${text}%'`
    ),
    (rows) => rows.length
  )

for (const multiplex of [{ depth: 64 }, { depth: 2 }, "whenBusy"] as const) {
  describe(`a pool that multiplexes: ${JSON.stringify(multiplex)}`, () => {
    it.scopedLive("gives every fiber its own answer, plain and through a Schema", () =>
      Effect.gen(function* () {
        const { pg, pool } = yield* clientOf({ max: 3, multiplex })
        const X = Schema.Struct({ x: Schema.Number })
        const answers = yield* Effect.forEach(
          numbers,
          (n) =>
            n % 3 === 0
              ? Effect.map(pg.query(s("select $1::int4 as x", [n]), X), ([row]) => row?.x)
              : n % 3 === 1
                ? one(pg, "select $1::int4", [n])
                : Effect.map(pg.execute(s("select $1::int4 as x", [n])), ({ rows }) => rows[0]?.["x"]),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(answers, numbers)
        const after = yield* pool.statistics
        assert.isAbove(after.shared, 0)
        assert.deepInclude(after, { inUse: 0, waiting: 0, acquired: count })
        assert.isAtMost(after.size, 3)
      })
    )

    it.scopedLive(
      "keeps transactions, leases and changes of a session apart from the statements of others",
      () =>
        Effect.gen(function* () {
          const { pg } = yield* clientOf({ max: 3, multiplex })
          const name = yield* table("n int4")
          const statement = (n: number) =>
            Effect.map(
              pg.values(
                s(
                  "select $1::int4, current_setting('search_path'), pg_current_xact_id_if_assigned() is null",
                  [n]
                )
              ),
              ([row]) => assert.deepStrictEqual(row, [n, `"$user", public`, true])
            )
          const transaction = pg.withTransaction(
            Effect.gen(function* () {
              yield* pg.query(s(`insert into ${name} values (1)`))
              yield* pg.query(s("select pg_sleep(0.005)"))
              assert.strictEqual(yield* one(pg, "select pg_current_xact_id_if_assigned() is not null"), true)
              return yield* Effect.fail("undone" as const)
            })
          )
          const lease = Effect.scoped(
            Effect.flatMap(pg.connection, (connection) => connection.query(s("set search_path = pg_catalog")))
          )
          const setting = pg.query(s("select set_config('search_path', 'pg_catalog', false)"))
          yield* Effect.forEach(
            numbers,
            (n) =>
              n % 20 === 0
                ? Effect.flip(transaction)
                : n % 20 === 5
                  ? lease
                  : n % 20 === 10
                    ? setting
                    : statement(n),
            { concurrency: "unbounded", discard: true }
          )
          assert.strictEqual(yield* one(pg, `select count(*)::int4 from ${name}`), 0)
        })
    )

    it.scopedLive("shows no call a plan that a change of its table has made void (Q07)", () =>
      Effect.gen(function* () {
        const { pg } = yield* clientOf({ max: 2, multiplex })
        const name = yield* table("a int4")
        yield* pg.query(s(`insert into ${name} values (7)`))
        const reading = Effect.forEach(numbers, () => pg.query(s(`select * from ${name}`)), {
          concurrency: 32
        })
        yield* reading
        yield* Effect.all(
          [
            Effect.repeatN(reading, 3),
            pg.query(s(`alter table ${name} add b int4`)),
            pg.query(s(`alter table ${name} add c int4`))
          ],
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(yield* pg.query(s(`select * from ${name}`)), [{ a: 7, b: null, c: null }])
      })
    )

    it.scopedLive("loses no place and no waiting statement while its sessions are killed (X04)", () =>
      Effect.gen(function* () {
        const { name, pg, pool } = yield* clientOf({ max: 3, multiplex })
        const kill = rawRows(
          shared,
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${name}'`
        )
        const outcomes = { answered: 0, failed: 0 }
        const call = Effect.map(Effect.either(one(pg, "select 1")), (answer) => {
          if (Either.isRight(answer)) return outcomes.answered++
          // A statement that was not sent has been sent on another connection.
          assert.include(["PgClosedError", "PgServerError"], answer.left._tag)
          if (answer.left._tag === "PgClosedError") assert.isFalse(answer.left.nothingSent)
          return outcomes.failed++
        })
        const work = Effect.forEach(Array.from({ length: 100 }), () => call, { discard: true })
        yield* Effect.all(
          [
            ...Array.from({ length: 16 }, () => work),
            Effect.repeatN(Effect.zipRight(kill, Effect.sleep(5)), 10)
          ],
          { concurrency: "unbounded", discard: true }
        )
        assert.strictEqual(outcomes.answered + outcomes.failed, 1600)
        yield* eventually(Effect.either(one(pg, "select 1")), Either.isRight)
        const after = yield* eventually(pool.statistics, ({ idle, size }) => idle === size)
        assert.deepInclude(after, { inUse: 0, waiting: 0, opening: 0 })
      }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
    )
  })
}

describe("an interrupted statement on a shared connection", () => {
  it.scopedLive("is cancelled on the server when it is alone there", () =>
    Effect.gen(function* () {
      for (const multiplex of [{ depth: 8 }, "whenBusy"] as const) {
        const { name, pg, pool } = yield* clientOf({ max: 1, multiplex })
        const asleep = yield* Effect.fork(pg.query(s("select pg_sleep(600)")))
        yield* eventually(running(name, "pg_sleep(600)"), (sessions) => sessions === 1)
        yield* Fiber.interrupt(asleep)
        assert.strictEqual(yield* running(name, "pg_sleep(600)"), 0)
        assert.strictEqual(yield* one(pg, "select 1"), 1)
        assert.deepInclude(yield* pool.statistics, { opened: 1, idle: 1 })
      }
    })
  )

  it.scopedLive("frees its fiber at once beside a wanted one, which is answered, and ends when that is", () =>
    Effect.gen(function* () {
      const { name, pg, pool } = yield* clientOf({ max: 1, multiplex: { depth: 8 } })
      yield* pg.query(s("select 1"))
      const lock = yield* Deferred.make<void>()
      const holder = yield* clientOf({ max: 1 })
      const held = yield* Effect.fork(
        holder.pg.withTransaction(
          Effect.zipRight(holder.pg.query(s("select pg_advisory_xact_lock(4711)")), Deferred.await(lock))
        )
      )
      yield* eventually(
        rawRows(shared, "select 1 from pg_locks where locktype = 'advisory' and objid = 4711 and granted"),
        (rows) => rows.length === 1
      )
      const wanted = yield* Effect.fork(one(pg, "select 'wanted' from pg_advisory_xact_lock_shared(4711)"))
      yield* eventually(running(name, "wanted"), (sessions) => sessions === 1)
      const unwanted = yield* Effect.fork(one(pg, "select 'unwanted' from pg_sleep(600)"))
      yield* eventually(pool.statistics, ({ shared }) => shared === 1)
      yield* Fiber.interrupt(unwanted)
      assert.strictEqual(yield* running(name, "wanted"), 1)
      // It waits, because nothing is sent behind an interrupted statement.
      const later = yield* Effect.fork(one(pg, "select 'later'"))
      yield* eventually(pool.statistics, ({ waiting }) => waiting === 1)
      yield* Deferred.succeed(lock, undefined)
      yield* Fiber.join(held)
      assert.strictEqual(yield* Fiber.join(wanted), "wanted")
      assert.strictEqual(yield* Fiber.join(later), "later")
      assert.strictEqual(yield* running(name, "pg_sleep(600)"), 0)
      assert.deepInclude(yield* pool.statistics, { opened: 1, idle: 1, waiting: 0 })
    })
  )

  it.scopedLive("is left alone by its deadline beside wanted ones, and the call fails on time", () =>
    Effect.gen(function* () {
      const { pg, pool } = yield* clientOf({ max: 1, multiplex: { depth: 8 } })
      yield* pg.query(s("select 1"))
      const slow = yield* Effect.fork(one(pg, "select 'slow' from pg_sleep(1)"))
      yield* eventually(pool.statistics, ({ inUse }) => inUse === 1)
      const [spent, error] = yield* Effect.timed(
        Effect.flip(pg.values(s("select 'late'"), { timeout: "50 millis" }))
      )
      assert.deepInclude(error, { _tag: "PgTimeoutError", deadline: "statement" })
      assert.isBelow(Duration.toMillis(spent), 1000)
      assert.strictEqual(yield* Fiber.join(slow), "slow")
      assert.strictEqual(yield* one(pg, "select 1"), 1)
      yield* eventually(pool.statistics, ({ idle, size }) => idle === size)
      assert.strictEqual((yield* pool.statistics).opened, 1)
    })
  )
})
