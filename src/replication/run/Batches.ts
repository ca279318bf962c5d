/** Gathering what comes into batches, by number, weight and waiting time, while the batch before is at work. */
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Change } from "../changes/LogicalEvent.js"
import { Signal } from "../link/Signal.js"
import type { TransactionEvent } from "../feed/TransactionAssembler.js"

export interface CheckedBatchLimits {
  readonly count: number
  readonly bytes: number
  readonly within: Duration.Duration
}

/** What any value takes, besides the text or the bytes it has. */
const least = 16

const ofValue = (value: unknown): number =>
  typeof value === "string" || value instanceof Uint8Array
    ? least + value.length
    : Array.isArray(value)
      ? value.reduce<number>((sum, element) => sum + ofValue(element), least)
      : least

const ofRow = (row: object | undefined): number => {
  let sum = least
  if (row !== undefined) for (const value of Object.values(row)) sum += ofValue(value)
  return sum
}

const ofChange = (change: Change): number => {
  switch (change._tag) {
    case "Insert":
      return ofRow(change.new)
    case "Update":
      return ofRow(change.old) + ofRow(change.new)
    case "Delete":
      return ofRow(change.old)
    case "LogicalMessage":
      return least + change.content.length
    default:
      return least
  }
}

/** Roughly the bytes of a transaction's values. */
export const weigh = (event: TransactionEvent): number =>
  event._tag === "Transaction"
    ? event.changes.reduce((sum, change) => sum + ofChange(change), least)
    : event._tag === "LogicalMessage"
      ? ofChange(event)
      : least

interface Item<A> {
  readonly value: A
  readonly bytes: number
  /** When it came, by the clock. */
  readonly at: number
}

/**
 * What has come and is in no batch yet. It is never in the hands of a fiber that may be interrupted, so that nothing is lost
 * when a wait is given up.
 */
class Gathered<A> {
  private items: Array<Item<A>> = []
  private bytes = 0
  isOver = false
  /** Rung when something has come, or nothing will. */
  readonly news = new Signal()
  /** Rung when a batch has been taken. */
  readonly room = new Signal()

  constructor(private readonly limits: CheckedBatchLimits) {}

  get isEmpty(): boolean {
    return this.items.length === 0
  }

  /** Whether no more is waited for. */
  get isDue(): boolean {
    return this.isFull || this.isOver
  }

  get isFull(): boolean {
    return this.items.length >= this.limits.count || this.bytes >= this.limits.bytes
  }

  /** When the oldest came. */
  get since(): number {
    return this.items[0]?.at ?? 0
  }

  push(value: A, bytes: number, at: number): void {
    this.items.push({ value, bytes, at })
    this.bytes += bytes
  }

  /** As many of the oldest as fit into a batch, and at least one. */
  take(): Chunk.NonEmptyChunk<A> {
    let count = 0
    let bytes = 0
    for (const item of this.items) {
      if (count > 0 && (count >= this.limits.count || bytes + item.bytes > this.limits.bytes)) break
      bytes += item.bytes
      count += 1
    }
    this.bytes -= bytes
    const taken = this.items.splice(0, count).map(({ value }) => value)
    return Chunk.unsafeFromNonEmptyArray(taken as [A, ...Array<A>])
  }
}

/** Waits for the next batch; false when there are no more. */
const next = <A>(gathered: Gathered<A>, within: Duration.Duration): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    while (gathered.isEmpty) {
      if (gathered.isOver) return false
      yield* gathered.news.wait
    }
    if (gathered.isDue) return true
    const now = yield* Clock.currentTimeMillis
    const left = Duration.toMillis(within) - (now - gathered.since)
    if (left > 0) {
      const due = Effect.repeat(gathered.news.wait, { until: () => gathered.isDue })
      yield* Effect.raceFirst(Effect.sleep(Duration.millis(left)), due)
    }
    return true
  })

/**
 * Hands the stream over in batches, one at a time and in its order. A stream that fails or ends is handed over to its last
 * element first.
 */
export const handOver = <A, E, R, E2, R2>(
  stream: Stream.Stream<A, E, R>,
  weight: (value: A) => number,
  limits: CheckedBatchLimits,
  handle: (batch: Chunk.NonEmptyChunk<A>) => Effect.Effect<void, E2, R2>
): Effect.Effect<void, E | E2, R | R2> =>
  Effect.scoped(
    Effect.gen(function* () {
      const gathered = new Gathered<A>(limits)
      const pump = yield* Stream.runForEachChunk(stream, (chunk) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          for (const value of chunk) gathered.push(value, weight(value), now)
          gathered.news.notify()
          return Effect.whenEffect(
            Effect.repeat(gathered.room.wait, { while: () => gathered.isFull }),
            Effect.sync(() => gathered.isFull)
          )
        })
      ).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            gathered.isOver = true
            gathered.news.notify()
          })
        ),
        Effect.forkScoped
      )
      while (yield* next(gathered, limits.within)) {
        const batch = gathered.take()
        gathered.room.notify()
        yield* handle(batch)
      }
      yield* Fiber.join(pump)
    })
  )
