/** What shows that the event loop has its turn: a clock that goes on whenever it is read, and a count of turns. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A clock that is `millis` later each time it is read. */
export const hurrying = (millis: number): Clock.Clock => {
  const real = Clock.make()
  let now = 0
  return Object.assign(Object.create(real) as Clock.Clock, {
    unsafeCurrentTimeMillis: () => (now += millis)
  })
}

/** Counts turns of the event loop from now on, as long as the scope is open. */
export const counting: Effect.Effect<() => number, never, Scope.Scope> = Effect.suspend(() => {
  let turns = 0
  let next: NodeJS.Immediate
  const count = () => {
    turns++
    next = setImmediate(count)
  }
  next = setImmediate(count)
  return Effect.as(
    Effect.addFinalizer(() => Effect.sync(() => clearImmediate(next))),
    () => turns
  )
})

/** How many turns of the event loop have begun while the effect ran. */
export const turnsDuring = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
  Effect.scoped(Effect.flatMap(counting, (turns) => Effect.map(effect, turns)))
