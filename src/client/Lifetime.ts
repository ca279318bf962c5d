/** How long a lease or a transaction lasts: it ends once, and its end can be waited for. */
import * as Effect from "effect/Effect"

export class Lifetime {
  isOver = false
  private waiting: Set<() => void> | undefined

  end(): void {
    this.isOver = true
    const waiting = this.waiting
    this.waiting = undefined
    for (const wake of waiting ?? []) wake()
  }

  /** Succeeds when the end has come. */
  get wait(): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      if (this.isOver) return resume(Effect.void)
      const wake = (): void => resume(Effect.void)
      const waiting = (this.waiting ??= new Set())
      waiting.add(wake)
      return Effect.sync(() => waiting.delete(wake))
    })
  }
}
