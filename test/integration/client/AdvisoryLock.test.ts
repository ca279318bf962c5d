import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { LockKey, LockOptions } from "../../../src/client/AdvisoryLock.js"
import * as AdvisoryLock from "../../../src/client/AdvisoryLock.js"
import type { PgClientOptions } from "../../../src/client/PgClient.js"
import * as PgClient from "../../../src/client/PgClient.js"
import { configOf, s } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"

let keys = 0
/** Keys that no other test has, of every kind. */
const fresh = (): ReadonlyArray<LockKey> => {
  const n = process.pid * 1000 + ++keys
  return [n, BigInt(n) << 20n, `lock ${n}`, [process.pid, -n | 0]]
}

const clientOf = (options: PgClientOptions = {}) =>
  Effect.map(Layer.build(PgClient.layer(configOf(), { max: 2, ...options })), (context) => {
    const pg = Context.get(context, PgClient.PgClient)
    const use = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.provideService(effect, PgClient.PgClient, pg)
    return { pg, use }
  })

const isFree = (
  use: Effect.Effect.Success<ReturnType<typeof clientOf>>["use"],
  key: LockKey,
  options?: LockOptions
) => use(Effect.scoped(AdvisoryLock.tryHold(key, options)))

describe("an advisory lock", () => {
  it.scopedLive("that is not free keeps no connection, however often it is asked for", () =>
    Effect.gen(function* () {
      const mine = yield* clientOf()
      const other = yield* clientOf({ max: 1 })
      yield* mine.use(AdvisoryLock.hold("kept by another"))
      for (let n = 0; n < 3; n++) assert.isFalse(yield* other.use(AdvisoryLock.tryHold("kept by another")))
      assert.isTrue(yield* other.use(AdvisoryLock.tryHold("free")))
    })
  )

  it.scopedLive("of a scope is held until the scope closes, by every kind of key", () =>
    Effect.gen(function* () {
      const mine = yield* clientOf()
      const other = yield* clientOf()
      for (const reset of ["settings", "none"] as const) {
        const holder = reset === "settings" ? mine : yield* clientOf({ reset })
        for (const key of fresh()) {
          const scope = yield* Scope.make()
          yield* holder.use(Scope.extend(AdvisoryLock.hold(key), scope))
          assert.isFalse(yield* isFree(other.use, key), String(key))
          assert.isFalse(yield* isFree(other.use, key, { shared: true }))
          yield* Scope.close(scope, Exit.void)
          yield* eventually(isFree(other.use, key), (free) => free)
        }
      }
    })
  )

  it.scopedLive("is shared by those that ask for it shared", () =>
    Effect.gen(function* () {
      const mine = yield* clientOf()
      const other = yield* clientOf()
      const [key] = fresh()
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* mine.use(AdvisoryLock.hold(key!, { shared: true }))
          assert.isTrue(yield* isFree(other.use, key!, { shared: true }))
          assert.isFalse(yield* isFree(other.use, key!))
        })
      )
    })
  )

  it.scopedLive("is waited for, until the deadline or an interruption, which leave nothing behind", () =>
    Effect.gen(function* () {
      const mine = yield* clientOf()
      const other = yield* clientOf()
      const [key] = fresh()
      const scope = yield* Scope.make()
      yield* mine.use(Scope.extend(AdvisoryLock.hold(key!), scope))
      const late = other.use(Effect.scoped(AdvisoryLock.hold(key!, { timeout: "50 millis" })))
      assert.deepInclude(yield* Effect.flip(late), { _tag: "PgTimeoutError", deadline: "statement" })
      const waiting = yield* Effect.fork(other.use(AdvisoryLock.withLock(key!)(Effect.succeed("mine now"))))
      const waits = rawRows(
        shared,
        `select 1 from pg_locks where locktype = 'advisory' and not granted and objid = ${Number(key)}::int8 & 4294967295`
      )
      yield* eventually(waits, (rows) => rows.length === 1)
      const interrupted = yield* Effect.fork(other.use(AdvisoryLock.withLock(key!)(Effect.void)))
      yield* eventually(waits, (rows) => rows.length === 2)
      yield* Fiber.interrupt(interrupted)
      yield* eventually(waits, (rows) => rows.length === 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* Fiber.join(waiting), "mine now")
      yield* eventually(isFree(mine.use, key!), (free) => free)
    })
  )

  it.scopedLive("stops what runs under it when its session is lost", () =>
    Effect.gen(function* () {
      const { pg, use } = yield* clientOf()
      const [key] = fresh()
      const begun = yield* Deferred.make<void>()
      let wasInterrupted = false
      const body = Effect.onInterrupt(Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never), () =>
        Effect.sync(() => (wasInterrupted = true))
      )
      const running = yield* Effect.fork(Effect.flip(use(AdvisoryLock.withLock(key!)(body))))
      yield* Deferred.await(begun)
      yield* rawRows(
        shared,
        `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and objid = ${Number(key)}::int8 & 4294967295`
      )
      assert.deepInclude(yield* Fiber.join(running), { _tag: "PgClosedError" })
      assert.isTrue(wasInterrupted)
      assert.deepStrictEqual(yield* pg.values(s("select 1")), [[1]])
    })
  )

  it.scopedLive("of a transaction ends with it, or with the nested one in which it was taken", () =>
    Effect.gen(function* () {
      const mine = yield* clientOf()
      const other = yield* clientOf()
      const [first, second] = fresh()
      const { pg, use } = mine
      yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* use(AdvisoryLock.inTransaction(first!))
          const nested = pg.withTransaction(
            Effect.gen(function* () {
              assert.isTrue(yield* use(AdvisoryLock.tryInTransaction(second!)))
              assert.isFalse(yield* isFree(other.use, second!))
              return yield* Effect.fail("undone")
            })
          )
          yield* Effect.ignore(nested)
          assert.isTrue(yield* isFree(other.use, second!))
          assert.isFalse(yield* isFree(other.use, first!))
          assert.isFalse(yield* other.pg.withTransaction(other.use(AdvisoryLock.tryInTransaction(first!))))
        })
      )
      assert.isTrue(yield* isFree(other.use, first!))
      assert.deepInclude(yield* Effect.flip(use(AdvisoryLock.inTransaction(first!))), {
        _tag: "PgUsageError",
        operation: "AdvisoryLock.inTransaction"
      })
    })
  )

  it.scopedLive("is refused for what is no key, before anything is sent", () =>
    Effect.gen(function* () {
      const { use } = yield* clientOf()
      const wrong: ReadonlyArray<LockKey> = [1.5, 2 ** 60, 1n << 64n, [1, 2 ** 31], [1, 0.5]]
      for (const key of wrong) {
        const error = yield* Effect.flip(use(Effect.scoped(AdvisoryLock.hold(key))))
        assert.deepInclude(error, { _tag: "PgUsageError", argument: "key", nothingSent: true })
      }
    })
  )
})
