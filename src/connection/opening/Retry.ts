/** Trying again to open a session while the server is starting, restarting or not yet reachable. */
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { ConnectAttempt, PgOpenError } from "../../model/PgError.js"
import * as Role from "./Role.js"

/** How long and how often a refused opening is tried again. */
export type OpenRetry = Schedule.Schedule<unknown, PgOpenError>

/** What is heard of a server that is not there yet, or no longer, or not promoted yet. */
const passing: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOENT",
  Role.otherRole
])

const mayPass = ({ cause }: ConnectAttempt): boolean =>
  cause._tag === "PgServerError"
    ? cause.code === "57P03"
    : cause._tag === "TransportFailure"
      ? passing.has(cause.code)
      : cause._tag === "PgClosedError"

/**
 * Whether the same settings may succeed a little later: a server said that it is starting or stopping (`57P03`), or the
 * connection was refused, reset or closed before a word was said, or no server had the role asked for. A refused login is
 * never tried again.
 */
export const isPassing = (error: PgOpenError): boolean =>
  error._tag === "PgConnectError" && error.attempts.some(mayPass)

/** Opens again by the schedule as long as the failure may pass. Interrupting ends the waiting too. */
export const retrying =
  (schedule: OpenRetry | undefined) =>
  <A, R>(open: Effect.Effect<A, PgOpenError, R>): Effect.Effect<A, PgOpenError, R> =>
    schedule === undefined ? open : Effect.retry(open, { schedule, while: isPassing })
