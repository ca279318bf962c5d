/** What a transaction of a client can be asked for. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { PgClientOptions } from "../../../src/client/PgClient.js"
import * as PgClient from "../../../src/client/PgClient.js"
import * as PreparedTransaction from "../../../src/client/PreparedTransaction.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import { configOf, s, table, type Target } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"

const clientOf = (options: PgClientOptions = {}, target: Target = shared) =>
  Effect.map(Layer.build(PgClient.layer(configOf({ target }), options)), (context) =>
    Context.get(context, PgClient.PgClient)
  )

const one = (pg: PgClient.PgClientService, text: string, parameters: ReadonlyArray<unknown> = []) =>
  Effect.map(pg.values(s(text, parameters)), ([row]) => row?.[0])

const kill = (pid: unknown, target: Target = shared) =>
  rawRows(target, `select pg_terminate_backend(${String(pid)})`)

const quiet = Logger.withMinimumLogLevel(LogLevel.None)

describe("a transaction with deadlines", () => {
  it.scopedLive("is rolled back when its body takes too long, and fails with the deadline's name", () =>
    Effect.gen(function* () {
      const pg = yield* clientOf({ max: 1 })
      const name = yield* table("n int4")
      const body = Effect.zipRight(
        pg.query(s(`insert into ${name} values (1)`)),
        pg.query(s("select pg_sleep(600)"))
      )
      const error = yield* Effect.flip(pg.withTransaction(body, { timeout: "100 millis" }))
      assert.deepInclude(error, { _tag: "PgTimeoutError", deadline: "transaction", millis: 100 })
      assert.match(error.message, /rolled back/)
      assert.strictEqual(yield* one(pg, `select count(*)::int4 from ${name}`), 0)
      assert.strictEqual(yield* pg.withTransaction(one(pg, "select 1"), { timeout: "1 minute" }), 1)
    })
  )

  it.scopedLive("gives a nested one a deadline of its own, and the outer one goes on", () =>
    Effect.gen(function* () {
      const pg = yield* clientOf({ max: 1 })
      const answer = yield* pg.withTransaction(
        Effect.gen(function* () {
          const nested = pg.withTransaction(Effect.zipRight(one(pg, "select 1"), Effect.never), {
            timeout: "50 millis"
          })
          assert.deepInclude(yield* Effect.flip(nested), { deadline: "transaction" })
          return yield* one(pg, "select 2")
        })
      )
      assert.strictEqual(answer, 2)
    })
  )

  it.scopedLive("limits each of its statements, unless one has a limit of its own", () =>
    Effect.gen(function* () {
      const pg = yield* clientOf({ max: 1 })
      const limited = <A, E>(body: Effect.Effect<A, E>) =>
        pg.withTransaction(body, { statementTimeout: "100 millis" })
      const sleeping = s("select pg_sleep(600)")
      const bodies = [
        Effect.asVoid(pg.query(sleeping)),
        Stream.runDrain(pg.stream(sleeping)),
        pg.withTransaction(Effect.asVoid(pg.query(sleeping))),
        Effect.scoped(Effect.flatMap(pg.connection, (mine) => Effect.asVoid(mine.simple(sleeping.sql))))
      ]
      for (const body of bodies)
        assert.deepInclude(yield* Effect.flip(limited(body)), {
          _tag: "PgTimeoutError",
          deadline: "statement"
        })
      yield* limited(pg.query(s("select pg_sleep(0.2)"), { timeout: "1 minute" }))
      yield* pg.withTransaction(pg.query(s("select pg_sleep(0.2)")))
    })
  )
})

describe("an effect after COMMIT", () => {
  it.scopedLive("runs outside the transaction once it is stored, in the order of registration", () =>
    Effect.gen(function* () {
      const pg = yield* clientOf({ max: 1 })
      const name = yield* table("n int4")
      const seen: Array<unknown> = []
      const note = (what: string) =>
        Effect.flatMap(one(pg, `select count(*)::int4 from ${name}`), (count) =>
          Effect.flatMap(pg.inTransaction, (inside) => Effect.sync(() => seen.push([what, count, inside])))
        )
      yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* pg.afterCommit(note("first"))
          yield* pg.query(s(`insert into ${name} values (1)`))
          yield* pg.withTransaction(pg.afterCommit(note("nested")))
          yield* Effect.ignore(
            pg.withTransaction(Effect.zipRight(pg.afterCommit(note("undone")), Effect.fail("undone")))
          )
          yield* pg.afterCommit(note("last"))
          assert.deepStrictEqual(seen, [])
        })
      )
      yield* pg.afterCommit(note("outside"))
      assert.deepStrictEqual(
        seen,
        ["first", "nested", "last", "outside"].map((what) => [what, 1, false])
      )
    })
  )

  it.scopedLive("undoes nothing when it fails or dies, and those behind it run", () =>
    Effect.gen(function* () {
      const pg = yield* clientOf({ max: 1 })
      let ran = 0
      const answer = yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* pg.afterCommit(Effect.fail("no mail"))
          yield* pg.afterCommit(Effect.die("no mail at all"))
          yield* pg.afterCommit(Effect.sync(() => ran++))
          return yield* one(pg, "select 1")
        })
      )
      assert.deepStrictEqual([answer, ran], [1, 1])
    }).pipe(quiet)
  )

  it.scopedLive("does not run when the transaction fails, is refused at COMMIT or COMMIT is unknown", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy.make({ target: shared })
      const pg = yield* clientOf({ max: 1 }, { host: "127.0.0.1", port: proxy.port })
      const name = yield* table("n int4 unique deferrable initially deferred")
      let ran = 0
      const registered = pg.afterCommit(Effect.sync(() => ran++))
      yield* Effect.flip(pg.withTransaction(Effect.zipRight(registered, Effect.fail("mine"))))
      const refused = pg.withTransaction(
        Effect.zipRight(registered, pg.query(s(`insert into ${name} values (1), (1)`)))
      )
      assert.deepInclude(yield* Effect.flip(refused), { code: "23505" })
      const unknown = pg.withTransaction(
        Effect.zipRight(registered, proxy.setFault({ toClient: { cutAfter: 0 } }))
      )
      assert.deepInclude(yield* Effect.flip(unknown), { _tag: "PgCommitUnknownError" })
      assert.strictEqual(ran, 0)
    }).pipe(quiet)
  )

  it.scopedLive("runs when the fiber is interrupted while COMMIT is under way (C12)", () =>
    Effect.gen(function* () {
      const pg = yield* clientOf({ max: 2 })
      const name = yield* table("n int4")
      yield* rawRows(
        shared,
        `create function ${name}_slow() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(90210); return null; end $$`
      )
      yield* rawRows(
        shared,
        `create constraint trigger slow after insert on ${name} deferrable initially deferred for each row execute function ${name}_slow()`
      )
      let ran = 0
      const gate = yield* Deferred.make<void>()
      const locked = yield* Deferred.make<void>()
      const holder = yield* Effect.fork(
        pg.withTransaction(
          Effect.zipRight(
            Effect.zipRight(
              pg.query(s("select pg_advisory_xact_lock(90210)")),
              Deferred.succeed(locked, undefined)
            ),
            Deferred.await(gate)
          )
        )
      )
      yield* Deferred.await(locked)
      const committing = yield* Effect.fork(
        pg.withTransaction(
          Effect.zipRight(
            pg.afterCommit(Effect.sync(() => ran++)),
            pg.query(s(`insert into ${name} values (1)`))
          )
        )
      )
      yield* eventually(
        rawRows(shared, "select 1 from pg_stat_activity where query = 'commit' and wait_event = 'advisory'"),
        (rows) => rows.length === 1
      )
      const interrupted = yield* Effect.fork(Fiber.interrupt(committing))
      yield* Effect.yieldNow()
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(holder)
      yield* Fiber.join(interrupted)
      assert.strictEqual(yield* one(pg, `select count(*)::int4 from ${name}`), 1)
      assert.strictEqual(ran, 1)
      yield* rawRows(shared, `drop function ${name}_slow cascade`)
    })
  )
})

describe("savepoints", () => {
  it.scopedLive("have the names that were given, one inside another of the same name too", () =>
    Effect.gen(function* () {
      const pg = yield* clientOf({ max: 1 })
      const name = yield* table("n int4")
      const insert = (n: number) => pg.query(s(`insert into ${name} values (${n})`))
      const nested = <A, E>(body: Effect.Effect<A, E>) => pg.withTransaction(body, { savepoint: `step "1"` })
      yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* nested(
            Effect.gen(function* () {
              yield* insert(1)
              yield* Effect.ignore(nested(Effect.zipRight(insert(2), Effect.fail("undone"))))
              yield* Effect.ignore(pg.query(s(`rollback to savepoint "step ""1"""`)))
              yield* insert(3)
            })
          )
          for (const savepoint of ["", "x".repeat(64), "a\0b"]) {
            const error = yield* Effect.flip(pg.withTransaction(Effect.void, { savepoint }))
            assert.deepInclude(error, { _tag: "PgUsageError", argument: "savepoint" })
          }
        })
      )
      assert.deepStrictEqual(yield* pg.values(s(`select n from ${name}`)), [[3]])
    })
  )

  it.scopedLive("around each statement keep a failed one from failing the transaction", () =>
    Effect.gen(function* () {
      const pg = yield* clientOf({ max: 1 })
      const name = yield* table("n int4 primary key")
      const insert = (n: number) => pg.query(s(`insert into ${name} values ($1)`, [n]))
      yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* insert(1)
          assert.deepInclude(yield* Effect.flip(insert(1)), { code: "23505" })
          yield* Effect.all([insert(2), insert(3)], { concurrency: "unbounded" })
          yield* pg.withTransaction(Effect.zipRight(Effect.ignore(insert(3)), insert(4)))
          yield* Effect.ignore(pg.withTransaction(Effect.zipRight(insert(5), Effect.fail("undone"))))
        }),
        { autosave: true }
      )
      assert.deepStrictEqual(yield* pg.values(s(`select n from ${name} order by n`)), [[1], [2], [3], [4]])
    })
  )
})

describe("a snapshot of a transaction", () => {
  it.scopedLive("is what another one sees, as long as the first is open", () =>
    Effect.gen(function* () {
      const pg = yield* clientOf({ max: 3 })
      const name = yield* table("n int4")
      const count = one(pg, `select count(*)::int4 from ${name}`)
      const other = yield* clientOf({ max: 1 })
      const seen = yield* pg.withTransaction(
        Effect.gen(function* () {
          const snapshot = yield* pg.exportSnapshot
          yield* other.query(s(`insert into ${name} values (1)`))
          const theirs = yield* other.withTransaction(one(other, `select count(*)::int4 from ${name}`), {
            isolation: "repeatable read",
            readOnly: true,
            snapshot
          })
          return [theirs, yield* count]
        }),
        { isolation: "repeatable read" }
      )
      assert.deepStrictEqual(seen, [0, 0])
      assert.strictEqual(yield* count, 1)
    })
  )

  it.scopedLive("is refused outside a transaction, below repeatable read, nested, unknown and made up", () =>
    Effect.gen(function* () {
      const pg = yield* clientOf({ max: 1 })
      assert.deepInclude(yield* Effect.flip(pg.exportSnapshot), { _tag: "PgUsageError" })
      const importing = (options: PgClient.TransactionOptions) =>
        Effect.flip(pg.withTransaction(Effect.void, options))
      const snapshot = "00000003-0000001B-1"
      assert.deepInclude(yield* importing({ snapshot }), { _tag: "PgUsageError", argument: "snapshot" })
      assert.deepInclude(yield* importing({ snapshot: "x'; drop", isolation: "serializable" }), {
        _tag: "PgUsageError",
        argument: "snapshot"
      })
      assert.deepInclude(yield* importing({ isolation: "chaos; drop table x" as never }), {
        _tag: "PgUsageError",
        argument: "isolation"
      })
      assert.deepInclude(yield* importing({ snapshot, isolation: "serializable" }), { _tag: "PgServerError" })
      const nested = pg.withTransaction(importing({ snapshot, isolation: "serializable" }))
      assert.deepInclude(yield* nested, { _tag: "PgUsageError", argument: "snapshot" })
      assert.strictEqual(yield* pg.withTransaction(one(pg, "select 1")), 1)
    })
  )
})

describe("a prepared transaction", () => {
  it.scopedLive("outlives its session and is committed or rolled back once", () =>
    Effect.gen(function* () {
      const server = yield* start({ settings: { max_prepared_transactions: "10" } })
      const pg = yield* clientOf({ max: 2 }, server)
      const two = <A, E>(effect: Effect.Effect<A, E, PgClient.PgClient>) =>
        Effect.provideService(effect, PgClient.PgClient, pg)
      yield* pg.query(s("create table t (n int4 unique deferrable initially deferred)"))
      const count = one(pg, "select count(*)::int4 from t")
      const insert = (n: number) => pg.query(s("insert into t values ($1)", [n]))
      const names = [`it's \\ "one"`, "two"]
      for (const prepare of names)
        assert.strictEqual(
          yield* pg.withTransaction(Effect.as(insert(names.indexOf(prepare)), "done"), { prepare }),
          "done"
        )
      assert.strictEqual(yield* count, 0)
      const listed = yield* two(PreparedTransaction.list)
      assert.deepStrictEqual(
        listed.map(({ database, identifier, owner }) => [identifier, owner, database]),
        names.map((name) => [name, "postgres", "postgres"])
      )
      yield* two(PreparedTransaction.commit(names[0]!))
      yield* two(PreparedTransaction.rollback(names[1]!))
      assert.strictEqual(yield* count, 1)
      assert.deepStrictEqual(yield* two(PreparedTransaction.list), [])
      assert.deepInclude(yield* Effect.flip(two(PreparedTransaction.commit("two"))), { code: "42704" })

      // What fails is not prepared.
      yield* Effect.flip(
        pg.withTransaction(Effect.zipRight(insert(7), Effect.fail("mine")), { prepare: "x" })
      )
      const swallowed = pg.withTransaction(Effect.ignore(pg.query(s("select 1 / 0"))), { prepare: "x" })
      assert.deepInclude(yield* Effect.flip(swallowed), { code: "25P02" })
      const refused = pg.withTransaction(Effect.zipRight(insert(8), insert(8)), { prepare: "x" })
      assert.deepInclude(yield* Effect.flip(refused), { code: "23505" })
      assert.deepStrictEqual(yield* two(PreparedTransaction.list), [])
      const hooked = pg.withTransaction(pg.afterCommit(Effect.void), { prepare: "x" })
      assert.deepInclude(yield* Effect.flip(hooked), { _tag: "PgUsageError", operation: "afterCommit" })
      const nested = pg.withTransaction(Effect.flip(pg.withTransaction(Effect.void, { prepare: "x" })))
      assert.deepInclude(yield* nested, { _tag: "PgUsageError", argument: "prepare" })
      for (const prepare of ["", "x".repeat(200), "a\0"])
        assert.deepInclude(yield* Effect.flip(pg.withTransaction(Effect.void, { prepare })), {
          _tag: "PgUsageError",
          argument: "identifier"
        })
    })
  )
})

describe("a transaction that is repeated", () => {
  it.scopedLive("runs again after a plan that a change of its table has made void", () =>
    Effect.gen(function* () {
      const pg = yield* clientOf({ max: 1 })
      const name = yield* table("a int4")
      yield* pg.query(s(`insert into ${name} values (1)`))
      const reading = pg.query(s(`select * from ${name}`))
      yield* reading
      yield* reading
      yield* rawRows(shared, `alter table ${name} add b int4`)
      assert.deepInclude(yield* Effect.flip(pg.withTransaction(reading)), { code: "0A000" })
      yield* reading
      yield* rawRows(shared, `alter table ${name} add c int4`)
      const rows = yield* pg.withTransaction(reading, { retry: Schedule.recurs(1) })
      assert.deepStrictEqual(rows, [{ a: 1, b: null, c: null }])
    })
  )

  it.scopedLive(
    "runs again when its session was ended while it was idle, and fails with the reason without retry (X04)",
    () =>
      Effect.gen(function* () {
        const pg = yield* clientOf({ max: 1 })
        let attempts = 0
        const body = Effect.gen(function* () {
          const pid = yield* one(pg, "select pg_backend_pid()")
          if (attempts++ === 0) {
            yield* kill(pid)
            // The end of the session has to reach this side, too.
            yield* Effect.scoped(
              Effect.flatMap(pg.connection, ({ status }) =>
                eventually(status, ({ state }) => state === "broken")
              )
            )
          }
          return yield* one(pg, "select 'next'")
        })
        const error = yield* Effect.flip(pg.withTransaction(body))
        assert.deepInclude(error, { _tag: "PgClosedError", nothingSent: true })
        assert.match(error.message, /57P01/)
        attempts = 0
        assert.strictEqual(yield* pg.withTransaction(body, { retry: Schedule.recurs(1) }), "next")
        assert.strictEqual(attempts, 2)
      }).pipe(quiet)
  )
})
