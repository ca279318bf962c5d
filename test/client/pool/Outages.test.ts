/** A pool while its server is away, comes back, or fails twice in a row, and what such times leave behind. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Supervisor from "effect/Supervisor"
import * as TestClock from "effect/TestClock"
import * as PgClient from "../../../src/client/PgClient.js"
import { ConnectionPool } from "../../../src/client/pool/ConnectionPool.js"
import * as PgConfig from "../../../src/config/PgConfig.js"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as Statement from "../../../src/model/Statement.js"
import { Transport } from "../../../src/net/Transport.js"
import { Host, ScriptedServer, SimulatedNetwork, Simulation } from "../../../src/Testing.js"
import { VirtualClock } from "../../../src/testing/VirtualClock.js"
import { fakeConnector, lost, refused } from "./fakeConnector.js"

const settle = Effect.repeatN(Effect.yieldNow(), 40)
const sessionOf = (connection: PgConnection) => Effect.succeed(connection.facts.processId)
const quietly = Logger.withMinimumLogLevel(LogLevel.None)

/** Long times pass in a moment. */
const simulated = <A, E>(program: Effect.Effect<A, E>) =>
  Simulation.simulate(program, { seed: 1, yieldChance: 0, maxSteps: 100_000_000 })

const timers = Effect.map(Effect.clock, (clock) => (clock instanceof VirtualClock ? clock.pending : 0))

/** Runs the effect in virtual time, and gives how many fibers and timers are left when its scope has closed. */
const leftBy = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
  simulated(
    Effect.gen(function* () {
      const fibers = yield* Supervisor.track
      const before = yield* timers
      const scope = yield* Scope.make()
      yield* Effect.supervised(Scope.extend(effect, scope), fibers)
      yield* Effect.supervised(Scope.close(scope, Exit.void), fibers)
      yield* settle
      return { fibers: (yield* fibers.value).length, timers: (yield* timers) - before }
    })
  )

const nothing = { fibers: 0, timers: 0 }

describe("a server that gives no answer", () => {
  it.scoped("has a thousand calls fail when their time is over, and is not asked by each of them (P06)", () =>
    Effect.gen(function* () {
      const { connector, control } = fakeConnector(10)
      const pool = yield* ConnectionPool.make(connector, { acquireTimeout: "30 seconds" })
      const user = yield* Effect.forkScoped(pool.use(() => Effect.never))
      yield* settle
      control.opening = Effect.zipRight(Effect.sleep("10 seconds"), Effect.fail(refused))
      const calls = yield* Effect.forEach(Array.from({ length: 1000 }), () =>
        Effect.forkScoped(Effect.flip(pool.use(sessionOf)))
      )
      yield* TestClock.adjust("29999 millis")
      assert.isTrue(calls.every((call) => call.unsafePoll() === null))
      yield* TestClock.adjust("1 millis")
      for (const call of calls)
        assert.deepInclude(yield* Fiber.join(call), { _tag: "PgTimeoutError", deadline: "acquire" })
      const begun = control.begun
      // Ten at once before anything is known, then one at a time with a delay.
      assert.isAtMost(begun, 14)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(control.begun, begun)
      control.opening = Effect.void
      const later = yield* Effect.forEach(Array.from({ length: 1000 }), () =>
        Effect.forkScoped(pool.use(sessionOf))
      )
      yield* TestClock.adjust("5 seconds")
      for (const call of later) yield* Fiber.join(call)
      assert.isAtMost(pool.statistics.size, 10)
      yield* Fiber.interrupt(user)
    })
  )

  it.effect("leaves no fiber and no timer behind ten thousand failed openings (X10)", () =>
    Effect.gen(function* () {
      const { connector, control } = fakeConnector(4)
      const left = yield* leftBy(
        Effect.gen(function* () {
          const pool = yield* ConnectionPool.make(connector, { min: 1 })
          control.opening = Effect.zipRight(Effect.sleep("1 millis"), Effect.fail(refused))
          while (control.begun < 10_000) {
            yield* Effect.flip(pool.use(sessionOf))
            yield* Effect.sleep("5 seconds")
          }
        })
      )
      assert.deepStrictEqual(left, nothing)
    })
  )

  it.effect("leaves no connection, fiber and timer behind when every host refuses (X10)", () =>
    Effect.gen(function* () {
      const server = yield* ScriptedServer.make([])
      const network = yield* SimulatedNetwork.make(server.transport, { refuse: 1 })
      const config = Either.getOrThrow(PgConfig.make({ host: "db", user: "app", sslMode: "disable" }))
      const connector = yield* PgConnector.make(config).pipe(
        Effect.provideService(Transport, network.transport),
        Effect.provideService(Host.Host, Host.make({}))
      )
      const left = yield* leftBy(Effect.repeatN(Effect.scoped(Effect.flip(connector.open())), 1_999))
      assert.deepStrictEqual([left, yield* network.openings, yield* network.open], [nothing, 2000, 0])
    }).pipe(Effect.scoped)
  )
})

describe("a server that comes back", () => {
  /** Fifty idle connections, whose sessions have ended without a word. */
  const restarted = (options: { readonly checkAfter?: number } = {}) =>
    Effect.gen(function* () {
      const fake = fakeConnector(50)
      const pool = yield* ConnectionPool.make(fake.connector, options)
      yield* Effect.scoped(Effect.all(Array.from({ length: 50 }, () => pool.lease)))
      yield* settle
      assert.strictEqual(pool.statistics.idle, 50)
      const old = new Set(fake.states.keys())
      const call = Effect.either(
        pool.use((connection) =>
          Effect.suspend(() => {
            if (!old.has(connection)) return Effect.void
            fake.states.set(connection, "broken")
            return Effect.fail(lost)
          })
        )
      )
      fake.control.answering = Effect.fail(lost)
      const calls = yield* Effect.forEach(Array.from({ length: 200 }), () => call)
      return { ...fake, failed: calls.filter(Either.isLeft).length, pool }
    })

  it.scoped("shows one call the end of fifty idle sessions, and none when they are checked (P05)", () =>
    Effect.gen(function* () {
      const unchecked = yield* restarted()
      assert.strictEqual(unchecked.failed, 1)
      assert.deepInclude(unchecked.pool.statistics, { inUse: 0, waiting: 0 })
      assert.strictEqual(unchecked.pool.statistics.closed.broken, 50)
      const checked = yield* restarted({ checkAfter: 0 })
      assert.strictEqual(checked.failed, 0)
    })
  )

  it.scoped(
    "is asked again after a tenth of a second when it fails once more, however long it was away (P13)",
    () =>
      Effect.gen(function* () {
        const { connector, control, states } = fakeConnector(1)
        control.opening = Effect.fail(refused)
        const pool = yield* ConnectionPool.make(connector, { min: 1 })
        yield* TestClock.adjust("1 minute")
        control.opening = Effect.void
        yield* TestClock.adjust("5 seconds")
        yield* pool.use(sessionOf)
        control.opening = Effect.fail(refused)
        yield* pool.use((connection) => Effect.sync(() => states.set(connection, "broken")))
        yield* settle
        assert.strictEqual(yield* Effect.flip(pool.use(sessionOf)), refused)
        control.opening = Effect.void
        yield* TestClock.adjust("100 millis")
        assert.isDefined(yield* pool.use(sessionOf))
      })
  )

  it.effect(
    "may fail again while a connection is made fit, checked or opened, and is found in the end (X11)",
    () =>
      simulated(
        Effect.gen(function* () {
          const { connector, control, states, transactions } = fakeConnector(2)
          const pool = yield* ConnectionPool.make(connector, { acquireTimeout: "1 minute" })
          yield* Effect.scoped(Effect.all([pool.lease, pool.lease]))
          const [first, second] = [...states.keys()]
          // A body fails inside a transaction, and its ROLLBACK gets no answer.
          control.answering = Effect.never
          const failing = pool.use((connection) =>
            Effect.suspend(() => {
              states.set(connection, "busy")
              transactions.set(connection, "T")
              return Effect.fail(lost)
            })
          )
          assert.strictEqual(yield* Effect.flip(failing), lost)
          // The other session has ended while it was idle, and the opening in its place fails, late.
          for (const connection of [first!, second!])
            if (states.get(connection) === "clean") states.set(connection, "broken")
          control.opening = Effect.zipRight(Effect.sleep("3 seconds"), Effect.fail(refused))
          const call = yield* Effect.fork(pool.use(sessionOf))
          yield* Effect.sleep("4 seconds")
          assert.isNull(call.unsafePoll())
          control.answering = Effect.void
          control.opening = Effect.sleep("1 seconds")
          assert.isAbove((yield* Fiber.join(call))!, 2)
          yield* Effect.sleep("20 seconds")
          const { idle, inUse, opening, size, waiting } = pool.statistics
          assert.deepStrictEqual([idle, inUse, opening, waiting], [size, 0, 0, 0])
        }).pipe(Effect.scoped, quietly)
      )
  )
})

describe("credentials that change", () => {
  it.scoped("are used by the next opening, and a refused password is forgotten with it (P11)", () =>
    Effect.gen(function* () {
      const columns = [ScriptedServer.column("name")]
      const denied = ScriptedServer.errorResponse({ severity: "FATAL", code: "28P01" })
      const server = yield* ScriptedServer.make([
        [
          ScriptedServer.expect({ _tag: "StartupMessage" }),
          ScriptedServer.send({ _tag: "AuthenticationCleartextPassword" }),
          ScriptedServer.expect({ _tag: "PasswordMessage", password: "old" }),
          ScriptedServer.send(denied),
          ScriptedServer.hangUp,
          ScriptedServer.expectEnd
        ],
        [
          ScriptedServer.startup({ auth: ScriptedServer.cleartext("new") }),
          ScriptedServer.repeat(ScriptedServer.extendedQuery({ columns, rows: [["Ada"]] }))
        ]
      ])
      let password = "old"
      const credentials = Effect.sync(() => ({ password: Redacted.make(password) }))
      const config = Either.getOrThrow(PgConfig.make({ host: "db", user: "app", sslMode: "disable" }))
      const context = yield* PgClient.layerFromConnector().pipe(
        Layer.provide(PgConnector.layerWith(config, { credentials })),
        Layer.provide(Layer.merge(Host.layerTest(), Layer.succeed(Transport, server.transport))),
        Layer.build
      )
      const query = Context.get(context, PgClient.PgClient).query(Statement.make("select name from people"))
      assert.deepInclude(yield* Effect.flip(query), { _tag: "PgAuthError" })
      password = "new"
      // Until the next opening is due, calls fail with the last reason.
      assert.deepInclude(yield* Effect.flip(query), { _tag: "PgAuthError" })
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(yield* query, [{ name: "Ada" }])
    })
  )
})

describe("a pool under load", () => {
  it.effect("has no call fail when connections grow old, rest too long, expire or are too many (P08)", () =>
    simulated(
      Effect.gen(function* () {
        const { closed, connector, control, states } = fakeConnector(8)
        control.opening = Effect.sleep("20 millis")
        control.answering = Effect.sleep("1 millis")
        const pool = yield* ConnectionPool.make(connector, {
          maxLifetime: "30 seconds",
          idleTimeout: "2 seconds",
          checkAfter: "1 second",
          maxUses: 200
        })
        let answered = 0
        const call = pool.use((connection) =>
          Effect.flatMap(Effect.sleep("5 millis"), () => {
            if (states.get(connection) === "broken") return Effect.fail(lost)
            return Effect.sync(() => answered++)
          })
        )
        // Bursts, so that connections rest in between.
        const user = (n: number) =>
          Effect.repeatN(Effect.zipRight(Effect.repeatN(call, 19), Effect.sleep(100 + 100 * n)), 39)
        const manager = Effect.forEach([3, 8, 1, 12, 2, 8], (max) =>
          Effect.gen(function* () {
            yield* Effect.sleep("3 seconds")
            yield* pool.resize(max)
            assert.isAtMost(pool.statistics.idle + pool.statistics.opening, max)
            if (max === 12) yield* pool.expire
          })
        )
        yield* Effect.all([manager, ...Array.from({ length: 20 }, (_, n) => user(n))], {
          concurrency: "unbounded",
          discard: true
        })
        yield* settle
        assert.strictEqual(answered, 20 * 40 * 20)
        const { closed: reasons, inUse, waiting } = pool.statistics
        assert.deepInclude({ inUse, waiting }, { inUse: 0, waiting: 0 })
        assert.isAbove(Math.min(reasons.idle, reasons.worn, reasons.surplus), 0)
        assert.isAbove(closed.length, 10)
      }).pipe(Effect.scoped)
    )
  )

  it.effect(
    "leaves no fiber and no timer behind its end, whether its connections came back or not (P09)",
    () =>
      Effect.gen(function* () {
        const { closed, connector } = fakeConnector(3)
        const held = yield* Deferred.make<void>()
        const left = yield* leftBy(
          Effect.gen(function* () {
            const pool = yield* ConnectionPool.make(connector, {
              closeTimeout: 0,
              leakAfter: "1 minute",
              min: 2
            })
            const user = yield* Effect.forkDaemon(Effect.ignore(pool.use(() => Deferred.await(held))))
            yield* settle
            assert.strictEqual(pool.statistics.inUse, 1)
            return user
          })
        )
        assert.deepInclude(left, { timers: 0 })
        // The user itself is no fiber of the pool.
        assert.strictEqual(left.fibers, 1)
        assert.isAtLeast(closed.length, 2)
        yield* Deferred.succeed(held, undefined)
        yield* settle
      }).pipe(quietly)
  )
})
