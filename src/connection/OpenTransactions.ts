/** Which sessions have a transaction that the fiber is inside of: for operations that wait until such transactions have ended. */
import type * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Locally from "./session/Locally.js"

/** The server's process ids of those sessions. */
const current = globalValue("effect-postgres/OpenTransactions", () =>
  FiberRef.unsafeMake<ReadonlyArray<number>>([])
)

/** The process ids of the sessions whose transactions the fiber is inside of. */
export const get: Effect.Effect<ReadonlyArray<number>> = FiberRef.get(current)

/** Runs the effect as inside a transaction of this session; the region must be uninterruptible, as `Locally.within` has it. */
export const inside = <A, E, R>(
  processId: number | undefined,
  effect: Effect.Effect<A, E, R>,
  restore: <B, F, S>(effect: Effect.Effect<B, F, S>) => Effect.Effect<B, F, S>
): Effect.Effect<A, E, R> =>
  processId === undefined
    ? restore(effect)
    : Locally.within(current, (outer) => [...outer, processId], effect, restore)
