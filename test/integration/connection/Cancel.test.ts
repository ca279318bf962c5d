import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { cancelDeadline } from "../../../src/connection/session/Cancel.js"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"
import { isClean, isRunning, open, refusal, s, value } from "./sessions.js"

const pid = (pg: PgConnection) => value(pg, "select pg_backend_pid()")
const sleep = s("select pg_sleep(3600)")

/** Holds a lock that a statement can wait for: it runs until the lock is given back. */
const holding = (key: number) =>
  Effect.gen(function* () {
    const holder = yield* open()
    yield* holder.query(s("select pg_advisory_lock($1)", [key]))
    return Effect.asVoid(holder.query(s("select pg_advisory_unlock($1)", [key])))
  })

describe("interrupting a statement that is alone on the wire", () => {
  for (const [form, run] of [
    ["a query", (pg: PgConnection) => pg.query(sleep)],
    ["a text of statements", (pg: PgConnection) => pg.simple("select 1; select pg_sleep(3600); select 2")],
    ["a stream", (pg: PgConnection) => Stream.runDrain(pg.stream(sleep))],
    ["a stream by portal", (pg: PgConnection) => Stream.runDrain(pg.stream(sleep, { fetchSize: 5 }))],
    ["a pipeline", (pg: PgConnection) => pg.pipeline([s("select 1"), sleep])],
    ["a copy", (pg: PgConnection) => Stream.runDrain(pg.copyTo("copy (select pg_sleep(3600)) to stdout"))]
  ] as const) {
    it.scopedLive(
      `cancels ${form} on the server, and the same session goes on (CON-127, CON-129, FLW-083)`,
      () =>
        Effect.gen(function* () {
          const pg = yield* open()
          const before = yield* pid(pg)
          for (let round = 0; round < 2; round++) {
            const fiber = yield* Effect.fork(run(pg))
            yield* isRunning(pg, "pg_sleep")
            yield* Fiber.interrupt(fiber)
            assert.notStrictEqual((yield* pg.status).state, "broken")
            yield* isClean(pg)
            assert.strictEqual(yield* pid(pg), before)
          }
        })
    )
  }

  it.scopedLive("in a transaction leaves it failed, and rolling back ends that", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.query(s("begin"))
      const fiber = yield* Effect.fork(pg.query(sleep))
      yield* isRunning(pg, "pg_sleep")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* pg.status).transaction, "E")
      assert.strictEqual((yield* refusal(pg.query(s("select 1")))).code, "25P02")
      yield* pg.query(s("rollback"))
      yield* isClean(pg)
      // `withTransaction` does it by itself.
      const transaction = yield* Effect.fork(pg.withTransaction(pg.query(sleep)))
      yield* isRunning(pg, "pg_sleep")
      yield* Fiber.interrupt(transaction)
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "keeps what others ask meanwhile off the wire until the cancel is over, also when interrupted again (CON-130, CON-128)",
    () =>
      Effect.gen(function* () {
        // Every cancel connection takes its time, the session itself does not.
        const proxy = yield* FaultProxy.make({
          target: shared,
          faults: (connection) => (connection === 0 ? {} : { toServer: { delay: "150 millis" } })
        })
        const pg = yield* open({ target: proxy })
        const fiber = yield* Effect.fork(pg.query(sleep))
        yield* isRunning(pg, "pg_sleep")
        const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
        yield* eventually(pg.status, ({ cancels }) => cancels === 1)
        const sentBefore = (yield* proxy.bytes).toServer
        const others = yield* Effect.forEach([1, 2, 3], (n) => Effect.fork(value(pg, "select $1::int4", [n])))
        yield* eventually(pg.status, ({ waiting }) => waiting === 3)
        assert.strictEqual((yield* proxy.bytes).toServer, sentBefore)
        assert.deepStrictEqual([...(yield* Fiber.joinAll(others))], [1, 2, 3])
        yield* Fiber.join(interrupting)
        // Exactly one other connection, and on it the sixteen bytes of a CancelRequest.
        assert.strictEqual((yield* proxy.connections).arrived, 2)
        yield* isClean(pg)
      })
  )

  it.scopedLive(
    "that has just ended leaves the next statement alone (CON-129, CON-130, TRP-013, TRP-061)",
    () =>
      Effect.gen(function* () {
        // The request is on its way while the statement ends by itself.
        const proxy = yield* FaultProxy.make({
          target: shared,
          faults: (connection) => (connection === 0 ? {} : { toServer: { delay: "100 millis" } })
        })
        const pg = yield* open({ target: proxy })
        for (let round = 0; round < 3; round++) {
          const fiber = yield* Effect.fork(pg.query(s("select pg_sleep(0.05)")))
          yield* eventually(pg.status, ({ inFlight }) => inFlight === 1)
          yield* Fiber.interrupt(fiber)
          assert.strictEqual(yield* value(pg, "select 'next' || pg_sleep(0.15)"), "next")
          yield* isClean(pg)
        }
      })
  )

  it.scopedLive("that reaches the server only after its cancel is cancelled all the same (CON-129)", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy.make({ target: shared })
      const pg = yield* open({ target: proxy })
      const before = yield* pid(pg)
      yield* proxy.setFault((connection) => (connection === 0 ? { toServer: { delay: "150 millis" } } : {}))
      const fiber = yield* Effect.fork(pg.simple("select pg_sleep(3600)"))
      yield* eventually(pg.status, ({ inFlight }) => inFlight === 1)
      yield* Fiber.interrupt(fiber)
      yield* proxy.setFault({})
      yield* isClean(pg)
      assert.strictEqual(yield* pid(pg), before)
    })
  )

  it.scoped("whose cancel connection hangs or is refused closes the session within a limit", () =>
    Effect.gen(function* () {
      const hanging = yield* FaultProxy.make({
        target: shared,
        faults: (connection) => (connection === 0 ? {} : { toServer: { stallAfter: 0 } })
      })
      const refusing = yield* FaultProxy.make({ target: shared })
      for (const proxy of [hanging, refusing]) {
        const pg = yield* open({ target: proxy })
        const fiber = yield* Effect.fork(pg.query(sleep))
        yield* isRunning(pg, "pg_sleep")
        if (proxy === refusing) yield* proxy.refuse(true)
        const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
        if (proxy === hanging) {
          yield* eventually(pg.status, ({ cancels }) => cancels === 1)
          yield* eventually(proxy.connections, ({ arrived }) => arrived === 2)
          assert.strictEqual((yield* pg.status).state, "busy")
          yield* TestClock.adjust(cancelDeadline)
        }
        yield* Fiber.join(interrupting)
        assert.strictEqual((yield* pg.status).state, "broken")
        const ended = yield* pg.ended
        if (proxy === hanging) {
          assert.deepInclude(ended, { _tag: "PgTimeoutError", deadline: "cancel", cancel: "failed" })
          assert.match(ended.message, /cancel deadline of 5000 ms passed while stopping a statement/)
        } else {
          assert.match(
            ended.message,
            /no cancel request for an abandoned statement could be delivered \(.*(ECONNREFUSED|ECONNRESET)/
          )
        }
        const next = yield* Effect.flip(pg.query(s("select 1")))
        assert.isTrue(next.nothingSent)
        assert.isTrue(next._tag === "PgClosedError" && next.ended)
      }
    })
  )

  it.scopedLive(
    "whose deadline passes reports whether the cancel request could be delivered, and why not",
    () =>
      Effect.gen(function* () {
        const proxy = yield* FaultProxy.make({ target: shared })
        for (const reachable of [true, false]) {
          const pg = yield* open({ target: proxy })
          yield* proxy.refuse(!reachable)
          const error = yield* Effect.flip(pg.query(sleep, { timeout: "200 millis" }))
          yield* proxy.refuse(false)
          assert.deepInclude(error, {
            _tag: "PgTimeoutError",
            deadline: "statement",
            sent: true,
            cancel: reachable ? "delivered" : "failed"
          })
          assert.match(
            error.message,
            reachable
              ? /was delivered to the server/
              : /No cancel request could be delivered, .*(ECONNREFUSED|ECONNRESET)/
          )
        }
      })
  )

  it.scoped("is given up after the connector's cancelDeadline", () =>
    Effect.gen(function* () {
      const hanging = yield* FaultProxy.make({
        target: shared,
        faults: (connection) => (connection === 0 ? {} : { toServer: { stallAfter: 0 } })
      })
      const pg = yield* open({ target: hanging, cancelDeadline: "200 millis" })
      const fiber = yield* Effect.fork(pg.query(sleep))
      yield* isRunning(pg, "pg_sleep")
      const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* eventually(hanging.connections, ({ arrived }) => arrived === 2)
      yield* TestClock.adjust("200 millis")
      yield* Fiber.join(interrupting)
      assert.deepInclude(yield* pg.ended, { _tag: "PgTimeoutError", deadline: "cancel", millis: 200 })
    })
  )
})

describe("interrupting a statement with others on the wire", () => {
  it.scopedLive("releases its fiber at once, and the neighbours get their answers (FLW-054)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const release = yield* holding(1)
      const waits = s("select pg_advisory_xact_lock(1), repeat('x', 1000) from generate_series(1, 2)")
      const first = yield* Effect.fork(pg.query(waits))
      yield* isRunning(pg, "pg_advisory_xact_lock")
      const neighbours = yield* Effect.forEach(["a", "b", "c"], (text) =>
        Effect.fork(value(pg, "select 'neighbour ' || $1::text", [text]))
      )
      yield* eventually(pg.status, ({ inFlight }) => inFlight >= 2)
      yield* Fiber.interrupt(first)
      assert.isAbove((yield* pg.status).inFlight, 1)
      yield* release
      assert.deepStrictEqual(
        [...(yield* Fiber.joinAll(neighbours))],
        ["neighbour a", "neighbour b", "neighbour c"]
      )
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "discards only its own answer, error or rows, wherever it stands in the queue (TRP-061, ERR-013)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        const ask = (at: number): Effect.Effect<unknown, unknown> =>
          at % 3 === 2
            ? Effect.map(refusal(pg.query(s("select 1 / ($1::int4 - $1::int4)", [at]))), ({ code }) => code)
            : value(pg, "select $1::int4 + 0 * length(pg_sleep(0.002)::text)", [at])
        yield* Effect.forEach([0, 2], ask)
        for (const victims of [[0], [3, 4, 5], [9], [0, 2, 4, 6, 8], [1, 5]]) {
          const fibers = yield* Effect.forEach(
            Array.from({ length: 10 }, (_, at) => at),
            (at) => Effect.fork(Effect.either(ask(at)))
          )
          yield* eventually(pg.status, ({ inFlight }) => inFlight > 0)
          yield* Fiber.interruptAll(victims.map((at) => fibers[at]!))
          for (const [at, fiber] of fibers.entries()) {
            if (victims.includes(at)) continue
            assert.deepStrictEqual(yield* Fiber.join(fiber), Either.right(at % 3 === 2 ? "22012" : at))
          }
          // Unwanted statements that are left alone on the wire are cancelled, which takes a moment.
          yield* eventually(pg.status, ({ state }) => state === "clean")
          yield* isClean(pg)
        }
      })
  )
})

describe("several interrupted statements of one connection", () => {
  const three = (pg: PgConnection) =>
    Effect.all([pg.query(sleep), pg.query(sleep), Stream.runDrain(pg.stream(sleep))], {
      concurrency: "unbounded"
    })

  it.scopedLive("are all cancelled, and the session goes on (CON-127)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const before = yield* pid(pg)
      const fiber = yield* Effect.fork(three(pg))
      yield* isRunning(pg, "pg_sleep")
      yield* eventually(pg.status, ({ inFlight, waiting }) => inFlight + waiting === 3)
      yield* Fiber.interrupt(fiber)
      yield* eventually(pg.status, ({ state }) => state === "clean")
      yield* isClean(pg)
      assert.strictEqual(yield* pid(pg), before)
    })
  )

  it.scopedLive("in a transaction do not hold its locks, nor its session", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const before = yield* pid(pg)
      const locked = pg.query(s("select pg_advisory_xact_lock(77001)"))
      const fiber = yield* Effect.fork(pg.withTransaction(Effect.zipRight(locked, three(pg))))
      yield* isRunning(pg, "pg_sleep")
      yield* Fiber.interrupt(fiber)
      yield* isClean(pg)
      assert.strictEqual(yield* pid(pg), before)
      assert.deepStrictEqual(yield* rawRows(shared, "select pg_try_advisory_lock(77001)"), [["t"]])
    })
  )

  it.scopedLive("behind one that is wanted are cancelled when that has been answered", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const before = yield* pid(pg)
      const release = yield* holding(77002)
      const wanted = yield* Effect.fork(value(pg, "select 'answered' from pg_advisory_xact_lock(77002)"))
      yield* isRunning(pg, "77002")
      const unwanted = yield* Effect.fork(pg.query(sleep))
      yield* eventually(pg.status, ({ inFlight, waiting }) => inFlight + waiting === 2)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(unwanted)
      yield* release
      assert.strictEqual(yield* Fiber.join(wanted), "answered")
      yield* eventually(pg.status, ({ state }) => state === "clean")
      yield* isClean(pg)
      assert.strictEqual(yield* pid(pg), before)
    })
  )
})

describe("interrupting what was not yet sent", () => {
  it.scopedLive("withdraws it: nothing of it reaches the server", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table t (who text)")
      const hold = yield* Deferred.make<void>()
      const started = yield* Deferred.make<void>()
      const streaming = yield* Effect.fork(
        Stream.runForEach(pg.stream(s("select generate_series(1, 10)")), () =>
          Effect.zipRight(Deferred.succeed(started, undefined), Deferred.await(hold))
        )
      )
      yield* Deferred.await(started)
      yield* Fiber.interrupt(streaming)
      const portal = yield* Effect.fork(
        Stream.runForEach(pg.stream(s("select generate_series(1, 10)"), { fetchSize: 2 }), () =>
          Deferred.await(hold)
        )
      )
      yield* eventually(pg.status, ({ holds }) => holds.lease)
      const waiting = yield* Effect.forEach(["a", "b", "c"], (who) =>
        Effect.fork(pg.query(s("insert into t values ($1)", [who])))
      )
      const copying = yield* Effect.fork(pg.copyFrom("copy t from stdin", Stream.empty))
      yield* eventually(pg.status, (status) => status.waiting === 4)
      yield* Fiber.interrupt(waiting[1]!)
      yield* Fiber.interrupt(copying)
      assert.strictEqual((yield* pg.status).waiting, 2)
      yield* Deferred.succeed(hold, undefined)
      yield* Fiber.join(portal)
      yield* Fiber.joinAll([waiting[0]!, waiting[2]!])
      assert.deepStrictEqual(yield* pg.values(s("select who from t order by 1")), [["a"], ["c"]])
      yield* isClean(pg)
    })
  )
})

describe("a deadline", () => {
  it.scopedLive(
    "stops the statement on the server, then fails, and no late answer is another's (FLW-098, TRP-061)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        for (let round = 0; round < 3; round++) {
          const error = yield* Effect.flip(pg.query(sleep, { timeout: "100 millis" }))
          assert.deepInclude(error, {
            _tag: "PgTimeoutError",
            deadline: "statement",
            millis: 100,
            sent: true
          })
          assert.strictEqual(error.nothingSent, false)
          yield* isClean(pg)
        }
        const simple = yield* Effect.flip(pg.simple("select pg_sleep(3600)", { timeout: "50 millis" }))
        assert.strictEqual(simple._tag, "PgTimeoutError")
        const pipeline = yield* Effect.flip(pg.pipeline([sleep], { timeout: "50 millis" }))
        assert.strictEqual(pipeline._tag, "PgTimeoutError")
        yield* isClean(pg)
      })
  )

  it.scopedLive("may be the configuration's, which a statement may change (FLW-051)", () =>
    Effect.gen(function* () {
      const pg = yield* open({ config: { statementTimeout: "100 millis" } })
      const error = yield* Effect.flip(pg.query(sleep))
      assert.deepInclude(error, { _tag: "PgTimeoutError", millis: 100 })
      assert.strictEqual(
        (yield* pg.values(s("select 1 from pg_sleep(0.2)"), { timeout: "1 hour" })).length,
        1
      )
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "stops streams and copies that wait too long for the server, and the connection goes on",
    () =>
      Effect.gen(function* () {
        const pg = yield* open({ config: { statementTimeout: "100 millis" } })
        const patient = { timeout: "1 hour" } as const
        yield* pg.simple("create temp table t (n int)", patient)
        const late = s("select n, pg_sleep(case n when 3 then 60 else 0 end) from generate_series(1, 5) n")
        const nap = "copy (select pg_sleep(3600)) to stdout"
        const slowTrigger = `
        create function pg_temp.nap() returns trigger language plpgsql as $$ begin perform pg_sleep(3600); return null; end $$;
        create trigger nap after insert on t for each statement execute function pg_temp.nap()`
        yield* pg.simple(slowTrigger, patient)
        const line = Stream.make(new TextEncoder().encode("1\n"))
        const waits: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
          Stream.runDrain(pg.stream(late)),
          Stream.runDrain(pg.stream(late, { fetchSize: 1 })),
          pg.withTransaction(Stream.runDrain(pg.stream(late, { fetchSize: 1 }))),
          Stream.runDrain(pg.copyTo(nap)),
          pg.copyFrom("copy t from stdin", line),
          Stream.run(line, pg.copySink("copy t from stdin"))
        ]
        for (const wait of waits) {
          assert.deepInclude(yield* Effect.flip(wait), { _tag: "PgTimeoutError", millis: 100, sent: true })
          yield* isClean(pg)
        }
        assert.deepStrictEqual(yield* pg.query(s("select count(*)::int4 as n from t"), patient), [{ n: 0 }])
      })
  )

  it.scopedLive("fails its own statement only (FLW-054)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const release = yield* holding(2)
      const waits = s("select 'slow' as v from pg_advisory_xact_lock(2)")
      const slow = yield* Effect.fork(Effect.flip(pg.query(waits, { timeout: "100 millis" })))
      const other = yield* Effect.fork(pg.query(s("select 'other' as v"), { timeout: "1 hour" }))
      assert.strictEqual((yield* Fiber.join(slow))._tag, "PgTimeoutError")
      yield* release
      assert.deepStrictEqual(yield* Fiber.join(other), [{ v: "other" }])
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "of the server is its error, each kind with its own code, and two of them end the session (FLW-062)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.simple("set statement_timeout = '50ms'")
        assert.strictEqual((yield* refusal(pg.query(sleep))).code, "57014")
        yield* pg.simple("set statement_timeout = 0; set lock_timeout = '50ms'")
        const holder = yield* open()
        const key = BigInt(8_000_000 + process.pid)
        yield* holder.query(s("select pg_advisory_lock($1)", [key]))
        assert.strictEqual((yield* refusal(pg.query(s("select pg_advisory_lock($1)", [key])))).code, "55P03")
        yield* isClean(pg)
        for (const [setting, code] of [
          ["idle_in_transaction_session_timeout", "25P03"],
          ["transaction_timeout", "25P04"]
        ] as const) {
          const session = yield* open({ config: { parameters: { [setting]: "50ms" } } })
          yield* session.query(s("begin"))
          const reason = yield* session.ended
          assert.isTrue(reason._tag === "PgClosedError" && reason.server?.code === code, reason.message)
          const next = yield* Effect.flip(session.query(s("select 1")))
          assert.isTrue(next._tag === "PgClosedError" && next.server?.code === code && next.nothingSent)
        }
      })
  )
})

describe("a cancel from the side", () => {
  it.scopedLive("is the server's error for the statement it hit, and no other (FLW-054)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const hit = yield* Effect.fork(refusal(pg.query(sleep)))
      yield* isRunning(pg, "pg_sleep")
      const behind = yield* Effect.fork(value(pg, "select 'behind'"))
      yield* rawRows(shared, `select pg_cancel_backend(${pg.facts.processId})`)
      assert.strictEqual((yield* Fiber.join(hit)).code, "57014")
      assert.strictEqual(yield* Fiber.join(behind), "behind")
      yield* isClean(pg)
    })
  )
})
