import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Lsn } from "../../../src/model/Lsn.js"
import * as Consume from "../../../src/replication/run/Consume.js"
import type { CommitPrepared, LogicalMessage } from "../../../src/replication/changes/LogicalEvent.js"
import { Insert } from "../../../src/replication/changes/LogicalEvent.js"
import * as RunHandler from "../../../src/replication/run/RunHandler.js"
import type { Transaction, TransactionEvent } from "../../../src/replication/feed/TransactionAssembler.js"
import { call, feedFrom, info, relation, settle, transaction } from "../fedFeed.js"
import { time } from "../payloads.js"

/** Prepared as `g`, with one row. */
const prepared = (end: Lsn, id: number): Transaction => {
  const shared = { ...info(end), gid: "g" }
  return {
    _tag: "Transaction",
    transaction: shared,
    changes: [new Insert(shared, 0, 0, relation, { id })],
    isPrepared: true,
    endLsn: end
  }
}

const commitOf = (
  { transaction }: Transaction,
  end: Lsn,
  { gid = "g", xid = transaction.xid } = {}
): CommitPrepared => ({
  _tag: "CommitPrepared",
  xid,
  gid,
  time,
  commitLsn: end - 1n,
  endLsn: end,
  seen: true
})

/** Everything that ends at 100 is finished, and one was prepared at 50, when the slot did not send prepared transactions yet. */
const start = 100n
const late = prepared(50n, 7)
const events = [transaction(110n, 1), late, commitOf(late, 120n), transaction(130n, 2)]

const tell = (event: { readonly _tag: string }): string =>
  event._tag === "Insert" ? `row ${String((event as Insert).new["id"])}` : event._tag

describe("a transaction prepared before its slot sent prepared ones", () => {
  for (const concurrency of [1, 3]) {
    it.scoped(
      `is handled before its commit, and acknowledged with it, ${concurrency} at a time (LOG-058)`,
      () =>
        Effect.gen(function* () {
          const { acknowledged, feed, finished, queue } = yield* feedFrom(start)
          const seen: Array<string> = []
          const handler = RunHandler.eachTransaction(
            (event) =>
              Effect.zipRight(
                // The prepared one takes longest: its commit is not to be acknowledged meanwhile.
                Effect.repeatN(Effect.yieldNow(), event === late ? 20 : 0),
                Effect.sync(() =>
                  seen.push(event._tag === "Transaction" ? event.changes.map(tell).join() : event._tag)
                )
              ),
            { concurrency, keys: ({ _tag }) => [_tag] }
          )
          yield* Effect.fork(Consume.transactions({ feed, finished, call, spans: {} }, handler))
          yield* Queue.offerAll(queue, events)
          yield* settle
          assert.deepStrictEqual(seen, ["row 1", "row 7", "CommitPrepared", "row 2"])
          assert.deepStrictEqual(acknowledged, [110n, 120n, 130n])
        })
    )
  }

  it.scoped("is handled change by change before its commit (LOG-058)", () =>
    Effect.gen(function* () {
      const { acknowledged, feed, finished, queue } = yield* feedFrom(start)
      const seen: Array<string> = []
      const handler = RunHandler.eachChange((event) => Effect.sync(() => seen.push(tell(event))))
      yield* Effect.fork(Consume.changes({ feed, finished, call, spans: {} }, handler))
      yield* Queue.offerAll(queue, events)
      yield* settle
      assert.deepStrictEqual(seen, ["row 1", "row 7", "CommitPrepared", "row 2"])
      assert.deepStrictEqual(acknowledged, [110n, 120n, 130n])
    })
  )

  const message: LogicalMessage = {
    _tag: "LogicalMessage",
    transaction: undefined,
    lsn: 115n,
    prefix: "",
    content: new Uint8Array(0)
  }
  const others: ReadonlyArray<readonly [string, ReadonlyArray<TransactionEvent>]> = [
    ["another name", [commitOf(late, 120n, { gid: "h" })]],
    ["the same name, used again", [commitOf(late, 120n, { xid: 51 })]],
    ["its own name, but not right behind it", [message, commitOf(late, 120n)]]
  ]
  for (const [what, behind] of others) {
    it.scoped(`is not waited for by a commit of ${what} (LOG-058)`, () =>
      Effect.gen(function* () {
        const { acknowledged, feed, finished, queue } = yield* feedFrom(start)
        const seen: Array<string> = []
        const handler = RunHandler.eachChange(
          (event) =>
            Effect.zipRight(
              Effect.sync(() => seen.push(tell(event))),
              event._tag === "Insert" && event.new["id"] === 7 ? Effect.never : Effect.void
            ),
          { concurrency: 3, keys: ({ _tag }) => [_tag] }
        )
        yield* Effect.fork(Consume.changes({ feed, finished, call, spans: {} }, handler))
        yield* Queue.offerAll(queue, [late, ...behind])
        yield* settle
        assert.deepStrictEqual(seen, ["row 7", ...behind.map(({ _tag }) => _tag)])
        assert.strictEqual(acknowledged.at(-1), 120n)
      })
    )
  }

  it.scoped("is never the last of a batch: a position of its own would lie behind (LOG-058)", () =>
    Effect.gen(function* () {
      const { acknowledged, feed, finished, queue } = yield* feedFrom(start)
      const seen: Array<ReadonlyArray<string>> = []
      const handler = RunHandler.eachBatch(
        (batch) => Effect.sync(() => seen.push(Chunk.toReadonlyArray(batch).map(({ _tag }) => _tag))),
        { count: 1 }
      )
      yield* Effect.fork(Consume.eachBatch({ feed, finished, call, spans: {} }, handler))
      yield* Queue.offerAll(queue, events)
      yield* settle
      assert.deepStrictEqual(seen, [["Transaction"], ["Transaction", "CommitPrepared"], ["Transaction"]])
      assert.deepStrictEqual(acknowledged, [110n, 120n, 130n])
    })
  )

  it.scoped(
    "is left out when its commit does not follow, because an earlier feed received it with the commit",
    () =>
      Effect.gen(function* () {
        const { feed, finished, queue } = yield* feedFrom(start)
        const seen: Array<string> = []
        const handler = RunHandler.eachTransaction(({ _tag }) => Effect.sync(() => seen.push(_tag)))
        yield* Effect.fork(Consume.transactions({ feed, finished, call, spans: {} }, handler))
        yield* Queue.offerAll(queue, [late, transaction(130n, 2), commitOf(late, 140n)])
        yield* settle
        assert.deepStrictEqual(seen, ["Transaction", "CommitPrepared"])
      })
  )
})
