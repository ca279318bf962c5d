import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { ConnectionPool } from "../../../src/client/pool/ConnectionPool.js"
import * as PgConfig from "../../../src/config/PgConfig.js"
import type { ConnectionStatus, PgConnection } from "../../../src/connection/PgConnection.js"
import type { PgConnector } from "../../../src/connection/PgConnector.js"
import { PgConnectError } from "../../../src/model/PgError.js"
import { lossless } from "../../../src/types/Registry.js"

const refused = new PgConnectError({ attempts: [] })

/** A connector whose sessions have a state that a test can set, and whose openings it can hold up or fail. */
const fake = (maxConnections: number) => {
  const states = new Map<PgConnection, ConnectionStatus["state"]>()
  const closed: Array<PgConnection> = []
  const control = {
    opening: Effect.void as Effect.Effect<void, PgConnectError>,
    opened: 0,
    /** Sessions whose server no longer has the role that was asked for. */
    unfit: new Set<PgConnection>()
  }
  const connector: PgConnector["Type"] = {
    config: Either.getOrThrow(PgConfig.make({ maxConnections })),
    types: lossless,
    findTypes: () => Effect.succeed(lossless),
    refreshTypes: Effect.void,
    open: () =>
      Effect.acquireRelease(
        Effect.map(Effect.interruptible(Effect.suspend(() => control.opening)), () => {
          control.opened++
          const connection: PgConnection = {
            facts: { processId: 7 },
            status: Effect.sync(() => ({
              state: states.get(connection),
              fits: !control.unfit.has(connection),
              inFlight: 0,
              transaction: "I"
            }))
          } as unknown as PgConnection
          states.set(connection, "clean")
          return connection
        }),
        (connection) => Effect.sync(() => closed.push(connection))
      )
  }
  return { connector, states, closed, control }
}

const settle = Effect.repeatN(Effect.yieldNow(), 20)

describe("a pool of connections", () => {
  it.effect("closes although it was made where nothing can be interrupted", () =>
    Effect.gen(function* () {
      const { connector } = fake(1)
      const making = Effect.acquireRelease(ConnectionPool.make(connector, "1 second"), () => Effect.void)
      const fiber = yield* Effect.forkDaemon(Effect.scoped(making))
      for (let turn = 0; turn < 500; turn++) yield* Effect.yieldNow()
      assert.isDefined((yield* Fiber.poll(fiber)).pipe(Option.getOrUndefined), "it does not close")
    })
  )

  it.scoped("replaces a connection that broke while nobody used it, also when it has no other", () =>
    Effect.gen(function* () {
      const { closed, connector, states } = fake(1)
      const { lease } = yield* ConnectionPool.make(connector, "1 second")
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
      const { closed, connector, control } = fake(1)
      const { lease } = yield* ConnectionPool.make(connector, "1 second")
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

  it.scoped("does not lend a connection again that broke in use, and its place goes to who waits", () =>
    Effect.gen(function* () {
      const { closed, connector, states } = fake(1)
      const pool = yield* ConnectionPool.make(connector, "1 second")
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
        const { closed, connector, control } = fake(1)
        const pool = yield* ConnectionPool.make(connector, "1 second")
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
      const { connector, control, states } = fake(1)
      const pool = yield* ConnectionPool.make(connector, "1 second")
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

  it.scoped("closes a connection that comes back busy, whether somebody waits for it or not", () =>
    Effect.gen(function* () {
      const { closed, connector, states } = fake(1)
      const pool = yield* ConnectionPool.make(connector, "1 second")
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
      assert.deepStrictEqual(closed, [first, second])
      assert.notStrictEqual(yield* pool.use(Effect.succeed), second)
    })
  )

  it.scoped("opens no more than it may, and hands what comes back to the oldest who waits", () =>
    Effect.gen(function* () {
      const { connector, control } = fake(2)
      const pool = yield* ConnectionPool.make(connector, "1 second")
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

  it.scoped("fails who opens when opening fails, and lets the next one try", () =>
    Effect.gen(function* () {
      const { connector, control } = fake(1)
      const pool = yield* ConnectionPool.make(connector, "1 second")
      const gate = yield* Deferred.make<void, PgConnectError>()
      control.opening = Deferred.await(gate)
      const first = yield* Effect.fork(pool.use(Effect.succeed))
      const second = yield* Effect.fork(pool.use(Effect.succeed))
      yield* settle
      control.opening = Effect.void
      yield* Deferred.fail(gate, refused)
      assert.deepStrictEqual(yield* Fiber.await(first), Exit.fail(refused))
      yield* Fiber.join(second)
      assert.strictEqual(control.opened, 1)
    })
  )

  it.scoped("keeps no place for an opening, or a wait, that was interrupted", () =>
    Effect.gen(function* () {
      const { connector, control } = fake(1)
      const pool = yield* ConnectionPool.make(connector, "1 second")
      control.opening = Effect.never
      const first = yield* Effect.fork(pool.use(Effect.succeed))
      const second = yield* Effect.fork(pool.use(Effect.succeed))
      yield* settle
      yield* Fiber.interrupt(second)
      control.opening = Effect.void
      yield* Fiber.interrupt(first)
      yield* pool.use(Effect.succeed)
      assert.strictEqual(control.opened, 1)
    })
  )

  it.scoped("closes what nobody has used for ten minutes, and uses the last used first", () =>
    Effect.gen(function* () {
      const { closed, connector } = fake(3)
      const pool = yield* ConnectionPool.make(connector, "1 second")
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
      const { closed, connector, states } = fake(1)
      const pool = yield* ConnectionPool.make(connector, "1 second")
      const only = yield* pool.use(Effect.succeed)
      states.set(only, "broken")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(closed, [only])
    })
  )

  it.effect(
    "waits at its end for those in use, and tells those who wait and who come that it is closed",
    () =>
      Effect.gen(function* () {
        const { closed, connector } = fake(1)
        const scope = yield* Scope.make()
        const pool = yield* Scope.extend(ConnectionPool.make(connector, "1 second"), scope)
        const gate = yield* Deferred.make<void>()
        const user = yield* Effect.fork(pool.use(() => Deferred.await(gate)))
        yield* settle
        const waiting = yield* Effect.fork(Effect.flip(pool.use(Effect.succeed)))
        yield* settle
        const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* settle
        const told = yield* Fiber.join(waiting)
        assert.deepInclude(told, { _tag: "PgPoolError", max: 1, inUse: 1, waiting: 0 })
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
    "waits at its end for closeTimeout, says after a second for what, then closes what is in use",
    () =>
      Effect.gen(function* () {
        const { closed, connector } = fake(2)
        const logged: Array<string> = []
        const logger = Logger.make(({ message }) => {
          logged.push(String(message))
        })
        const scope = yield* Scope.make()
        const pool = yield* ConnectionPool.make(connector, "1 second", "5 seconds").pipe(
          Scope.extend(scope),
          Effect.provide(Logger.replace(Logger.defaultLogger, logger))
        )
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
        assert.match(logged.at(-1)!, /closes connections that are in use still after 5s/)
        assert.deepStrictEqual(closed.at(-1), held)
        // Its user gives it back later, which is nothing any more.
        yield* Scope.close(lease, Exit.void)
        assert.strictEqual(closed.length, 2)
      })
  )

  it.effect("does not lend a connection that was being opened when it closed", () =>
    Effect.gen(function* () {
      const { closed, connector, control } = fake(1)
      const opening = yield* Deferred.make<void>()
      control.opening = Deferred.await(opening)
      const scope = yield* Scope.make()
      const pool = yield* Scope.extend(ConnectionPool.make(connector, "1 second"), scope)
      const user = yield* Effect.fork(Effect.flip(pool.use(Effect.succeed)))
      yield* settle
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* settle
      yield* Deferred.succeed(opening, undefined)
      assert.deepInclude(yield* Fiber.join(user), { _tag: "PgPoolError" })
      yield* Fiber.join(closing)
      assert.strictEqual(closed.length, 1)
    })
  )
})
