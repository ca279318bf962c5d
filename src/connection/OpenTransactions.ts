/** Which sessions have a transaction that the fiber is inside of: for operations that wait until such transactions have ended. */
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"

/** The server's process ids of those sessions. */
const current = globalValue("effect-postgres/OpenTransactions", () =>
  FiberRef.unsafeMake<ReadonlyArray<number>>([])
)

/** The process ids of the sessions whose transactions the fiber is inside of. */
export const get: Effect.Effect<ReadonlyArray<number>> = FiberRef.get(current)

/** Runs the effect as inside a transaction of this session. */
export const inside = <A, E, R>(
  processId: number | undefined,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  processId === undefined ? effect : Effect.locallyWith(effect, current, (outer) => [...outer, processId])
