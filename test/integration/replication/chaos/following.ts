/** A feed whose transactions go into a sink in memory, opened again by the consumer when it is lost. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { Random } from "../../../campaign/campaign.js"
import type { Lsn } from "../../../../src/model/Lsn.js"
import type { PgSlotError } from "../../../../src/model/PgError.js"
import type { FeedError } from "../../../../src/replication/feed/FeedLink.js"
import type { ReadError } from "../../../../src/replication/feed/FeedReader.js"
import type { LogicalFeed } from "../../../../src/replication/feed/LogicalFeed.js"
import { logical } from "../../../../src/replication/feed/LogicalFeed.js"
import type { TransactionEvent } from "../../../../src/replication/feed/TransactionAssembler.js"
import type { ServerPlace } from "../../../../src/replication/feed/FeedPlace.js"
import type { Course, Setting } from "./course.js"
import { isMissing, isOther } from "./course.js"
import type { Crashed, Tally } from "./plan.js"
import { crashed, partitioned } from "./plan.js"
import type { Sink } from "./sink.js"
import { AtLeastOnce, ExactlyOnce } from "./sink.js"

type Failure = FeedError | ReadError | Crashed

/** What harm to the link, the session or the server looks like. Anything else is a fault of ours. */
const isHarm = (failure: Failure): boolean => {
  switch (failure._tag) {
    case "Crashed":
    case "PgConnectError":
    case "PgClosedError":
    case "PgTimeoutError":
      return true
    case "PgServerError":
      return failure.code.startsWith("57P") || failure.code === "55006"
    case "PgSlotError":
      return failure.reason === "in-use"
    default:
      return false
  }
}

/**
 * The next event into the sink, unless the handler dies on the way. Each is acknowledged at once, or now and then
 * all so far: while the server waits for that it does not shut down.
 */
const handlerOf = (sink: Sink, feed: LogicalFeed, random: Random, counts: Tally, budget: { left: number }) =>
  Effect.gen(function* () {
    const mayCrash = (): boolean => budget.left > 0 && random.whole(0, 24) === 0
    const crash = Effect.suspend(() => {
      budget.left--
      counts.crashes++
      return Effect.fail(crashed)
    })
    let taken: Lsn = 0n
    const acknowledge = Effect.suspend(() => feed.acknowledge(taken))
    const isLazy = random.whole(0, 1) === 0
    if (isLazy) yield* Effect.forkScoped(Effect.repeat(acknowledge, Schedule.spaced("30 millis")))
    return (event: TransactionEvent) =>
      Effect.suspend((): Effect.Effect<void, Crashed | PgSlotError> => {
        if (mayCrash()) return crash
        sink.take(event)
        if (event._tag === "Transaction" && event.transaction.streamed) counts.streamed++
        if (event._tag === "CommitPrepared") counts.prepared++
        if (event._tag === "Transaction") counts.partitioned += partitioned(event.changes)
        if (mayCrash()) return crash
        taken = event._tag === "LogicalMessage" ? event.lsn : event.endLsn
        return isLazy ? Effect.void : acknowledge
      })
  })

export const following = ({ counts, feed, random }: Setting, exactly: boolean): Effect.Effect<Course> =>
  Effect.gen(function* () {
    const sink = exactly ? new ExactlyOnce() : new AtLeastOnce()
    const done = yield* Deferred.make<void>()
    let kick = yield* Deferred.make<never, Crashed>()
    const budget = { left: random.whole(0, 4) }
    let openings = 0
    /** What the consumer keeps: which cluster it has read, and whether the last feed was without a publication. */
    let place: ServerPlace | undefined
    let isWithout = false
    return {
      following: Effect.gen(function* () {
        const open = yield* logical({
          ...feed(++openings),
          ...(place === undefined ? {} : { startPlace: place }),
          missingPublications: isWithout ? "skip" : "fail"
        })
        place = open.facts
        isWithout = false
        counts.openings++
        const handle = yield* handlerOf(sink, open, random, counts, budget)
        yield* Stream.runForEach(open.transactions, (event) =>
          Effect.tap(handle(event), () => (sink.isDone ? Deferred.succeed(done, undefined) : Effect.void))
        )
      }).pipe(
        Effect.scoped,
        (feed) =>
          Effect.flatMap(Deferred.make<never, Crashed>(), (next) => {
            kick = next
            return Effect.raceFirst(feed, Deferred.await(next))
          }),
        Effect.catchAll((failure) => {
          isWithout = isMissing(failure)
          if (isWithout) counts.missing++
          const isRefused = isOther(failure)
          if (isRefused) counts.replaced++
          return isWithout || isRefused || isHarm(failure) ? Effect.void : Effect.die(failure)
        }),
        Effect.zipRight(Effect.sleep("20 millis")),
        Effect.forever
      ),
      interrupt: Effect.suspend(() => Deferred.fail(kick, crashed)),
      done: Deferred.await(done),
      isPlaced: () => place !== undefined,
      copy: Effect.sync(() => {
        counts.repeated += sink.repeated
        return {
          rows: (table) => sink.rows(table),
          shown: (row) => row,
          sums: sink instanceof ExactlyOnce ? ([sink.sum, sink.count] as const) : undefined
        }
      })
    }
  })
