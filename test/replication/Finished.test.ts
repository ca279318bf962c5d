import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as Consume from "../../src/replication/run/Consume.js"
import { Finished } from "../../src/replication/run/Finished.js"
import type { LogicalFeed } from "../../src/replication/feed/LogicalFeed.js"
import * as RunHandler from "../../src/replication/run/RunHandler.js"
import { call, eventsOf, feedOf, settle, transaction } from "./fedFeed.js"

describe("what of a feed is handled", () => {
  it.scoped("reaches as far as what has been begun, finished or not (LOG-064)", () =>
    Effect.gen(function* () {
      const { feed, queue } = yield* feedOf
      const finished = new Finished(feed, 100n)
      assert.strictEqual(finished.handled, 0n)
      const handler = RunHandler.eachTransaction(({ _tag }) =>
        _tag === "Transaction" ? Effect.never : Effect.void
      )
      yield* Effect.fork(Consume.transactions({ feed, finished, call }, handler))
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
          const { feed } = yield* feedOf
          const partial = {
            ...feed,
            changes: Stream.concat(Stream.fromIterable(events), Stream.never)
          } as LogicalFeed
          const finished = new Finished(partial, 100n)
          const handler = RunHandler.eachChange(() => Effect.void)
          yield* Effect.fork(Consume.changes({ feed: partial, finished, call }, handler))
          yield* settle
          return finished.handled
        })
      assert.strictEqual(yield* handled(...known), 0n)
      // Its commit record begins at 109: no history that has the record was left at it.
      assert.strictEqual(yield* handled(...known, begin!, insert!), 110n)
    })
  )
})
