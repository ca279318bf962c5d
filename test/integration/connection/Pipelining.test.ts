import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as PgConnection from "../../../src/PgConnection.js"
import * as PgSchema from "../../../src/schema/PgSchema.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"
import { isClean, isRunning, open, refusal, s, table, value } from "./sessions.js"

const times = <A>(count: number, make: (at: number) => A) =>
  Array.from({ length: count }, (_, at) => make(at))

describe("several fibers on one connection", () => {
  it.scopedLive("each get their own answer, whatever becomes of the others (FLW-100, FLW-037, FLW-038)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const one = (at: number): Effect.Effect<unknown, unknown> => {
        switch (at % 5) {
          case 0:
            return value(pg, "select $1::int4", [at])
          case 1:
            return Effect.map(
              refusal(pg.query(s("select 1 / ($1::int4 - $1::int4)", [at]))),
              ({ code }) => code
            )
          case 2:
            return Effect.map(pg.simple(`select ${at} as n; select 'second' as n`), (all) =>
              all.map(({ rows }) => rows)
            )
          case 3:
            return Effect.map(refusal(pg.query(s(`select nix${at}`))), ({ text }) => text)
          default:
            return Effect.map(pg.pipeline([s("select $1::int4 as n", [at])]), ({ steps }) => steps[0]!._tag)
        }
      }
      const expected = (at: number): unknown =>
        [at, "22012", [[{ n: at }], [{ n: "second" }]], `column "nix${at}" does not exist`, "Completed"][
          at % 5
        ]
      for (let round = 0; round < 3; round++) {
        const answers = yield* Effect.forEach(
          times(100, (at) => at),
          one,
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(
          answers,
          times(100, (at) => expected(at))
        )
        yield* isClean(pg)
      }
    })
  )

  it.scopedLive("have three segments, of which the middle one fails, alone (TRP-047, FLW-039, FLW-046)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (id int primary key)")
      const insert = (id: number) => Effect.either(pg.execute(s("insert into t values ($1)", [id])))
      yield* insert(0)
      const outcomes = yield* Effect.all([insert(1), insert(1), insert(2)], { concurrency: "unbounded" })
      assert.deepStrictEqual(
        outcomes.map((outcome) =>
          Either.match(outcome, {
            onLeft: (error) => (error._tag === "PgServerError" ? error.code : error._tag),
            onRight: ({ command }) => command.text
          })
        ),
        ["INSERT 0 1", "23505", "INSERT 0 1"]
      )
      assert.deepStrictEqual(yield* pg.values(s("select id from t order by 1")), [[0], [1], [2]])
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "write back to back: the second statement is on its way before the first is answered (FLW-051)",
    () =>
      Effect.gen(function* () {
        const proxy = yield* FaultProxy.make({ target: shared })
        const deep = yield* open({ target: proxy, config: { pipelineDepth: 8 } })
        yield* value(deep, "select 1")
        yield* proxy.setFault({ toClient: { stallAfter: 0 } })
        const fibers = yield* Effect.forEach(
          times(20, (at) => at),
          () => Effect.fork(value(deep, "select 1"))
        )
        const status = yield* eventually(deep.status, ({ inFlight }) => inFlight > 1)
        assert.deepStrictEqual([status.inFlight, status.waiting, status.state], [8, 12, "busy"])
        yield* proxy.setFault({})
        yield* Fiber.joinAll(fibers)
        yield* isClean(deep)
      })
  )

  it.scopedLive("take turns with a depth of 1 (FLW-051)", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy.make({ target: shared })
      const pg = yield* open({ target: proxy, config: { pipelineDepth: 1 } })
      yield* value(pg, "select 1")
      yield* proxy.setFault({ toClient: { stallAfter: 0 } })
      const fibers = yield* Effect.forEach(
        times(5, (at) => at),
        () => Effect.fork(value(pg, "select 1"))
      )
      const status = yield* eventually(pg.status, ({ inFlight }) => inFlight > 0)
      assert.deepStrictEqual([status.inFlight, status.waiting], [1, 4])
      yield* proxy.setFault({})
      assert.deepStrictEqual([...(yield* Fiber.joinAll(fibers))], [1, 1, 1, 1, 1])
      const many = yield* Effect.forEach(
        times(50, (at) => at),
        (at) => value(pg, "select $1::int4", [at]),
        {
          concurrency: "unbounded"
        }
      )
      assert.deepStrictEqual(
        many,
        times(50, (at) => at)
      )
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "ask thousands of times for large answers with large questions, and nothing locks up (TRP-050, FLW-050)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open({ config: { pipelineDepth: 5000 } })
        const question = "q".repeat(10_000)
        const lengths = yield* Effect.forEach(
          times(2000, (at) => at),
          (at) =>
            Effect.map(pg.values(s("select $1::text || $2::text", [question, String(at)])), ([row]) =>
              String(row![0]).slice(10_000)
            ),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(
          lengths,
          times(2000, (at) => String(at))
        )
        yield* isClean(pg)
      })
  )

  it.scopedLive(
    "share a transaction of one of them, and its failure until it is rolled back (FLW-049, TRP-049)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        const outcome = (sql: string) =>
          Effect.map(Effect.either(pg.execute(s(sql))), (outcome) =>
            Either.match(outcome, {
              onLeft: (error) => (error._tag === "PgServerError" ? error.code : error._tag),
              onRight: ({ command }) => command.text
            })
          )
        const run = () =>
          Effect.forEach(["begin", "select 1", "select 1 / 0", "select 2", "commit", "select 3"], outcome, {
            concurrency: "unbounded"
          })
        const expected = ["BEGIN", "SELECT 1", "22012", "25P02", "ROLLBACK", "SELECT 1"]
        // The first time the statements have to be described, the second time all are on the wire at once.
        yield* run()
        yield* pg.simple("rollback")
        for (const sql of ["select 1", "select 2", "select 3", "select 1 / 0"])
          yield* Effect.either(pg.query(s(sql)))
        assert.deepStrictEqual(yield* run(), expected)
        yield* isClean(pg)
      })
  )
})

describe("an explicit pipeline", () => {
  const tags = (result: { readonly steps: ReadonlyArray<{ readonly _tag: string }> }) =>
    result.steps.map(({ _tag }) => _tag)

  it.scopedLive("gives each step its result in order, and is one transaction (FLW-046, FLW-055)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (id int, who text)")
      const insert = (id: number) =>
        s("insert into t values ($1, $2) returning id, pg_current_xact_id()::text as xid", [id, "x"])
      for (let round = 0; round < 2; round++) {
        const result = yield* pg.pipeline([insert(1), insert(2), s("select count(*) from t"), s("")])
        assert.isUndefined(result.error)
        const rows = result.steps.flatMap((step) => (step._tag === "Completed" ? [step.result] : []))
        assert.deepStrictEqual(
          rows.map(({ command }) => command.text),
          ["INSERT 0 1", "INSERT 0 1", "SELECT 1", ""]
        )
        assert.strictEqual(new Set(rows.slice(0, 2).map(({ rows }) => Reflect.get(rows[0]!, "xid"))).size, 1)
        yield* isClean(pg)
      }
    })
  )

  it.scopedLive("with a failing step stores nothing, and the result names the step (FLW-039, FLW-055)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (id int primary key)")
      const insert = (id: number) => s("insert into t values ($1)", [id])
      for (let round = 0; round < 2; round++) {
        const result = yield* pg.pipeline([
          insert(1),
          insert(2),
          insert(1),
          insert(3),
          s("select count(*) from t")
        ])
        assert.deepStrictEqual(tags(result), ["Completed", "Completed", "Failed", "Aborted", "Aborted"])
        assert.strictEqual(result.error?.code, "23505")
        assert.strictEqual(result.error?.sql, insert(1).sql)
        assert.deepStrictEqual(result.steps[3], { _tag: "Aborted", by: 2 })
        assert.strictEqual(yield* value(pg, "select count(*) from t"), 0n)
        yield* isClean(pg)
      }
      // A parameter that cannot be written: nothing is sent, or nothing runs.
      const unwritable = yield* Effect.flip(
        pg.pipeline([insert(8), s("insert into t values ($1)", ["no number"])])
      )
      assert.strictEqual(unwritable._tag, "PgCodecError")
      const zero = yield* Effect.flip(pg.pipeline([insert(9), s("select '\0'")]))
      assert.strictEqual(zero._tag, "PgUsageError")
      assert.strictEqual(yield* value(pg, "select count(*) from t"), 0n)
      yield* isClean(pg)
    })
  )

  it.scopedLive("that fails at its Sync has an error although every step was answered (FLW-041)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (id int unique deferrable initially deferred)")
      const result = yield* pg.pipeline([s("insert into t values (1)"), s("insert into t values (1)")])
      assert.strictEqual(result.error?.code, "23505")
      assert.strictEqual(yield* value(pg, "select count(*) from t"), 0n)
      yield* isClean(pg)
    })
  )

  it.scopedLive("inside a transaction leaves it open, or failed (FLW-040)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (id int primary key)")
      yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* pg.pipeline([s("insert into t values (1)"), s("insert into t values (2)")])
          assert.strictEqual((yield* pg.status).transaction, "T")
        })
      )
      const failed = yield* refusal(
        pg.withTransaction(
          Effect.gen(function* () {
            yield* pg.query(s("insert into t values (3)"))
            const { steps } = yield* pg.pipeline([s("insert into t values (3)"), s("select 1")])
            assert.deepStrictEqual(tags({ steps }), ["Failed", "Aborted"])
            assert.strictEqual((yield* pg.status).transaction, "E")
          })
        )
      )
      assert.strictEqual(failed.code, "25P02")
      assert.deepStrictEqual(yield* pg.values(s("select id from t order by 1")), [[1], [2]])
      yield* isClean(pg)
    })
  )

  it.scopedLive("may hold its own transaction commands, which move its borders (FLW-047)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (id int primary key)")
      const result = yield* pg.pipeline([
        s("insert into t values (1)"),
        s("commit"),
        s("insert into t values (2)"),
        s("insert into t values (2)")
      ])
      assert.deepStrictEqual(tags(result), ["Completed", "Completed", "Completed", "Failed"])
      assert.deepStrictEqual(yield* pg.values(s("select id from t")), [[1]])
      yield* pg.pipeline([s("insert into t values (5)"), s("begin"), s("insert into t values (6)")])
      assert.strictEqual((yield* pg.status).transaction, "T")
      yield* pg.query(s("rollback"))
      assert.deepStrictEqual(yield* pg.values(s("select id from t")), [[1]])
      yield* isClean(pg)
    })
  )

  it.scopedLive("runs what must be outside a transaction only as its first step (FLW-048)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const name = yield* table("id int")
      assert.deepStrictEqual(tags(yield* pg.pipeline([s(`vacuum ${name}`), s("select 1")])), [
        "Completed",
        "Completed"
      ])
      const late = yield* pg.pipeline([s(`insert into ${name} values (1)`), s(`vacuum ${name}`)])
      assert.strictEqual(late.error?.code, "25001")
      yield* isClean(pg)
    })
  )

  it.scopedLive("refuses a COPY in a step and stays usable, with others waiting", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (id int)")
      for (const sql of ["copy t from stdin", "copy t to stdout"]) {
        const [error, other] = yield* Effect.all(
          [Effect.flip(pg.pipeline([s("select 1"), s(sql), s("select 2")])), value(pg, "select 'other'")],
          { concurrency: "unbounded" }
        )
        assert.strictEqual(error._tag, "PgUsageError", sql)
        assert.match(error.message, new RegExp(`\\nSTATEMENT: ${sql}$`))
        assert.strictEqual(other, "other")
        yield* isClean(pg)
      }
    })
  )

  it.scopedLive("of nothing, and of hundreds of steps", () =>
    Effect.gen(function* () {
      const pg = yield* open({ config: { statementCacheSize: 10 } })
      assert.deepStrictEqual((yield* pg.pipeline([])).steps, [])
      const result = yield* pg.pipeline(
        times(500, (at) => s(`select ${at % 100} as n, $1::text as pad`, ["p".repeat(5000)]))
      )
      assert.deepStrictEqual(
        result.steps.map((step) =>
          step._tag === "Completed" ? Reflect.get(step.result.rows[0]!, "n") : step
        ),
        times(500, (at) => at % 100)
      )
      yield* isClean(pg)
    })
  )

  it.scopedLive("that is interrupted is stopped on the server as a whole, and others go on (FLW-054)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const name = yield* table("id int")
      const fiber = yield* Effect.fork(
        pg.pipeline([
          s(`insert into ${name} values (1)`),
          s("select pg_sleep(60)"),
          s(`insert into ${name} values (2)`)
        ])
      )
      yield* isRunning(pg, "pg_sleep")
      const neighbour = yield* Effect.fork(value(pg, "select 'neighbour'"))
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* Fiber.join(neighbour), "neighbour")
      assert.deepStrictEqual(yield* rawRows(shared, `select count(*) from ${name}`), [["0"]])
      yield* isClean(pg)
    })
  )
})

describe("a pipeline with Syncs of the user's", () => {
  it.scopedLive("is a transaction for each part, and the parts behind a failed one run", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(
        "create temp table t (id int primary key, parent int references t deferrable initially deferred)"
      )
      const insert = (id: number, parent: number | null = null) =>
        s("insert into t values ($1, $2)", [id, parent])
      const Row = Schema.Struct({ id: PgSchema.Int4 })
      // Twice: described first, then known.
      for (let round = 0; round < 2; round++) {
        yield* pg.simple("truncate t")
        const { errors, steps } = yield* pg.pipeline([
          insert(1),
          PgConnection.sync,
          insert(2),
          insert(1),
          insert(3),
          PgConnection.sync,
          insert(4, 99),
          PgConnection.sync,
          insert(5),
          PgConnection.step(s("select id from t order by id"), Row)
        ])
        assert.deepStrictEqual(
          errors.map((error) => error?.code),
          [undefined, "23505", "23503", undefined]
        )
        assert.deepStrictEqual(
          steps.map(({ _tag }) => _tag),
          ["Completed", "Completed", "Failed", "Aborted", "Completed", "Completed", "Completed"]
        )
        const last = steps[6]
        assert.deepStrictEqual(last._tag === "Completed" && last.result.rows, [{ id: 1 }, { id: 5 }])
        yield* isClean(pg)
      }
    })
  )

  it.scopedLive("gives a step behind a Flush while the next one runs", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const seen: Array<number> = []
      const running = yield* Effect.fork(
        pg.pipeline([s("select 1"), PgConnection.flush, s("select pg_sleep(600)")], {
          onStep: (step) => void seen.push(step)
        })
      )
      yield* eventually(
        Effect.sync(() => seen.length),
        (count) => count === 1
      )
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(seen, [0])
      yield* isClean(pg)
    })
  )

  it.scopedLive("leaves a clean connection when it is interrupted with parts on the wire", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const sleep = s("select pg_sleep(600)")
      const running = yield* Effect.fork(
        pg.pipeline([sleep, PgConnection.sync, sleep, PgConnection.sync, s("select 1")])
      )
      yield* eventually(pg.status, ({ statement }) => statement !== undefined)
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(yield* value(pg, "select 2"), 2)
      yield* isClean(pg)
    })
  )
})
