/** What our client for `@effect/sql` does where `@effect/sql-pg` does otherwise, or has nothing to compare with. */
import { SafeIntegers, SqlClient } from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as PgClient from "../../../src/client/PgClient.js"
import { PgPool } from "../../../src/client/pool/PgPool.js"
import { Numeric } from "../../../src/model/Numeric.js"
import { PgTimestampTz } from "../../../src/model/PgTimestampTz.js"
import * as PgSqlClient from "../../../src/sql/PgSqlClient.js"
import { PgSqlError } from "../../../src/nodepg/DatabaseError.js"
import { int8AsNumber } from "../../../src/types/Integers.js"
import { configOf, s, table } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"
import { layerOf, withSql } from "./drivers.js"

const kill = (pid: unknown) => rawRows(shared, `select pg_terminate_backend(${String(pid)})`)

const pidOf = (sql: SqlClient): Effect.Effect<unknown, SqlError> =>
  Effect.map(sql`select pg_backend_pid()`.values, ([row]) => row![0])

/** The cause of the `SqlError` that an effect fails with; dies when it ends otherwise. */
const causeOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<PgSqlError, never, R> =>
  Effect.flatMap(Effect.exit(effect), (exit) => {
    const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
    return error instanceof SqlError && error.cause instanceof PgSqlError
      ? Effect.succeed(error.cause)
      : Effect.die(exit)
  })

describe("one transaction for both APIs", () => {
  it.scopedLive("has statements of PgClient inside that of SqlClient, and rolls them back with it", () =>
    Effect.gen(function* () {
      const name = yield* table("n int4")
      yield* withSql()((sql) =>
        Effect.gen(function* () {
          const body = Effect.gen(function* () {
            yield* sql.pg.query(s(`insert into ${name} values (1)`))
            assert.deepStrictEqual(yield* sql`select n from ${sql(name)}`, [{ n: 1 }])
            assert.isTrue(yield* sql.pg.inTransaction)
            return yield* Effect.fail("no")
          })
          assert.strictEqual(yield* Effect.flip(sql.withTransaction(body)), "no")
          assert.deepStrictEqual(yield* sql`select n from ${sql(name)}`, [])
        })
      )
    })
  )

  it.scopedLive("has statements of SqlClient inside that of PgClient, nested both ways", () =>
    Effect.gen(function* () {
      const name = yield* table("n int4")
      yield* withSql()((sql) =>
        sql.pg.withTransaction(
          Effect.gen(function* () {
            const pid = yield* pidOf(sql)
            yield* sql`insert into ${sql(name)} values (1)`
            const nested = sql.withTransaction(
              Effect.gen(function* () {
                assert.strictEqual(yield* pidOf(sql), pid)
                yield* sql`insert into ${sql(name)} values (2)`
                yield* Effect.ignore(
                  sql.pg.withTransaction(
                    Effect.zipRight(sql`insert into ${sql(name)} values (3)`, Effect.fail("no"))
                  )
                )
                yield* sql.withTransaction(sql`insert into ${sql(name)} values (4)`)
              })
            )
            yield* nested
            assert.deepStrictEqual(yield* sql`select n from ${sql(name)} order by n`, [
              { n: 1 },
              { n: 2 },
              { n: 4 }
            ])
          }),
          { isolation: "repeatable read" }
        )
      )
    })
  )

  it.scopedLive("is joined by a fiber that has its context alone", () =>
    Effect.gen(function* () {
      const name = yield* table("n int4")
      yield* withSql()((sql) =>
        Effect.flip(
          sql.withTransaction(
            Effect.gen(function* () {
              const context = yield* Effect.context<never>()
              const pid = yield* pidOf(sql)
              // A fiber of its own, with nothing of this fiber but the context.
              const run = <A, E>(effect: Effect.Effect<A, E>) =>
                Effect.promise(() => Effect.runPromise(Effect.provide(effect, context)))
              assert.strictEqual(yield* run(pidOf(sql)), pid)
              assert.strictEqual(yield* run(sql.withTransaction(pidOf(sql))), pid)
              yield* run(sql.withTransaction(Effect.orDie(sql.pg.query(s(`insert into ${name} values (1)`)))))
              yield* run(sql.notify("nobody", "x"))
              assert.deepStrictEqual(yield* sql`select n from ${sql(name)}`, [{ n: 1 }])
              return yield* Effect.fail("rolled back")
            })
          )
        )
      )
      assert.deepStrictEqual(yield* rawRows(shared, `select n from ${name}`), [])
    })
  )

  it.scopedLive("belongs to its client: another client's statements go to its own database", () =>
    Effect.gen(function* () {
      const other = configOf({ config: { database: "template1" } })
      const [mine, theirs] = yield* Effect.all([
        Layer.build(layerOf()),
        Layer.build(PgSqlClient.layer(other))
      ])
      const here = Context.get(mine, PgSqlClient.PgSqlClient)
      const there = Context.get(theirs, PgSqlClient.PgSqlClient)
      const names = (sql: SqlClient) => Effect.map(sql`select current_database()`.values, ([row]) => row![0])
      yield* here.withTransaction(
        Effect.gen(function* () {
          assert.deepStrictEqual([yield* names(here), yield* names(there)], ["postgres", "template1"])
          assert.strictEqual(yield* there.withTransaction(names(there)), "template1")
          assert.strictEqual(yield* there.withTransaction(names(here)), "postgres")
        })
      )
    })
  )

  it.scopedLive("shares the pool of the application's PgClient", () =>
    Effect.gen(function* () {
      const layer = Layer.provideMerge(PgSqlClient.layerFromClient(), PgClient.layer(configOf(), { max: 1 }))
      const [sql, other, pool] = yield* Effect.gen(function* () {
        return [yield* PgSqlClient.PgSqlClient, yield* SqlClient, yield* PgPool] as const
      }).pipe(Effect.provide(yield* Layer.build(layer)))
      assert.strictEqual<SqlClient>(sql, other)
      yield* sql`select 1`
      yield* sql.pg.query(s("select 1"))
      assert.strictEqual((yield* pool.statistics).opened, 1)
    })
  )

  it.scopedLive("refuses a PgClient that another package made", () =>
    Effect.gen(function* () {
      const { pg } = yield* PgSqlClient.PgSqlClient
      const wrapped = { query: pg.query } as unknown as PgClient.PgClientService
      const cause = yield* causeOf(
        Layer.build(PgSqlClient.layerFromClient()).pipe(Effect.provideService(PgClient.PgClient, wrapped))
      )
      assert.strictEqual(cause.error._tag, "PgUsageError")
      const copied = yield* Layer.build(PgSqlClient.layerFromClient()).pipe(
        Effect.provideService(PgClient.PgClient, { ...pg })
      )
      assert.deepStrictEqual(yield* Context.get(copied, SqlClient)`select 1 as n`, [{ n: 1 }])
    }).pipe(Effect.provide(layerOf()))
  )
})

describe("the end of a transaction", () => {
  it.scopedLive("is a failure when COMMIT is refused: a deferred constraint", () =>
    Effect.gen(function* () {
      const name = yield* table("n int4 unique deferrable initially deferred")
      const cause = yield* causeOf(
        withSql()((sql) => sql.withTransaction(sql`insert into ${sql(name)} values (1), (1)`))
      )
      assert.deepInclude(cause, { code: "23505", reason: "UniqueViolation", table: name })
      assert.deepStrictEqual(yield* rawRows(shared, `select n from ${name}`), [])
    })
  )

  it.scopedLive("is a failure when COMMIT is answered by ROLLBACK", () =>
    Effect.gen(function* () {
      const cause = yield* causeOf(withSql()((sql) => sql.withTransaction(Effect.ignore(sql`select 1 / 0`))))
      assert.deepInclude(cause, { code: "25P02" })
    })
  )

  it.scopedLive("is a failure when the session is killed, before the end and inside a nested one", () =>
    withSql()((sql) =>
      Effect.gen(function* () {
        const killed = Effect.flatMap(pidOf(sql), (pid) => Effect.orDie(kill(pid)))
        for (const body of [
          killed,
          sql.withTransaction(killed),
          Effect.zipRight(killed, Effect.fail("own"))
        ]) {
          const exit = yield* Effect.exit(sql.withTransaction(body))
          const error = Exit.isFailure(exit) ? Option.getOrThrow(Cause.failureOption(exit.cause)) : "success"
          if (error !== "own") {
            assert.instanceOf(error, SqlError)
            assert.strictEqual(((error as SqlError).cause as PgSqlError).reason, "ConnectionError")
          }
        }
        assert.deepStrictEqual(yield* sql`select 1 as n`, [{ n: 1 }])
      })
    )
  )

  it.scopedLive("is a failure when COMMIT is refused, of the client without name transforms too", () =>
    Effect.gen(function* () {
      const name = yield* table("n int4 unique deferrable initially deferred")
      const cause = yield* causeOf(
        withSql()((sql) => {
          const plain = sql.withoutTransforms()
          return plain.withTransaction(plain`insert into ${plain(name)} values (1), (1)`)
        })
      )
      assert.strictEqual(cause.code, "23505")
    })
  )

  it.scopedLive("waits for the statements of all fibers that were forked in it, on one connection", () =>
    withSql()((sql) =>
      Effect.gen(function* () {
        const numbers = Array.from({ length: 50 }, (_, n) => n)
        const rows = yield* sql.withTransaction(
          Effect.forEach(
            numbers,
            (n) => Effect.flatMap(Effect.fork(sql`select ${n}::int4, pg_backend_pid()`.values), Fiber.join),
            { concurrency: "unbounded" }
          )
        )
        assert.deepStrictEqual(
          rows.map(([row]) => row![0]),
          numbers
        )
        assert.strictEqual(new Set(rows.map(([row]) => row![1])).size, 1)
      })
    )
  )

  it.scopedLive("releases the savepoint of a nested one that succeeded", () =>
    withSql()((sql) =>
      Effect.gen(function* () {
        const cause = yield* causeOf(
          sql.withTransaction(
            Effect.gen(function* () {
              yield* sql.withTransaction(sql`select 1`)
              yield* sql.unsafe("rollback to savepoint ep_savepoint_1")
            })
          )
        )
        assert.strictEqual(cause.code, "3B001")
      })
    )
  )

  it.scopedLive("leaves a fiber that outlives it with a failure, and no stranger's connection", () =>
    Effect.gen(function* () {
      const name = yield* table("n int4")
      yield* withSql({ max: 1 })((sql) =>
        Effect.gen(function* () {
          const over = yield* Deferred.make<void>()
          const late = yield* sql.withTransaction(
            Effect.forkDaemon(
              Effect.zipRight(
                Deferred.await(over),
                Effect.all(
                  [
                    sql`insert into ${sql(name)} values (1)`,
                    sql.withTransaction(sql`insert into ${sql(name)} values (2)`),
                    Stream.runDrain(sql`insert into ${sql(name)} values (3) returning n`.stream),
                    sql.unsafe(`insert into ${name} values (4); select 1`),
                    sql.notify("nobody", "late")
                  ].map(causeOf)
                )
              )
            )
          )
          const stranger = sql.withTransaction(
            Effect.gen(function* () {
              yield* Deferred.succeed(over, undefined)
              return yield* Fiber.join(late)
            })
          )
          for (const cause of yield* stranger) assert.strictEqual(cause.error._tag, "PgUsageError")
          assert.deepStrictEqual(yield* sql`select n from ${sql(name)}`, [])
        })
      )
    })
  )
})

describe("a reserved connection", () => {
  it.scopedLive("fails when it is used after its scope has ended", () =>
    withSql({ max: 1 })((sql) =>
      Effect.gen(function* () {
        const reserved = yield* Effect.scoped(sql.reserve)
        const uses = [
          reserved.execute("select 1", [], undefined),
          reserved.executeRaw("select 1", []),
          reserved.executeValues("select 1", []),
          reserved.executeUnprepared("select 1", [], undefined),
          reserved.execute("select 1; select 2", [], undefined),
          Stream.runDrain(reserved.executeStream("select 1", [], undefined))
        ]
        for (const use of uses) assert.strictEqual((yield* causeOf(use)).error._tag, "PgUsageError")
      })
    )
  )

  it.scopedLive("goes on when a statement of it was interrupted", () =>
    withSql({ max: 1 })((sql) =>
      Effect.scoped(
        Effect.gen(function* () {
          const reserved = yield* sql.reserve
          const own = reserved.executeValues("select pg_backend_pid()", [])
          const before = yield* own
          const asleep = yield* Effect.fork(reserved.executeRaw("select pg_sleep(600)", []))
          yield* eventually(
            Effect.orDie(
              rawRows(
                shared,
                `select 1 from pg_stat_activity where pid = ${String(before[0]![0])} and wait_event = 'PgSleep'`
              )
            ),
            (rows) => rows.length === 1
          )
          yield* Fiber.interrupt(asleep)
          assert.deepStrictEqual(yield* own, before)
        })
      )
    )
  )

  it.scopedLive(
    "outlives the pool's limits of age and idleness, and its finalizer may still run a statement",
    () =>
      withSql({ max: 2, maxLifetime: 1, idleTimeout: 1, checkAfter: 1 })((sql) =>
        Effect.gen(function* () {
          let last: unknown
          const pids = yield* Effect.scoped(
            Effect.gen(function* () {
              const reserved = yield* sql.reserve
              const pid = Effect.map(
                reserved.executeValues("select pg_backend_pid()", []),
                ([row]) => row![0]
              )
              yield* Effect.addFinalizer(() => Effect.map(Effect.orDie(pid), (seen) => (last = seen)))
              const first = yield* pid
              yield* sql`select pg_sleep(0.05)`
              return [first, yield* pid]
            })
          )
          assert.deepStrictEqual([pids[1], last], [pids[0], pids[0]])
        })
      )
  )
})

describe("values", () => {
  it.scopedLive("are JSON when wrapped by json, arrays, texts and dates too; null is NULL", () =>
    withSql()((sql) =>
      Effect.gen(function* () {
        for (const value of [{ a: 1 }, [1, "x"], [], "text", 5, true, { d: [null] }])
          assert.deepStrictEqual(yield* sql`select ${sql.json(value)}::jsonb as j`, [{ j: value }])
        assert.deepStrictEqual(yield* sql`select ${sql.json(new Date(0))}::jsonb as j`, [
          { j: "1970-01-01T00:00:00.000Z" }
        ])
        assert.deepStrictEqual(yield* sql`select ${sql.json(null)}::jsonb is null as n`, [{ n: true }])
        const inserted = sql`insert into json_values ${sql.insert({ j: sql.json([1]) }).returning("j")}`
        yield* sql.unsafe("create table json_values (j jsonb)")
        assert.deepStrictEqual(
          yield* Effect.ensuring(inserted, Effect.ignore(sql.unsafe("drop table json_values"))),
          [{ j: [1] }]
        )
      })
    )
  )

  it.scopedLive("have int8 as bigint where integers must be safe, by every way", () =>
    withSql()((sql) =>
      Effect.gen(function* () {
        const big = sql`select 9007199254740993::int8 as n, array[1::int8] as a`
        const expected = [{ n: 9007199254740993n, a: [1n] }]
        assert.deepStrictEqual(yield* big, [{ n: "9007199254740993", a: ["1"] }])
        const safely = <A, E>(effect: Effect.Effect<A, E>) =>
          Effect.provideService(effect, SafeIntegers, true)
        assert.deepStrictEqual(yield* safely(big), expected)
        assert.deepStrictEqual(yield* safely(big.values), [[9007199254740993n, [1n]]])
        assert.deepStrictEqual(
          yield* safely(Effect.map(Stream.runCollect(big.stream), (rows) => [...rows])),
          expected
        )
        assert.deepStrictEqual(yield* safely(sql.unsafe("select 1::int8 as n; select 2::int8 as n")), [
          [{ n: 1n }],
          [{ n: 2n }]
        ] as never)
      })
    )
  )

  it.scopedLive("are the client's own, which lose nothing, when asked for", () =>
    withSql({ values: "client" })((sql) =>
      Effect.gen(function* () {
        const [row] =
          yield* sql`select 1.50::numeric as n, 5::int8 as b, ${PgTimestampTz.infinity} ::timestamptz as t`
        assert.deepStrictEqual(row, { n: Numeric.unsafeMake(150, 2), b: 5n, t: PgTimestampTz.infinity })
        assert.strictEqual((yield* causeOf(sql`select ${"x"}::int4`)).error._tag, "PgCodecError")
      })
    )
  )

  it.scopedLive("are read by a codec of the application's own", () =>
    withSql({ values: PgSqlClient.compatible.with(int8AsNumber) })((sql) =>
      Effect.map(sql`select count(*) as n, 1.5::numeric as x`, (rows) =>
        assert.deepStrictEqual(rows, [{ n: 1, x: "1.5" }])
      )
    )
  )

  it.scopedLive("are the server's text for types found at run time, also when PgClient has found them", () =>
    withSql({ max: 1 })((sql) =>
      Effect.gen(function* () {
        const name = `mood_${process.pid}`
        yield* sql.unsafe(`create type ${name} as enum ('sad', 'ok')`)
        const text = `select 'ok'::${name} as one, array['ok'::${name}] as many, row(1, 'ok'::${name}) as both`
        yield* Effect.ensuring(
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* sql.pg.query(s(`select array['ok'::${name}] as many`)), [
              { many: ["ok"] }
            ])
            assert.deepStrictEqual(yield* sql.unsafe(text), [{ one: "ok", many: "{ok}", both: "(1,ok)" }])
            assert.deepStrictEqual(yield* sql.unsafe(`select $1::${name}[] as many`, [["sad"]]), [
              { many: "{sad}" }
            ])
          }),
          Effect.ignore(sql.unsafe(`drop type ${name}`))
        )
      })
    )
  )

  it.scopedLive("of a Redacted are refused, and not stored as the text that hides them", () =>
    withSql()((sql) =>
      Effect.gen(function* () {
        const { Redacted } = yield* Effect.promise(() => import("effect"))
        const secret = Redacted.make("secret")
        for (const value of [secret, { inside: secret }, [secret]]) {
          const cause = yield* causeOf(sql`select ${value}::text`)
          assert.strictEqual(cause.error._tag, "PgCodecError")
          assert.notInclude(cause.message, "secret")
        }
      })
    )
  )
})

describe("notifications", () => {
  it.scopedLive("arrive byte for byte, the empty one too, and those of a transaction with its COMMIT", () =>
    withSql()((sql) =>
      Effect.gen(function* () {
        const channel = `it's "a" channel ${process.pid}`
        const heard = yield* Effect.fork(Stream.runCollect(Stream.take(sql.listen(channel), 4)))
        yield* eventually(
          Effect.orDie(rawRows(shared, "select 1 from pg_stat_activity where query ilike 'listen%channel%'")),
          (rows) => rows.length > 0
        )
        yield* sql.notify(channel, 'it\'s ü \\ "x"')
        yield* sql.notify(channel, "")
        yield* Effect.ignore(
          sql.withTransaction(Effect.zipRight(sql.notify(channel, "rolled back"), Effect.fail("no")))
        )
        yield* sql.withTransaction(sql.notify(channel, "committed"))
        yield* sql.pg.withTransaction(sql.notify(channel, "last"))
        assert.deepStrictEqual([...(yield* Fiber.join(heard))], ['it\'s ü \\ "x"', "", "committed", "last"])
      })
    )
  )

  it.scopedLive("go on when the listening session is lost, and the gap is reported", () =>
    Effect.gen(function* () {
      const gaps: Array<string> = []
      const channel = `gap_${process.pid}`
      yield* withSql({ onGap: (name, reason) => Effect.sync(() => gaps.push(`${name} ${reason._tag}`)) })(
        (sql) =>
          Effect.gen(function* () {
            const listening = Effect.orDie(
              rawRows(shared, `select pid from pg_stat_activity where query ilike 'listen%${channel}%'`)
            )
            const heard = yield* Effect.fork(Stream.runCollect(Stream.take(sql.listen(channel), 1)))
            const [row] = yield* eventually(listening, (rows) => rows.length === 1)
            yield* Effect.orDie(kill(row![0]))
            yield* eventually(listening, (rows) => rows.length === 1 && rows[0]![0] !== row![0])
            yield* eventually(
              Effect.zipRight(
                sql.notify(channel, "after"),
                Effect.sync(() => gaps.length)
              ),
              (seen) => seen > 0
            )
            assert.deepStrictEqual([...(yield* Fiber.join(heard))], ["after"])
          })
      )
      assert.deepStrictEqual(gaps, [`${channel} SessionLost`])
    })
  )

  it.scopedLive("leave the pool's only connection to statements", () =>
    withSql({ max: 1 })((sql) =>
      Effect.gen(function* () {
        const channel = `beside_${process.pid}`
        const heard = yield* Effect.fork(Stream.runCollect(Stream.take(sql.listen(channel), 1)))
        yield* eventually(
          Effect.orDie(
            rawRows(shared, `select 1 from pg_stat_activity where query ilike 'listen%${channel}%'`)
          ),
          (rows) => rows.length === 1
        )
        assert.deepStrictEqual(yield* sql`select 1 as n`, [{ n: 1 }])
        yield* sql`select pg_notify(${channel}, ${"payload"})`
        assert.deepStrictEqual([...(yield* Fiber.join(heard))], ["payload"])
      })
    )
  )

  it.scopedLive("are refused with a payload that is too long, and a channel that is no name", () =>
    withSql()((sql) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* causeOf(sql.notify("c", "x".repeat(8000)))).error._tag, "PgUsageError")
        assert.strictEqual((yield* causeOf(Stream.runDrain(sql.listen("")))).error._tag, "PgUsageError")
      })
    )
  )
})

describe("a stream", () => {
  it.scopedLive("stops the server while its consumer is slow, and leaves no connection behind", () =>
    withSql({ max: 1 })((sql) =>
      Effect.gen(function* () {
        const some = yield* Stream.take(
          sql`select n, repeat('x', 1000) as t from generate_series(1, 100000000) n`.stream,
          3
        ).pipe(
          Stream.tap(({ n }) =>
            n === 1
              ? eventually(
                  Effect.orDie(
                    rawRows(
                      shared,
                      "select wait_event from pg_stat_activity where query like 'select n, repeat%' and state = 'active'"
                    )
                  ),
                  ([row]) => row?.[0] === "ClientWrite"
                )
              : Effect.void
          ),
          Stream.runCollect
        )
        assert.strictEqual(some.length, 3)
        assert.deepStrictEqual(yield* sql`select 1 as n`, [{ n: 1 }])
      })
    )
  )

  it.scopedLive("lets other statements of its transaction run meanwhile", () =>
    withSql({ max: 1 })((sql) =>
      sql.withTransaction(
        Effect.gen(function* () {
          const twice = yield* sql`select n from generate_series(1, 3) n`.stream.pipe(
            Stream.mapEffect(({ n }) => Effect.map(sql`select ${n}::int4 * 2 as d`, ([row]) => row!["d"])),
            Stream.runCollect
          )
          assert.deepStrictEqual([...twice], [2, 4, 6])
        })
      )
    )
  )
})

describe("statements", () => {
  it.scopedLive("are cancelled on the server when their fiber is interrupted, and no other is", () =>
    withSql({ max: 2 })((sql) =>
      Effect.gen(function* () {
        const neighbour = yield* Effect.fork(sql`select pg_sleep(0.5), 'done' as neighbour`)
        const doomed = yield* Effect.fork(sql`select pg_sleep(600), 'doomed' as doomed`)
        const running = Effect.orDie(
          rawRows(
            shared,
            "select 1 from pg_stat_activity where query like 'select pg_sleep(600), ''doomed''%' and state = 'active'"
          )
        )
        yield* eventually(running, (rows) => rows.length === 1)
        yield* Fiber.interrupt(doomed)
        assert.deepStrictEqual(yield* running, [])
        assert.deepInclude((yield* Fiber.join(neighbour))[0]!, { neighbour: "done" })
      })
    )
  )

  it.scopedLive("that open a transaction on the pool, and COPY, are refused", () =>
    withSql()((sql) =>
      Effect.gen(function* () {
        for (const text of ["begin", "copy pg_class to stdout"])
          assert.strictEqual((yield* causeOf(sql.unsafe(text))).error._tag, "PgUsageError")
      })
    )
  )

  it.scopedLive("that are unprepared leave nothing on the server", () =>
    withSql({ max: 1 })((sql) =>
      Effect.gen(function* () {
        const kept = sql`select statement from pg_prepared_statements where statement like '%left_behind%' and statement not like '%pg_prepared%'`
        assert.deepStrictEqual(yield* sql`select ${1}::int4 as left_behind`.unprepared, [{ left_behind: 1 }])
        assert.deepStrictEqual(yield* sql`select ${2}::int4 as left_behind`.unprepared, [{ left_behind: 2 }])
        assert.deepStrictEqual(yield* kept, [])
        yield* sql`select ${1}::int4 as left_behind`
        assert.strictEqual((yield* kept).length, 1)
      })
    )
  )

  it.scopedLive("share connections when the pool multiplexes, parameters and values as ever", () =>
    withSql({ max: 1, multiplex: { depth: 64 } })((sql) =>
      Effect.gen(function* () {
        const all = yield* Effect.forEach(
          Array.from({ length: 200 }, (_, at) => at),
          (at) => sql`select ${at}::int8 as n, ${new Date(at)}::timestamptz as t`,
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(
          all.map(([row]) => row),
          Array.from({ length: 200 }, (_, at) => ({ n: String(at), t: new Date(at) }))
        )
      })
    )
  )
})

describe("the layer", () => {
  it.scopedLive("fails when it is built and no session can be opened", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Layer.build(layerOf({}, { host: "127.0.0.1", port: 1 })))
      const error = Exit.isFailure(exit) ? Option.getOrThrow(Cause.failureOption(exit.cause)) : undefined
      assert.instanceOf(error, SqlError)
      assert.strictEqual((error as SqlError).message, "PgClient: Failed to connect")
      assert.deepInclude((error as SqlError).cause, { code: "ECONNREFUSED", reason: "ConnectionError" })
    })
  )

  it.scopedLive("fails with a connection error when the pool is exhausted", () =>
    withSql({ max: 1, maxWaiting: 0 })((sql) =>
      Effect.scoped(
        Effect.gen(function* () {
          yield* sql.reserve
          const error = yield* Effect.flip(sql`select 1`)
          assert.strictEqual(error.message, "Failed to acquire connection")
          assert.deepInclude(error.cause, { reason: "ConnectionError" })
          assert.strictEqual((error.cause as PgSqlError).error._tag, "PgPoolError")
        })
      )
    )
  )
})

describe("spans", () => {
  it.scopedLive("have the names and attributes that dashboards know, the application's own first", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.Span> = []
      const tracer = Tracer.make({
        span: (name, parent, context, links, startTime, kind) => {
          const attributes = new Map<string, unknown>()
          const events: Array<string> = []
          const span: Tracer.Span = {
            _tag: "Span",
            spanId: String(spans.length),
            traceId: "t",
            name,
            parent,
            context,
            links,
            kind,
            sampled: true,
            status: { _tag: "Started", startTime },
            attributes,
            attribute: (key, value) => void attributes.set(key, value),
            event: (event) => {
              events.push(event)
              attributes.set("events", events)
            },
            end: () => {},
            addLinks: () => {}
          }
          spans.push(span)
          return span
        },
        context: (f) => f()
      })
      yield* withSql({ spanAttributes: { team: "a" } })((sql) =>
        sql
          .withTransaction(
            Effect.zipRight(
              sql`select ${1}::int4 as n`.values,
              Effect.ignore(sql.withTransaction(Effect.fail(1)))
            )
          )
          .pipe(Effect.withTracer(tracer))
      )
      const named = spans.filter(({ name }) => name.startsWith("sql."))
      assert.deepStrictEqual(
        named.map(({ attributes, kind, name, parent }) => [
          name,
          kind,
          Option.isSome(parent) && parent.value._tag === "Span" ? parent.value.name : undefined,
          [...attributes]
        ]),
        [
          ["sql.transaction", "client", undefined, [...common(), ["events", ["db.transaction.commit"]]]],
          [
            "sql.execute",
            "client",
            "sql.transaction",
            [...common(), ["db.operation.name", "executeValues"], ["db.query.text", "select $1::int4 as n"]]
          ],
          [
            "sql.transaction",
            "client",
            "sql.transaction",
            [...common(), ["events", ["db.transaction.rollback"]]]
          ]
        ]
      )
    })
  )
})

const common = (): ReadonlyArray<readonly [string, unknown]> => [
  ["team", "a"],
  ["db.system.name", "postgresql"],
  ["db.namespace", "postgres"],
  ["server.address", shared.host],
  ["server.port", shared.port]
]
