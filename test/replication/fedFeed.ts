/** A feed that a test feeds with transactions of one table, and what is acknowledged to it. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Lsn } from "../../src/model/Lsn.js"
import type { PgClosedError } from "../../src/model/PgError.js"
import { Progress } from "../../src/replication/link/Progress.js"
import { Finished } from "../../src/replication/run/Finished.js"
import type * as RunFailure from "../../src/replication/run/RunFailure.js"
import type { LogicalEvent, Relation, TransactionInfo } from "../../src/replication/changes/LogicalEvent.js"
import { Insert } from "../../src/replication/changes/LogicalEvent.js"
import type { LogicalFeed } from "../../src/replication/feed/LogicalFeed.js"
import { endOf } from "../../src/replication/run/TransactionGroup.js"
import type { Transaction, TransactionEvent } from "../../src/replication/feed/TransactionAssembler.js"
import { time } from "./payloads.js"

export const relation: Relation = {
  id: 1,
  schema: "public",
  name: "t",
  identity: "default",
  columns: [{ name: "id", typeOid: 23, typeModifier: -1, key: true }],
  keys: ["id"]
}

export const info = (end: Lsn): TransactionInfo => ({
  xid: Number(end),
  commitLsn: end - 1n,
  time,
  gid: undefined,
  origin: undefined,
  streamed: false
})

/** A transaction that inserts rows with these ids; it ends at `end`. */
export const transaction = (end: Lsn, ...ids: ReadonlyArray<number>): Transaction => ({
  _tag: "Transaction",
  transaction: info(end),
  changes: ids.map((id) => new Insert(info(end), 0, 0, relation, { id })),
  isPrepared: false,
  endLsn: end
})

export const eventsOf = ({
  changes,
  endLsn,
  isPrepared,
  transaction
}: Transaction): ReadonlyArray<LogicalEvent> => [
  { _tag: "Begin", transaction },
  ...changes,
  { _tag: isPrepared ? "Prepare" : "Commit", transaction, endLsn }
]

/** The positions of a feed that has handed events out, and each position that it has come to. */
const progressFrom = (start: Lsn) => {
  const progress = new Progress(start, undefined, false)
  const acknowledged: Array<Lsn> = []
  const notify = (): void => {
    if (progress.flushed > (acknowledged.at(-1) ?? start)) acknowledged.push(progress.flushed)
  }
  return {
    progress,
    acknowledged,
    /** Hands out what ends there. */
    handOut: (end: Lsn): void => void progress.handOut(end),
    acknowledge: (position: Lsn) =>
      Effect.sync(() => {
        progress.acknowledge(position)
        notify()
      }),
    finished: new Finished({ progress, room: { notify } }, start)
  }
}

/** A feed that is fed by the test, everything before `start` of which is finished, and what was acknowledged. */
export const feedFrom = Effect.fnUntraced(function* (start: Lsn) {
  const { acknowledge, acknowledged, finished, handOut, progress } = progressFrom(start)
  const queue = yield* Queue.unbounded<TransactionEvent>()
  const ended = yield* Deferred.make<never, PgClosedError>()
  const transactions = Stream.fromQueue(queue).pipe(
    Stream.tap((event) => Effect.sync(() => handOut(endOf(event)))),
    Stream.interruptWhenDeferred(ended),
    Stream.interruptWhen(Effect.never)
  )
  const feed = {
    transactions,
    changes: Stream.mapConcat(transactions, (event) =>
      event._tag === "Transaction" ? eventsOf(event) : [event]
    ),
    acknowledge
  } as unknown as LogicalFeed
  return { queue, acknowledged, feed, finished, ended, handOut, progress }
})

export const call = <R>(work: Effect.Effect<unknown, RunFailure.RunFailure<never>, R>) => Effect.asVoid(work)

/** Lets every fiber run until all wait. */
export const settle = Effect.repeatN(Effect.yieldNow(), 50)

export const idOf = (event: TransactionEvent): number =>
  event._tag === "Transaction" && event.changes[0]?._tag === "Insert"
    ? (event.changes[0].new["id"] as number)
    : -1
