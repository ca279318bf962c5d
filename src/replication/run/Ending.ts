/** Why one feed of a run is over: whose failure it is, and whether another feed may do better. */
import { isRetryable } from "../../model/PgError.js"
import type { RunError } from "./RunEvent.js"

/** The server's, or that of the database that the position is kept in. */
export interface ByServer {
  readonly _tag: "ByServer"
  readonly error: RunError
}

/** The handler's, and it is not to be tried again. */
export interface ByHandler<E> {
  readonly _tag: "ByHandler"
  readonly error: E
}

export type Ending<E> = ByServer | ByHandler<E>

export const byServer = (error: RunError): ByServer => ({ _tag: "ByServer", error })
export const byHandler = <E>(error: E): ByHandler<E> => ({ _tag: "ByHandler", error })

/** Codes, besides those of lost sessions, after which the same is worth trying again. */
const passing: ReadonlySet<string> = new Set([
  // query_canceled: somebody has cancelled it from outside.
  "57014",
  // object_in_use: a session of ours that the server has not given up yet has it.
  "55006"
])

/**
 * Whether another feed may do better: the session was lost, the server is away, stopping, starting, or full, or another
 * session still has the slot. A slot that is gone, settings and logins that are refused, and a stream that cannot be read
 * are the same the next time.
 */
export const isPassing = (error: RunError): boolean => {
  switch (error._tag) {
    case "PgClosedError":
    case "PgTimeoutError":
    case "PgCommitUnknownError":
      return true
    case "PgServerError":
      return error.severity !== "ERROR" || passing.has(error.code) || isRetryable(error)
    case "PgSlotError":
      return error.reason === "in-use"
    default:
      return isRetryable(error)
  }
}
