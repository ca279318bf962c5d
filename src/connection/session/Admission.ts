/**
 * Who may use a session now: a lease, until its scope closes, or whose turn it is in a transaction. Asked in the very step in which a
 * request is written: between that step and an earlier one other fibers run, and the session may have got another user.
 */
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { PgTimeoutError, PgUsageError } from "../../model/PgError.js"

/** Why a session cannot be used now. */
export type TurnError = PgTimeoutError | PgUsageError

export interface Admission {
  /**
   * Enters at once, if that may be. What it returns is called once, when the operation is over. `undefined`: not now, and
   * nothing has been entered. `run` waits, or fails with the reason.
   */
  readonly enter: (fiber: Fiber.RuntimeFiber<unknown, unknown>) => (() => void) | undefined
  /** Runs an operation of any number of steps when the session may be used. `refused` makes the failure when it may not. */
  readonly run: <A, E, R, E2>(
    operation: Effect.Effect<A, E, R>,
    refused: (error: TurnError) => E2
  ) => Effect.Effect<A, E | E2, R>
}
