/**
 * The bounded buffer between the listening session and one consumer. The session never waits for a consumer: a server keeps
 * notifications for all its listeners in one queue, and a session that does not read holds that queue for everyone.
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Notification } from "../../model/Notification.js"
import { PgLimitError } from "../../model/PgError.js"
import type { Gap, ListenEvent, PgListenError, Received } from "./Events.js"

/**
 * What happens when the buffer is full. `dropOldest`: the oldest notifications are dropped and a `Gap` with their number is
 * emitted in their place. `fail`: the stream ends with `PgLimitError` after what is buffered.
 */
export type Overflow = "dropOldest" | "fail"

type Taken = Exit.Exit<Chunk.Chunk<ListenEvent<string>>, Option.Option<PgListenError>>

export class EventBuffer {
  private waiting: Array<ListenEvent<string>> = []
  /** Elements at the start of `waiting` that have been dropped already. */
  private head = 0
  private dropped = 0
  /** The last gap among the dropped elements: it is emitted all the same. */
  private droppedGap: Gap | undefined
  private ended: Taken | undefined
  private takers: Array<(taken: Taken) => void> = []

  constructor(
    private readonly capacity: number,
    private readonly overflow: Overflow,
    private readonly channel: string
  ) {}

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
    this.wake()
  }

  /** What is buffered is still emitted; then the stream ends in this way. */
  end(how: Exit.Exit<void, PgListenError>): void {
    this.ended ??= Exit.isSuccess(how)
      ? Exit.fail(Option.none())
      : Exit.failCause(Cause.map(how.cause, Option.some))
    this.wake()
  }

  readonly stream: Stream.Stream<ListenEvent<string>, PgListenError> = Stream.repeatEffectChunkOption(
    Effect.suspend(() => {
      const ready = this.ready()
      if (ready !== undefined) return ready
      return Effect.async<Chunk.Chunk<ListenEvent<string>>, Option.Option<PgListenError>>((resume) => {
        const taker = (taken: Taken): void => resume(taken)
        this.takers.push(taker)
        return Effect.sync(() => {
          this.takers = this.takers.filter((each) => each !== taker)
        })
      })
    })
  )

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
    const events = [...gaps, ...this.waiting.slice(this.head)]
    this.waiting = []
    this.head = 0
    this.dropped = 0
    this.droppedGap = undefined
    return Exit.succeed(Chunk.unsafeFromArray(events))
  }

  private wake(): void {
    const taker = this.takers.shift()
    if (taker === undefined) return
    const ready = this.ready()
    if (ready === undefined) this.takers.unshift(taker)
    else taker(ready)
    // An end is for all of them.
    if (this.ended !== undefined && this.takers.length > 0) this.wake()
  }
}
