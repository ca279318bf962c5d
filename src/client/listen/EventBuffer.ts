/**
 * The bounded buffer between the listening session and one consumer. The session never waits for a consumer: a server keeps
 * notifications for all its listeners in one queue, and a session that does not read holds that queue for everyone.
 */
import * as Cause from "effect/Cause"
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import * as ArrayChunk from "../../connection/session/ArrayChunk.js"
import * as PullStream from "../../connection/session/PullStream.js"
import type { WaitingConsumer, StreamBatching } from "../../connection/session/StreamBatching.js"
import type { Notification } from "../../model/Notification.js"
import { PgLimitError } from "../../model/PgError.js"
import type { Gap, ListenEvent, PgListenError, Received } from "./Events.js"

/**
 * What happens when the buffer is full. `dropOldest`: the oldest notifications are dropped and a `Gap` with their number is
 * emitted in their place. `fail`: the stream ends with `PgLimitError` after what is buffered.
 */
export type Overflow = "dropOldest" | "fail"

/** All that is buffered; or, as a failure, the end of the stream (none) or what ended it. */
export type EventPull<A> = Effect.Effect<Chunk.Chunk<A>, Option.Option<PgListenError>>

type Taken = Exit.Exit<Chunk.Chunk<ListenEvent<string>>, Option.Option<PgListenError>>

/** Notifications that a waiting consumer is not woken for at once, and the part of its buffer that they may be. */
const mostGathered = 256
const partGathered = 1 / 4

export class EventBuffer implements WaitingConsumer {
  private waiting: Array<ListenEvent<string>> = []
  /** Elements at the start of `waiting` that have been dropped already. */
  private head = 0
  private dropped = 0
  /** The last gap among the dropped elements: it is emitted all the same. */
  private droppedGap: Gap | undefined
  private ended: Taken | undefined
  private takers: Array<() => void> = []
  /** Whether it is to be woken already. */
  private isDue = false
  private readonly gathers: number

  /** `batching`: what wakes it behind notifications. An end, and a buffer that fills up, do not wait for that. */
  constructor(
    private readonly capacity: number,
    private readonly overflow: Overflow,
    private readonly channel: string,
    private readonly batching: StreamBatching
  ) {
    this.gathers = Math.min(mostGathered, capacity * partGathered)
  }

  notification({ channel, payload, processId }: Notification): void {
    const received: Received<string> = { _tag: "Received", channel, payload, processId }
    this.offer(received)
  }

  offer(event: ListenEvent<string>): void {
    if (this.ended !== undefined) return
    if (this.waiting.length - this.head >= this.capacity) {
      if (this.overflow === "fail") return this.end(Exit.fail(this.limit()))
      this.dropOldest()
    }
    this.waiting.push(event)
    if (this.takers.length === 0) return
    if (this.waiting.length - this.head >= this.gathers) return this.wake()
    if (this.isDue) return
    this.isDue = true
    this.batching.add(this)
  }

  /** What is buffered is still emitted; then the stream ends in this way. */
  end(how: Exit.Exit<void, PgListenError>): void {
    this.ended ??= Exit.isSuccess(how)
      ? Exit.fail(Option.none())
      : Exit.failCause(Cause.map(how.cause, Option.some))
    this.wake()
  }

  /** Has the consumer take what is there. */
  wake(): void {
    this.isDue = false
    const { takers } = this
    if (takers.length === 0) return
    this.takers = []
    for (const taker of takers) taker()
  }

  private readonly wait: EventPull<ListenEvent<string>> = Effect.async((resume) => {
    const taker = (): void => resume(this.pull)
    this.takers.push(taker)
    return Effect.sync(() => {
      this.takers = this.takers.filter((each) => each !== taker)
    })
  })

  /** What has come by the time that the consumer runs, which is later than that it is woken. */
  readonly pull: EventPull<ListenEvent<string>> = Effect.suspend(() => this.ready() ?? this.wait)

  get stream(): Stream.Stream<ListenEvent<string>, PgListenError> {
    return PullStream.make(this.pull)
  }

  private dropOldest(): void {
    const oldest = this.waiting[this.head++]!
    if (oldest._tag === "Gap") this.droppedGap = oldest
    else this.dropped++
    if (this.head < this.capacity) return
    this.waiting = this.waiting.slice(this.head)
    this.head = 0
  }

  private limit(): PgLimitError {
    return new PgLimitError({
      limit: "capacity",
      max: this.capacity,
      reason: `notifications of channel "${this.channel}" arrived faster than they were consumed`,
      sql: "",
      nothingSent: true
    })
  }

  /** All that is buffered, or the end; `undefined` when the consumer has to wait. */
  private ready(): Taken | undefined {
    if (this.waiting.length === this.head) return this.ended
    const gaps: Array<ListenEvent<string>> = this.droppedGap === undefined ? [] : [this.droppedGap]
    if (this.dropped > 0) gaps.push({ _tag: "Gap", reason: { _tag: "Overflow", dropped: this.dropped } })
    const waiting = this.head === 0 ? this.waiting : this.waiting.slice(this.head)
    const events = gaps.length === 0 ? waiting : [...gaps, ...waiting]
    this.waiting = []
    this.head = 0
    this.dropped = 0
    this.droppedGap = undefined
    return Exit.succeed(ArrayChunk.make(events))
  }
}
