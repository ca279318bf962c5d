/** The persisted queue of `@effect/sql` on our client. */
import * as PersistedQueue from "@effect/experimental/PersistedQueue"
import * as SqlPersistedQueue from "@effect/sql/SqlPersistedQueue"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { eventually } from "../support/eventually.js"
import { onOwnDatabase } from "./drivers.js"

describe("the persisted queue", () => {
  const queueOn = PersistedQueue.layer.pipe(
    Layer.provide(SqlPersistedQueue.layerStore({ pollInterval: 20, lockRefreshInterval: 50 })),
    Layer.provideMerge(onOwnDatabase())
  )

  it.scopedLive("gives each element once to many consumers, and again when one fails", () =>
    Effect.gen(function* () {
      const queue = yield* PersistedQueue.make({
        name: "numbers",
        schema: Schema.Struct({ n: Schema.Number })
      })
      const wanted = Array.from({ length: 60 }, (_, n) => n)
      yield* Effect.forEach(wanted, (n) => queue.offer({ n }), { concurrency: 8 })
      const taken: Array<number> = []
      let failures = 0
      const consume = Effect.forever(
        Effect.ignore(
          queue.take(({ n }, { attempts }) => {
            if (n % 10 === 0 && attempts === 0) {
              failures++
              return Effect.fail("later")
            }
            return Effect.sync(() => taken.push(n))
          })
        )
      )
      const consumers = yield* Effect.forkAll([consume, consume, consume, consume])
      yield* eventually(
        Effect.sync(() => taken.length),
        (length) => length >= wanted.length
      )
      yield* Fiber.interrupt(consumers)
      assert.deepStrictEqual(
        taken.slice().sort((a, b) => a - b),
        wanted
      )
      assert.strictEqual(failures, 6)
    }).pipe(Effect.provide(queueOn))
  )

  it.scopedLive("knows an element by its id, and gives one back that a consumer was interrupted with", () =>
    Effect.gen(function* () {
      const queue = yield* PersistedQueue.make({ name: "ids", schema: Schema.Struct({ n: Schema.Number }) })
      yield* queue.offer({ n: 1 }, { id: "one" })
      yield* queue.offer({ n: 2 }, { id: "one" })
      let began = false
      const interrupted = yield* Effect.fork(
        queue.take(() =>
          Effect.zipRight(
            Effect.sync(() => (began = true)),
            Effect.never
          )
        )
      )
      yield* eventually(
        Effect.sync(() => began),
        (began) => began
      )
      yield* Fiber.interrupt(interrupted)
      assert.deepStrictEqual(yield* queue.take(({ n }, { id }) => Effect.succeed([n, id])), [1, "one"])
    }).pipe(Effect.provide(queueOn))
  )

  it.scopedLive("gives an element with its values, and once for an id that was offered twice", () =>
    Effect.gen(function* () {
      const queue = yield* PersistedQueue.make({ name: "twice", schema: Schema.Struct({ n: Schema.BigInt }) })
      const big = 9007199254740993n
      yield* queue.offer({ n: big }, { id: "one" })
      yield* queue.offer({ n: big }, { id: "one" })
      yield* queue.offer({ n: 2n }, { id: "two" })
      const take = queue.take(({ n }, { id }) => Effect.succeed([n, id]))
      // Nothing is left of the first when the second is given.
      assert.deepStrictEqual(
        [yield* take, yield* take],
        [
          [big, "one"],
          [2n, "two"]
        ]
      )
      const third = yield* Effect.fork(take)
      yield* queue.offer({ n: 3n }, { id: "three" })
      assert.deepStrictEqual(yield* Fiber.join(third), [3n, "three"])
    }).pipe(Effect.provide(queueOn))
  )

  it.scopedLive("fails with the failure of its consumer, and then counts the attempt", () =>
    Effect.gen(function* () {
      const queue = yield* PersistedQueue.make({ name: "fails", schema: Schema.String })
      yield* queue.offer("element")
      assert.strictEqual(yield* Effect.flip(queue.take(() => Effect.fail("boom"))), "boom")
      assert.deepStrictEqual(
        yield* queue.take((element, { attempts }) => Effect.succeed([element, attempts])),
        ["element", 1]
      )
    }).pipe(Effect.provide(queueOn))
  )

  it.scopedLive(
    "gives an element to a second consumer when the first one is interrupted, and not before",
    () =>
      Effect.gen(function* () {
        const queue = yield* PersistedQueue.make({ name: "waits", schema: Schema.String })
        const began = yield* Deferred.make<void>()
        const first = yield* Effect.fork(
          queue.take(() => Effect.zipRight(Deferred.succeed(began, undefined), Effect.never))
        )
        yield* queue.offer("element")
        yield* Deferred.await(began)
        const second = yield* Effect.fork(queue.take(Effect.succeed))
        // The second consumer gets the later element, so the earlier one was not free.
        yield* queue.offer("later")
        assert.strictEqual(yield* Fiber.join(second), "later")
        const third = yield* Effect.fork(queue.take(Effect.succeed))
        yield* Fiber.interrupt(first)
        assert.strictEqual(yield* Fiber.join(third), "element")
      }).pipe(Effect.provide(queueOn))
  )
})
