import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"
import { isClean, open, s, value } from "./sessions.js"

const take = <A, E>(stream: Stream.Stream<A, E>, count: number) =>
  Effect.map(Stream.runCollect(Stream.take(stream, count)), Chunk.toReadonlyArray)

describe("notices", () => {
  it.scopedLive("come in order, between rows too, and change no row (TRP-059, FLW-058)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(`
        create function pg_temp.tell(i int) returns int language plpgsql as $$
        begin
          raise notice 'row %', i;
          if i % 10 = 0 then perform set_config('application_name', 'row ' || i, false); end if;
          return i;
        end $$`)
      const notices = yield* Effect.fork(take(yield* pg.notices, 500))
      const rows = yield* pg.values(s("select pg_temp.tell(i) from generate_series(1, 500) i"))
      assert.deepStrictEqual(
        rows,
        Array.from({ length: 500 }, (_, at) => [at + 1])
      )
      assert.deepStrictEqual(
        (yield* Fiber.join(notices)).map(({ severity, text }) => [severity, text]),
        Array.from({ length: 500 }, (_, at) => ["NOTICE", `row ${at + 1}`])
      )
      assert.strictEqual(yield* pg.parameter("Application_Name"), "row 500")
      const streamed = yield* Stream.runCount(
        pg.stream(s("select pg_temp.tell(i) from generate_series(1, 500) i"))
      )
      assert.strictEqual(streamed, 500)
      yield* isClean(pg)
    })
  )

  it.scopedLive("without a subscriber are logged at the level of their severity (ERR-008, ERR-007)", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        lines.push(`${logLevel.label} ${String(message)}`)
      })
      yield* Effect.gen(function* () {
        const pg = yield* open({ logs: true })
        yield* pg.simple(`
          set client_min_messages = debug1;
          do $$ begin raise warning 'w'; raise notice 'n'; raise info 'i'; raise log 'l'; raise debug 'd'; end $$`)
        yield* eventually(
          Effect.sync(() => [...lines]),
          (lines) => lines.filter((line) => / [A-Z]+ 00000| 01000/.test(line)).length >= 4
        )
      }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      assert.include(lines, "WARN WARNING 01000: w")
      assert.include(lines, "INFO NOTICE 00000: n")
      assert.include(lines, "INFO INFO 00000: i")
    })
  )

  it.scopedLive("whose taker fails or falls asleep do not hold up a query (TRP-123, ERR-008)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const failing = yield* Effect.fork(
        Stream.runForEach(yield* pg.notices, () => Effect.die("taker failed"))
      )
      yield* Effect.fork(Stream.runForEach(yield* pg.notices, () => Effect.never))
      const flood = "do $$ begin for i in 1..6000 loop raise notice 'flood'; end loop; end $$"
      yield* pg.simple(flood)
      assert.strictEqual((yield* Fiber.await(failing))._tag, "Failure")
      yield* isClean(pg)
      // The sleeper lost what its buffer cannot hold, and that is reported.
      assert.isAbove((yield* pg.losses).notices, 0)
    })
  )
})

describe("notifications", () => {
  it.scopedLive(
    "arrive while idle and between statements, our own included, channel names exact (FLW-059, FLW-060)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        const channel = `Ch "${process.pid}" $1`
        const seen = yield* Effect.fork(take(yield* pg.notifications, 5))
        yield* pg.simple(`listen "${channel.replaceAll('"', '""')}"`)
        // From the side, while this session is idle and sends nothing.
        yield* rawRows(shared, `select pg_notify('${channel}', 'idle')`)
        yield* eventually(pg.status, ({ state }) => state === "clean")
        yield* pg.query(s("select pg_notify($1, $2)", [channel, 'it\'s; "mine"']))
        // Equal ones of one transaction are folded, those of two are not.
        yield* pg.withTransaction(
          Effect.zipRight(
            pg.query(s("select pg_notify($1, 'same')", [channel])),
            pg.query(s("select pg_notify($1, 'same')", [channel]))
          )
        )
        yield* pg.query(s("select pg_notify($1, 'same')", [channel]))
        yield* rawRows(shared, `select pg_notify('${channel}', '')`)
        const received = yield* Fiber.join(seen)
        assert.deepStrictEqual(
          received.map((notification) => [notification.channel, notification.payload]),
          ["idle", 'it\'s; "mine"', "same", "same", ""].map((payload) => [channel, payload])
        )
        assert.strictEqual(received[1]!.processId, pg.facts.processId)
        assert.notStrictEqual(received[0]!.processId, pg.facts.processId)
        yield* isClean(pg)
      })
  )

  it.scopedLive(
    "come once each and in order amid streams, failed transactions and copies (FLW-058, FLW-085)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        const channel = `mid_${process.pid}`
        const seen = yield* Effect.fork(take(yield* pg.notifications, 4))
        yield* pg.simple(`listen ${channel}`)
        const tell = (payload: string) => rawRows(shared, `select pg_notify('${channel}', '${payload}')`)
        const once = (payload: string) => {
          let told = false
          return Effect.suspend(() => {
            if (told) return Effect.void
            told = true
            return tell(payload)
          })
        }
        const inStream = once("stream")
        yield* Stream.runForEach(pg.stream(s("select * from generate_series(1, 300000)")), () => inStream)
        yield* Effect.either(
          pg.withTransaction(
            Effect.gen(function* () {
              yield* Effect.either(pg.query(s("select 1 / 0")))
              yield* tell("failed transaction")
              return yield* Effect.fail("roll back")
            })
          )
        )
        const inCopy = once("copy")
        yield* Stream.runForEach(
          pg.copyTo("copy (select generate_series(1, 300000)) to stdout"),
          () => inCopy
        )
        yield* tell("end")
        yield* isClean(pg)
        assert.deepStrictEqual(
          (yield* Fiber.join(seen)).map(({ payload }) => payload),
          ["stream", "failed transaction", "copy", "end"]
        )
      })
  )
})

describe("settings that the server reports", () => {
  it.scopedLive(
    "are known from the start, and follow every change, rollbacks too (CON-082, CON-083, CON-084)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open({ config: { applicationName: "at first" } })
        const all = yield* pg.parameters
        for (const name of [
          "application_name",
          "client_encoding",
          "DateStyle",
          "default_transaction_read_only",
          "in_hot_standby",
          "integer_datetimes",
          "IntervalStyle",
          "is_superuser",
          "scram_iterations",
          "search_path",
          "server_encoding",
          "server_version",
          "session_authorization",
          "standard_conforming_strings",
          "TimeZone"
        ]) {
          assert.isTrue(all.has(name), name)
        }
        assert.strictEqual(all.get("application_name"), "at first")
        assert.strictEqual(yield* pg.parameter("DATESTYLE"), all.get("DateStyle"))
        const changes = yield* Effect.fork(take(yield* pg.parameterChanges, 3))
        yield* pg.simple("set application_name = 'second'")
        assert.strictEqual(yield* pg.parameter("application_name"), "second")
        yield* Effect.either(
          pg.withTransaction(
            Effect.zipRight(pg.query(s("set application_name = 'never'")), Effect.fail("roll back"))
          )
        )
        assert.strictEqual(yield* pg.parameter("application_name"), "second")
        assert.deepStrictEqual(
          (yield* Fiber.join(changes)).map(({ value }) => value),
          ["second", "never", "second"]
        )
      })
  )

  it.scopedLive("leave values as they are when styles and zones change (CON-088)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const statement = s(
        "select '2024-03-04'::date, '2024-03-04 05:06:07.089'::timestamp, '2024-03-04 05:06:07Z'::timestamptz, '1 mon -2 days 03:04:05.6'::interval, '{2024-03-04}'::date[]"
      )
      const before = yield* pg.values(statement)
      for (const setting of [
        "DateStyle = 'German, DMY'",
        "DateStyle = 'SQL, MDY'",
        "IntervalStyle = 'sql_standard'",
        "IntervalStyle = 'iso_8601'",
        "TimeZone = 'Asia/Kathmandu'",
        "extra_float_digits = 0",
        "bytea_output = 'escape'"
      ]) {
        yield* pg.simple(`set ${setting}`)
        assert.deepStrictEqual(yield* pg.values(statement), before, setting)
      }
    })
  )

  it.scopedLive("end the session loudly when the text would no longer be UTF-8 (CON-087)", () =>
    Effect.gen(function* () {
      for (const change of ["set client_encoding = 'LATIN1'", "set names 'LATIN1'"]) {
        const pg = yield* open()
        assert.strictEqual(yield* value(pg, "select 'ä'"), "ä")
        const error = yield* Effect.flip(pg.simple(`${change}; select 'ä'`))
        assert.deepInclude(error, { _tag: "PgUsageError", argument: "client_encoding", nothingSent: false })
        assert.match(error.message, /client_encoding.*LATIN1/s)
        assert.strictEqual((yield* pg.status).state, "broken")
        const next = yield* Effect.flip(pg.query(s("select 1")))
        assert.isTrue(next.nothingSent)
      }
    })
  )
})

describe("what the server sends unasked, when the session dies", () => {
  it.scopedLive("is given as far as it came, and then fails with the reason; a new subscription too", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const [notices, notifications, changes] = [
        yield* pg.notices,
        yield* pg.notifications,
        yield* pg.parameterChanges
      ]
      yield* pg.simple("listen a; notify a, 'last'")
      const seen: Array<string> = []
      const followed = yield* Effect.fork(
        Effect.flip(Stream.runForEach(notifications, ({ payload }) => Effect.sync(() => seen.push(payload))))
      )
      yield* rawRows(shared, `select pg_terminate_backend(${yield* value(pg, "select pg_backend_pid()")})`)
      const ended = yield* pg.ended
      assert.strictEqual(yield* Fiber.join(followed), ended)
      assert.deepStrictEqual(seen, ["last"])
      for (const stream of [notices, changes, yield* pg.notices, yield* pg.notifications]) {
        const error = yield* Effect.flip(Stream.runDrain(stream as Stream.Stream<unknown, unknown>))
        assert.strictEqual(error, ended)
      }
      assert.isTrue(ended._tag === "PgClosedError" && ended.server?.code === "57P01")
    })
  )

  it.scopedLive("ends as success when the connection's own scope is closed", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const pg = yield* Scope.extend(open(), scope)
      const notices = yield* pg.notices
      const followed = yield* Effect.fork(Stream.runDrain(notices))
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.join(followed)
    })
  )
})
