import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { ConnectionPool } from "../../../src/client/pool/ConnectionPool.js"
import type { PoolOptions } from "../../../src/client/pool/PoolOptions.js"
import * as Statement from "../../../src/model/Statement.js"
import { fakeConnector, lost } from "./fakeConnector.js"

const settle = Effect.zipRight(
  Effect.repeatN(Effect.yieldNow(), 20),
  Effect.zipRight(
    Effect.promise(() => Promise.resolve()),
    Effect.repeatN(Effect.yieldNow(), 20)
  )
)

/** A pool that has opened its one connection; a statement is answered when the test opens its gate. */
const busyPool = (options: PoolOptions = {}) =>
  Effect.gen(function* () {
    const fake = fakeConnector(1)
    fake.control.isShareable = true
    const pool = yield* ConnectionPool.make(fake.connector, { acquireTimeout: "1 second", ...options })
    yield* pool.single.query(Statement.make("first use"))
    fake.log.length = 0
    let gate = yield* Deferred.make<void>()
    fake.control.onStatement = (connection) => {
      assert.strictEqual(fake.wires.get(connection)?.running, 1, "two statements are on one connection")
    }
    fake.control.answering = Effect.suspend(() => Deferred.await(gate))
    const answer = Effect.gen(function* () {
      const open = gate
      gate = yield* Deferred.make<void>()
      yield* Deferred.succeed(open, undefined)
      yield* settle
    })
    /** Asks in a fiber of its own; the first that waits looks after the queue, and those behind it are sent without a fiber. */
    const ask = (sql: string) => Effect.zipLeft(Effect.fork(pool.single.query(Statement.make(sql))), settle)
    return { ...fake, answer, ask, pool }
  })

const failureOf = <A, E>(exit: Exit.Exit<A, E>): E | undefined =>
  Exit.isFailure(exit) && exit.cause._tag === "Fail" ? exit.cause.error : undefined

describe("single statements of a pool", () => {
  it.scoped("are sent one at a time on a connection, in the order in which they were asked", () =>
    Effect.gen(function* () {
      const { answer, ask, log, pool } = yield* busyPool()
      const fibers = []
      for (const sql of ["a", "b", "c", "d"]) fibers.push(yield* ask(sql))
      assert.deepStrictEqual(log, ["1: a"])
      assert.strictEqual(pool.statistics.waiting, 3)
      yield* answer
      assert.deepStrictEqual(log, ["1: a", "1: b"])
      for (let n = 0; n < 3; n++) yield* answer
      assert.deepStrictEqual(log, ["1: a", "1: b", "1: c", "1: d"])
      yield* Fiber.joinAll(fibers)
      const { acquired, idle, inUse, waiting } = pool.statistics
      assert.deepStrictEqual(
        { acquired, idle, inUse, waiting },
        { acquired: 5, idle: 1, inUse: 0, waiting: 0 }
      )
    })
  )

  it.scoped("give their connection on when they fail", () =>
    Effect.gen(function* () {
      const { answer, ask, control, log } = yield* busyPool()
      yield* ask("a")
      const b = yield* ask("b")
      const c = yield* ask("c")
      control.answering = Effect.fail(lost)
      yield* answer
      assert.strictEqual(failureOf(yield* Fiber.await(b)), lost)
      assert.strictEqual(failureOf(yield* Fiber.await(c)), lost)
      assert.deepStrictEqual(log, ["1: a", "1: b", "1: c"])
    })
  )

  it.scoped("leave the queue when they are interrupted, and nothing of them is sent", () =>
    Effect.gen(function* () {
      const { answer, ask, log, pool } = yield* busyPool()
      yield* ask("a")
      yield* ask("b")
      const c = yield* ask("c")
      yield* ask("d")
      yield* Fiber.interrupt(c)
      assert.strictEqual(pool.statistics.waiting, 2)
      for (let n = 0; n < 3; n++) yield* answer
      assert.deepStrictEqual(log, ["1: a", "1: b", "1: d"])
      assert.strictEqual(pool.statistics.timedOut, 0)
      assert.strictEqual(pool.statistics.idle, 1)
    })
  )

  it.scoped(
    "are stopped on the server when they are interrupted there, and the next one waits for that",
    () =>
      Effect.gen(function* () {
        const { answer, ask, log, pool } = yield* busyPool()
        yield* ask("a")
        yield* ask("b")
        const c = yield* ask("c")
        const d = yield* ask("d")
        yield* answer
        yield* answer
        assert.deepStrictEqual(log, ["1: a", "1: b", "1: c"])
        yield* Fiber.interrupt(c)
        yield* settle
        assert.deepStrictEqual(log, ["1: a", "1: b", "1: c", "1: d"])
        assert.strictEqual(pool.statistics.inUse, 1)
        yield* answer
        yield* Fiber.join(d)
        const { idle, inUse } = pool.statistics
        assert.deepStrictEqual({ idle, inUse }, { idle: 1, inUse: 0 })
      })
  )

  it.scoped("fail when they have waited for acquireTimeout, each after its own wait", () =>
    Effect.gen(function* () {
      const { answer, ask, log, pool } = yield* busyPool()
      yield* ask("a")
      const b = yield* ask("b")
      const c = yield* ask("c")
      yield* TestClock.adjust("500 millis")
      const d = yield* ask("d")
      yield* TestClock.adjust("500 millis")
      for (const fiber of [b, c]) {
        const failure = failureOf(yield* Fiber.await(fiber))
        assert.strictEqual(failure?._tag, "PgTimeoutError")
        assert.include(failure?.message, "waiting for a connection")
      }
      assert.isNull(d.unsafePoll())
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(failureOf(yield* Fiber.await(d))?._tag, "PgTimeoutError")
      assert.deepStrictEqual(log, ["1: a"])
      assert.strictEqual(pool.statistics.timedOut, 3)
      yield* answer
    })
  )

  it.scoped("fail when the pool is closed while they wait", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { answer, ask } = yield* Scope.extend(busyPool(), scope)
      const a = yield* ask("a")
      yield* ask("b")
      const c = yield* ask("c")
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* settle
      assert.strictEqual(failureOf(yield* Fiber.await(c))?._tag, "PgPoolError")
      yield* answer
      yield* Fiber.join(a)
      yield* Fiber.join(closing)
    })
  )

  it.scoped("leave a session to be reset that they have changed, and the next one is sent after that", () =>
    Effect.gen(function* () {
      const { answer, ask, changed, control, log, session } = yield* Effect.map(busyPool(), (busy) => ({
        ...busy,
        changed: busy.control.changed,
        session: [...busy.states.keys()][0]!
      }))
      yield* ask("a")
      yield* ask("b")
      yield* ask("c")
      const d = yield* ask("d")
      yield* answer
      yield* answer
      changed.add(session)
      control.answering = Effect.void
      yield* answer
      yield* Fiber.join(d)
      assert.deepStrictEqual(log, ["1: a", "1: b", "1: c", "1: reset settings", "1: d"])
    })
  )

  it.scoped("go on behind a call that has the connection for itself", () =>
    Effect.gen(function* () {
      const { ask, control, log, pool } = yield* busyPool()
      control.answering = Effect.void
      const gate = yield* Deferred.make<void>()
      const holder = yield* Effect.fork(pool.use(() => Deferred.await(gate)))
      yield* settle
      const a = yield* ask("a")
      const b = yield* ask("b")
      assert.deepStrictEqual(log, [])
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(holder)
      yield* Fiber.joinAll([a, b])
      assert.deepStrictEqual(log, ["1: a", "1: b"])
    })
  )
})
