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
          if (this.free === 0) return this.queue(patience, restore)
          this.free--
          return Effect.void
        }),
        Effect.addFinalizer(() => Effect.sync(() => this.leave()))
      )
    )
  }

  private queue<E>(
    patience: (wait: Effect.Effect<void>) => Effect.Effect<void, E>,
    restore: (effect: Effect.Effect<void, E>) => Effect.Effect<void, E>
  ): Effect.Effect<void, E> {
    const waiter: Waiter = { enter: () => {} }
    this.waiters.push(waiter)
    const wait = Effect.async<void>((resume) => {
      if (waiter.enter === undefined) resume(Effect.void)
      else waiter.enter = () => resume(Effect.void)
    })
    return Effect.onError(restore(patience(wait)), () =>
      Effect.sync(() => {
        // A place that was handed over while patience ended, or while the interruption came, is passed on.
        if (waiter.enter === undefined) this.leave()
        else waiter.enter = undefined
      })
    )
  }

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
