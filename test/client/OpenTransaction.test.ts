import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as TestClock from "effect/TestClock"
import type { PgClientService } from "../../src/client/PgClient.js"
import * as Statement from "../../src/model/Statement.js"
import { clientOf, FakeDatabase } from "./fakeDatabase.js"

const insert = (pg: PgClientService, row: string) => pg.query(Statement.make(row))
const settle = Effect.repeatN(Effect.yieldNow(), 50)
const yields = (count: number) => (count === 0 ? Effect.void : Effect.repeatN(Effect.yieldNow(), count - 1))

const setup = (maxConnections?: number) =>
  Effect.gen(function* () {
    const database = new FakeDatabase()
    return { database, pg: yield* clientOf(database, { acquireTimeout: "5 seconds" }, maxConnections) }
  })

/** What a fiber does in a transaction, with turns of the scheduler before each step. */
type Step =
  | { readonly tag: "insert"; readonly pause: number }
  | {
      readonly tag: "nested"
      readonly pause: number
      readonly fails: boolean
      readonly steps: ReadonlyArray<Step>
    }

const pause = fc.integer({ min: 0, max: 6 })
const insertStep = fc.record({ tag: fc.constant("insert" as const), pause })
const nestedOf = (inner: fc.Arbitrary<Step>) =>
  fc.record({
    tag: fc.constant("nested" as const),
    pause,
    fails: fc.boolean(),
    steps: fc.array(inner, { maxLength: 3 })
  })
const step: fc.Arbitrary<Step> = fc.oneof(insertStep, nestedOf(fc.oneof(insertStep, nestedOf(insertStep))))
const siblings = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 3 })

describe("nested transactions of concurrent fibers", () => {
  it.effect.prop(
    "store exactly what was reported as stored, in every order of their steps",
    [siblings, fc.integer({ min: 0, max: 4 })],
    ([programs, latency]) =>
      Effect.scoped(
        Effect.gen(function* () {
          const { database, pg } = yield* setup()
          database.latency = latency
          let rows = 0
          /** The rows that were reported as stored to a run of steps. */
          const run = (steps: ReadonlyArray<Step>): Effect.Effect<ReadonlyArray<string>, unknown> =>
            Effect.map(
              Effect.forEach(steps, (step) =>
                Effect.zipRight(
                  yields(step.pause),
                  Effect.suspend((): Effect.Effect<ReadonlyArray<string>, unknown> => {
                    if (step.tag === "insert") {
                      const row = `row ${++rows}`
                      return Effect.as(insert(pg, row), [row])
                    }
                    const body = Effect.flatMap(run(step.steps), (stored) =>
                      step.fails ? Effect.fail("undone") : Effect.succeed(stored)
                    )
                    return Effect.catchAll(pg.withTransaction(body), (error) =>
                      error === "undone" ? Effect.succeed([]) : Effect.fail(error)
                    )
                  })
                )
              ),
              (stored) => stored.flat()
            )
          const told = yield* pg.withTransaction(Effect.forEach(programs, run, { concurrency: "unbounded" }))
          assert.deepStrictEqual([...database.stored].sort(), told.flat().sort())
        })
      ),
    { fastCheck: { numRuns: 80 } }
  )

  it.scoped("have savepoints of their own, one after another, and a sibling's statement waits", () =>
    Effect.gen(function* () {
      const { database, pg } = yield* setup()
      const gate = yield* Deferred.make<void>()
      const outcome = yield* pg.withTransaction(
        Effect.gen(function* () {
          const first = yield* Effect.fork(
            Effect.either(
              pg.withTransaction(
                Effect.zipRight(insert(pg, "a"), Effect.zipRight(Deferred.await(gate), Effect.fail("mine")))
              )
            )
          )
          yield* settle
          const second = yield* Effect.fork(pg.withTransaction(insert(pg, "b")))
          const plain = yield* Effect.fork(insert(pg, "c"))
          yield* settle
          assert.deepStrictEqual(database.log.slice(1), ["1: savepoint ep_savepoint_1", "1: a"])
          yield* Deferred.succeed(gate, undefined)
          yield* Fiber.join(second)
          yield* Fiber.join(plain)
          return yield* Fiber.join(first)
        })
      )
      assert.strictEqual(outcome._tag, "Left")
      assert.deepStrictEqual(database.stored, ["b", "c"])
      assert.deepStrictEqual(
        database.log.filter((text) => text.includes("savepoint")),
        [
          "1: savepoint ep_savepoint_1",
          "1: rollback to savepoint ep_savepoint_1",
          "1: release savepoint ep_savepoint_1",
          "1: savepoint ep_savepoint_2",
          "1: release savepoint ep_savepoint_2"
        ]
      )
    })
  )

  it.scoped("run their own statements and those of their forks while they are open", () =>
    Effect.gen(function* () {
      const { database, pg } = yield* setup()
      yield* pg.withTransaction(
        pg.withTransaction(
          Effect.all([insert(pg, "a"), pg.withTransaction(insert(pg, "b")), Effect.fork(insert(pg, "c"))], {
            concurrency: "unbounded"
          }).pipe(Effect.flatMap(([, , fiber]) => Fiber.join(fiber)))
        )
      )
      assert.deepStrictEqual([...database.stored].sort(), ["a", "b", "c"])
    })
  )

  it.scoped(
    "that await a sibling's waiting statement fail after acquireTimeout, and the transaction goes on",
    () =>
      Effect.gen(function* () {
        const { database, pg } = yield* setup()
        const fiber = yield* Effect.fork(
          pg.withTransaction(
            Effect.gen(function* () {
              const open = yield* Deferred.make<void>()
              const sibling = yield* Effect.fork(
                Effect.zipRight(Deferred.await(open), Effect.flip(insert(pg, "late")))
              )
              const error = yield* pg.withTransaction(
                Effect.zipRight(Deferred.succeed(open, undefined), Fiber.join(sibling))
              )
              yield* insert(pg, "still usable")
              return error
            })
          )
        )
        yield* settle
        yield* TestClock.adjust("4 seconds")
        assert.isNull(fiber.unsafePoll())
        yield* TestClock.adjust("1 second")
        const error = yield* Fiber.join(fiber)
        assert.deepInclude(error, { _tag: "PgTimeoutError", deadline: "turn", millis: 5000, sent: false })
        assert.deepStrictEqual(database.stored, ["still usable"])
      })
  )

  it.scoped("leave their place when their fiber is interrupted, before or after the turn was given", () =>
    Effect.gen(function* () {
      const { database, pg } = yield* setup()
      for (let pause = 0; pause < 12; pause++) {
        yield* pg.withTransaction(
          Effect.gen(function* () {
            const first = yield* Effect.fork(pg.withTransaction(insert(pg, "a")))
            const waiting = yield* Effect.forEach(["b", "c"], (row) =>
              Effect.fork(row === "b" ? pg.withTransaction(insert(pg, row)) : insert(pg, row))
            )
            yield* yields(pause)
            yield* Fiber.interruptAll(waiting)
            yield* Fiber.join(first)
            yield* pg.withTransaction(insert(pg, `last ${pause}`))
          })
        )
      }
      assert.strictEqual(database.stored.filter((row) => row.startsWith("last")).length, 12)
    })
  )
})

describe("a fiber that outlives its transaction", () => {
  it.scoped("is outside it: its statements go to the pool, and its transactions begin anew", () =>
    Effect.gen(function* () {
      const { database, pg } = yield* setup()
      const over = yield* Deferred.make<void>()
      const [daemon, later] = yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* insert(pg, "inside")
          const captured = yield* Effect.runtime<never>()
          const work = Effect.zipRight(insert(pg, "after"), pg.withTransaction(insert(pg, "anew")))
          const daemon = yield* Effect.forkDaemon(
            pg.withTransaction(Effect.void).pipe(Effect.zipRight(Deferred.await(over)), Effect.zipRight(work))
          )
          yield* settle
          return [daemon, Effect.promise(() => Runtime.runPromise(captured)(work))] as const
        })
      )
      const before = database.log.length
      yield* Deferred.succeed(over, undefined)
      yield* Fiber.join(daemon)
      yield* later
      assert.deepStrictEqual(
        database.log.slice(before).map((text) => text.slice(3)),
        ["after", "begin", "anew", "commit", "after", "begin", "anew", "commit"]
      )
    })
  )

  it.scoped("in a nested one finds that undone: half of it is not stored, and nothing is sent later", () =>
    Effect.gen(function* () {
      const { database, pg } = yield* setup(1)
      const gate = yield* Deferred.make<void>()
      const half = yield* Deferred.make<void>()
      const nested = Effect.gen(function* () {
        yield* insert(pg, "half")
        yield* Deferred.succeed(half, undefined)
        yield* Deferred.await(gate)
        yield* insert(pg, "by itself")
      })
      const left = yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* insert(pg, "outer")
          const left = yield* Effect.forkDaemon(Effect.either(pg.withTransaction(nested)))
          yield* Deferred.await(half)
          return left
        })
      )
      assert.deepStrictEqual(database.stored, ["outer"])
      yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* insert(pg, "next user")
          const before = database.log.length
          yield* Deferred.succeed(gate, undefined)
          yield* settle
          assert.strictEqual(database.log.length, before)
        })
      )
      const told = yield* Fiber.join(left)
      assert.isTrue(told._tag === "Left")
      if (told._tag === "Left") assert.deepInclude(told.left, { _tag: "PgUsageError", nothingSent: true })
      assert.deepStrictEqual(database.stored, ["outer", "next user"])
    })
  )

  it.scoped("in a nested one with nothing left to do fails, because the nested transaction was undone", () =>
    Effect.gen(function* () {
      const { database, pg } = yield* setup(1)
      const gate = yield* Deferred.make<void>()
      const half = yield* Deferred.make<void>()
      const nested = insert(pg, "half").pipe(
        Effect.zipRight(Deferred.succeed(half, undefined)),
        Effect.zipRight(Deferred.await(gate))
      )
      const left = yield* pg.withTransaction(
        Effect.zipLeft(Effect.forkDaemon(Effect.flip(pg.withTransaction(nested))), Deferred.await(half))
      )
      yield* Deferred.succeed(gate, undefined)
      assert.deepInclude(yield* Fiber.join(left), { _tag: "PgUsageError", nothingSent: false })
      assert.deepStrictEqual(database.stored, [])
    })
  )

  it.scoped("does not bring its transaction to the fiber that joins it", () =>
    Effect.gen(function* () {
      const { database, pg } = yield* setup()
      const joined = yield* Deferred.make<Fiber.RuntimeFiber<void>>()
      const stay = yield* Deferred.make<void>()
      const holder = yield* Effect.fork(
        pg.withTransaction(
          Effect.gen(function* () {
            yield* Deferred.succeed(joined, yield* Effect.forkDaemon(Effect.void))
            yield* Deferred.await(stay)
          })
        )
      )
      yield* Fiber.join(yield* Deferred.await(joined))
      yield* insert(pg, "outside")
      assert.deepStrictEqual(database.stored, ["outside"])
      yield* Deferred.succeed(stay, undefined)
      yield* Fiber.join(holder)
    })
  )
})

describe("two clients", () => {
  it.scoped("each know the transaction that a fiber is in with them, nested either way", () =>
    Effect.gen(function* () {
      const one = yield* setup(1)
      const two = yield* setup(1)
      yield* one.pg.withTransaction(
        two.pg.withTransaction(
          Effect.gen(function* () {
            yield* insert(one.pg, "one")
            yield* insert(two.pg, "two")
            yield* one.pg.withTransaction(insert(one.pg, "nested"))
          })
        )
      )
      assert.deepStrictEqual(one.database.log, [
        "1: begin",
        "1: one",
        "1: savepoint ep_savepoint_1",
        "1: nested",
        "1: release savepoint ep_savepoint_1",
        "1: commit"
      ])
      assert.deepStrictEqual(two.database.log, ["1: begin", "1: two", "1: commit"])
    })
  )
})

describe("a connection that was taken in a scope", () => {
  it.scoped("is dead when the scope has closed, outside a transaction and inside", () =>
    Effect.gen(function* () {
      const { database, pg } = yield* setup(1)
      const leased = yield* Effect.scoped(pg.connection)
      const inside = yield* pg.withTransaction(
        Effect.gen(function* () {
          const scoped = yield* Effect.scoped(pg.connection)
          assert.strictEqual((yield* Effect.flip(insert(scoped as never, "x")))._tag, "PgUsageError")
          const taken = yield* pg.connection
          yield* taken.query(Statement.make("in its turn"))
          yield* pg.withTransaction(taken.query(Statement.make("nested")))
          return taken
        })
      )
      const before = database.log.length
      for (const connection of [leased, inside]) {
        const statement = Statement.make("x")
        for (const use of [
          connection.query(statement),
          connection.simple("x"),
          connection.withTransaction(Effect.void)
        ]) {
          const error = yield* Effect.flip(use as Effect.Effect<unknown, unknown>)
          assert.deepInclude(error, { _tag: "PgUsageError", nothingSent: true })
        }
      }
      assert.strictEqual(database.log.length, before)
      assert.deepStrictEqual(database.stored, ["in its turn", "nested"])
    })
  )
})
