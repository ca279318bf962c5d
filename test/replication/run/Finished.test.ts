import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { Lsn } from "../../../src/model/Lsn.js"
import * as Consume from "../../../src/replication/run/Consume.js"
import type { FeedProgress, LogicalFeed } from "../../../src/replication/feed/LogicalFeed.js"
import * as KeepIdle from "../../../src/replication/run/KeepIdle.js"
import * as RunHandler from "../../../src/replication/run/RunHandler.js"
import { call, eventsOf, feedFrom, settle, transaction } from "../fedFeed.js"

describe("what of a feed is handled", () => {
  it.scoped("reaches as far as the transactions that have begun, finished or not (LOG-064)", () =>
    Effect.gen(function* () {
      const { feed, finished, queue } = yield* feedFrom(100n)
      assert.strictEqual(finished.handled, 0n)
      const handler = RunHandler.eachTransaction(({ _tag }) =>
        _tag === "Transaction" ? Effect.never : Effect.void
      )
      yield* Effect.fork(Consume.transactions({ feed, finished, call, spans: {} }, handler))
      yield* Queue.offerAll(queue, [transaction(90n, 1), transaction(110n, 1)])
      yield* settle
      assert.strictEqual(finished.handled, 110n)
      assert.strictEqual(finished.position, 100n)
    })
  )

  it.scoped("reaches into a transaction whose end has not come, and not by one that is known (LOG-064)", () =>
    Effect.gen(function* () {
      const [begin, insert] = eventsOf(transaction(110n, 1))
      const known = eventsOf(transaction(90n, 1))
      const handled = (...events: ReturnType<typeof eventsOf>) =>
        Effect.gen(function* () {
          const { feed, finished } = yield* feedFrom(100n)
          const partial = {
            ...feed,
            changes: Stream.concat(Stream.fromIterable(events), Stream.never)
          } as LogicalFeed
          const handler = RunHandler.eachChange(() => Effect.void)
          yield* Effect.fork(Consume.changes({ feed: partial, finished, call, spans: {} }, handler))
          yield* settle
          return finished.handled
        })
      assert.strictEqual(yield* handled(...known), 0n)
      // Its commit record begins at 109: no history that has the record was left at it.
      assert.strictEqual(yield* handled(...known, begin!, insert!), 110n)
    })
  )
})

describe("a position that is kept while nothing is to be handled", () => {
  /** What is kept and acknowledged, by what the feed's progress is at each interval. */
  const kept = (progress: () => FeedProgress) =>
    Effect.gen(function* () {
      const seen: Array<readonly [string, Lsn]> = []
      const note = (what: string) => (position: Lsn) =>
        Effect.sync(() => void seen.push([what, position] as const))
      const feed = {
        facts: { statusInterval: Duration.seconds(1) },
        progress: Effect.sync(progress),
        acknowledge: note("acknowledged")
      } as unknown as LogicalFeed
      const keeper = { keep: note("kept") } as unknown as RunHandler.Keeper<never, never>
      yield* Effect.fork(KeepIdle.keepIdle(feed, keeper))
      return seen
    })

  it.effect(
    "stays back while something is outstanding, and follows afterwards, kept before it is acknowledged (LOG-058)",
    () =>
      Effect.gen(function* () {
        let progress: FeedProgress = {
          received: 200n,
          written: 100n,
          flushed: 100n,
          applied: 100n,
          outstanding: 1
        }
        const seen = yield* kept(() => progress)
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual(seen, [])
        progress = { received: 200n, written: 150n, flushed: 150n, applied: 150n, outstanding: 0 }
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(seen, [
          ["kept", 200n],
          ["acknowledged", 200n]
        ])
        progress = { received: 200n, written: 200n, flushed: 200n, applied: 200n, outstanding: 0 }
        yield* TestClock.adjust("3 seconds")
        assert.lengthOf(seen, 2)
      })
  )
})

describe("a transaction whose commit record begins where the last one ended", () => {
  it.scoped("is handled whole: its beginning is not taken for one that is finished (LOG-058)", () =>
    Effect.gen(function* () {
      // It ends at 120, and its commit record begins at 100, which is where everything before has ended.
      const { transaction: info, ...next } = transaction(120n, 1)
      const events = eventsOf({ ...next, transaction: { ...info, commitLsn: 100n } })
      const { acknowledged, feed, finished, handOut } = yield* feedFrom(100n)
      handOut(120n)
      const only = {
        ...feed,
        changes: Stream.concat(Stream.fromIterable(events), Stream.never)
      } as LogicalFeed
      const seen: Array<string> = []
      const handler = RunHandler.eachChange(({ _tag }) => Effect.sync(() => seen.push(_tag)))
      yield* Effect.fork(Consume.changes({ feed: only, finished, call, spans: {} }, handler))
      yield* settle
      assert.deepStrictEqual(seen, ["Insert"])
      assert.deepStrictEqual(acknowledged, [120n])
    })
  )
})
