import { assert, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Copy from "../../../src/Copy.js"
import * as Sql from "../../../src/Sql.js"
import { describeEachVersion } from "../support/server.js"
import { isClean, open, refusal, s, value } from "./sessions.js"

const utf8 = (text: string) => new TextEncoder().encode(text)

describeEachVersion(
  "every version",
  (server, version) => {
    const session = () => open({ target: server(), config: { password: "secret" } })

    it.scopedLive("names a type that it is too old for, wherever the type is given", () =>
      Effect.gen(function* () {
        const pg = yield* session()
        yield* pg.simple("create temp table t (id int)")
        const { sql } = Sql
        const rows = Sql.unnest([{ id: 1 }], { id: "oid8" })
        const uses = [
          pg.query(sql`select ${1}::oid8 as id`),
          pg.query(sql`select ${[1]}::pg_catalog.oid8[] as ids`),
          pg.query(sql`insert into t select id::int from ${rows}`),
          pg.query(sql`select 'oid8'::regtype`),
          Copy.on(pg).rowsInto({ table: "t", columns: [{ name: "id", type: "oid8" }] }, Stream.make([1])),
          pg.simple("create temp table u (id oid8)"),
          Effect.map(Stream.runDrain(pg.stream(sql`select null::oid8`)), () => [])
        ]
        const hint = "HINT: The type oid8 needs PostgreSQL 19 or later, and this server is older."
        for (const [index, use] of uses.entries()) {
          const error = yield* Effect.flip(use as Effect.Effect<unknown, Error>)
          assert.include(error.message, hint, `use ${index}`)
          yield* isClean(pg)
        }
        assert.notInclude((yield* refusal(pg.query(s("select null::oid9")))).message, "HINT")
      })
    )

    it.scopedLive("lets us in and answers (TRP-131)", () =>
      Effect.gen(function* () {
        const pg = yield* session()
        assert.strictEqual(pg.facts.authentication, "scram-sha-256")
        assert.strictEqual(Number.parseInt((yield* pg.parameter("server_version"))!), version)
        const statement = s(
          "select $1::int4 as n, $2::text as t, now() is not null as b, $3::numeric[] as a",
          [1, "ä", ["1.50", null]]
        )
        for (let round = 0; round < 2; round++) {
          const [row] = yield* pg.query(statement)
          assert.deepStrictEqual([row!.n, row!.t, row!.b, String(row!.a)], [1, "ä", true, "1.50,"])
        }
        const results = yield* pg.simple("select 1 as a; select 'two' as b")
        assert.deepStrictEqual(
          results.map(({ rows }) => rows),
          [[{ a: 1 }], [{ b: "two" }]]
        )
        assert.strictEqual((yield* refusal(pg.query(s("select nix")))).code, "42703")
        // Reported at once up to 13, before ReadyForQuery since: the value is there when the statement has ended.
        yield* pg.simple("set application_name = 'changed'; select 1")
        assert.strictEqual(yield* pg.parameter("application_name"), "changed")
        yield* pg.simple("create temp table t (id int primary key deferrable initially deferred)")
        const { steps } = yield* pg.pipeline([
          s("insert into t values (1)"),
          s("select 1 / 0"),
          s("select 2")
        ])
        assert.deepStrictEqual(
          steps.map(({ _tag }) => _tag),
          ["Completed", "Failed", "Aborted"]
        )
        yield* isClean(pg)
      })
    )

    it.scopedLive("streams, straight and by portal (TRP-131, TRP-053)", () =>
      Effect.gen(function* () {
        const pg = yield* session()
        const rows = s("select generate_series(1, 2000) as i")
        for (const options of [{}, { fetchSize: 100 }, { fetchSize: 1999 }]) {
          assert.strictEqual(yield* Stream.runCount(pg.stream(rows, options)), 2000)
          assert.strictEqual(yield* pg.withTransaction(Stream.runCount(pg.stream(rows, options))), 2000)
          const endless = pg.stream(s("select generate_series(1, 100000000) as i"), options)
          assert.strictEqual(yield* Stream.runCount(Stream.take(endless, 3)), 3)
          yield* isClean(pg)
        }
      })
    )

    it.scopedLive("copies in and out, and refuses in good order (TRP-131, TRP-066, TRP-067, FLW-069)", () =>
      Effect.gen(function* () {
        const pg = yield* session()
        yield* pg.simple("create temp table t (id int primary key, name text)")
        const data = "1\tone\n2\t\\N\n3\t\\\\.\n"
        assert.strictEqual((yield* pg.copyFrom("copy t from stdin", Stream.make(utf8(data)))).rows, 3n)
        const out = yield* Stream.runCollect(pg.copyTo("copy t to stdout"))
        assert.strictEqual(Buffer.concat(Chunk.toReadonlyArray(out)).toString(), data)
        assert.strictEqual(
          (yield* refusal(pg.copyFrom("copy t from stdin", Stream.make(utf8("1\tx\n"))))).code,
          "23505"
        )
        const failing = Stream.concat(Stream.make(utf8("9\tx\n")), Stream.fail("source"))
        assert.strictEqual(yield* Effect.flip(pg.copyFrom("copy t from stdin", failing)), "source")
        assert.strictEqual((yield* Effect.flip(pg.query(s("copy t from stdin"))))._tag, "PgUsageError")
        yield* Stream.runDrain(
          Stream.take(pg.copyTo("copy (select repeat('x', 100), generate_series(1, 100000000)) to stdout"), 1)
        )
        assert.strictEqual(yield* value(pg, "select count(*) from t"), 3n)
        yield* isClean(pg)
      })
    )

    it.scopedLive("obeys our cancel request (TRP-131, CON-126)", () =>
      Effect.gen(function* () {
        const pg = yield* session()
        const pid = yield* value(pg, "select pg_backend_pid()")
        const fiber = yield* Effect.fork(pg.query(s("select pg_sleep(60)")))
        // Looked at from another session of ours: this server asks for a password.
        const other = yield* session()
        const active =
          "select 1 from pg_stat_activity where pid = $1 and state = 'active' and wait_event = 'PgSleep'"
        yield* Effect.repeat(other.values(s(active, [pid])), { until: (rows) => rows.length === 1 })
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(yield* value(pg, "select pg_backend_pid()"), pid)
        yield* isClean(pg)
      })
    )
  },
  { password: "secret" }
)
