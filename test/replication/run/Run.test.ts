import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import * as PgConfig from "../../../src/config/PgConfig.js"
import type { OpenOverrides } from "../../../src/connection/PgConnector.js"
import { PgConnector } from "../../../src/connection/PgConnector.js"
import type { Lsn } from "../../../src/model/Lsn.js"
import type { PgOpenError } from "../../../src/model/PgError.js"
import {
  PgClosedError,
  PgConfigError,
  PgConnectError,
  PgServerError,
  PgSlotError
} from "../../../src/model/PgError.js"
import * as ServerFields from "../../../src/model/ServerFields.js"
import * as Consume from "../../../src/replication/run/Consume.js"
import * as RunFailure from "../../../src/replication/run/RunFailure.js"
import { Truncate, Update } from "../../../src/replication/changes/LogicalEvent.js"
import type { OnAttempt } from "../../../src/connection/Reconnect.js"
import * as Retries from "../../../src/replication/run/Retries.js"
import * as Run from "../../../src/replication/run/Run.js"
import type { RunEvent } from "../../../src/replication/run/RunEvent.js"
import * as RunHandler from "../../../src/replication/run/RunHandler.js"
import type { Transaction } from "../../../src/replication/feed/TransactionAssembler.js"
import { weigh } from "../../../src/replication/run/Batches.js"
import * as Registry from "../../../src/types/Registry.js"
import * as TransactionGroup from "../../../src/replication/run/TransactionGroup.js"
import { call, feedFrom, idOf, info, relation, settle, transaction } from "../fedFeed.js"

/** Handlers that the test ends, by the end of their transaction. */
const gates = () => {
  const open = new Map<Lsn, Deferred.Deferred<void>>()
  const begun: Array<Lsn> = []
  return {
    begun,
    enter: (end: Lsn) =>
      Effect.gen(function* () {
        begun.push(end)
        const gate = yield* Deferred.make<void>()
        open.set(end, gate)
        yield* Deferred.await(gate)
      }),
    leave: (end: Lsn) => Effect.zipRight(Deferred.succeed(open.get(end)!, undefined), settle)
  }
}

describe("transactions at the same time", () => {
  it.scoped(
    "are those of different rows, in order for each row, and only a gapless beginning is acknowledged (LOG-055)",
    () =>
      Effect.gen(function* () {
        const { acknowledged, feed, finished, queue } = yield* feedFrom(0n)
        const { begun, enter, leave } = gates()
        const handler = RunHandler.eachTransaction((event) => enter(TransactionGroup.endOf(event)), {
          concurrency: 3
        })
        yield* Effect.fork(Consume.transactions({ feed, finished, call, spans: {} }, handler))
        yield* Queue.offerAll(queue, [
          transaction(10n, 1),
          transaction(20n, 2),
          transaction(30n, 1),
          transaction(40n, 3, 2),
          transaction(50n, 4)
        ])
        yield* settle
        // 30 waits for 10, and 40 for 20.
        assert.deepStrictEqual(begun, [10n, 20n, 50n])
        yield* leave(50n)
        yield* leave(20n)
        assert.deepStrictEqual(begun, [10n, 20n, 50n, 40n])
        assert.deepStrictEqual(acknowledged, [])
        yield* leave(10n)
        assert.deepStrictEqual(acknowledged, [20n])
        yield* leave(30n)
        assert.deepStrictEqual(acknowledged, [20n, 30n])
        yield* leave(40n)
        assert.deepStrictEqual(acknowledged, [20n, 30n, 50n])
      })
  )

  it.scoped("wait for what touches everything, and it for them", () =>
    Effect.gen(function* () {
      const { acknowledged, feed, finished, queue } = yield* feedFrom(0n)
      const { begun, enter, leave } = gates()
      const handler = RunHandler.eachTransaction((event) => enter(TransactionGroup.endOf(event)), {
        concurrency: 3
      })
      yield* Effect.fork(Consume.transactions({ feed, finished, call, spans: {} }, handler))
      const truncate: Transaction = {
        ...transaction(20n),
        changes: [new Truncate(info(20n), 0, 0, [relation], false, false)]
      }
      yield* Queue.offerAll(queue, [transaction(10n, 1), truncate, transaction(30n, 3)])
      yield* settle
      assert.deepStrictEqual(begun, [10n])
      yield* leave(10n)
      assert.deepStrictEqual(begun, [10n, 20n])
      yield* leave(20n)
      assert.deepStrictEqual(begun, [10n, 20n, 30n])
      assert.deepStrictEqual(acknowledged, [10n, 20n])
    })
  )

  it.scoped("are all finished when the feed is lost, and not begun when one has failed", () =>
    Effect.gen(function* () {
      const lost = yield* feedFrom(0n)
      const one = gates()
      const slow = RunHandler.eachTransaction((event) => one.enter(TransactionGroup.endOf(event)), {
        concurrency: 2
      })
      const { finished } = lost
      const running = yield* Effect.fork(
        Consume.transactions({ feed: lost.feed, finished, call, spans: {} }, slow)
      )
      yield* Queue.offer(lost.queue, transaction(10n, 1))
      yield* settle
      yield* Deferred.fail(lost.ended, closed)
      yield* settle
      assert.isTrue((yield* Fiber.status(running))._tag === "Suspended")
      yield* one.leave(10n)
      const exit = yield* Fiber.await(running)
      assert.deepStrictEqual(exit, Exit.fail(RunFailure.serverFailure(closed)))
      assert.strictEqual(finished.position, 10n)

      const failing = yield* feedFrom(0n)
      const begun: Array<Lsn> = []
      let interrupted = false
      const handler = RunHandler.eachTransaction(
        (event) => {
          const end = TransactionGroup.endOf(event)
          begun.push(end)
          return end === 10n
            ? Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true)))
            : Effect.fail("no")
        },
        { concurrency: 2 }
      )
      const failed = yield* Effect.fork(
        Consume.transactions<string, never>(
          {
            feed: failing.feed,
            finished: failing.finished,
            call: (work) => Effect.asVoid(work),
            spans: {}
          },
          handler
        )
      )
      yield* Queue.offerAll(failing.queue, [transaction(10n, 1), transaction(20n, 2), transaction(30n, 2)])
      assert.deepStrictEqual(yield* Fiber.await(failed), Exit.fail(RunFailure.handlerFailure("no")))
      assert.deepStrictEqual(begun, [10n, 20n])
      assert.isTrue(interrupted)
      assert.deepStrictEqual(failing.acknowledged, [])
    })
  )
})

const closed = new PgClosedError({ reason: "gone", sent: true, server: undefined, sql: "" })

describe("changes one by one", () => {
  it.scoped(
    "move the position with the end of their transaction, once all of them are finished (L07, LOG-054)",
    () =>
      Effect.gen(function* () {
        const { acknowledged, feed, finished, queue } = yield* feedFrom(0n)
        const { begun, enter, leave } = gates()
        const handler = RunHandler.eachChange(
          (event) => enter(event._tag === "Insert" ? BigInt(event.new["id"] as number) : -1n),
          { concurrency: 3 }
        )
        yield* Effect.fork(Consume.changes({ feed, finished, call, spans: {} }, handler))
        yield* Queue.offerAll(queue, [transaction(10n, 1, 2), transaction(20n, 3)])
        yield* settle
        assert.deepStrictEqual(begun, [1n, 2n, 3n])
        yield* leave(3n)
        yield* leave(1n)
        assert.deepStrictEqual(acknowledged, [])
        yield* leave(2n)
        assert.deepStrictEqual(acknowledged, [20n])
      })
  )

  it.scoped("are left out when their transaction is finished already, which keeps no place (LOG-058)", () =>
    Effect.gen(function* () {
      const { acknowledged, feed, finished, progress, queue } = yield* feedFrom(10n)
      const seen: Array<unknown> = []
      const handler = RunHandler.eachChange((event) =>
        Effect.sync(() => seen.push(event._tag === "Insert" && event.new["id"]))
      )
      yield* Effect.fork(Consume.changes({ feed, finished, call, spans: {} }, handler))
      yield* Queue.offerAll(queue, [transaction(10n, 1), transaction(20n, 2)])
      yield* settle
      assert.deepStrictEqual(seen, [2])
      assert.deepStrictEqual(acknowledged, [20n])
      assert.strictEqual(progress.outstanding, 0)
    })
  )
})

describe("batches", () => {
  const batched = (limits: RunHandler.BatchLimits, hold?: Effect.Effect<void>) =>
    Effect.gen(function* () {
      const { acknowledged, ended, feed, finished, queue } = yield* feedFrom(0n)
      const seen: Array<ReadonlyArray<number>> = []
      const handler = RunHandler.eachBatch((batch) => {
        seen.push(Chunk.toReadonlyArray(batch).map(idOf))
        return hold ?? Effect.void
      }, limits)
      const running = yield* Effect.fork(Consume.eachBatch({ feed, finished, call, spans: {} }, handler))
      return { acknowledged, queue, seen, running, ended }
    })
  const some = (...ids: ReadonlyArray<number>) => ids.map((id) => transaction(BigInt(id) * 10n, id))

  it.scoped("are handed over when they are full", () =>
    Effect.gen(function* () {
      const { acknowledged, queue, seen } = yield* batched({ count: 2, within: "1 hour" })
      yield* Queue.offerAll(queue, some(1, 2, 3))
      yield* settle
      assert.deepStrictEqual(seen, [[1, 2]])
      assert.deepStrictEqual(acknowledged, [20n])
    })
  )

  it.scoped("are handed over when their first has waited, by the clock, however many come meanwhile", () =>
    Effect.gen(function* () {
      const { queue, seen } = yield* batched({ within: "10 seconds" })
      yield* settle
      yield* TestClock.adjust("1 minute")
      yield* Queue.offerAll(queue, some(1))
      yield* settle
      yield* TestClock.adjust("9 seconds")
      yield* Queue.offerAll(queue, some(2))
      yield* settle
      assert.deepStrictEqual(seen, [])
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(seen, [[1, 2]])
      yield* Queue.offerAll(queue, some(3))
      yield* settle
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(seen, [[1, 2]])
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(seen, [[1, 2], [3]])
    })
  )

  it.scoped("are bounded in bytes, and one that is larger is alone", () =>
    Effect.gen(function* () {
      const { queue, seen } = yield* batched({ bytes: weigh(transaction(1n, 1)) * 2, within: "1 hour" })
      yield* Queue.offerAll(queue, [...some(1), transaction(20n, 2, 3, 4, 5, 6, 7), ...some(3, 4, 5, 6)])
      yield* settle
      assert.deepStrictEqual(seen, [[1], [2], [3, 4], [5, 6]])
    })
  )

  it.scoped("are gathered while the one before is at work, and time counts", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { queue, seen } = yield* batched({ count: 3, within: "10 seconds" }, Deferred.await(gate))
      yield* Queue.offerAll(queue, some(1, 2, 3))
      yield* settle
      yield* Queue.offerAll(queue, some(4))
      yield* settle
      yield* TestClock.adjust("11 seconds")
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(seen, [[1, 2, 3], [4]])
    })
  )

  it.scoped("are handed over at once when the feed is lost, before the loss is reported", () =>
    Effect.gen(function* () {
      const { acknowledged, ended, queue, running, seen } = yield* batched({ within: "1 hour" })
      yield* Queue.offerAll(queue, some(1, 2))
      yield* settle
      yield* Deferred.fail(ended, closed)
      assert.deepStrictEqual(yield* Fiber.await(running), Exit.fail(RunFailure.serverFailure(closed)))
      assert.deepStrictEqual(seen, [[1, 2]])
      assert.deepStrictEqual(acknowledged, [20n])
    })
  )
})

describe("keys", () => {
  it("of an update that changes the key are those of both rows", () => {
    const update = new Update(info(1n), 0, 0, relation, "key", { id: 1 }, { id: 2 })
    assert.deepStrictEqual(RunHandler.eachChange(() => Effect.void).keys(update), [`1:"1"`, `1:"2"`])
  })
})

/** A server that refuses, as the test sets it. */
const refusing = (errors: ReadonlyArray<PgOpenError>, hosts = 1) => {
  const opened: Array<OpenOverrides | undefined> = []
  const config = Either.getOrThrow(
    PgConfig.make({ hosts: Array.from({ length: hosts }, (_, at) => ({ host: `db${at}` })), user: "u" })
  )
  const connector: PgConnector["Type"] = {
    config,
    types: Registry.lossless,
    findTypes: () => Effect.succeed(Registry.lossless),
    refreshTypes: Effect.void,
    open: (overrides) =>
      Effect.suspend(() => {
        opened.push(overrides)
        return Effect.fail(errors[Math.min(opened.length, errors.length) - 1]!)
      })
  }
  return { opened, connector }
}

const away = new PgConnectError({
  attempts: [
    {
      address: "db:5432",
      phase: "socket",
      cause: { _tag: "TransportFailure", code: "ECONNREFUSED", message: "refused" }
    }
  ]
})
const wrong = new PgConfigError({ key: "user", reason: "none", source: "code" })

describe("a handler that fails", () => {
  it.scoped(
    "is called again by the schedule, each failure is reported, until it succeeds or the schedule ends (L21)",
    () =>
      Effect.gen(function* () {
        const told: Array<unknown> = []
        let calls = 0
        const work = (failures: number) =>
          Effect.suspend(() =>
            ++calls <= failures ? Effect.fail(RunFailure.handlerFailure("no")) : Effect.void
          )
        const calling = Retries.calling<string, never>(
          Schedule.spaced("1 second").pipe(Schedule.intersect(Schedule.recurs(2))),
          (error, attempt, delay) =>
            Effect.sync(() => told.push([error, attempt, delay && Duration.toMillis(delay)]))
        )
        const good = yield* Effect.fork(calling(work(2)))
        yield* settle
        assert.strictEqual(calls, 1)
        yield* TestClock.adjust("1 second")
        yield* settle
        assert.strictEqual(calls, 2)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(good)
        assert.deepStrictEqual(told.splice(0), [
          ["no", 1, 1000],
          ["no", 2, 1000]
        ])
        calls = 0
        const bad = yield* Effect.fork(calling(work(9)))
        for (let round = 0; round < 3; round++) {
          yield* settle
          yield* TestClock.adjust("1 second")
        }
        assert.deepStrictEqual(yield* Fiber.await(bad), Exit.fail(RunFailure.handlerFailure("no")))
        assert.deepStrictEqual(told, [
          ["no", 1, 1000],
          ["no", 2, 1000],
          ["no", 3, undefined]
        ])
      })
  )

  it.effect("is not called again when it was the server that failed, or when no retry is set", () =>
    Effect.gen(function* () {
      const told: Array<unknown> = []
      const tell: OnAttempt<string> = (error, attempt, delay) =>
        Effect.sync(() => told.push([error, attempt, delay]))
      const server = Retries.calling<string, never>(
        Schedule.forever,
        tell
      )(Effect.fail(RunFailure.serverFailure(closed)))
      assert.deepStrictEqual(yield* Effect.flip(server), RunFailure.serverFailure(closed))
      assert.deepStrictEqual(told, [])
      const once = Retries.calling<string, never>(
        undefined,
        tell
      )(Effect.fail(RunFailure.handlerFailure("no")))
      assert.deepStrictEqual(yield* Effect.flip(once), RunFailure.handlerFailure("no"))
      assert.deepStrictEqual(told, [["no", 1, undefined]])
    })
  )
})

describe("opening again", () => {
  const options = { slot: "s", publications: ["p"] }
  const nothing = RunHandler.eachTransaction(() => Effect.void)

  it.scoped("is by the schedule, and each wait is reported before it begins (REP-056)", () =>
    Effect.gen(function* () {
      const { connector, opened } = refusing([away, away, away, wrong])
      const events: Array<RunEvent> = []
      const running = yield* Effect.fork(
        Run.run(options, nothing, {
          reconnect: Schedule.exponential("1 second"),
          onEvent: (event) => Effect.sync(() => events.push(event))
        }).pipe(Effect.flip, Effect.provideService(PgConnector, connector))
      )
      yield* settle
      assert.strictEqual(opened.length, 1)
      yield* TestClock.adjust("1 second")
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(opened.length, 2)
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(opened.length, 3)
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(yield* Fiber.join(running), wrong)
      assert.deepStrictEqual(
        events.map((event) =>
          event._tag === "Retrying" ? [event.attempt, Duration.toMillis(event.delay)] : event._tag
        ),
        ["Lost", [1, 1000], "Lost", [2, 2000], "Lost", [3, 4000], "Stopped"]
      )
      const last = events.at(-1)!
      assert.deepInclude(last, { how: "failed" })
    })
  )

  it.scoped("ends with the schedule, with what the feed was lost by", () =>
    Effect.gen(function* () {
      const { connector, opened } = refusing([away])
      const error = yield* Run.run(options, nothing, {
        reconnect: Schedule.recurs(2)
      }).pipe(Effect.flip, Effect.provideService(PgConnector, connector))
      assert.strictEqual(error, away)
      assert.strictEqual(opened.length, 3)
    })
  )

  it.scoped("asks for the primary where there are several hosts, unless another role is set (L16)", () =>
    Effect.gen(function* () {
      const wanted = (hosts: number, settings: Run.RunSettings) =>
        Effect.gen(function* () {
          const { connector, opened } = refusing([wrong], hosts)
          yield* Run.run(options, nothing, settings).pipe(
            Effect.flip,
            Effect.provideService(PgConnector, connector)
          )
          return opened[0]?.targetSessionAttrs
        })
      assert.strictEqual(yield* wanted(1, {}), "any")
      assert.strictEqual(yield* wanted(2, {}), "read-write")
      assert.strictEqual(yield* wanted(2, { targetSessionAttrs: "standby" }), "standby")
    })
  )

  it("is for what may pass, and for nothing that is the same the next time (REP-089)", () => {
    const slot = (reason: PgSlotError["reason"]) => new PgSlotError({ reason, slot: "s", detail: "" })
    assert.isTrue(RunFailure.isTransient(away))
    assert.isTrue(RunFailure.isTransient(closed))
    assert.isTrue(RunFailure.isTransient(slot("in-use")))
    for (const reason of ["missing", "invalidated", "recreated", "diverged"] as const) {
      assert.isFalse(RunFailure.isTransient(slot(reason)))
    }
    assert.isFalse(RunFailure.isTransient(wrong))
    const error = (code: string): PgServerError =>
      new PgServerError({ ...ServerFields.make({ severity: "ERROR", code, text: "x" }), sql: "" })
    assert.isTrue(RunFailure.isTransient(error("57014")))
    for (const code of ["42704", "XX000", "22P02"]) assert.isFalse(RunFailure.isTransient(error(code)))
  })
})
