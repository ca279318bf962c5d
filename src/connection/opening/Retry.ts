/** Trying again to open a session while the server is starting, restarting, full or not yet reachable. */
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import { isTransient } from "../../model/Judgement.js"
import type { PgOpenError } from "../../model/PgError.js"

/** How long and how often a refused opening is tried again. */
export type OpenRetry = Schedule.Schedule<unknown, PgOpenError>

/**
 * Opens again by the schedule as long as the failure may be another the next time: a refused login, a missing database and a
 * certificate that is not trusted are never tried again. Interrupting ends the waiting too.
 */
export const retrying =
  (schedule: OpenRetry | undefined) =>
  <A, R>(open: Effect.Effect<A, PgOpenError, R>): Effect.Effect<A, PgOpenError, R> =>
    schedule === undefined ? open : Effect.retry(open, { schedule, while: isTransient })
