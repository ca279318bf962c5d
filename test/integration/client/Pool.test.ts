import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Schedule from "effect/Schedule"
import type { PgClientOptions } from "../../../src/client/PgClient.js"
import * as PgClient from "../../../src/client/PgClient.js"
import { PgPool } from "../../../src/client/pool/PgPool.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import { configOf, s } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { describeEachVersion, shared, type SharedServer } from "../support/server.js"

const clientOf = (target: SharedServer, options: PgClientOptions) =>
  Effect.map(
    Layer.build(PgClient.layer(configOf({ target, config: { password: "secret" } }), options)),
    (context) => ({ pg: Context.get(context, PgClient.PgClient), pool: Context.get(context, PgPool) })
  )

const one = (pg: PgClient.PgClientService, text: string) =>
  Effect.map(pg.values(s(text)), ([row]) => row?.[0])

/** What the next user of a session would notice. */
const state = (pg: PgClient.PgClientService) =>
  Effect.map(
    pg.values(
      s(`select current_user::text, session_user::text, current_setting('search_path'), current_setting('app.me', true) is null
        or current_setting('app.me', true) = '', (select count(*)::int4 from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
        (select count(*)::int4 from pg_listening_channels()), to_regclass('pg_temp.scratch')::text, (select count(*)::int4 from pg_cursors where name = 'kept')`)
    ),
    ([row]) => row
  )

const leftovers = [
  "set search_path = pg_catalog",
  "set role pg_monitor",
  "set session authorization pg_monitor",
  "select set_config('app.me', 'ada', false)",
  "listen jobs",
  "select pg_advisory_lock(42)",
  "create temp table scratch (a int)",
  "do $$ begin perform set_config('app.me', 'grace', false); end $$",
  "begin; declare kept cursor with hold for select 1; commit"
]

describeEachVersion("a session of a pool", (server) => {
  it.scopedLive(
    "gives back what a statement has taken, whatever it is, and stays the same session (P02)",
    () =>
      Effect.gen(function* () {
        const { pg, pool } = yield* clientOf(server(), { max: 1 })
        const clean = yield* state(pg)
        const pid = yield* one(pg, "select pg_backend_pid()")
        for (const text of leftovers) {
          yield* Effect.scoped(Effect.flatMap(pg.connection, (connection) => connection.simple(text)))
          assert.deepStrictEqual(yield* state(pg), clean, text)
          if (text.startsWith("begin")) continue
          yield* pg.query(s(text))
          assert.deepStrictEqual(yield* state(pg), clean, text)
          yield* pg.withTransaction(pg.query(s(text)))
          assert.deepStrictEqual(yield* state(pg), clean, `${text}, in a transaction`)
        }
        assert.strictEqual(yield* one(pg, "select pg_backend_pid()"), pid)
        const { resets } = yield* pool.statistics
        yield* pg.withTransaction(pg.query(s("set local work_mem = '5MB'")))
        assert.strictEqual((yield* pool.statistics).resets, resets)
      })
  )

  it.scopedLive("keeps prepared statements through a reset, and loses them in one of everything", () =>
    Effect.gen(function* () {
      for (const [reset, kept] of [
        ["settings", true],
        ["all", false]
      ] as const) {
        const { pg } = yield* clientOf(server(), { max: 1, reset })
        const prepared =
          "select count(*)::int4 from pg_prepared_statements where statement like 'select 4711%'"
        yield* pg.query(s("select 4711 as n"))
        yield* pg.query(s("select 4711 as n"))
        yield* pg.query(s("set app.me = 'ada'"))
        assert.strictEqual((yield* one(pg, prepared)) === 1, kept)
        assert.deepStrictEqual(yield* pg.query(s("select 4711 as n")), [{ n: 4711 }])
      }
    })
  )

  it.scopedLive(
    "can be reset although it is read-only by default, and keeps the settings it was opened with",
    () =>
      Effect.gen(function* () {
        const { pg, pool } = yield* clientOf(server(), {
          max: 1,
          session: { parameters: { default_transaction_read_only: "on", search_path: "public" } }
        })
        const pid = yield* one(pg, "select pg_backend_pid()")
        yield* pg.query(s("set app.me = 'ada'"))
        assert.strictEqual(yield* one(pg, "show search_path"), "public")
        assert.strictEqual(yield* one(pg, "select pg_backend_pid()"), pid)
        assert.strictEqual((yield* pool.statistics).resets, 1)
      })
  )
})

describe("a pool over a real server", () => {
  it.scopedLive("loses no place while its sessions are killed, and is whole afterwards (X04)", () =>
    Effect.gen(function* () {
      const { pg, pool } = yield* clientOf(shared, { max: 4, session: { applicationName: "killed_pool" } })
      const { pg: killer } = yield* clientOf(shared, { max: 1 })
      const outcomes = { answered: 0, failed: 0 }
      const call = Effect.flatMap(Effect.either(one(pg, "select pg_backend_pid()")), (answer) =>
        Effect.sync(() => {
          if (Either.isRight(answer)) outcomes.answered++
          else outcomes.failed++
        })
      )
      const work = Effect.forEach(Array.from({ length: 200 }), () => call, { discard: true })
      const kill = killer.query(
        s("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'killed_pool'")
      )
      yield* Effect.all(
        [
          ...Array.from({ length: 8 }, () => work),
          Effect.repeatN(Effect.zipRight(kill, Effect.sleep(5)), 20)
        ],
        {
          concurrency: "unbounded",
          discard: true
        }
      )
      assert.strictEqual(outcomes.answered + outcomes.failed, 1600)
      yield* eventually(one(pg, "select 1"), (value) => value === 1)
      const after = yield* eventually(pool.statistics, ({ idle, size }) => idle === size)
      assert.deepInclude(after, { inUse: 0, waiting: 0, opening: 0 })
      assert.isAtMost(after.size, 4)
      const all = yield* Effect.forEach(
        [1, 2, 3, 4],
        () => one(pg, "select pg_backend_pid() from pg_sleep(0.05)"),
        {
          concurrency: "unbounded"
        }
      )
      assert.strictEqual(new Set(all).size, 4)
    }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
  )

  it.scopedLive(
    "comes back by itself after its server has restarted, and shows no call an ended session (P05)",
    () =>
      Effect.gen(function* () {
        const server = yield* start()
        const { pg, pool } = yield* clientOf(server, { max: 5 })
        yield* Effect.forEach([1, 2, 3, 4, 5], () => one(pg, "select 1 from pg_sleep(0.05)"), {
          concurrency: "unbounded"
        })
        yield* server.restart("fast")
        const answer = one(pg, "select 1")
        yield* Effect.retry(answer, {
          schedule: Schedule.spaced(50),
          while: ({ _tag }) => _tag === "PgConnectError"
        })
        const answers = yield* Effect.forEach(Array.from({ length: 50 }), () => answer, {
          concurrency: "unbounded"
        })
        assert.isTrue(answers.every((value) => value === 1))
        assert.deepInclude(yield* eventually(pool.statistics, ({ idle, size }) => idle === size), {
          inUse: 0,
          waiting: 0
        })
      }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
  )
})
