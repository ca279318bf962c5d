import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { ConnectionPool } from "../../../src/client/pool/ConnectionPool.js"
import { serviceOf } from "../../../src/client/pool/PgPool.js"
import { fakeConnector, lost, refused } from "./fakeConnector.js"

const settle = Effect.repeatN(Effect.yieldNow(), 40)
const sessionOf = (connection: { readonly facts: { readonly processId: number | undefined } }) =>
  Effect.succeed(connection.facts.processId)

/** Log lines of warnings, and a layer that catches them. */
const caughtLog = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => {
    lines.push(String(message))
  })
  return { lines, layer: Logger.replace(Logger.defaultLogger, logger) }
}

describe("openings", () => {
  it.scoped("outlive the calls that asked for them", () =>
    Effect.gen(function* () {
      const { connector, control } = fakeConnector(2)
      control.opening = Effect.sleep("1 second")
      const pool = yield* ConnectionPool.make(connector)
      for (let call = 0; call < 20; call++) {
        const asked = yield* Effect.forkScoped(
          Effect.option(Effect.timeout(pool.use(sessionOf), "400 millis"))
        )
        yield* TestClock.adjust("400 millis")
        if (call < 2) assert.strictEqual((yield* Fiber.join(asked))._tag, "None")
        else assert.strictEqual((yield* Fiber.join(asked))._tag, "Some")
      }
      assert.strictEqual(control.begun, 1)
    })
  )

  it.scoped("do not keep a call from a connection that comes back first", () =>
    Effect.gen(function* () {
      const { connector, control } = fakeConnector(2)
      const pool = yield* ConnectionPool.make(connector)
      const gate = yield* Deferred.make<void>()
      const first = yield* Effect.forkScoped(pool.use(() => Deferred.await(gate)))
      yield* settle
      control.opening = Effect.never
      const second = yield* Effect.forkScoped(pool.use(sessionOf))
      yield* settle
      assert.strictEqual(pool.statistics.opening, 1)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(first)
      assert.strictEqual(yield* Fiber.join(second), 1)
    })
  )

  it.scoped("are bounded by acquireTimeout, and the error shows the pool and its oldest user", () =>
    Effect.gen(function* () {
      const { connector, control } = fakeConnector(2)
      const pool = yield* ConnectionPool.make(connector, { acquireTimeout: "500 millis" })
      const holding = Effect.withSpan(
        pool.use(() => Effect.never),
        "checkout"
      )
      yield* Effect.forkScoped(holding)
      yield* settle
      yield* TestClock.adjust("10 seconds")
      control.opening = Effect.never
      const late = yield* Effect.forkScoped(Effect.flip(pool.use(sessionOf)))
      yield* TestClock.adjust("499 millis")
      assert.isNull(late.unsafePoll())
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(late)
      assert.deepInclude(error, { _tag: "PgTimeoutError", deadline: "acquire", millis: 500 })
      assert.match(
        error.message,
        /max 2, in use 1, being opened 1, 0 others wait\. The span "checkout" has had a connection for 10s 500ms\. A connection was being opened/
      )
      assert.strictEqual(pool.statistics.timedOut, 1)
    })
  )

  it.scoped(
    "are tried one at a time while they fail, less and less often, and all together once one succeeds (P06)",
    () =>
      Effect.gen(function* () {
        const { connector, control } = fakeConnector(10)
        control.opening = Effect.fail(refused)
        const pool = yield* ConnectionPool.make(connector, { min: 1 })
        yield* TestClock.adjust("1 minute")
        // 0.05 to 0.1 s, 0.1 to 0.2 s … up to 5 s: far fewer than one in each tenth of a second.
        assert.isAtLeast(control.begun, 12)
        assert.isAtMost(control.begun, 40)
        const begun = control.begun
        const errors = yield* Effect.forEach(Array.from({ length: 1000 }), () =>
          Effect.flip(pool.use(sessionOf))
        )
        assert.isTrue(errors.every((error) => error === refused))
        assert.strictEqual(control.begun, begun)
        control.opening = Effect.void
        yield* TestClock.adjust("5 seconds")
        assert.deepInclude(pool.statistics, { idle: 1, lastFailure: undefined })
        const gate = yield* Deferred.make<void>()
        yield* Effect.forEach(Array.from({ length: 10 }), () =>
          Effect.forkScoped(pool.use(() => Deferred.await(gate)))
        )
        yield* settle
        assert.strictEqual(pool.statistics.inUse, 10)
        yield* Deferred.succeed(gate, undefined)
      })
  )

  it.scoped(
    "that fail leave a call its chance while connections are in use, and the last reason is in its error",
    () =>
      Effect.gen(function* () {
        const { connector, control } = fakeConnector(2)
        const pool = yield* ConnectionPool.make(connector, { acquireTimeout: "1 second" })
        const gate = yield* Deferred.make<void>()
        const user = yield* Effect.forkScoped(pool.use(() => Deferred.await(gate)))
        yield* settle
        control.opening = Effect.fail(refused)
        const served = yield* Effect.forkScoped(pool.use(sessionOf))
        yield* settle
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(user)
        assert.strictEqual(yield* Fiber.join(served), 1)
        yield* Effect.forkScoped(pool.use(() => Effect.never))
        const late = yield* Effect.forkScoped(Effect.flip(pool.use(sessionOf)))
        yield* TestClock.adjust("1 second")
        assert.match((yield* Fiber.join(late)).message, /The last opening failed: could not connect/)
      })
  )
})

describe("the end of a pool", () => {
  it.effect("does not wait for an opening or a check that has only just begun", () =>
    Effect.gen(function* () {
      const { connector } = fakeConnector(2)
      const ended = (pool: Effect.Effect<unknown, unknown, Scope.Scope>) =>
        Effect.gen(function* () {
          const closing = yield* Effect.fork(Effect.scoped(pool))
          yield* settle
          yield* settle
          assert.isNotNull(closing.unsafePoll())
        })
      yield* ended(ConnectionPool.make(connector, { min: 2 }))
      yield* ended(
        Effect.gen(function* () {
          const pool = yield* ConnectionPool.make(connector, { checkAfter: 0 })
          yield* pool.use(sessionOf)
          yield* Effect.fork(Effect.ignore(pool.use(sessionOf)))
          yield* Effect.yieldNow()
        })
      )
    })
  )
})

describe("settings of a pool", () => {
  it.scoped("min: keeps so many open from the beginning, also when they are not used", () =>
    Effect.gen(function* () {
      const { connector, states } = fakeConnector(5)
      const pool = yield* ConnectionPool.make(connector, { min: 2 })
      yield* settle
      assert.deepInclude(pool.statistics, { size: 2, idle: 2 })
      yield* TestClock.adjust("30 minutes")
      assert.strictEqual(pool.statistics.idle, 2)
      for (const connection of states.keys()) states.set(connection, "broken")
      yield* TestClock.adjust("1 minute")
      assert.deepInclude(pool.statistics, { size: 2, idle: 2, opened: 4 })
    })
  )

  it.scoped("maxWaiting: refuses the next call at once (P10)", () =>
    Effect.gen(function* () {
      const { connector } = fakeConnector(1)
      const pool = yield* ConnectionPool.make(connector, { maxWaiting: 2 })
      const users = yield* Effect.forEach([1, 2, 3], () => Effect.forkScoped(pool.use(() => Effect.never)))
      yield* settle
      const error = yield* Effect.flip(pool.use(sessionOf))
      assert.deepInclude(error, { _tag: "PgPoolError", max: 1, inUse: 1 })
      assert.match(error.message, /maxWaiting/)
      assert.strictEqual(pool.statistics.waiting, 2)
      yield* Fiber.interruptAll(users)
      const open = yield* ConnectionPool.make(connector, { maxWaiting: 0 })
      // Opening one is no wait for another's.
      yield* open.use(sessionOf)
    })
  )

  it.scoped(
    "maxLifetime and maxUses: close a connection when it is not in use, and not all together (P08)",
    () =>
      Effect.gen(function* () {
        const { closed, connector } = fakeConnector(8)
        const pool = yield* ConnectionPool.make(connector, {
          min: 8,
          maxLifetime: "100 minutes",
          idleTimeout: "1 day",
          maxUses: 3
        })
        yield* settle
        yield* TestClock.adjust("89 minutes")
        assert.strictEqual(closed.length, 0)
        let most = 0
        for (let minute = 0; minute < 11; minute++) {
          const before = closed.length
          yield* TestClock.adjust("1 minute")
          most = Math.max(most, closed.length - before)
        }
        assert.deepInclude(pool.statistics, { size: 8 })
        assert.isAtLeast(closed.length, 8)
        assert.isBelow(most, 8)
        const first = yield* pool.use(sessionOf)
        assert.deepStrictEqual([yield* pool.use(sessionOf), yield* pool.use(sessionOf)], [first, first])
        assert.notStrictEqual(yield* pool.use(sessionOf), first)
      })
  )

  it.scoped(
    "checkAfter: asks a connection that was idle for long for an answer, and replaces it when none comes (P05)",
    () =>
      Effect.gen(function* () {
        const { closed, connector, control, log } = fakeConnector(2)
        const pool = yield* ConnectionPool.make(connector, {
          checkAfter: "20 seconds",
          checkTimeout: "2 seconds"
        })
        yield* Effect.scoped(Effect.all([pool.lease, pool.lease]))
        yield* TestClock.adjust("19 seconds")
        yield* pool.use(sessionOf)
        assert.deepStrictEqual(log, [])
        yield* TestClock.adjust("20 seconds")
        const same = yield* pool.use(sessionOf)
        assert.deepStrictEqual(log, [`${same}: `])
        control.answering = Effect.never
        yield* TestClock.adjust("20 seconds")
        const other = yield* Effect.forkScoped(pool.use(sessionOf))
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(yield* Fiber.join(other), 3)
        // The other one had been idle for as long, and is not waited for.
        assert.strictEqual(closed.length, 2)
      })
  )

  it.scoped("after one connection was found broken, the idle ones are checked before they are lent", () =>
    Effect.gen(function* () {
      const { connector, control, states } = fakeConnector(3)
      const pool = yield* ConnectionPool.make(connector)
      yield* Effect.scoped(Effect.all([pool.lease, pool.lease, pool.lease]))
      control.answering = Effect.fail(lost)
      yield* pool.use((connection) => Effect.sync(() => states.set(connection, "broken")))
      assert.strictEqual(yield* pool.use(sessionOf), 4)
      assert.deepInclude(pool.statistics.closed, { broken: 3 })
    })
  )

  it.scoped(
    "after one connection was found broken, the others are not lent when their answer reports another role",
    () =>
      Effect.gen(function* () {
        const { connector, control, states } = fakeConnector(3)
        const pool = yield* ConnectionPool.make(connector)
        const [, ...others] = yield* Effect.scoped(Effect.all([pool.lease, pool.lease, pool.lease]))
        control.answering = Effect.sync(() => others.forEach((each) => control.unfit.add(each)))
        yield* pool.use((connection) =>
          Effect.sync(() => {
            states.set(connection, "broken")
            others.push(...[...states.keys()].filter((each) => each !== connection))
          })
        )
        assert.strictEqual(yield* pool.use(sessionOf), 4)
        assert.strictEqual(pool.statistics.closed.broken, 1)
        assert.isAtLeast(pool.statistics.closed.role, 1)
      })
  )

  it.scoped("leakAfter: reports a connection that is lent for long, once, with the span of its user", () =>
    Effect.gen(function* () {
      const { connector } = fakeConnector(2)
      const { layer, lines } = caughtLog()
      const pool = yield* Effect.provide(ConnectionPool.make(connector, { leakAfter: "10 seconds" }), layer)
      yield* Effect.forkScoped(
        Effect.withSpan(
          pool.use(() => Effect.never),
          "forgotten"
        )
      )
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(lines, [])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(lines.length, 1)
      assert.match(lines[0]!, /the span "forgotten" has had the connection of session 1 for 1[01]s/)
    })
  )

  it.scoped(
    "reset: gives back what a session has taken, behind the back of the call, and only when it can have (P02)",
    () =>
      Effect.gen(function* () {
        const { connector, control, log } = fakeConnector(1)
        const pool = yield* ConnectionPool.make(connector)
        yield* pool.use(sessionOf)
        yield* Effect.scoped(pool.lease)
        yield* settle
        assert.deepStrictEqual(log, [])
        const change = pool.use((connection) => Effect.sync(() => control.changed.add(connection)))
        control.answering = Effect.sleep("1 second")
        yield* change
        const next = yield* Effect.forkScoped(pool.use(sessionOf))
        yield* settle
        assert.deepStrictEqual([log, next.unsafePoll()], [["1: reset settings"], null])
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(next), 1)
        control.answering = Effect.void
        yield* Effect.scoped(pool.lend(() => false))
        yield* settle
        assert.deepStrictEqual([log.length, pool.statistics.resets], [2, 2])
        // What cannot be taken back is closed.
        control.answering = Effect.fail(lost)
        const { layer } = caughtLog()
        yield* change
        yield* settle
        assert.deepInclude(pool.statistics, { size: 0, resets: 3 })
        const free = yield* Effect.provide(ConnectionPool.make(connector, { reset: "none" }), layer)
        yield* free.use((connection) => Effect.sync(() => control.changed.add(connection)))
        yield* Effect.scoped(free.lend(() => false))
        yield* settle
        assert.deepStrictEqual([log.length, free.statistics.idle], [3, 1])
      })
  )

  it.scoped("hooks: a failure or a defect of one loses no place (P12)", () =>
    Effect.gen(function* () {
      const { closed, connector } = fakeConnector(1)
      const fates: Array<Effect.Effect<void, typeof lost>> = []
      const hook = (name: string) => () => {
        order.push(name)
        return fates.shift() ?? Effect.void
      }
      const order: Array<string> = []
      const { layer } = caughtLog()
      const pool = yield* Effect.provide(
        ConnectionPool.make(connector, {
          onOpen: hook("open"),
          onAcquire: hook("acquire"),
          onRelease: hook("release")
        }),
        layer
      )
      yield* pool.use(sessionOf)
      yield* settle
      assert.deepStrictEqual(order, ["open", "acquire", "release"])
      const bad = [
        Effect.fail(lost),
        Effect.die("a defect"),
        Effect.sync((): void => {
          throw new Error("thrown")
        })
      ]
      for (const fate of bad) {
        yield* pool.use(sessionOf)
        yield* settle
        fates.push(fate)
        assert.isTrue(Exit.isFailure(yield* Effect.exit(pool.use(sessionOf))))
        yield* settle
        assert.strictEqual(pool.statistics.size, 0)
        fates.push(fate)
        assert.isTrue(Exit.isFailure(yield* Effect.exit(pool.use(sessionOf))), "opening fails")
        yield* TestClock.adjust("5 seconds")
        fates.push(Effect.void, Effect.void, fate)
        yield* pool.use(sessionOf)
        yield* settle
        assert.strictEqual(pool.statistics.size, 0)
      }
      yield* pool.use(sessionOf)
      yield* settle
      assert.deepInclude(pool.statistics, { size: 1, idle: 1 })
      assert.isAtLeast(closed.length, 9)
    })
  )

  it.scoped("invalid options refuse every call by name, and nothing is opened", () =>
    Effect.gen(function* () {
      const { connector, control } = fakeConnector(1)
      const wrong = [
        [{ max: 0 }, /max must be a whole number from 1 to 100000, got 0/],
        [{ min: 2 }, /min must be a whole number from 0 to 1, got 2/],
        [{ maxWaiting: -1 }, /maxWaiting must be a whole number of at least 0, got -1/],
        [{ maxUses: 1.5 }, /maxUses must be a whole number of at least 1, got 1.5/],
        [{ idleTimeout: "soon" as never }, /idleTimeout must be a duration of at least 0, got soon/]
      ] as const
      for (const [options, message] of wrong) {
        const pool = yield* ConnectionPool.make(connector, options)
        const error = yield* Effect.flip(pool.use(sessionOf))
        assert.strictEqual(error._tag, "PgUsageError")
        assert.match(error.message, message)
      }
      assert.strictEqual(control.begun, 0)
    })
  )
})

describe("the pool as a service", () => {
  it.scoped(
    "resizes: closes surplus connections when they come back, and opens more for waiting callers",
    () =>
      Effect.gen(function* () {
        const { connector } = fakeConnector(3)
        const pool = yield* ConnectionPool.make(connector)
        const { resize } = serviceOf(pool)
        const gate = yield* Deferred.make<void>()
        const users = yield* Effect.forEach([1, 2, 3, 4], () =>
          Effect.forkScoped(pool.use(() => Deferred.await(gate)))
        )
        yield* settle
        assert.deepInclude(pool.statistics, { inUse: 3, waiting: 1 })
        yield* resize({ max: 4 })
        yield* settle
        assert.deepInclude(pool.statistics, { max: 4, inUse: 4, waiting: 0 })
        yield* resize({ max: 1 })
        yield* Deferred.succeed(gate, undefined)
        yield* Effect.forEach(users, Fiber.join)
        yield* settle
        assert.deepInclude(pool.statistics, { size: 1, idle: 1 })
        assert.match((yield* Effect.flip(resize({ max: 0 }))).message, /max must be/)
      })
  )

  it.scoped("expires what there is, and forgets that opening failed (P11)", () =>
    Effect.gen(function* () {
      const { closed, connector, control } = fakeConnector(2)
      const pool = yield* ConnectionPool.make(connector)
      const { expire } = serviceOf(pool)
      const old = yield* pool.use(sessionOf)
      const gate = yield* Deferred.make<void>()
      const user = yield* Effect.forkScoped(pool.use(() => Deferred.await(gate)))
      yield* settle
      yield* expire
      assert.strictEqual(closed.length, 0)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(user)
      assert.strictEqual(closed.length, 1)
      assert.notStrictEqual(yield* pool.use(sessionOf), old)
      yield* expire
      control.opening = Effect.fail(refused)
      assert.strictEqual(yield* Effect.flip(pool.use(sessionOf)), refused)
      control.opening = Effect.void
      assert.strictEqual(yield* Effect.flip(pool.use(sessionOf)), refused)
      yield* expire
      yield* pool.use(sessionOf)
    })
  )

  it.effect("drains: lends no more, waits for its deadline, then closes what is in use (P09)", () =>
    Effect.gen(function* () {
      const { closed, connector } = fakeConnector(2)
      const scope = yield* Scope.make()
      const { layer } = caughtLog()
      const pool = yield* Effect.provide(Scope.extend(ConnectionPool.make(connector), scope), layer)
      const service = serviceOf(pool)
      yield* Effect.fork(pool.use(() => Effect.never))
      yield* settle
      const draining = yield* Effect.fork(service.drain("3 seconds"))
      yield* settle
      assert.deepInclude(yield* Effect.flip(service.ping), { _tag: "PgPoolError" })
      yield* TestClock.adjust("2999 millis")
      assert.strictEqual(closed.length, 0)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(draining)
      assert.strictEqual(closed.length, 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* service.statistics).size, 0)
    })
  )

  it.scoped("pings by a round trip, and counts what it has done", () =>
    Effect.gen(function* () {
      const { connector, control, log } = fakeConnector(1)
      const service = serviceOf(yield* ConnectionPool.make(connector))
      yield* service.ping
      assert.deepStrictEqual(log, ["1: "])
      control.answering = Effect.fail(lost)
      assert.strictEqual(yield* Effect.flip(service.ping), lost)
      assert.deepStrictEqual(yield* service.statistics, {
        shared: 0,
        acquired: 2,
        opened: 1,
        openingsFailed: 0,
        timedOut: 0,
        refused: 0,
        resets: 0,
        closed: { broken: 0, role: 0, idle: 0, worn: 0, surplus: 0 },
        max: 1,
        min: 0,
        size: 1,
        idle: 1,
        inUse: 0,
        opening: 0,
        waiting: 0,
        lastFailure: undefined
      })
    })
  )

  it.scoped("leaves nothing behind after a hundred thousand uses and a day of waiting", () =>
    Effect.gen(function* () {
      const { connector, control } = fakeConnector(2)
      const pool = yield* ConnectionPool.make(connector)
      yield* Effect.repeatN(
        pool.use(() => Effect.void),
        99_999
      )
      assert.deepInclude(pool.statistics, { acquired: 100_000, opened: 1, size: 1, waiting: 0 })
      yield* TestClock.adjust("1 day")
      assert.deepInclude(pool.statistics, { size: 0 })
      assert.strictEqual(control.begun, 1)
    })
  )
})
