import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { cancelDeadline } from "../../../src/connection/session/Cancel.js"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import { rollbackDeadline } from "../../../src/connection/Transaction.js"
import type { PgSessionError } from "../../../src/model/PgError.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"
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
      const inner = Effect.flip(pg.withTransaction(insert(2)))
      const error = yield* pg.withTransaction(Effect.zipRight(insert(1), inner))
      assert.deepInclude(error, { _tag: "PgUsageError", operation: "withTransaction", nothingSent: true })
      assert.match(error.message, /BEGIN was not sent[^]*SAVEPOINT/)
      yield* Effect.all([pg.withTransaction(insert(3)), Effect.flip(pg.withTransaction(insert(4)))], {
        concurrency: "unbounded"
      })
      yield* pg.query(s("begin"))
      assert.strictEqual((yield* Effect.flip(pg.withTransaction(insert(5))))._tag, "PgUsageError")
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

/** What it fails with; dies when it does not. */
const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<E, never, R> =>
  Effect.flatMap(Effect.either(effect), (outcome) =>
    outcome._tag === "Left" ? Effect.succeed(outcome.left) : Effect.die(outcome.right)
  )

describe("a transaction that a statement of its own body ends", () => {
  const ways: ReadonlyArray<
    readonly [
      string,
      (pg: PgConnection, id: string) => Effect.Effect<unknown, PgSessionError>,
      stored: boolean
    ]
  > = [
    ["rollback", (pg) => pg.query(s("rollback")), false],
    ["ROLLBACK as a whole result", (pg) => pg.execute(s("-- no\nROLLBACK WORK")), false],
    ["rollback as values", (pg) => pg.values(s("rollback")), false],
    ["rollback as a stream", (pg) => Stream.runDrain(pg.stream(s("rollback"))), false],
    ["rollback in a pipeline", (pg) => pg.pipeline([s("select 1"), s("rollback")]), false],
    ["abort", (pg) => pg.query(s("abort")), false],
    ["commit", (pg) => pg.query(s("commit")), true],
    ["end", (pg) => pg.query(s("end")), true],
    ["rollback and chain", (pg) => pg.query(s("rollback and chain")), false],
    ["commit and chain", (pg) => pg.query(s("commit and chain")), true],
    ["a text that ends in rollback", (pg) => pg.simple("select 1; rollback;"), false],
    [
      "a failure and rollback",
      (pg) => Effect.zipRight(Effect.ignore(pg.query(s("select 1 / 0"))), pg.query(s("rollback"))),
      false
    ],
    ["prepare transaction", (pg, id) => pg.query(s(`prepare transaction '${id}'`)), false]
  ]
  for (const [way, end, stored] of ways) {
    it.scopedLive(`by ${way} fails, and nothing runs behind it`, () =>
      Effect.gen(function* () {
        const pg = yield* open()
        const name = yield* table("id int")
        const insert = (id: number) => pg.query(s(`insert into ${name} values (${id})`))
        const count = () =>
          Effect.map(rawRows(shared, `select count(*)::int from ${name}`), ([row]) => row?.[0])
        let refused: PgSessionError | undefined
        const told = yield* failureOf(
          pg.withTransaction(
            Effect.gen(function* () {
              yield* insert(1)
              yield* end(pg, name)
              refused = yield* failureOf(insert(2))
              yield* failureOf(pg.simple("select 1"))
            })
          )
        )
        if (way === "prepare transaction") yield* rawRows(shared, `rollback prepared '${name}'`)
        assert.deepInclude(refused, { _tag: "PgUsageError", nothingSent: true })
        assert.deepInclude(told, { _tag: "PgUsageError", nothingSent: false })
        assert.match(told.message, /a statement of the body has ended the transaction/)
        yield* isClean(pg)
        assert.strictEqual(yield* count(), stored ? "1" : "0")
        // Alone and last, or with what the body fails with.
        yield* failureOf(pg.withTransaction(end(pg, `${name}_2`)))
        assert.strictEqual(
          yield* failureOf(pg.withTransaction(Effect.zipRight(end(pg, `${name}_3`), Effect.fail("mine")))),
          "mine"
        )
        if (way === "prepare transaction")
          yield* rawRows(shared, `rollback prepared '${name}_2'`).pipe(
            Effect.zipRight(rawRows(shared, `rollback prepared '${name}_3'`))
          )
        yield* isClean(pg)
        yield* pg.withTransaction(insert(3))
        assert.strictEqual(yield* count(), stored ? "2" : "1")
      })
    )
  }

  it.scopedLive("by a text or a pipeline that goes on behind it is refused whole, and goes on", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const name = yield* table("id int")
      yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* pg.query(s(`insert into ${name} values (1)`))
          for (const refused of [
            pg.simple(`rollback; insert into ${name} values (2)`),
            pg.simple(`commit; begin; insert into ${name} values (2)`),
            pg.pipeline([s("rollback"), s(`insert into ${name} values (2)`)])
          ])
            assert.deepInclude(yield* failureOf(Effect.asVoid<unknown, PgSessionError, never>(refused)), {
              _tag: "PgUsageError",
              nothingSent: true
            })
        })
      )
      assert.deepStrictEqual(yield* rawRows(shared, `select id::int from ${name}`), [["1"]])
    })
  )

  it.scopedLive("refuses also what was issued at the same time as that statement", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const name = yield* table("id int")
      const insert = pg.query(s(`insert into ${name} values (1)`))
      yield* pg.withTransaction(Effect.zipRight(insert, Effect.fail("not yet"))).pipe(Effect.ignore)
      const error = yield* failureOf(
        pg.withTransaction(Effect.all([pg.query(s("rollback")), insert], { concurrency: "unbounded" }))
      )
      assert.strictEqual(error._tag, "PgUsageError")
      yield* isClean(pg)
      assert.deepStrictEqual(yield* rawRows(shared, `select count(*) from ${name}`), [["0"]])
    })
  )

  it.scopedLive("is another thing than its savepoints, and its statements run on", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const name = yield* table("id int")
      const insert = (id: number) => pg.query(s(`insert into ${name} values (${id})`))
      yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* pg.query(s("savepoint a"))
          yield* insert(1)
          yield* pg.query(s("rollback to a"))
          yield* insert(2)
          yield* pg.simple("rollback work to savepoint a; release savepoint a")
          yield* insert(3)
        })
      )
      yield* isClean(pg)
      assert.deepStrictEqual(yield* rawRows(shared, `select id from ${name}`), [["3"]])
    })
  )
})

describe("a statement of a transaction that is over", () => {
  it.scopedLive("and was not yet sent is never sent", () =>
    Effect.gen(function* () {
      const pg = yield* open({ config: { pipelineDepth: 1 } })
      const name = yield* table("id int")
      const insert = pg.query(s(`insert into ${name} values (1)`))
      const late = yield* Deferred.make<Fiber.RuntimeFiber<unknown, PgSessionError>>()
      const sleeping = yield* Deferred.make<void>()
      const transaction = yield* Effect.fork(
        pg.withTransaction(
          Effect.gen(function* () {
            const asleep = yield* Effect.fork(pg.query(s("select pg_sleep(3600)")))
            yield* isRunning(pg, "pg_sleep")
            yield* Deferred.succeed(sleeping, undefined)
            yield* Fiber.join(asleep)
          })
        )
      )
      yield* Deferred.await(sleeping)
      yield* Deferred.succeed(late, yield* Effect.fork(insert))
      yield* eventually(pg.status, ({ waiting }) => waiting === 1)
      yield* Fiber.interrupt(transaction)
      const outcome = yield* Effect.either(Effect.flatMap(Deferred.await(late), Fiber.join))
      assert.isTrue(outcome._tag === "Left")
      yield* isClean(pg)
      assert.deepStrictEqual(yield* rawRows(shared, `select count(*) from ${name}`), [["0"]])
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
    it.scopedLive(`because the link was ${how} was stored all the same, and is not repeated (TRP-127)`, () =>
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
