import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Handle from "../../../src/client/Handle.js"
import { OpenTransaction } from "../../../src/client/OpenTransaction.js"
import { fromState } from "../../../src/connection/PgConnection.js"
import { breakOff } from "../../../src/connection/session/ConnectionEnd.js"
import { PgClosedError } from "../../../src/model/PgError.js"
import * as Statement from "../../../src/model/Statement.js"
import { bound, complete, harness, int4, ready, row } from "../core.js"

const statement = Statement.make("select 1")
const settle = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
const reply = [bound, row(1), complete("SELECT 1"), ready()] as const

/** A connection that is lent, and its session. */
const lent = (pipelineDepth = 100) =>
  Effect.gen(function* () {
    const self = harness({ pipelineDepth })
    yield* Effect.promise(() => self.know(statement.sql, [], [int4("x")]))
    const lease = new Handle.Lease()
    return { self, lease, handle: Handle.make(fromState(self.core), lease) }
  })

describe("an operation on a lent connection", () => {
  it.effect("is under way until it has been answered", () =>
    Effect.gen(function* () {
      const { handle, lease, self } = yield* lent()
      const fiber = yield* Effect.fork(handle.query(statement))
      yield* settle
      assert.deepStrictEqual([lease.running, yield* Effect.promise(self.sent)], [1, ["Bind Execute Sync"]])
      self.say(...reply)
      assert.deepStrictEqual([yield* Fiber.join(fiber), lease.running], [[{ x: 1 }], 0])
    })
  )

  it.effect("is under way until it is withdrawn, or the connection has ended", () =>
    Effect.gen(function* () {
      const { handle, lease, self } = yield* lent(1)
      const sent = yield* Effect.fork(Effect.either(handle.query(statement)))
      const queued = yield* Effect.fork(handle.query(statement))
      yield* settle
      assert.strictEqual(lease.running, 2)
      yield* Fiber.interrupt(queued)
      assert.strictEqual(lease.running, 1)
      breakOff(self.core, new PgClosedError({ reason: "gone", sent: false, server: undefined, sql: "" }))
      assert.isTrue(Either.isLeft(yield* Fiber.join(sent)))
      assert.strictEqual(lease.running, 0)
    })
  )

  it.effect("reaches no socket when the lease ends before it is written, whatever was checked earlier", () =>
    Effect.gen(function* () {
      const { handle, lease, self } = yield* lent()
      for (const operation of [
        handle.query(statement),
        handle.values(statement),
        handle.execute(statement),
        handle.simple("select 1"),
        handle.describe(statement),
        handle.pipeline([statement]),
        handle.learnTypes([600]),
        handle.callFunction({ functionOid: 1, arguments: [] }),
        handle.query(statement, { timeout: "1 second" })
      ]) {
        // The effect is there already, and gives way to others between its steps.
        lease.end()
        const refused = yield* Effect.flip(operation as Effect.Effect<unknown, unknown>)
        assert.deepInclude(refused, { _tag: "PgUsageError", operation: "connection", nothingSent: true })
      }
      assert.deepStrictEqual([lease.running, yield* Effect.promise(self.sent)], [0, []])
    })
  )

  it.effect("that a codec throws out of is over too", () =>
    Effect.gen(function* () {
      const { handle, lease } = yield* lent()
      const thrown = yield* Effect.exit(handle.query(undefined as never))
      assert.strictEqual(thrown._tag, "Failure")
      assert.strictEqual(lease.running, 0)
    })
  )
})

describe("a statement of a transaction", () => {
  it.effect("waits while a nested transaction has the turn, and has it until it is answered", () =>
    Effect.gen(function* () {
      const { self } = yield* lent()
      const connection = fromState(self.core)
      const transaction = OpenTransaction.make(connection, "1 minute")
      const handle = Handle.make(connection, Handle.turnsOf(transaction))
      const first = yield* Effect.fork(handle.query(statement))
      yield* settle
      const taken = yield* Effect.fork(Effect.uninterruptibleMask((restore) => transaction.take(restore)))
      yield* settle
      const second = yield* Effect.fork(handle.query(statement))
      yield* settle
      assert.deepStrictEqual(yield* Effect.promise(self.sent), ["Bind Execute Sync"])
      assert.strictEqual(taken.unsafePoll(), null)
      self.say(...reply)
      yield* Fiber.join(first)
      const inner = yield* Fiber.join(taken)
      yield* settle
      assert.deepStrictEqual(yield* Effect.promise(self.sent), [])
      transaction.giveBack(inner)
      yield* settle
      assert.deepStrictEqual(yield* Effect.promise(self.sent), ["Bind Execute Sync"])
      self.say(...reply)
      yield* Fiber.join(second)
      yield* Effect.uninterruptibleMask((restore) => transaction.take(restore))
    })
  )
})
