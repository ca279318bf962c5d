import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { PgSnapshot } from "../../../src/model/PgSnapshot.js"
import type { TransactionInfo } from "../../../src/replication/changes/LogicalEvent.js"
import { FeedTypes } from "../../../src/replication/feed/FeedTypes.js"
import { sees } from "../../../src/replication/feed/TypeDefinitions.js"
import type { TypeDefinitions } from "../../../src/replication/feed/TypeDefinitions.js"
import * as Registry from "../../../src/types/Registry.js"
import { item, itemOf } from "../composite.js"
import { info } from "../fedFeed.js"

const transaction = (xid: number, more: Partial<TransactionInfo> = {}): TransactionInfo => ({
  ...info(1n),
  xid,
  ...more
})

/** A catalogue that a test alters, as snapshots see it. */
const catalogue = () => {
  const state = { names: ["a"], xmax: 10n, running: [] as Array<bigint>, isSynchronous: false }
  const counts = { read: 0, learned: 0 }
  let registry = Registry.lossless
  let known = ""
  const types = new FeedTypes(
    registry,
    () =>
      Effect.sync(() => {
        counts.learned++
        const names = state.names.join()
        if (names !== known) registry = Registry.lossless.withTypes([itemOf(...state.names)])
        known = names
        return registry
      }),
    () =>
      Effect.sync((): TypeDefinitions => {
        counts.read++
        const { isSynchronous, names, running, xmax } = state
        return {
          snapshot: new PgSnapshot(running[0] ?? xmax, xmax, running),
          text: names.join(),
          isSynchronous
        }
      }),
    true,
    () => {}
  )
  return { state, counts, types }
}

describe("types that a feed knows", () => {
  it.effect("are asked for again for a transaction that no snapshot had, and not for others", () =>
    Effect.gen(function* () {
      const { counts, state, types } = catalogue()
      yield* types.learn([item])
      yield* types.learnBehind(transaction(9))
      assert.isTrue(types.describes(transaction(9)))
      assert.isTrue(types.describes(transaction(3)))
      assert.isFalse(types.describes(transaction(10)))
      const before = { ...counts }
      yield* types.learnBehind(transaction(4))
      assert.deepStrictEqual(counts, before)
      state.names = ["b"]
      state.xmax = 12n
      yield* types.learnBehind(transaction(10))
      assert.deepStrictEqual(counts, { read: before.read + 1, learned: before.learned + 1 })
      // Nothing has been altered since: the definitions are looked at, and not learned.
      state.xmax = 13n
      yield* types.learnBehind(transaction(12))
      assert.deepStrictEqual(counts, { read: before.read + 2, learned: before.learned + 1 })
    })
  )

  it.effect("wait until the transaction is visible", () =>
    Effect.gen(function* () {
      const { state, types } = catalogue()
      yield* types.learn([item])
      state.xmax = 12n
      state.running = [11n]
      const learning = yield* Effect.fork(types.learnBehind(transaction(11)))
      yield* TestClock.adjust("100 millis")
      assert.isNull(
        yield* Fiber.poll(learning).pipe(Effect.map((exit) => (exit._tag === "None" ? null : exit)))
      )
      state.running = []
      state.names = ["b"]
      yield* TestClock.adjust("2 millis")
      yield* Fiber.join(learning)
      assert.isTrue(types.describes(transaction(11)))
    })
  )

  it.effect("do not wait for a prepared transaction, nor where commits wait for standbys, nor for ever", () =>
    Effect.gen(function* () {
      const { counts, state, types } = catalogue()
      yield* types.learn([item])
      state.xmax = 14n
      state.running = [11n, 12n, 13n]
      yield* types.learnBehind(transaction(11, { gid: "prepared" }))
      assert.strictEqual(counts.read, 1)
      const learning = yield* Effect.fork(types.learnBehind(transaction(12)))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(learning)
      const after = counts.read
      // A catalogue that is that far behind is not waited for again.
      yield* types.learnBehind(transaction(13))
      assert.strictEqual(counts.read, after + 1)
      const synchronous = catalogue()
      yield* synchronous.types.learn([item])
      Object.assign(synchronous.state, { xmax: 12n, running: [11n], isSynchronous: true })
      yield* synchronous.types.learnBehind(transaction(11))
      assert.strictEqual(synchronous.counts.read, 1)
    })
  )

  it("compare numbers of transactions that wrap around", () => {
    const epoch = 2n ** 32n
    const snapshot = new PgSnapshot(epoch + 5n, epoch + 10n, [epoch + 5n])
    assert.isTrue(sees(snapshot, 2 ** 32 - 1))
    assert.isTrue(sees(snapshot, 4))
    assert.isFalse(sees(snapshot, 5))
    assert.isTrue(sees(snapshot, 9))
    assert.isFalse(sees(snapshot, 10))
    assert.isFalse(sees(new PgSnapshot(epoch - 3n, epoch - 2n, []), 3))
  })
})
