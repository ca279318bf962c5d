/** Sessions through PgBouncer in transaction mode: two of the server for all of ours. */
import { assert, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import { isRetryable } from "../../../src/model/Judgement.js"
import { eventually } from "../support/eventually.js"
import { describePgBouncer, start } from "../support/pgBouncer.js"
import { isolated, shared } from "../support/server.js"
import { isClean, open, refusal, s } from "./sessions.js"

/** What each of the server's two sessions holds by name, seen in two transactions open at once. */
const held = (pg: PgConnection, other: PgConnection) =>
  Effect.gen(function* () {
    yield* pg.simple("begin")
    yield* other.simple("begin")
    const query = "select pg_backend_pid() as pid, (select count(*)::int4 from pg_prepared_statements) as n"
    const rows = [(yield* pg.simple(query))[0]!.rows[0]!, (yield* other.simple(query))[0]!.rows[0]!]
    yield* pg.simple("commit")
    yield* other.simple("commit")
    assert.strictEqual(new Set(rows.map(({ pid }) => pid)).size, 2)
    return rows.map(({ n }) => n)
  })

/** Has a session hold the server's session of this process id in a transaction, so that others get another. */
const occupy = (pg: PgConnection, pid: unknown) =>
  eventually(
    Effect.gen(function* () {
      const [, mine] = yield* pg.simple("begin; select pg_backend_pid() as pid")
      const isIt = mine?.rows[0]?.["pid"] === pid
      if (!isIt) yield* pg.simple("commit")
      return isIt
    }),
    (isIt) => isIt
  )

describePgBouncer("behind PgBouncer in transaction mode", () => {
  it.scopedLive("with the default cache a statement is never another session's of the same name", () =>
    Effect.gen(function* () {
      const target = yield* start({ target: shared })
      const sessions = yield* Effect.all(Array.from({ length: 6 }, () => open({ target })))
      for (let round = 0; round < 30; round++) {
        yield* Effect.forEach(
          sessions,
          (pg, at) =>
            // Texts of the same shape, the first, second … of each session: by a counter alone they would share their names.
            Effect.forEach([0, 1, 2], (text) =>
              Effect.map(
                Effect.either(pg.query(s(`select '${at}/${text}' as who, $1::int4 as x`, [round]))),
                (outcome) => {
                  if (Either.isRight(outcome)) {
                    assert.deepStrictEqual(outcome.right, [{ who: `${at}/${text}`, x: round }])
                  } else assert.isTrue(isRetryable(outcome.left))
                }
              )
            ),
          { concurrency: "unbounded" }
        )
      }
      yield* Effect.forEach(sessions, isClean)
    })
  )

  it.scopedLive("a statement the other session does not know is prepared again outside a transaction", () =>
    Effect.gen(function* () {
      const target = yield* start({ target: shared })
      const [pg, blocker] = yield* Effect.all([open({ target }), open({ target })])
      const statement = (x: number) => s("select pg_backend_pid() as pid, $1::int4 as x", [x])
      const [first] = yield* pg.query(statement(1))
      yield* occupy(blocker, first?.["pid"])
      const [second] = yield* pg.query(statement(2))
      assert.notStrictEqual(second?.["pid"], first?.["pid"])
      assert.strictEqual(second?.["x"], 2)
      yield* isClean(pg)
    })
  )

  it.scopedLive("inside a transaction its error has a hint that names the pooler and the setting", () =>
    Effect.gen(function* () {
      const target = yield* start({ target: shared })
      const [pg, blocker] = yield* Effect.all([open({ target }), open({ target })])
      const statement = s("select pg_backend_pid() as pid")
      const [first] = yield* pg.query(statement)
      yield* occupy(blocker, first?.["pid"])
      const error = yield* refusal(pg.withTransaction(pg.query(statement)))
      assert.strictEqual(error.code, "26000")
      assert.include(error.message, "PgBouncer")
      assert.include(error.message, "statementCacheSize")
      assert.isTrue(isRetryable(error))
      const [second] = yield* pg.withTransaction(pg.query(statement))
      assert.notStrictEqual(second?.["pid"], first?.["pid"])
      yield* isClean(pg)
    })
  )

  it.scopedLive("with the cache off nothing named is left, whatever is run and whatever fails", () =>
    Effect.gen(function* () {
      const server = yield* isolated()
      const target = yield* start({ target: server })
      const config = { statementCacheSize: 0 }
      const sessions = yield* Effect.all(Array.from({ length: 4 }, () => open({ target, config })))
      const [pg, other] = [sessions[0]!, sessions[1]!]
      yield* pg.simple("create table kept (n int4 primary key)")
      const failing = [s("insert into kept values ($1)", [1]), s("select 1 / $1::int4", [0]), s("select 3")]
      const unknown = [s("select 1"), s("select nothing"), s("select 3")]
      for (let round = 0; round < 6; round++) {
        yield* Effect.forEach(
          sessions,
          (each, at) =>
            Effect.gen(function* () {
              assert.deepStrictEqual(yield* each.values(s("select $1::int4", [at])), [[at]])
              assert.strictEqual((yield* each.pipeline(failing)).error?.code, "22012")
              assert.strictEqual((yield* each.pipeline(unknown)).error?.code, "42703")
              const { error, steps } = yield* each.pipeline([
                s("select $1::text as t", [`${at}`]),
                s("select 2")
              ])
              assert.isUndefined(error)
              const [first] = steps
              assert.deepStrictEqual(first?._tag === "Completed" && first.result.rows, [{ t: `${at}` }])
              yield* Effect.either(each.query(s("select nothing")))
              yield* Effect.either(each.query(s("select $1::int4", ["no number"])))
              const rows = each.withTransaction(
                Stream.runCollect(each.stream(s("select generate_series(1, 10) as n"), { fetchSize: 3 }))
              )
              assert.strictEqual(Chunk.size(yield* rows), 10)
              yield* Effect.either(
                each.withTransaction(
                  Stream.runCollect(
                    each.stream(s("select 1 / (5 - n) from generate_series(1, 9) n"), { fetchSize: 2 })
                  )
                )
              )
            }),
          { concurrency: "unbounded" }
        )
      }
      assert.deepStrictEqual(yield* held(pg, other), [0, 0])
      assert.deepStrictEqual(yield* pg.values(s("select count(*)::int4 from kept")), [[0]])
      yield* Effect.forEach(sessions, isClean)
    })
  )

  it.scopedLive("with the cache off rows are read by what the session behind it gives", () =>
    Effect.gen(function* () {
      const server = yield* isolated()
      const target = yield* start({ target: server })
      const pg = yield* open({ target, config: { statementCacheSize: 0 } })
      yield* pg.simple("create table z (a int4); insert into z values (1)")
      const statement = s("select a from z")
      for (let round = 0; round < 4; round++) assert.deepStrictEqual(yield* pg.query(statement), [{ a: 1 }])
      yield* pg.simple("alter table z alter a type text using 'abcd'")
      for (let round = 0; round < 4; round++)
        assert.deepStrictEqual(yield* pg.query(statement), [{ a: "abcd" }])
    })
  )
})
