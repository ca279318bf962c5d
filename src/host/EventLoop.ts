/**
 * Turns of the event loop. A yield of Effect's lets microtasks run, and neither a timer nor a socket; the loop has a turn when
 * all of them had theirs.
 */
import * as Effect from "effect/Effect"

/** Calls back once the sockets that have something, and the timers that are due, had their turn; it must not throw. */
export const afterTurn = (callback: () => void): void => {
  // Two: called from a socket's callback, the first runs before any other socket is looked at.
  setImmediate(() => setImmediate(callback))
}

/** Succeeds after a turn of the loop, whatever clock there is. */
export const turn: Effect.Effect<void> = Effect.async((resume) => afterTurn(() => resume(Effect.void)))
