/**
 * Fibers that wait for a condition. The condition is looked at again whenever the state behind it has changed.
 */
import * as Effect from "effect/Effect"

export class Watchers {
  private looks: Array<() => void> = []

  /** The state has changed. */
  changed(): void {
    const { looks } = this
    if (looks.length === 0) return
    this.looks = []
    for (const look of looks) look()
  }

  /** Waits until `ready` holds. */
  when(ready: () => boolean): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      const look = (): void => {
        if (ready()) resume(Effect.void)
        else this.looks.push(look)
      }
      look()
      return Effect.sync(() => void (this.looks = this.looks.filter((other) => other !== look)))
    })
  }
}
