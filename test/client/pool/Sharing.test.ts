import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { ConnectionPool } from "../../../src/client/pool/ConnectionPool.js"
import type { PoolOptions } from "../../../src/client/pool/PoolOptions.js"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import { PgClosedError, PgServerError } from "../../../src/model/PgError.js"
import * as ServerFields from "../../../src/model/ServerFields.js"
import * as Statement from "../../../src/model/Statement.js"
import { fakeConnector } from "./fakeConnector.js"

const settle = Effect.repeatN(Effect.yieldNow(), 50)

/** A pool whose statements are answered when the gate opens. */
const setup = (max: number, options: PoolOptions) =>
  Effect.gen(function* () {
    const fake = fakeConnector(max)
    fake.control.isShareable = true
    const gate = yield* Deferred.make<void>()
    const pool = yield* ConnectionPool.make(fake.connector, options)
    yield* pool.use(() => Effect.void)
    /** How many statements each session has got, beginning with the first. */
    const sent = new Map<PgConnection, number>()
    fake.control.onStatement = (connection) => void sent.set(connection, (sent.get(connection) ?? 0) + 1)
    fake.control.answering = Deferred.await(gate)
    const statement = pool.share((each) => each.query(Statement.make("select")))
    return { ...fake, gate, pool, sent, statement }
  })

describe("statements that share connections", () => {
  it.scoped("go to the connection with the fewest, up to depth, and one more connection is opened", () =>
    Effect.gen(function* () {
      const { control, gate, pool, sent, statement } = yield* setup(2, { multiplex: { depth: 3 } })
      const first = yield* Effect.replicateEffect(Effect.fork(statement), 2)
      yield* settle
      assert.strictEqual(control.opened, 2)
      const others = yield* Effect.replicateEffect(Effect.fork(statement), 7)
      yield* settle
      assert.deepStrictEqual([...sent.values()], [3, 3])
      assert.deepInclude(pool.statistics, { inUse: 2, waiting: 3, size: 2 })
      yield* Deferred.succeed(gate, undefined)
      yield* Effect.forEach([...first, ...others], Fiber.join)
      assert.deepInclude(pool.statistics, { inUse: 0, waiting: 0, idle: 2, acquired: 10 })
    })
  )

  it.scoped("share only when every connection is in use, if asked for so", () =>
    Effect.gen(function* () {
      const { control, gate, pool, sent, statement } = yield* setup(2, { multiplex: "whenBusy" })
      const opening = yield* Deferred.make<void>()
      control.opening = Deferred.await(opening)
      const first = yield* Effect.replicateEffect(Effect.fork(statement), 3)
      yield* settle
      assert.deepStrictEqual([...sent.values()], [1], "a connection is being opened")
      assert.deepInclude(pool.statistics, { opening: 1, waiting: 2, shared: 0 })
      yield* Deferred.succeed(opening, undefined)
      yield* settle
      assert.deepStrictEqual([...sent.values()], [1, 2])
      yield* Deferred.succeed(gate, undefined)
      yield* Effect.forEach(first, Fiber.join)
      assert.deepInclude(pool.statistics, { idle: 2, shared: 1 })
    })
  )

  it.scoped("leave a connection to a call that needs one for itself, however many come after it", () =>
    Effect.gen(function* () {
      const { control, pool } = yield* setup(1, { multiplex: { depth: 2 }, acquireTimeout: "1 second" })
      control.answering = Effect.sleep(10)
      const statement = pool.share((each) => each.query(Statement.make("select")))
      const crowd = yield* Effect.forkAll(Array.from({ length: 4 }, () => Effect.forever(statement)))
      yield* TestClock.adjust(15)
      const lease = yield* Effect.fork(Effect.scoped(Effect.as(pool.lease, "leased")))
      yield* TestClock.adjust(100)
      assert.strictEqual((yield* Fiber.poll(lease))._tag, "Some")
      yield* TestClock.adjust(100)
      assert.isAbove(pool.statistics.acquired, 20)
      yield* Fiber.interrupt(crowd)
    })
  )

  it.scoped("are not sent on a connection that another call has taken in between", () =>
    Effect.gen(function* () {
      const { control, gate, pool, sent, statement } = yield* setup(2, { multiplex: { depth: 3 } })
      control.sending = Effect.repeatN(Effect.yieldNow(), 5)
      const running = yield* Effect.fork(statement)
      yield* Effect.yieldNow()
      const lent = yield* pool.lease
      yield* settle
      assert.isUndefined(sent.get(lent))
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(running)
    })
  )

  it.scoped(
    "are not sent behind an interrupted statement, and the connection comes back when that statement has ended",
    () =>
      Effect.gen(function* () {
        const { control, gate, pool, sent, statement } = yield* setup(1, { multiplex: { depth: 9 } })
        const unwanted = yield* Effect.fork(statement)
        const wanted = yield* Effect.fork(statement)
        yield* settle
        yield* Fiber.interrupt(unwanted)
        const later = yield* Effect.fork(statement)
        yield* settle
        assert.deepStrictEqual([...sent.values()], [2])
        assert.strictEqual(pool.statistics.waiting, 1)
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(wanted)
        yield* Fiber.join(later)
        assert.deepInclude(pool.statistics, { idle: 1, inUse: 0 })
        assert.strictEqual(control.opened, 1)
      })
  )

  it.scoped("stay off a connection that is to be renewed or is one too many", () =>
    Effect.gen(function* () {
      for (const change of ["expire", "resize"] as const) {
        const { closed, control, gate, pool, sent, statement } = yield* setup(2, { multiplex: { depth: 5 } })
        const running = yield* Effect.replicateEffect(Effect.fork(statement), 2)
        yield* settle
        const more = yield* Effect.replicateEffect(Effect.fork(statement), 2)
        yield* settle
        const before = [...sent.values()]
        yield* change === "expire" ? pool.expire : pool.resize(1)
        const after = yield* Effect.replicateEffect(Effect.fork(statement), 3)
        yield* settle
        const [least] = [...sent].sort((a, b) => a[1] - b[1])
        if (change === "expire") assert.deepStrictEqual([...sent.values()], before)
        else assert.strictEqual(least![1], Math.min(...before))
        yield* Deferred.succeed(gate, undefined)
        yield* Effect.forEach([...running, ...more, ...after], Fiber.join)
        assert.strictEqual(closed.length, change === "expire" ? 2 : 1)
        assert.isAtMost(pool.statistics.size, change === "expire" ? 2 : 1)
        assert.isAtLeast(control.opened, 2)
      }
    })
  )

  it.scoped(
    "are run on a connection of their own when their plan is refused, and again when they were not sent",
    () =>
      Effect.gen(function* () {
        const { control, gate, pool, statement } = yield* setup(1, { multiplex: { depth: 3 } })
        yield* Deferred.succeed(gate, undefined)
        const refused = (code: string, routine: string) =>
          new PgServerError({
            ...ServerFields.make({ severity: "ERROR", code, text: "refused", routine }),
            sql: "select"
          })
        const unsent = new PgClosedError({ reason: "lost", sent: false, server: undefined, sql: "select" })
        for (const failure of [refused("0A000", "RevalidateCachedQuery"), refused("26000", "x"), unsent]) {
          let failures = 1
          control.answering = Effect.suspend(() => (failures-- > 0 ? Effect.fail(failure) : Effect.void))
          yield* statement
        }
        for (const failure of [refused("0A000", "other"), refused("40001", "x")]) {
          control.answering = Effect.fail(failure)
          assert.strictEqual(yield* Effect.flip(statement), failure)
        }
        assert.deepInclude(pool.statistics, { idle: 1, inUse: 0 })
      })
  )

  it.scoped("fail as any call when no connection can be opened, whatever the reason is", () =>
    Effect.gen(function* () {
      const { connector } = fakeConnector(1)
      const gone = new PgClosedError({ reason: "gone", sent: false, server: undefined, sql: "" })
      const open = (): Effect.Effect<never, PgClosedError> => Effect.fail(gone)
      const pool = yield* ConnectionPool.make({ ...connector, open }, { multiplex: { depth: 3 } })
      const statement = pool.share((each) => each.query(Statement.make("select")))
      assert.strictEqual(yield* Effect.flip(statement), gone)
      assert.strictEqual(yield* Effect.flip(statement), gone)
    })
  )

  it.effect("need a connection of their own when they change the session", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { pool } = yield* setup(1, { multiplex: { depth: 3 } })
        const own = [
          "set work_mem = '1MB'",
          "/* x */ listen jobs",
          "select set_config('a.b', 'c', false)",
          "select pg_advisory_lock(1)",
          "do $$ begin end $$",
          "call p()",
          "create temp table t (a int)",
          "discard all",
          "declare c cursor with hold for select 1"
        ]
        assert.deepStrictEqual(
          own.filter((sql) => pool.mayShare(sql)),
          []
        )
        const shared = [
          "select 1",
          "insert into t values (1)",
          "with x as (select 1) select * from x",
          "notify a"
        ]
        assert.deepStrictEqual(
          shared.filter((sql) => pool.mayShare(sql)),
          shared
        )
        const exclusive = yield* ConnectionPool.make(fakeConnector(1).connector)
        assert.isFalse(exclusive.mayShare("select 1"))
      })
    )
  )

  it.scoped("are refused beside hooks of single calls, and with an invalid depth", () =>
    Effect.gen(function* () {
      const invalid: ReadonlyArray<PoolOptions> = [
        { multiplex: { depth: 0 } },
        { multiplex: { depth: 1.5 } },
        { multiplex: "always" as never },
        { multiplex: "whenBusy", onAcquire: () => Effect.void },
        { multiplex: { depth: 2 }, onRelease: () => Effect.void }
      ]
      for (const options of invalid) {
        const pool = yield* ConnectionPool.make(fakeConnector(1).connector, options)
        const error = yield* Effect.flip(pool.ping)
        assert.deepInclude(error, { _tag: "PgUsageError", argument: "multiplex" })
      }
    })
  )
})
