import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { PgConnection, StreamOptions } from "../../../src/connection/PgConnection.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"
import { activity, isClean, open, refusal, s, table, value } from "./sessions.js"

/** The two forms, each outside and inside a transaction. */
const forms: ReadonlyArray<readonly [string, StreamOptions, boolean]> = [
  ["straight off the socket", {}, false],
  ["straight off the socket, in a transaction", { straight: true }, true],
  ["as it is by default, in a transaction", {}, true],
  ["by portal", { fetchSize: 10 }, false],
  ["by portal, in a transaction", { fetchSize: 10 }, true]
]

const within = <A, E, R>(pg: PgConnection, inTransaction: boolean, body: Effect.Effect<A, E, R>) =>
  inTransaction ? pg.withTransaction(body) : body

const numbers = (pg: PgConnection, count: number, options: StreamOptions) =>
  Stream.map(pg.stream(s("select generate_series(1, $1::int4) i", [count]), options), ({ i }) => i as number)

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1)

for (const [form, options, inTransaction] of forms) {
  describe(`a stream ${form}`, () => {
    it.scopedLive(
      "gives every row in order, at every multiple of the fetch size (FLW-028, FLW-029, FLW-030, TRP-053, TRP-054)",
      () =>
        Effect.gen(function* () {
          const pg = yield* open()
          for (const count of [0, 1, 9, 10, 11, 20, 30, 31]) {
            const rows = yield* within(pg, inTransaction, Stream.runCollect(numbers(pg, count, options)))
            assert.deepStrictEqual(Chunk.toReadonlyArray(rows), upTo(count))
            yield* isClean(pg)
          }
          const many = yield* within(
            pg,
            inTransaction,
            Stream.runCount(
              numbers(pg, 30_000, {
                ...options,
                ...(options.fetchSize === undefined ? {} : { fetchSize: 1000 })
              })
            )
          )
          assert.strictEqual(many, 30_000)
          yield* isClean(pg)
        })
    )

    it.scopedLive(
      "that is left early, fails or is interrupted leaves the connection clean (FLW-035, TRP-055)",
      () =>
        Effect.gen(function* () {
          const pg = yield* open()
          const endless = pg.stream(s("select generate_series(1, 100000000) i, repeat('x', 100)"), options)
          for (const count of [1, 9, 10, 11, 25]) {
            // Straight off the socket the rest has to be cancelled, and a cancelled statement fails its transaction.
            const doomed = options.straight === true
            const taken = yield* within(
              pg,
              inTransaction,
              Effect.tap(Stream.runCount(Stream.take(endless, count)), () =>
                Effect.flatMap(pg.status, ({ transaction }) => {
                  assert.strictEqual(transaction, doomed ? "E" : inTransaction ? "T" : "I")
                  return doomed ? Effect.fail(count) : Effect.void
                })
              )
            ).pipe(Effect.catchIf(Number.isInteger, Effect.succeed))
            assert.strictEqual(taken, count)
            yield* isClean(pg)
          }
          const failed = yield* Effect.flip(
            within(
              pg,
              inTransaction,
              Stream.runForEach(Stream.drop(endless, 15), () => Effect.fail("consumer"))
            )
          )
          assert.strictEqual(failed, "consumer")
          yield* isClean(pg)
          for (let round = 0; round < 3; round++) {
            const reached = yield* Deferred.make<void>()
            const fiber = yield* Effect.fork(
              within(
                pg,
                inTransaction,
                Stream.runForEach(endless, ({ i }) =>
                  (i as number) >= 11
                    ? Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never)
                    : Effect.void
                )
              )
            )
            yield* Deferred.await(reached)
            yield* Fiber.interrupt(fiber)
            yield* isClean(pg)
          }
          assert.deepStrictEqual(yield* pg.values(s("select count(*) from pg_cursors where name <> ''")), [
            [0n]
          ])
        })
    )

    it.scopedLive("gives its first rows before the server has made the last (FLW-036)", () =>
      Effect.gen(function* () {
        const pg = yield* open()
        // The rows behind the first few thousand wait for a lock that is given up only when rows have come.
        const key = 7_000_000 + process.pid
        const holder = yield* open()
        yield* holder.query(s("select pg_advisory_lock($1)", [BigInt(key)]))
        const rows = pg.stream(
          s(
            `select i, repeat('x', 200), case when i = 20000 then pg_advisory_xact_lock_shared($1) is null end
            from generate_series(1, 20000) i`,
            [BigInt(key)]
          ),
          options
        )
        let released = false
        const count = yield* within(
          pg,
          inTransaction,
          Stream.runFoldEffect(rows, 0, (seen) => {
            if (released) return Effect.succeed(seen + 1)
            released = true
            return Effect.as(holder.query(s("select pg_advisory_unlock($1)", [BigInt(key)])), seen + 1)
          })
        )
        assert.strictEqual(count, 20_000)
        yield* isClean(pg)
      })
    )

    it.scopedLive("whose consumer stops makes the server wait, and goes on unharmed (FLW-036)", () =>
      Effect.gen(function* () {
        const proxy = yield* FaultProxy.make({ target: shared })
        const pg = yield* open({ target: proxy, config: { streamBufferBytes: 65_536 } })
        const sent = Effect.map(proxy.bytes, ({ toClient }) => toClient)
        const before = yield* sent
        const pause = yield* Deferred.make<void>()
        const total = 30_000
        const isPortal = options.fetchSize !== undefined || (inTransaction && options.straight !== true)
        const waitsFor = isPortal ? "Client/ClientRead" : "Client/ClientWrite"
        const portal = options.fetchSize === undefined ? options : { fetchSize: 1000 }
        const fiber = yield* Effect.fork(
          within(
            pg,
            inTransaction,
            Stream.runFoldEffect(
              pg.stream(
                s("select i, repeat('x', 1000) from generate_series(1, $1::int4) i", [total]),
                portal
              ),
              0,
              (seen) => (seen === 5 ? Effect.as(Deferred.await(pause), seen + 1) : Effect.succeed(seen + 1))
            )
          )
        )
        // By portal it waits to be asked for more, else for the socket to take more.
        yield* eventually(activity(pg), (seen) => seen.query.includes("repeat") && seen.waitsFor === waitsFor)
        // Behind the buffers of both sockets, and long before the end.
        assert.isBelow((yield* sent) - before, 20_000_000)
        yield* Deferred.succeed(pause, undefined)
        assert.strictEqual(yield* Fiber.join(fiber), total)
        assert.isAbove((yield* sent) - before, 30_000_000)
        yield* isClean(pg)
      })
    )

    it.scopedLive(
      "that fails after rows has given them as tentative, and the error comes behind them (FLW-056, FLW-019)",
      () =>
        Effect.gen(function* () {
          const pg = yield* open()
          const seen: Array<unknown> = []
          const error = yield* refusal(
            within(
              pg,
              inTransaction,
              Stream.runForEach(
                pg.stream(s("select 100 / (25 - i) as x, i from generate_series(1, 50) i"), options),
                ({ i }) => Effect.sync(() => seen.push(i))
              )
            )
          )
          assert.strictEqual(error.code, "22012")
          if (options.fetchSize !== undefined) assert.isAtLeast(seen.length, 20)
          assert.deepStrictEqual(seen, upTo(seen.length))
          yield* isClean(pg)
        })
    )

    it.scopedLive(
      "that meets statement_timeout amid its rows is that error, and the connection lives (TRP-060)",
      () =>
        Effect.gen(function* () {
          const pg = yield* open({ config: { parameters: { statement_timeout: "300ms" } } })
          const error = yield* refusal(
            within(
              pg,
              inTransaction,
              Stream.runDrain(
                pg.stream(
                  s("select i, case when i = 30 then pg_sleep(30)::text end from generate_series(1, 40) i"),
                  options
                )
              )
            )
          )
          assert.strictEqual(error.code, "57014")
          assert.match(error.text, /statement timeout/)
          yield* isClean(pg)
        })
    )

    it.scopedLive("of a statement that is refused, or returns nothing, or has an effect (FLW-008)", () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.simple("create temp table t (id int)")
        const drain = (sql: string) => within(pg, inTransaction, Stream.runCount(pg.stream(s(sql), options)))
        assert.strictEqual((yield* refusal(drain("selec"))).code, "42601")
        assert.strictEqual((yield* refusal(drain("select nix"))).code, "42703")
        yield* isClean(pg)
        assert.strictEqual(yield* drain(""), 0)
        assert.strictEqual(yield* drain("insert into t values (1)"), 0)
        assert.strictEqual(yield* drain("insert into t select generate_series(1, 25) returning id"), 25)
        assert.strictEqual(yield* value(pg, "select count(*) from t"), 26n)
        const unwritable = yield* Effect.flip(
          Stream.runDrain(pg.stream(s("select $1::int4", ["x"]), options))
        )
        assert.strictEqual(unwritable._tag, "PgCodecError")
        yield* isClean(pg)
      })
    )
  })
}

describe("a stream", () => {
  it.scopedLive("has the connection for itself: others wait and then have their turn (FLW-034)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      for (const options of [{}, { fetchSize: 5 }]) {
        const started = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        const order: Array<string> = []
        const streaming = yield* Effect.fork(
          Stream.runForEach(numbers(pg, 50_000, options), (i) =>
            i === 7 ? Effect.zipRight(Deferred.succeed(started, undefined), Deferred.await(go)) : Effect.void
          ).pipe(Effect.tap(() => Effect.sync(() => order.push("stream"))))
        )
        yield* Deferred.await(started)
        const other = yield* Effect.fork(
          Effect.tap(value(pg, "select 1"), () => Effect.sync(() => order.push("other")))
        )
        yield* eventually(pg.status, ({ holds, waiting }) => holds.lease && waiting === 1)
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.joinAll([streaming, other])
        assert.sameMembers(order, ["stream", "other"])
        yield* isClean(pg)
      }
    })
  )

  it.scopedLive(
    "that cannot be fetched by so many is refused before anything is sent, in a transaction too",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        for (const fetchSize of [0, -1, 1.5, NaN, 2 ** 31]) {
          for (const inTransaction of [false, true]) {
            const error = yield* Effect.flip(
              within(pg, inTransaction, Stream.runDrain(numbers(pg, 5, { fetchSize })))
            )
            assert.strictEqual(error._tag, "PgUsageError")
            assert.include(
              error.message,
              `stream: fetchSize must be a whole number from 1 to 2147483647, got ${fetchSize}`
            )
            yield* isClean(pg)
          }
        }
        const all = yield* Stream.runCollect(numbers(pg, 5, { fetchSize: 2 ** 31 - 1 }))
        assert.deepStrictEqual(Chunk.toReadonlyArray(all), upTo(5))
      })
  )

  it.scopedLive("whose reader holds still releases waiting statements when it is interrupted (FLW-035)", () =>
    Effect.gen(function* () {
      const pg = yield* open({ config: { streamBufferBytes: 1000 } })
      const started = yield* Deferred.make<void>()
      const streaming = yield* Effect.fork(
        Stream.runForEach(numbers(pg, 5_000_000, {}), () =>
          Effect.zipRight(Deferred.succeed(started, undefined), Effect.never)
        )
      )
      yield* Deferred.await(started)
      const other = yield* Effect.fork(value(pg, "select 'other'"))
      yield* eventually(pg.status, ({ waiting }) => waiting === 1)
      yield* Fiber.interrupt(streaming)
      assert.strictEqual(yield* Fiber.join(other), "other")
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "that passed its byte bound with its last rows does not leave the socket paused (FLW-035)",
    () =>
      Effect.gen(function* () {
        for (const count of [10, 100, 1000, 5000]) {
          const pg = yield* open({ config: { streamBufferBytes: 1 } })
          for (const options of [{}, { fetchSize: count }]) {
            // The server has answered in full; the rows wait here, and their caller was interrupted.
            const rows = pg.stream(
              s("select repeat('x', 100) from generate_series(1, $1::int4)", [count]),
              options
            )
            const taken = yield* Stream.runFoldEffect(Stream.take(Stream.rechunk(rows, 1), 1), 0, (seen) =>
              Effect.as(Effect.sleep("20 millis"), seen + 1)
            )
            assert.strictEqual(taken, 1)
            yield* isClean(pg)
          }
        }
      })
  )

  for (const options of [{}, { fetchSize: 2 }]) {
    it.scopedLive(
      `by portal in a transaction keeps its statement while others need its place (FLW-021), with ${JSON.stringify(options)}`,
      () =>
        Effect.gen(function* () {
          const pg = yield* open({ config: { statementCacheSize: 1 } })
          const names = Effect.map(
            pg.simple(
              "select statement from pg_prepared_statements where statement like '%generate_series(1, 100)%'"
            ),
            ([result]) => result!.rows.length
          )
          yield* pg.withTransaction(
            Effect.gen(function* () {
              const kept: Array<number> = []
              const rows = pg.stream(s("select i, repeat('x', 9000) from generate_series(1, 100) i"), options)
              yield* Stream.runForEach(rows, ({ i }) =>
                Effect.gen(function* () {
                  yield* value(pg, `select ${Number(i)}`)
                  if (i === 50) kept.push(yield* names)
                })
              )
              assert.deepStrictEqual(kept, [1])
            })
          )
          yield* value(pg, "select 'another'")
          assert.strictEqual(yield* names, 0)
        })
    )
  }

  it.scopedLive(
    "by portal in a transaction lets statements of the same transaction run between its fetches (TRP-062)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.simple("create temp table t (id int)")
        yield* pg.withTransaction(
          Effect.gen(function* () {
            // Two portals side by side, and writes between their fetches.
            const pairs = Stream.zip(numbers(pg, 95, { fetchSize: 10 }), numbers(pg, 95, { fetchSize: 7 }))
            yield* Stream.runForEach(pairs, ([left, right]) =>
              Effect.gen(function* () {
                assert.strictEqual(left, right)
                yield* pg.query(s("insert into t values ($1)", [left]))
                assert.strictEqual(yield* value(pg, "select count(*)::int4 from t"), left)
              })
            )
            assert.strictEqual(yield* value(pg, "select count(*)::int4 from pg_cursors where name <> ''"), 0)
          })
        )
        assert.strictEqual(yield* value(pg, "select count(*)::int4 from t"), 95)
        yield* isClean(pg)
      })
  )

  it.scopedLive("by portal whose transaction ends meanwhile is the server's error (FLW-014)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.query(s("begin"))
      const error = yield* refusal(
        Stream.runForEach(numbers(pg, 100, { fetchSize: 10 }), (i) =>
          i === 10 ? pg.query(s("commit")) : Effect.void
        )
      )
      assert.strictEqual(error.code, "34000")
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "outside a transaction is one of its own, and leaving it early commits what it has done (TRP-062)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        const name = yield* table("id int")
        const inserting = pg.stream(s(`insert into ${name} select generate_series(1, 100) returning id`), {
          fetchSize: 10
        })
        assert.strictEqual(yield* Stream.runCount(Stream.take(inserting, 10)), 10)
        yield* isClean(pg)
        assert.deepStrictEqual(yield* rawRows(shared, `select count(*) from ${name}`), [["100"]])
      })
  )

  it.scopedLive("of ten million rows to a slow reader takes little memory", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      let most = 0
      let seen = 0
      const base = process.memoryUsage()
      yield* Stream.runForEachChunk(
        Stream.take(pg.stream(s("select generate_series(1, 10000000) i")), 600_000),
        (chunk) => {
          seen += chunk.length
          const now = process.memoryUsage()
          most = Math.max(most, now.arrayBuffers + now.external - base.arrayBuffers - base.external)
          return Effect.sleep("1 millis")
        }
      )
      assert.strictEqual(seen, 600_000)
      assert.isBelow(most, 48 * 1024 * 1024)
      yield* isClean(pg)
    })
  )
})

describe("a stream in a transaction", () => {
  const wide = s("select i, repeat('x', 1000) as pad from generate_series(1, 1000000) i")

  it.scopedLive("can be left at any row, and the transaction goes on and is stored", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const name = yield* table("id int")
      const insert = (id: number) => pg.query(s(`insert into ${name} values (${id})`))
      for (const count of [1, 15, 16, 17, 144, 145, 5000]) {
        yield* pg.withTransaction(
          Effect.gen(function* () {
            yield* insert(count)
            assert.strictEqual(yield* Stream.runCount(Stream.take(pg.stream(wide), count)), count)
            // Behind a buffer the consumer that leaves interrupts the pull.
            const buffered = Stream.buffer(Stream.rechunk(pg.stream(wide), 1), { capacity: 2 })
            assert.strictEqual(yield* Stream.runCount(Stream.take(buffered, count)), count)
            yield* Effect.flip(Stream.runForEach(pg.stream(wide), () => Effect.fail("left")))
            assert.strictEqual((yield* pg.status).transaction, "T")
            assert.deepStrictEqual(yield* pg.values(s("select count(*) from pg_cursors where name <> ''")), [
              [0n]
            ])
          })
        )
        yield* isClean(pg)
      }
      assert.deepStrictEqual(yield* rawRows(shared, `select count(*) from ${name}`), [["7"]])
    })
  )

  it.scopedLive("has other statements of the transaction run between its rows", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const sum = yield* pg.withTransaction(
        Stream.runFoldEffect(pg.stream(s("select i from generate_series(1, 300) i")), 0, (sum, { i }) =>
          Effect.map(value(pg, "select $1::int4", [i]), (answer) => sum + (answer as number))
        )
      )
      assert.strictEqual(sum, (300 * 301) / 2)
      yield* isClean(pg)
    })
  )

  it.scopedLive("is cancelled when it is interrupted while the server works", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const fiber = yield* Effect.fork(
        pg.withTransaction(Stream.runDrain(pg.stream(s("select pg_sleep(3600)"))))
      )
      yield* eventually(activity(pg), (seen) => seen.state === "active" && seen.query.includes("pg_sleep"))
      yield* Fiber.interrupt(fiber)
      yield* isClean(pg)
      const late = yield* Effect.flip(
        pg.withTransaction(Stream.runDrain(pg.stream(s("select pg_sleep(3600)"), { timeout: "50 millis" })))
      )
      assert.deepInclude(late, { _tag: "PgTimeoutError", deadline: "statement" })
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "straight off the socket can be left when few rows are left, and fails with the reason where it cannot",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        const leave = (rows: number) =>
          Stream.runDrain(
            Stream.take(
              pg.stream(s("select repeat('x', 1000) from generate_series(1, $1::int4)", [rows]), {
                straight: true
              }),
              1
            )
          )
        yield* pg.withTransaction(leave(800))
        yield* isClean(pg)
        const next = yield* refusal(
          pg.withTransaction(Effect.zipRight(leave(1_000_000), pg.query(s("select 1"))))
        )
        const whole = yield* refusal(pg.withTransaction(leave(1_000_000)))
        const copied = yield* refusal(
          pg.withTransaction(
            Stream.runDrain(
              Stream.take(
                pg.copyTo("copy (select repeat('x', 1000) from generate_series(1, 1000000)) to stdout"),
                1
              )
            )
          )
        )
        for (const error of [next, whole, copied]) {
          assert.strictEqual(error.code, "25P02")
          assert.match(
            error.message,
            /was left before its end and was cancelled, because the rest was longer than 1048576 bytes/
          )
        }
        // The next transaction knows nothing of that.
        const other = yield* refusal(
          pg.withTransaction(
            Effect.zipRight(Effect.ignore(pg.query(s("select 1 / 0"))), pg.query(s("select 1")))
          )
        )
        assert.notMatch(other.message, /left before its end/)
        yield* isClean(pg)
      })
  )

  it.scopedLive("is not straight and through a portal at once", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const error = yield* Effect.flip(Stream.runDrain(numbers(pg, 5, { fetchSize: 2, straight: true })))
      assert.deepInclude(error, { _tag: "PgUsageError", argument: "straight", nothingSent: true })
      yield* isClean(pg)
    })
  )
})
