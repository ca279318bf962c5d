import type { PgOpenError, PgPoolError, PgSessionError } from "../../model/PgError.js"
import { PgClosedError } from "../../model/PgError.js"

/** Why there is no connection: the pool, the way to the server, or a hook. */
export type LeaseError = PgOpenError | PgPoolError | PgSessionError

/** The failure of a call whose lease is over: the same call, made again, is given another connection. */
export const outsideLease = <E>(error: E): E => {
  if (!(error instanceof PgClosedError) || error.ended !== true) return error
  const { reason, sent, server, sql } = error
  return new PgClosedError({ reason, sent, server, sql }) as E & PgClosedError
}
