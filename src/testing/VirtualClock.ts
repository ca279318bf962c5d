/** A clock whose time stands still until it is moved to the next timer. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

interface Timer {
  readonly at: number
  readonly fire: () => void
}

const nanosPerMilli = 1_000_000n

export class VirtualClock implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  /** Sorted by time; those of the same time in the order in which they were set. */
  private readonly timers: Array<Timer> = []

  /** `now`: milliseconds since 1970. `onTimer` is called when a timer is set. */
  constructor(
    private now: number,
    private readonly onTimer: () => void
  ) {}

  unsafeCurrentTimeMillis(): number {
    return this.now
  }

  unsafeCurrentTimeNanos(): bigint {
    return BigInt(Math.floor(this.now)) * nanosPerMilli
  }

  readonly currentTimeMillis: Effect.Effect<number> = Effect.sync(() => this.unsafeCurrentTimeMillis())
  readonly currentTimeNanos: Effect.Effect<bigint> = Effect.sync(() => this.unsafeCurrentTimeNanos())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      const millis = Duration.toMillis(duration)
      if (!Number.isFinite(millis)) return
      const timer: Timer = { at: this.now + millis, fire: () => resume(Effect.void) }
      const next = this.timers.findIndex(({ at }) => at > timer.at)
      this.timers.splice(next < 0 ? this.timers.length : next, 0, timer)
      this.onTimer()
      return Effect.sync(() => {
        const place = this.timers.indexOf(timer)
        if (place >= 0) this.timers.splice(place, 1)
      })
    })
  }

  /** How many timers are set. */
  get pending(): number {
    return this.timers.length
  }

  /** Moves the time to the next timer and fires it. Of several with the same time, `choose` picks one. False without a timer. */
  advance(choose: (count: number) => number): boolean {
    const [first] = this.timers
    if (first === undefined) return false
    const together = this.timers.filter(({ at }) => at === first.at).length
    const [timer] = this.timers.splice(choose(together), 1)
    this.now = Math.max(this.now, first.at)
    timer?.fire()
    return true
  }

  /** Time that passes without any program running, as when a machine is frozen. Timers fire late. */
  jump(duration: Duration.DurationInput): void {
    this.now += Duration.toMillis(duration)
  }
}
