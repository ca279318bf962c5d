/** A signal from a socket's callback, or from another fiber, to one fiber that waits for it. */
import * as Effect from "effect/Effect"

/** Notified while no fiber waits, it is kept for the next wait. */
export class Signal {
  private pending = false
  private listener: (() => void) | undefined

  notify(): void {
    const listener = this.listener
    this.listener = undefined
    if (listener === undefined) this.pending = true
    else listener()
  }

  /** Waits for the next notification. Interrupting it loses none. */
  readonly wait: Effect.Effect<void> = Effect.async((resume) => {
    if (this.pending) {
      this.pending = false
      return resume(Effect.void)
    }
    const listener = (): void => resume(Effect.void)
    this.listener = listener
    return Effect.sync(() => {
      this.listener = undefined
    })
  })
}
