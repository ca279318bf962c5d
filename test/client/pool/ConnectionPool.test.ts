import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { ConnectionPool } from "../../../src/client/pool/ConnectionPool.js"
import type { PoolOptions } from "../../../src/client/pool/PoolOptions.js"
import type { PgConnector } from "../../../src/connection/PgConnector.js"
import type { PgConnectError } from "../../../src/model/PgError.js"

import { fakeConnector, refused } from "./fakeConnector.js"

/** A pool whose calls wait for a second. */
const poolOf = (connector: PgConnector["Type"], options: PoolOptions = {}) =>
  ConnectionPool.make(connector, { acquireTimeout: "1 second", ...options })

const settle = Effect.repeatN(Effect.yieldNow(), 20)

describe("a pool of connections", () => {
  it.effect("closes although it was made where nothing can be interrupted", () =>
    Effect.gen(function* () {
      const { connector } = fakeConnector(1)
      const making = Effect.acquireRelease(poolOf(connector), () => Effect.void)
      const fiber = yield* Effect.forkDaemon(Effect.scoped(making))
      for (let turn = 0; turn < 500; turn++) yield* Effect.yieldNow()
      assert.isDefined((yield* Fiber.poll(fiber)).pipe(Option.getOrUndefined), "it does not close")
    })
  )

  it.scoped("replaces a connection that broke while idle, even when it is the only one", () =>
    Effect.gen(function* () {
      const { closed, connector, states } = fakeConnector(1)
      const { lease } = yield* poolOf(connector)
      const first = yield* Effect.scoped(lease)
      states.set(first, "broken")
      const second = yield* Effect.scoped(lease)
      assert.notStrictEqual(second, first)
      assert.deepStrictEqual(closed, [first])
      assert.strictEqual(yield* Effect.scoped(lease), second)
    })
  )

  it.scoped("lends no session whose server has another role now, whether it was idle or in use", () =>
    Effect.gen(function* () {
      const { closed, connector, control } = fakeConnector(1)
      const { lease } = yield* poolOf(connector)
      const first = yield* Effect.scoped(lease)
      control.unfit.add(first)
      const second = yield* Effect.scoped(
        Effect.tap(lease, (held) => Effect.sync(() => control.unfit.add(held)))
      )
      assert.deepStrictEqual(closed, [first, second])
      const third = yield* Effect.scoped(lease)
      control.unfit.add(third)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(closed, [first, second, third])
    })
  )

  it.scoped(
    "does not lend again a connection that broke in use, and gives its place to the next waiting caller",
    () =>
      Effect.gen(function* () {
        const { closed, connector, states } = fakeConnector(1)
        const pool = yield* poolOf(connector)
        const gate = yield* Deferred.make<void>()
        const first = yield* Effect.fork(
          pool.use((held) =>
            Effect.as(
              Effect.zipRight(
                Deferred.await(gate),
                Effect.sync(() => states.set(held, "broken"))
              ),
              held
            )
          )
        )
        yield* settle
        const second = yield* Effect.fork(pool.use(Effect.succeed))
        yield* settle
        yield* Deferred.succeed(gate, undefined)
        const broken = yield* Fiber.join(first)
        assert.notStrictEqual(yield* Fiber.join(second), broken)
        assert.deepStrictEqual(closed, [broken])
      })
  )

  it.scoped(
    "keeps a connection that is handed over in the moment in which its next user is interrupted",
    () =>
      Effect.gen(function* () {
        const { closed, connector, control } = fakeConnector(1)
        const pool = yield* poolOf(connector)
        const lease = yield* Scope.make()
        const held = yield* Scope.extend(pool.lease, lease)
        const interrupted = yield* Effect.fork(pool.use(() => Effect.never))
        yield* settle
        const next = yield* Effect.fork(pool.use(Effect.succeed))
        yield* settle
        yield* Scope.close(lease, Exit.void)
        const exit = yield* Fiber.interrupt(interrupted)
        assert.isTrue(Exit.isInterrupted(exit))
        assert.strictEqual(yield* Fiber.join(next), held)
        assert.strictEqual(yield* pool.use(Effect.succeed), held)
        assert.deepStrictEqual([control.opened, closed], [1, []])
      })
  )

  it.scoped("keeps the place of a broken connection that is handed over in such a moment", () =>
    Effect.gen(function* () {
      const { connector, control, states } = fakeConnector(1)
      const pool = yield* poolOf(connector)
      const lease = yield* Scope.make()
      const held = yield* Scope.extend(pool.lease, lease)
      const interrupted = yield* Effect.fork(pool.use(() => Effect.never))
      yield* settle
      states.set(held, "broken")
      yield* Scope.close(lease, Exit.void)
      yield* Fiber.interrupt(interrupted)
      assert.notStrictEqual(yield* pool.use(Effect.succeed), held)
      assert.strictEqual(control.opened, 2)
    })
  )

  it.scoped("closes a connection that comes back busy, with and without a waiting caller", () =>
    Effect.gen(function* () {
      const { closed, connector, states } = fakeConnector(1)
      const pool = yield* poolOf(connector)
      const lease = yield* Scope.make()
      const first = yield* Scope.extend(pool.lease, lease)
      const waiting = yield* Effect.fork(pool.use(Effect.succeed))
      yield* settle
      states.set(first, "busy")
      yield* Scope.close(lease, Exit.void)
      const second = yield* Fiber.join(waiting)
      assert.notStrictEqual(second, first)
      assert.deepStrictEqual(closed, [first])
      yield* pool.use((held) => Effect.sync(() => states.set(held, "busy")))
      yield* settle
      assert.deepStrictEqual(closed, [first, second])
      assert.notStrictEqual(yield* pool.use(Effect.succeed), second)
    })
  )

  it.scoped(
    "opens no more than its maximum, and lends a returned connection to the caller that waited longest",
    () =>
      Effect.gen(function* () {
        const { connector, control } = fakeConnector(2)
        const pool = yield* poolOf(connector)
        const order: Array<number> = []
        const gates = yield* Effect.forEach([0, 1, 2, 3], () => Deferred.make<void>())
        const users = yield* Effect.forEach([0, 1, 2, 3], (n) =>
          Effect.fork(
            pool.use(() =>
              Effect.zipRight(
                Effect.sync(() => order.push(n)),
                Deferred.await(gates[n]!)
              )
            )
          )
        )
        yield* settle
        assert.deepStrictEqual([order, control.opened], [[0, 1], 2])
        yield* Deferred.succeed(gates[1]!, undefined)
        yield* settle
        assert.deepStrictEqual(order, [0, 1, 2])
        yield* Fiber.interrupt(users[0]!)
        yield* settle
        assert.deepStrictEqual([order, control.opened], [[0, 1, 2, 3], 2])
        yield* Fiber.interruptAll(users)
      })
  )

  it.scoped("fails every call that waits with the reason when no connection can be opened (P13)", () =>
    Effect.gen(function* () {
      const { connector, control } = fakeConnector(1)
      const pool = yield* poolOf(connector)
      const gate = yield* Deferred.make<void, PgConnectError>()
      control.opening = Deferred.await(gate)
      const first = yield* Effect.fork(pool.use(Effect.succeed))
      const second = yield* Effect.fork(pool.use(Effect.succeed))
      yield* settle
      yield* Deferred.fail(gate, refused)
      assert.deepStrictEqual(yield* Fiber.await(first), Exit.fail(refused))
      assert.deepStrictEqual(yield* Fiber.await(second), Exit.fail(refused))
      // Until the next opening is due, a call fails at once with the last reason, and nothing knocks at the server.
      assert.deepStrictEqual(yield* Effect.exit(pool.use(Effect.succeed)), Exit.fail(refused))
      assert.strictEqual(control.begun, 1)
      control.opening = Effect.void
      yield* TestClock.adjust("100 millis")
      yield* pool.use(Effect.succeed)
      assert.deepStrictEqual([control.begun, pool.statistics.lastFailure], [2, undefined])
    })
  )

  it.scoped("closes a connection after ten minutes without use, and lends the most recently used first", () =>
    Effect.gen(function* () {
      const { closed, connector } = fakeConnector(3)
      const pool = yield* poolOf(connector)
      const [one, two] = yield* Effect.scoped(Effect.all([pool.lease, pool.lease]))
      const used = yield* pool.use(Effect.succeed)
      const other = used === one ? two : one
      for (let minute = 1; minute < 10; minute++) {
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* pool.use(Effect.succeed), used)
        assert.deepStrictEqual(closed, [])
      }
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(closed, [other])
      yield* TestClock.adjust("9 minutes")
      assert.deepStrictEqual(closed, [other, used])
    })
  )

  it.scoped("closes at a look what broke while idle", () =>
    Effect.gen(function* () {
      const { closed, connector, states } = fakeConnector(1)
      const pool = yield* poolOf(connector)
      const only = yield* pool.use(Effect.succeed)
      states.set(only, "broken")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(closed, [only])
    })
  )

  it.effect(
    "waits for connections in use when it closes, and fails waiting and new callers because it is closed",
    () =>
      Effect.gen(function* () {
        const { closed, connector } = fakeConnector(1)
        const scope = yield* Scope.make()
        const pool = yield* Scope.extend(poolOf(connector), scope)
        const gate = yield* Deferred.make<void>()
        const user = yield* Effect.fork(pool.use(() => Deferred.await(gate)))
        yield* settle
        const waiting = yield* Effect.fork(Effect.flip(pool.use(Effect.succeed)))
        yield* settle
        const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* settle
        const told = yield* Fiber.join(waiting)
        assert.deepInclude(told, { _tag: "PgPoolError", max: 1, inUse: 1, waiting: 1 })
        assert.match(told.message, /the pool is closed/)
        assert.deepInclude(yield* Effect.flip(Effect.scoped(pool.lease)), { _tag: "PgPoolError" })
        assert.deepStrictEqual([closed.length, closing.unsafePoll()], [0, null])
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(user)
        yield* Fiber.join(closing)
        assert.strictEqual(closed.length, 1)
      })
  )

  it.effect(
    "waits for closeTimeout when it closes, logs after a second what it waits for, then closes what is in use",
    () =>
      Effect.gen(function* () {
        const { closed, connector } = fakeConnector(2)
        const logged: Array<string> = []
        const logger = Logger.make(({ message }) => {
          logged.push(String(message))
        })
        const scope = yield* Scope.make()
        const pool = yield* ConnectionPool.make(connector, {
          acquireTimeout: "1 second",
          closeTimeout: "5 seconds"
        }).pipe(Scope.extend(scope), Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
        const lease = yield* Scope.make()
        const held = yield* Scope.extend(pool.lease, lease)
        const gate = yield* Deferred.make<void>()
        const user = yield* Effect.fork(pool.use(() => Deferred.await(gate)))
        yield* settle
        const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* settle
        yield* TestClock.adjust("900 millis")
        assert.deepStrictEqual(logged, [])
        yield* TestClock.adjust("100 millis")
        assert.match(logged.join(), /waits for at most 5s for the connections in use: session .*; session /)
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(user)
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual([closed.length, closing.unsafePoll()], [1, null])
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(closing)
        assert.match(logged.at(-1)!, /closes connections that are still in use after 5s/)
        assert.deepStrictEqual(closed.at(-1), held)
        // Its user gives it back later, which is nothing any more.
        yield* Scope.close(lease, Exit.void)
        assert.strictEqual(closed.length, 2)
      })
  )

  it.effect("stops an opening when it closes, and lends nothing that was opened too late", () =>
    Effect.gen(function* () {
      const { closed, connector, control } = fakeConnector(1)
      control.opening = Effect.uninterruptible(Effect.sleep("3 seconds"))
      const scope = yield* Scope.make()
      const pool = yield* Scope.extend(poolOf(connector, { acquireTimeout: "1 minute" }), scope)
      const user = yield* Effect.fork(Effect.flip(pool.use(Effect.succeed)))
      yield* settle
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      assert.deepInclude(yield* Fiber.join(user), { _tag: "PgPoolError" })
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(closing)
      assert.deepStrictEqual([closed.length, pool.statistics.size], [control.opened, 0])
    })
  )
})
