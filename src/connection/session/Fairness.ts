/**
 * Turns for the event loop while a connection is busy: code that goes through data that is there already (rows, changes, a
 * copy) checks before each piece whether it is time for one. So the process's timers and other sockets wait for some
 * milliseconds, and not until all data is used up.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as EventLoop from "../../host/EventLoop.js"

/** Milliseconds from one turn to the next. A single piece that takes longer is not divided. */
export const longestRun = 5

export class Fairness {
  private since = 0

  constructor(private readonly clock: Clock.Clock) {}

  /** Whether the last turn is long ago. */
  isDue(): boolean {
    return this.clock.unsafeCurrentTimeMillis() - this.since >= longestRun
  }

  private begin(): void {
    this.since = this.clock.unsafeCurrentTimeMillis()
  }

  /** A turn of the loop. */
  readonly turn: Effect.Effect<void> = Effect.tap(EventLoop.turn, () => this.begin())

  /** A turn if it is time for one. */
  readonly turnIfDue: Effect.Effect<void> = Effect.suspend(() => (this.isDue() ? this.turn : Effect.void))

  /** The same for callbacks: calls back after a turn. */
  afterTurn(callback: () => void): void {
    EventLoop.afterTurn(() => {
      this.begin()
      callback()
    })
  }
}
