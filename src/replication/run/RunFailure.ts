/** Why one feed of a run is over: whose failure it is, and whether another feed may do better. */
import { isTransientAnew } from "../../model/Judgement.js"
import * as SqlState from "../../model/SqlState.js"
import type { RunError } from "./RunEvent.js"

/** The server's, or that of the database that the position is kept in. */
export interface ServerFailure {
  readonly _tag: "ServerFailure"
  readonly error: RunError
}

/** The handler's, and it is not to be tried again. */
export interface HandlerFailure<E> {
  readonly _tag: "HandlerFailure"
  readonly error: E
}

export type RunFailure<E> = ServerFailure | HandlerFailure<E>

export const serverFailure = (error: RunError): ServerFailure => ({ _tag: "ServerFailure", error })
export const handlerFailure = <E>(error: E): HandlerFailure<E> => ({ _tag: "HandlerFailure", error })

/** Codes of what ends a session in the midst of its transaction when a handler takes too long: it would again. */
export const timeoutCodes: ReadonlySet<string> = new Set([
  SqlState.idleInTransactionSessionTimeout,
  SqlState.transactionTimeout
])

/**
 * Whether another feed may do better: the session was lost, the server is away, stopping, starting, or full, or another
 * session still has the slot. A slot that is gone, settings and logins that are refused, and a stream that cannot be read
 * are the same the next time.
 */
export const isTransient = (error: RunError): boolean =>
  !(error._tag === "PgServerError" && error.severity === "ERROR" && timeoutCodes.has(error.code)) &&
  isTransientAnew(error)
