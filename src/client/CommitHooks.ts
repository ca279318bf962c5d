/** What runs once a transaction has been committed, in the order in which it was registered. */
import * as Effect from "effect/Effect"

/** An effect whose failures are its own. */
export type Hook = Effect.Effect<void>

const failed = "an effect after a COMMIT has failed; what the transaction stored stays"

/** The effect with what it needs, so that it can run when its transaction is over. */
export const hookOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Hook, never, R> =>
  Effect.contextWith((context) =>
    Effect.asVoid(effect).pipe(
      Effect.provide(context),
      Effect.catchAllCause((cause) => Effect.logWarning(failed, cause))
    )
  )

export const runAll = (hooks: ReadonlyArray<Hook>): Effect.Effect<void> =>
  Effect.forEach(hooks, (hook) => hook, { discard: true })
