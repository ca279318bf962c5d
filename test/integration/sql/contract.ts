/** What programs rely on of our client for `@effect/sql`, each a small program by its name: run directly, and through whatever stands in between. */
import * as Migrator from "@effect/sql/Migrator"
import { SafeIntegers, SqlClient } from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import * as SqlResolver from "@effect/sql/SqlResolver"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { PgSqlError } from "../../../src/nodepg/DatabaseError.js"
import type { PgSqlClient } from "../../../src/sql/PgSqlClient.js"
import { s } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"

/** What it does with the client. */
export type Program = (sql: PgSqlClient) => Effect.Effect<unknown, unknown, Scope.Scope | SqlClient>

/** The cause of the `SqlError` that an effect fails with; dies when it ends otherwise. */
const causeOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<PgSqlError, never, R> =>
  Effect.flatMap(Effect.exit(effect), (exit) => {
    const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
    return error instanceof SqlError && error.cause instanceof PgSqlError
      ? Effect.succeed(error.cause)
      : Effect.die(exit)
  })

let tables = 0

/** The name of a table, which goes with the scope. */
const scratch = (sql: PgSqlClient, columns: string): Effect.Effect<string, SqlError, Scope.Scope> =>
  Effect.suspend(() => {
    const name = `contract_${process.pid}_${++tables}`
    return Effect.as(
      Effect.acquireRelease(sql.unsafe(`create table ${name} (${columns})`), () =>
        Effect.ignore(sql.unsafe(`drop table if exists ${name}`))
      ),
      name
    )
  })

const pidOf = (sql: SqlClient) => Effect.map(sql`select pg_backend_pid()`.values, ([row]) => row![0])

/** By name, in the order of the pages. */
export const contract = {
  "rows, values and parameters": (sql) =>
    Effect.gen(function* () {
      const at = new Date(1234567890123)
      assert.deepStrictEqual(
        yield* sql`select ${1}::int8 as a, ${"ü"} as b, ${at}::timestamptz as c, ${null}::text as d, ${[1, 2]}::int4[] as e, ${sql.json([{ x: null }])}::jsonb as f`,
        [{ a: "1", b: "ü", c: at, d: null, e: [1, 2], f: [{ x: null }] }]
      )
      assert.deepStrictEqual(yield* sql`select 1.50::numeric, '\\x00ff'::bytea`.values, [
        ["1.50", Buffer.from([0, 255])]
      ])
      assert.deepStrictEqual(
        yield* Effect.provideService(sql`select ${9007199254740993n}::int8 as n`, SafeIntegers, true),
        [{ n: 9007199254740993n }]
      )
    }),
  "raw results": (sql) =>
    Effect.gen(function* () {
      const name = yield* scratch(sql, "n int4")
      assert.deepInclude(yield* sql`insert into ${sql(name)} values (1), (2)`.raw, {
        command: "INSERT",
        rowCount: 2
      })
    }),
  "several statements in one text": (sql) =>
    Effect.map(sql.unsafe("select 1 as a; select 2 as b"), (rows) =>
      assert.deepStrictEqual<unknown>(rows, [[{ a: 1 }], [{ b: 2 }]])
    ),
  "helpers for inserts and updates": (sql) =>
    Effect.gen(function* () {
      const name = yield* scratch(sql, "id int4, name text")
      yield* sql`insert into ${sql(name)} ${sql.insert([
        { id: 1, name: "a" },
        { id: 2, name: "b" }
      ])}`
      const renamed = sql.updateValues([{ id: 2, name: "c" }], "data")
      yield* sql`update ${sql(name)} set name = data.name from ${renamed} where ${sql(name)}.id = data.id::int4`
      assert.deepStrictEqual(yield* sql`select name from ${sql(name)} where id in ${sql.in([2])}`, [
        { name: "c" }
      ])
    }),
  "errors with the server's fields": (sql) =>
    Effect.gen(function* () {
      const name = yield* scratch(sql, "n int4 unique")
      assert.deepInclude(yield* causeOf(sql`insert into ${sql(name)} values (1), (1)`), {
        code: "23505",
        reason: "UniqueViolation",
        table: name,
        constraint: `${name}_n_key`
      })
      assert.deepInclude(yield* causeOf(sql`select nonsense`), { code: "42703", position: "8" })
      assert.deepStrictEqual(yield* sql`select 1 as n`, [{ n: 1 }])
    }),
  "statements of many fibers": (sql) =>
    Effect.gen(function* () {
      const numbers = Array.from({ length: 100 }, (_, n) => n)
      const rows = yield* Effect.forEach(numbers, (n) => sql`select ${n}::int4 as n`, {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        rows.map(([row]) => row!["n"]),
        numbers
      )
    }),
  "unprepared statements": (sql) =>
    Effect.map(sql`select ${1}::int4 as n`.unprepared, (rows) => assert.deepStrictEqual(rows, [{ n: 1 }])),
  "transactions, nested too, and rolled back": (sql) =>
    Effect.gen(function* () {
      const name = yield* scratch(sql, "n int4")
      const insert = (n: number) => sql`insert into ${sql(name)} values (${n})`
      yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* insert(1)
          yield* sql.withTransaction(insert(2))
          yield* Effect.ignore(sql.withTransaction(Effect.zipRight(insert(3), Effect.fail("no"))))
          yield* Effect.ignore(sql.withTransaction(sql`select 1 / 0`))
          yield* sql.pg.query(s(`insert into ${name} values (4)`))
        })
      )
      yield* Effect.ignore(sql.withTransaction(Effect.zipRight(insert(5), Effect.fail("no"))))
      assert.deepStrictEqual(yield* sql`select n from ${sql(name)} order by n`.values, [[1], [2], [4]])
    }),
  "a COMMIT that stores nothing is a failure": (sql) =>
    Effect.gen(function* () {
      const name = yield* scratch(sql, "n int4 unique deferrable initially deferred")
      assert.deepInclude(yield* causeOf(sql.withTransaction(sql`insert into ${sql(name)} values (1), (1)`)), {
        code: "23505"
      })
      assert.deepInclude(yield* causeOf(sql.withTransaction(Effect.ignore(sql`select 1 / 0`))), {
        code: "25P02"
      })
    }),
  "transactions side by side": (sql) =>
    Effect.gen(function* () {
      const name = yield* scratch(sql, "n int4")
      const one = (n: number) =>
        sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`insert into ${sql(name)} values (${n})`
            yield* Effect.yieldNow()
            yield* sql`select pg_sleep(0.005)`
            if (n % 2 === 1) return yield* Effect.fail("odd")
          })
        )
      const numbers = Array.from({ length: 12 }, (_, n) => n)
      yield* Effect.forEach(numbers, (n) => Effect.ignore(one(n)), { concurrency: "unbounded" })
      assert.deepStrictEqual(
        yield* sql`select n from ${sql(name)} order by n`.values,
        [0, 2, 4, 6, 8, 10].map((n) => [n])
      )
    }),
  "a fiber that outlives its transaction fails": (sql) =>
    Effect.gen(function* () {
      const over = yield* Deferred.make<void>()
      const late = yield* sql.withTransaction(
        Effect.forkDaemon(Effect.zipRight(Deferred.await(over), causeOf(sql`select 1`)))
      )
      yield* Deferred.succeed(over, undefined)
      assert.strictEqual((yield* Fiber.join(late)).error._tag, "PgUsageError")
    }),
  "streams, left early too": (sql) =>
    Effect.gen(function* () {
      const rows = sql`select n::int4 from generate_series(1, 3000) n`.stream
      assert.strictEqual((yield* Stream.runCollect(rows)).length, 3000)
      assert.strictEqual((yield* Stream.runCollect(Stream.take(rows, 3))).length, 3)
      assert.deepStrictEqual(yield* sql`select 1 as n`, [{ n: 1 }])
    }),
  "streams in a transaction, with other statements between": (sql) =>
    sql.withTransaction(
      Effect.gen(function* () {
        const twice = yield* sql`select n::int4 from generate_series(1, 3) n`.stream.pipe(
          Stream.mapEffect(({ n }) => Effect.map(sql`select ${n}::int4 * 2 as d`, ([row]) => row!["d"])),
          Stream.runCollect
        )
        assert.deepStrictEqual([...twice], [2, 4, 6])
        yield* Stream.runHead(sql`select n from generate_series(1, 100000) n`.stream)
        assert.deepStrictEqual(yield* sql`select 1 as n`, [{ n: 1 }])
      })
    ),
  "a resolver in batches": (sql) =>
    Effect.gen(function* () {
      const double = yield* SqlResolver.ordered("Double", {
        Request: Schema.Number,
        Result: Schema.Struct({ d: Schema.Number }),
        execute: (ids) => sql`select n::int4 * 2 as d from unnest(${[...ids]}::int4[]) n`
      })
      const doubles = yield* Effect.withRequestBatching(
        Effect.forEach([1, 2, 3], (n) => double.execute(n), { concurrency: "unbounded", batching: true }),
        true
      )
      assert.deepStrictEqual(doubles, [{ d: 2 }, { d: 4 }, { d: 6 }])
    }),
  "migrations, and none the second time": (sql) =>
    Effect.gen(function* () {
      const name = `contract_made_${process.pid}_${++tables}`
      const table = `${name}_log`
      yield* Effect.addFinalizer(() => Effect.ignore(sql.unsafe(`drop table if exists ${name}, ${table}`)))
      const loader = Migrator.fromRecord({
        "1_made": Effect.flatMap(SqlClient, (sql) => sql.unsafe(`create table ${name} (n int4)`))
      })
      const migrate = Migrator.make({})({ loader, table })
      assert.deepStrictEqual(yield* migrate, [[1, "made"]])
      assert.deepStrictEqual(yield* migrate, [])
    }),
  "a reserved connection is one session": (sql) =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* Effect.forEach([1, 2, 3, 4], () => sql`select pg_sleep(0.001)`, { concurrency: "unbounded" })
        const reserved = yield* sql.reserve
        yield* reserved.execute("set application_name = 'reserved'", [], undefined)
        assert.deepStrictEqual(yield* reserved.executeValues("show application_name", []), [["reserved"]])
        yield* reserved.execute("reset application_name", [], undefined)
      })
    ),
  "another connection is another session": (sql) =>
    sql.withTransaction(
      Effect.gen(function* () {
        const mine = yield* pidOf(sql)
        const reserved = yield* sql.reserve
        const [row] = yield* reserved.executeValues("select pg_backend_pid()", [])
        assert.notStrictEqual(row![0], mine)
      }).pipe(Effect.scoped)
    ),
  "interrupting cancels the statement on the server": (sql) =>
    Effect.gen(function* () {
      const mark = `asleep_${process.pid}_${++tables}`
      const running = Effect.map(
        sql.unsafe(
          `select 1 from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%${mark}%'`
        ),
        ({ length }) => length
      )
      const asleep = yield* Effect.fork(sql.unsafe(`select pg_sleep(600) as ${mark}`))
      yield* eventually(Effect.orDie(running), (count) => count === 1)
      yield* Fiber.interrupt(asleep)
      yield* eventually(Effect.orDie(running), (count) => count === 0)
    }),
  "a session that is lost in a transaction is a failure": (sql) =>
    Effect.gen(function* () {
      const exit = yield* causeOf(
        sql.withTransaction(
          Effect.gen(function* () {
            const pid = yield* pidOf(sql)
            yield* Effect.scoped(
              Effect.flatMap(sql.reserve, (other) =>
                other.execute(`select pg_terminate_backend(${String(pid)}, 5000)`, [], undefined)
              )
            )
            yield* sql`select 1`
          })
        )
      )
      assert.strictEqual(exit.reason, "ConnectionError")
      yield* eventually(Effect.exit(sql`select 1 as n`), Exit.isSuccess)
    }),
  "notifications, those of a transaction with its COMMIT": (sql) =>
    Effect.gen(function* () {
      const channel = `contract_${process.pid}_${++tables}`
      const heard: Array<string> = []
      yield* Effect.forkScoped(
        Stream.runForEach(sql.listen(channel), (payload) => Effect.sync(() => heard.push(payload)))
      )
      // Until the first arrives nothing shows that the subscription stands.
      yield* eventually(
        Effect.zipRight(
          Effect.orDie(sql.notify(channel, "first")),
          Effect.sync(() => heard.length)
        ),
        (length) => length > 0
      )
      yield* Effect.ignore(
        sql.withTransaction(Effect.zipRight(sql.notify(channel, "never"), Effect.fail("no")))
      )
      yield* sql.withTransaction(sql.notify(channel, "last ü"))
      yield* eventually(
        Effect.sync(() => heard.at(-1)),
        (last) => last === "last ü"
      )
      assert.deepStrictEqual([...new Set(heard)], ["first", "last ü"])
    }),
  "prepared statements are kept": (sql) =>
    Effect.scoped(
      Effect.gen(function* () {
        const reserved = yield* sql.reserve
        const mark = `kept_${process.pid}_${++tables}`
        yield* reserved.execute(`select $1::int4 as ${mark}`, [1], undefined)
        yield* reserved.execute(`select $1::int4 as ${mark}`, [2], undefined)
        const rows = yield* reserved.executeValues(
          `select count(*)::int4 from pg_prepared_statements where statement like '%as ${mark}'`,
          []
        )
        assert.deepStrictEqual(rows, [[1]])
      })
    )
} satisfies Readonly<Record<string, Program>>

/** The names. */
export type Contract = keyof typeof contract
