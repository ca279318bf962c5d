/** One feed, from its stream through the handler to the acknowledgement, in each of the handler's forms. */
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Lsn } from "../../model/Lsn.js"
import type { Attributes } from "../../connection/session/TracedFacts.js"
import { traced } from "../../connection/session/Traced.js"
import * as Batches from "./Batches.js"
import type { ChangeEvent, Keys } from "../feed/ChangeKeys.js"
import { Descriptions } from "../feed/ChangeKeys.js"
import type { RunFailure } from "./RunFailure.js"
import { handlerFailure, serverFailure } from "./RunFailure.js"
import type { Finished } from "./Finished.js"
import * as KeyedConcurrency from "./KeyedConcurrency.js"
import type { LogicalEvent } from "../changes/LogicalEvent.js"
import type { LogicalFeed } from "../feed/LogicalFeed.js"
import type { Ticket } from "../link/Progress.js"
import type { BatchLimits, EachBatch, EachChange, EachTransaction } from "./RunHandler.js"
import type { TransactionEvent } from "../feed/TransactionAssembler.js"
import type { TransactionGroup } from "./TransactionGroup.js"
import { endOf, isLate, LateTransaction, TransactionGroups } from "./TransactionGroup.js"

/** Calls a handler, again after failures if that is wanted. */
export type CallHandler<E, R> = (
  work: Effect.Effect<unknown, RunFailure<E>, R>
) => Effect.Effect<void, RunFailure<E>, R>

export interface Consumption<E, R> {
  readonly feed: LogicalFeed
  readonly finished: Finished
  readonly call: CallHandler<E, R>
  /** Attributes of the spans of its handler: the slot, and the server that it is read from. */
  readonly spans: Attributes
}

type Work<E, R> = Effect.Effect<void, RunFailure<E>, R>
type Submit<E, R> = (keys: () => Keys, work: Work<E, R>) => Work<E, R>

const defaultCount = 1000
const defaultBytes = 1 << 20
const defaultWithin = Duration.seconds(1)

export const limitsOf = ({ bytes, count, within }: BatchLimits): Batches.CheckedBatchLimits => ({
  count: Math.max(1, count ?? defaultCount),
  bytes: bytes ?? defaultBytes,
  within: within === undefined ? defaultWithin : Duration.decode(within)
})

/** The handler, called when its turn has come, and each time anew. */
const handling = <E, R>(
  handle: () => Effect.Effect<unknown, E, R>
): Effect.Effect<unknown, RunFailure<E>, R> => Effect.mapError(Effect.suspend(handle), handlerFailure)

/** The error of the handler or of the server. */
const errorOf = ({ error }: RunFailure<unknown>): unknown => error

/** Work in turn, or in lanes; in the end all of it is done, also when the stream fails. */
const working = <E, R, A, R2>(
  concurrency: number,
  body: (submit: Submit<E, R>) => Effect.Effect<A, RunFailure<E>, R2>
): Effect.Effect<A, RunFailure<E>, R | R2> =>
  concurrency <= 1
    ? body((_, work) => work)
    : Effect.scoped(
        Effect.flatMap(KeyedConcurrency.make<RunFailure<E>, R>(concurrency), (lanes) =>
          body((keys, work) => Effect.suspend(() => lanes.submit(keys(), work))).pipe(
            Effect.exit,
            Effect.tap(lanes.drain),
            Effect.flatten,
            Effect.raceFirst(lanes.failed)
          )
        )
      )

/** Begins what ends there, unless it is finished already. */
const unlessKnown = <E, R>(
  finished: Finished,
  end: Lsn,
  work: (ticket: Ticket | undefined) => Work<E, R>
): Work<E, R> => (finished.isKnown(end) ? Effect.void : work(finished.begin(end)))

/** What several touch together. */
const keysOf = (
  unit: TransactionGroup,
  keys: (event: TransactionEvent) => Keys,
  descriptions: Descriptions
): Keys => {
  const hasChanged = unit.map((event) => descriptions.hasChanged(event))
  return unit.length > 1 || hasChanged[0] === true ? "all" : keys(unit[0])
}

const each = <E, R>(
  unit: TransactionGroup,
  { call, spans }: Consumption<E, R>,
  handle: (event: TransactionEvent) => Effect.Effect<unknown, E, R>
): Work<E, R> => {
  const inSpan = traced("replication transaction", () => spans, errorOf)
  return Effect.forEach(unit, (event) => call(inSpan(handling(() => handle(event)))), { discard: true })
}

export const transactions = <E, R>(
  consumption: Consumption<E, R>,
  { concurrency, handle, keys }: EachTransaction<E, R>
): Work<E, R> =>
  working<E, R, void, R>(concurrency, (submit) => {
    const { feed, finished } = consumption
    const units = new TransactionGroups(finished)
    const descriptions = new Descriptions()
    const take = (event: TransactionEvent): Work<E, R> => {
      const unit = units.take(event)
      if (unit === undefined) return Effect.void
      const ticket = finished.begin(endOf(event))
      return submit(
        () => keysOf(unit, keys, descriptions),
        Effect.zipRight(each(unit, consumption, handle), finished.finish(ticket))
      )
    }
    return feed.transactions.pipe(
      Stream.mapError(serverFailure),
      Stream.runForEachChunk((chunk) => Effect.forEach(Chunk.toReadonlyArray(chunk), take, { discard: true }))
    )
  })

/** A transaction whose changes are at work. */
class Open {
  private unfinished = 0
  private ticket: Ticket | undefined

  begin(): void {
    this.unfinished += 1
  }

  /** One of its changes is finished; the ticket when that was the last. */
  finish(): Ticket | undefined {
    this.unfinished -= 1
    return this.unfinished === 0 ? this.ticket : undefined
  }

  /** It has no more changes; the ticket when none is unfinished. */
  end(ticket: Ticket | undefined): Ticket | undefined {
    this.ticket = ticket
    return this.unfinished === 0 ? ticket : undefined
  }
}

export const changes = <E, R>(
  { call, feed, finished }: Consumption<E, R>,
  { concurrency, handle, keys }: EachChange<E, R>
): Work<E, R> =>
  working<E, R, void, R>(concurrency, (submit) => {
    let open: Open | undefined
    const descriptions = new Descriptions()
    const late = new LateTransaction<Open>()
    const close = (ticket: Ticket | undefined): Work<E, R> => finished.finish(ticket)
    const run = (event: ChangeEvent, done: () => Ticket | undefined): Work<E, R> =>
      submit(
        () => (descriptions.hasChanged(event) ? "all" : keys(event)),
        call(handling(() => handle(event))).pipe(Effect.zipRight(Effect.suspend(() => close(done()))))
      )
    /** What stands outside of transactions has a position of its own. */
    const alone = (event: ChangeEvent, end: Lsn): Work<E, R> =>
      unlessKnown(finished, end, (ticket) => run(event, () => ticket))
    const inside = (event: ChangeEvent): Work<E, R> => {
      const transaction = open
      if (transaction === undefined) return Effect.void
      transaction.begin()
      return run(event, () => transaction.finish())
    }
    const take = (event: LogicalEvent): Work<E, R> => {
      const prepared = late.take(event)
      switch (event._tag) {
        case "Begin":
          // Its end is behind its commit record, so a record before the start is one that is finished.
          open =
            event.transaction.commitLsn < finished.start && !isLate(event.transaction, finished)
              ? undefined
              : new Open()
          if (open !== undefined) finished.touch(event.transaction.commitLsn + 1n)
          return Effect.void
        case "Commit":
        case "Prepare": {
          const transaction = open
          open = undefined
          if (transaction !== undefined && isLate(event.transaction, finished)) {
            late.hold(event.transaction, transaction)
            return Effect.void
          }
          return unlessKnown(finished, event.endLsn, (ticket) =>
            close(transaction === undefined ? ticket : transaction.end(ticket))
          )
        }
        case "CommitPrepared": {
          if (prepared === undefined) return alone(event, event.endLsn)
          prepared.begin()
          return unlessKnown(finished, event.endLsn, (ticket) =>
            Effect.zipRight(
              run(event, () => prepared.finish()),
              Effect.suspend(() => close(prepared.end(ticket)))
            )
          )
        }
        case "RollbackPrepared":
          return alone(event, event.endLsn)
        case "LogicalMessage":
          return event.transaction === undefined ? alone(event, event.lsn) : inside(event)
        default:
          return inside(event)
      }
    }
    return feed.changes.pipe(
      Stream.mapError(serverFailure),
      Stream.runForEachChunk((chunk) => Effect.forEach(Chunk.toReadonlyArray(chunk), take, { discard: true }))
    )
  })

/** By batches, each of which ends at a position. */
export const batches = <E, R>(
  { call, feed, finished, spans }: Consumption<E, R>,
  limits: Batches.CheckedBatchLimits,
  handle: (
    events: Chunk.NonEmptyChunk<TransactionEvent>,
    position: Lsn
  ) => Effect.Effect<unknown, RunFailure<E>, R>
): Work<E, R> => {
  const units = new TransactionGroups(finished)
  return Batches.handOver(
    feed.transactions.pipe(
      Stream.mapError(serverFailure),
      Stream.map((event) => units.take(event)),
      Stream.filter((unit) => unit !== undefined)
    ),
    (unit) => unit.reduce((sum, event) => sum + Batches.weigh(event), 0),
    limits,
    (batch) => {
      const events = Chunk.flatMap(batch, Chunk.unsafeFromNonEmptyArray)
      const position = endOf(Chunk.lastNonEmpty(events))
      finished.touch(position)
      const inSpan = traced(
        "replication batch",
        () => ({ ...spans, "messaging.batch.message_count": events.length }),
        errorOf
      )
      return Effect.zipRight(
        call(inSpan(handle(events, position))),
        Effect.mapError(feed.acknowledge(position), serverFailure)
      )
    }
  )
}

export const eachBatch = <E, R>(
  consumption: Consumption<E, R>,
  { handle, limits }: EachBatch<E, R>
): Work<E, R> => batches(consumption, limitsOf(limits), (events) => handling(() => handle(events)))
