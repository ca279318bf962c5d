/**
 * A number of places, given out in the order of asking. A place that comes back goes straight to the oldest waiter: no
 * other is woken for it.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

interface Waiter {
  enter: (() => void) | undefined
}

export class Gate {
  private free: number
  private waiters: Array<Waiter> = []
  private from = 0

  constructor(readonly places: number) {
    this.free = places
  }

  /** Fibers that wait for a place. */
  get waiting(): number {
    let count = 0
    for (let at = this.from; at < this.waiters.length; at++)
      if (this.waiters[at]!.enter !== undefined) count++
    return count
  }

  get inUse(): number {
    return this.places - this.free
  }

  /**
   * A place until the scope closes. `patience` bounds the wait, if there is one. Interrupting the wait gives up the
   * turn.
   */
  enter<E>(
    patience: (wait: Effect.Effect<void>) => Effect.Effect<void, E>
  ): Effect.Effect<void, E, Scope.Scope> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.zipRight(
        Effect.suspend(() => {
          if (this.free === 0) return restore(patience(this.wait))
          this.free--
          return Effect.void
        }),
        Effect.addFinalizer(() => Effect.sync(() => this.leave()))
      )
    )
  }

  private readonly wait: Effect.Effect<void> = Effect.async<void>((resume) => {
    const waiter: Waiter = { enter: () => resume(Effect.void) }
    this.waiters.push(waiter)
    return Effect.sync(() => {
      // Interrupted: a place that was just handed over is passed on.
      if (waiter.enter === undefined) this.leave()
      else waiter.enter = undefined
    })
  })

  private leave(): void {
    while (this.from < this.waiters.length) {
      const waiter = this.waiters[this.from++]!
      if (this.from > 64 && this.from * 2 > this.waiters.length) {
        this.waiters = this.waiters.slice(this.from)
        this.from = 0
      }
      const enter = waiter.enter
      if (enter === undefined) continue
      waiter.enter = undefined
      enter()
      return
    }
    this.free++
  }
}
