/**
 * Wakes consumers that wait for what a socket brings. To wake a fiber costs many times what it costs to read a message. So the first of a burst are woken
 * at once. From then on all that wait are woken together, after a turn of the event loop: what many reads bring is one piece for a consumer. Where many
 * consumers wait, their turn comes later, as long as more arrives: the more they are, the longer.
 */
import * as Effect from "effect/Effect"
import * as EventLoop from "../../host/EventLoop.js"

/** A consumer that waits. */
export interface WaitingConsumer {
  readonly wake: () => void
}

/** So many consumers are woken with a pause before. */
export const crowd = 32

/** One pause; it is the last when nothing has arrived in it. Timers of the host are not much more exact. */
export const pause = "2 millis"

/** Another pause follows for each so many consumers that wait. */
const consumersPerPause = 100

export class StreamBatching {
  private due: Array<WaitingConsumer> = []
  /** Whether some have been woken and the event loop has not had its turn since. */
  private isBusy = false
  /** How often `flush` was called. */
  private arrivals = 0

  /** `fork`: runs the pauses. */
  constructor(private readonly fork: (effect: Effect.Effect<void>) => unknown) {}

  /** Wakes a consumer at the next `flush`, or later while others are being woken. */
  add(consumer: WaitingConsumer): void {
    this.due.push(consumer)
  }

  /** Wakes those that were added, unless others have just been woken. */
  flush(): void {
    this.arrivals++
    if (this.isBusy || this.due.length === 0) return
    this.isBusy = true
    this.wakeAll()
  }

  private wakeAll(): void {
    const { due } = this
    this.due = []
    for (const consumer of due) consumer.wake()
    const next = (): void => this.next()
    EventLoop.afterTurn(next)
  }

  private next(): void {
    const waiting = this.due.length
    if (waiting === 0) this.isBusy = false
    else if (waiting < crowd) this.wakeAll()
    else this.fork(Effect.map(this.gathered, () => this.wakeAll()))
  }

  /** Pauses until nothing more arrives, or the crowd has waited long enough. */
  private readonly gathered: Effect.Effect<void> = Effect.suspend(() => {
    let pauses = 0
    let seen = -1
    return Effect.whileLoop({
      while: () => this.arrivals !== seen && pauses * consumersPerPause < this.due.length,
      body: () => {
        pauses++
        seen = this.arrivals
        return Effect.sleep(pause)
      },
      step: () => {}
    })
  })
}
