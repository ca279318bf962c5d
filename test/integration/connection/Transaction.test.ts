import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { cancelDeadline } from "../../../src/connection/session/Cancel.js"
import { rollbackDeadline } from "../../../src/connection/Transaction.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import { eventually } from "../support/Eventually.js"
import { rawRows } from "../support/RawSession.js"
import { shared } from "../support/Server.js"
import { isClean, isRunning, open, refusal, s, table, value } from "./sessions.js"

describe("a transaction", () => {
  it.scopedLive("is committed, or rolled back when its body fails, dies or is interrupted", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const name = yield* table("id int")
      const insert = (id: number) => pg.query(s(`insert into ${name} values ($1)`, [id]))
      assert.strictEqual(yield* pg.withTransaction(Effect.as(insert(1), "result")), "result")
      assert.strictEqual(
        yield* Effect.flip(pg.withTransaction(Effect.zipRight(insert(2), Effect.fail("mine")))),
        "mine"
      )
      yield* isClean(pg)
      assert.isTrue(
        Exit.isFailure(
          yield* Effect.exit(pg.withTransaction(Effect.zipRight(insert(3), Effect.die("defect"))))
        )
      )
      yield* isClean(pg)
      const fiber = yield* Effect.fork(pg.withTransaction(Effect.zipRight(insert(4), Effect.never)))
      yield* eventually(pg.status, ({ inFlight, transaction }) => transaction === "T" && inFlight === 0)
      yield* Fiber.interrupt(fiber)
      yield* isClean(pg)
      assert.deepStrictEqual(yield* rawRows(shared, `select id from ${name}`), [["1"]])
    })
  )

  it.scopedLive("is refused inside another, and beside one of another fiber, before anything is sent", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const name = yield* table("id int")
      const insert = (id: number) => pg.query(s(`insert into ${name} values ($1)`, [id]))
      const inner = refusal(pg.withTransaction(insert(2)))
      const error = yield* pg.withTransaction(Effect.zipRight(insert(1), inner))
      assert.strictEqual(error.code, "25001")
      assert.match(error.message, /BEGIN was not sent[^]*SAVEPOINT/)
      yield* Effect.all([pg.withTransaction(insert(3)), refusal(pg.withTransaction(insert(4)))], {
        concurrency: "unbounded"
      })
      yield* pg.query(s("begin"))
      assert.strictEqual((yield* refusal(pg.withTransaction(insert(5)))).code, "25001")
      yield* pg.query(s("rollback"))
      yield* pg.withTransaction(insert(6))
      assert.deepStrictEqual(yield* rawRows(shared, `select id from ${name} order by id`), [
        ["1"],
        ["3"],
        ["6"]
      ])
    })
  )

  it.scopedLive("has the isolation and access asked for", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const settings = pg.values(
        s(
          "select current_setting('transaction_isolation'), current_setting('transaction_read_only'), current_setting('transaction_deferrable')"
        )
      )
      assert.deepStrictEqual(
        yield* pg.withTransaction(settings, { isolation: "serializable", readOnly: true, deferrable: true }),
        [["serializable", "on", "on"]]
      )
      assert.deepStrictEqual(yield* pg.withTransaction(settings, { isolation: "repeatable read" }), [
        ["repeatable read", "off", "off"]
      ])
      assert.strictEqual(
        (yield* refusal(pg.withTransaction(pg.query(s("create table nope (id int)")), { readOnly: true })))
          .code,
        "25006"
      )
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "whose error was handled still has failed: COMMIT answered by ROLLBACK is an error (TRP-049, FLW-049)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        const name = yield* table("id int")
        const error = yield* refusal(
          pg.withTransaction(
            Effect.zipRight(
              pg.query(s(`insert into ${name} values (1)`)),
              Effect.ignore(pg.query(s("select 1 / 0")))
            )
          )
        )
        assert.strictEqual(error.code, "25P02")
        assert.match(error.message, /ROLLBACK/)
        yield* isClean(pg)
        assert.deepStrictEqual(yield* rawRows(shared, `select count(*) from ${name}`), [["0"]])
      })
  )

  it.scopedLive("that failed on both sides is rolled back once and keeps its first error (TRP-125)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const notices: Array<string> = []
      yield* Effect.fork(
        Stream.runForEach(yield* pg.notices, ({ text }) => Effect.sync(() => notices.push(text)))
      )
      const error = yield* Effect.flip(
        pg.withTransaction(
          Effect.zipRight(Effect.ignore(pg.query(s("select 1 / 0"))), Effect.fail("the first error"))
        )
      )
      assert.strictEqual(error, "the first error")
      yield* isClean(pg)
      // A second ROLLBACK would be answered by a warning, which this notice would come behind.
      yield* pg.simple("do $$ begin raise notice 'end'; end $$")
      yield* eventually(
        Effect.sync(() => [...notices]),
        (notices) => notices.includes("end")
      )
      assert.deepStrictEqual(notices, ["end"])
    })
  )

  it.scopedLive("refused at its COMMIT is the server's error, and nothing is stored (FLW-041, ERR-010)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const name = yield* table("id int unique deferrable initially deferred")
      const error = yield* refusal(
        pg.withTransaction(
          Effect.zipRight(
            pg.query(s(`insert into ${name} values (1)`)),
            pg.query(s(`insert into ${name} values (1)`))
          )
        )
      )
      assert.deepStrictEqual([error.code, error.class, error.sql], ["23505", "23", "commit"])
      yield* isClean(pg)
      assert.deepStrictEqual(yield* rawRows(shared, `select count(*) from ${name}`), [["0"]])
    })
  )

  it.scopedLive("can be interrupted while its BEGIN waits, and nothing is left open", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const sleeping = yield* Effect.fork(pg.query(s("select pg_sleep(0.3)")))
      yield* isRunning(pg, "pg_sleep")
      const behind = yield* Effect.fork(pg.withTransaction(value(pg, "select 1")))
      yield* eventually(pg.status, ({ inFlight, waiting }) => inFlight + waiting === 2)
      yield* Fiber.interrupt(behind)
      yield* Fiber.join(sleeping)
      yield* eventually(pg.status, ({ state }) => state === "clean")
      yield* isClean(pg)
    })
  )

  it.scoped("whose ROLLBACK gets no answer is given up within a limit, and the session closed", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy.make({ target: shared })
      const pg = yield* open({ target: proxy })
      const body = Effect.zipRight(proxy.setFault({ toServer: { stallAfter: 0 } }), Effect.fail("mine"))
      const fiber = yield* Effect.fork(Effect.flip(pg.withTransaction(body)))
      yield* eventually(pg.status, ({ inFlight, transaction }) => transaction === "T" && inFlight === 1)
      yield* TestClock.adjust(rollbackDeadline)
      yield* eventually(pg.status, ({ cancels }) => cancels === 1)
      yield* TestClock.adjust(cancelDeadline)
      assert.strictEqual(yield* Fiber.join(fiber), "mine")
      assert.strictEqual((yield* pg.status).state, "broken")
    })
  )
})

describe("a COMMIT that gets no answer", () => {
  it.scoped("within the deadline of statements has an unknown outcome (TRP-127)", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy.make({ target: shared })
      const pg = yield* open({ target: proxy, config: { statementTimeout: "1 second" } })
      // The second COMMIT needs no description, which would wait as well.
      yield* pg.withTransaction(Effect.void)
      const silence = proxy.setFault({ toClient: { stallAfter: 0 } })
      const fiber = yield* Effect.fork(Effect.flip(pg.withTransaction(silence)))
      yield* eventually(pg.status, ({ inFlight, transaction }) => transaction === "T" && inFlight === 1)
      yield* TestClock.adjust("1 second")
      yield* eventually(pg.status, ({ cancels }) => cancels === 1)
      yield* TestClock.adjust(cancelDeadline)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "PgCommitUnknownError")
      assert.strictEqual((yield* pg.status).state, "broken")
    })
  )

  it.scoped(
    "does not hold its fiber for ever when that is interrupted, and is waited for when it comes",
    () =>
      Effect.gen(function* () {
        const proxy = yield* FaultProxy.make({ target: shared })
        const name = yield* table("id int")
        for (const answer of [true, false]) {
          yield* proxy.setFault({})
          const pg = yield* open({ target: proxy })
          yield* pg.withTransaction(Effect.void)
          const insert = pg.query(s(`insert into ${name} values (1)`))
          const body = Effect.zipRight(insert, proxy.setFault({ toClient: { stallAfter: 0 } }))
          const fiber = yield* Effect.fork(pg.withTransaction(body))
          yield* eventually(
            rawRows(shared, `select count(*) from ${name}`),
            ([row]) => row?.[0] === (answer ? "1" : "2")
          )
          const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
          yield* Effect.yieldNow()
          if (answer) yield* proxy.setFault({})
          else {
            yield* TestClock.adjust(rollbackDeadline)
            yield* eventually(pg.status, ({ cancels }) => cancels === 1)
            yield* TestClock.adjust(cancelDeadline)
          }
          yield* Fiber.join(interrupting)
          // It was stored both times.
          assert.strictEqual((yield* pg.status).state, answer ? "clean" : "broken")
        }
        assert.deepStrictEqual(yield* rawRows(shared, `select count(*) from ${name}`), [["2"]])
      })
  )

  for (const how of ["cut", "reset"] as const) {
    it.scopedLive(
      `because the link was ${how} was stored all the same, and nobody repeats it (TRP-127)`,
      () =>
        Effect.gen(function* () {
          const name = yield* table("id int")
          const proxy = yield* FaultProxy.make({ target: shared })
          const pg = yield* open({ target: proxy })
          yield* pg.withTransaction(pg.query(s("select 1")))
          let runs = 0
          const fiber = yield* Effect.fork(
            Effect.flip(
              pg.withTransaction(
                Effect.gen(function* () {
                  runs++
                  yield* pg.query(s(`insert into ${name} values (1)`))
                  yield* proxy.setFault({ toClient: { stallAfter: 0 } })
                })
              )
            )
          )
          yield* eventually(rawRows(shared, `select count(*) from ${name}`), ([row]) => row?.[0] === "1")
          yield* proxy.dropAll(how)
          const error = yield* Fiber.join(fiber)
          assert.strictEqual(error._tag, "PgCommitUnknownError")
          assert.match(error.message, /may or may not have taken effect/)
          assert.strictEqual(runs, 1)
          assert.deepStrictEqual(yield* rawRows(shared, `select count(*) from ${name}`), [["1"]])
        })
    )
  }

  it.scopedLive("because the session was terminated meanwhile has an unknown outcome (TRP-127)", () =>
    Effect.gen(function* () {
      const name = yield* table("id int")
      const pg = yield* open()
      // A deferred trigger holds the COMMIT.
      yield* rawRows(
        shared,
        `create function ${name}_slow() returns trigger language plpgsql as $$ begin perform pg_sleep(30); return null; end $$;
        create constraint trigger slow after insert on ${name} deferrable initially deferred for each row execute function ${name}_slow()`
      )
      const fiber = yield* Effect.fork(
        Effect.flip(pg.withTransaction(pg.query(s(`insert into ${name} values (1)`))))
      )
      yield* isRunning(pg, "commit")
      yield* rawRows(shared, `select pg_terminate_backend(${pg.facts.processId})`)
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error._tag, "PgCommitUnknownError")
      assert.include(error.message, "57P01")
      yield* rawRows(shared, `drop function ${name}_slow cascade`)
    })
  )
})
