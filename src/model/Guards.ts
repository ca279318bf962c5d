/**
 * Whether an error is the server's, and with which SQLSTATE. They refine, so that `Effect.catchIf` hands the handler the
 * error with its code, and leaves the server's other errors in the type.
 */
import type { PgServerError } from "./ServerError.js"
import * as SqlState from "./SqlState.js"

/** An error of the server with this SQLSTATE. */
export type ServerErrorOf<Code extends SqlState.SqlState> = PgServerError & { readonly code: Code }

/** True when the error is a `PgServerError` with this SQLSTATE. */
export const hasCode =
  <const Code extends SqlState.SqlState>(code: Code) =>
  (error: unknown): error is ServerErrorOf<Code> =>
    typeof error === "object" &&
    error !== null &&
    "_tag" in error &&
    error._tag === "PgServerError" &&
    "code" in error &&
    error.code === code

/** Unique violation, `23505`. */
export const isUniqueViolation = hasCode(SqlState.uniqueViolation)
/** Foreign key violation, `23503`. */
export const isForeignKeyViolation = hasCode(SqlState.foreignKeyViolation)
/** Serialization failure, `40001`. */
export const isSerializationFailure = hasCode(SqlState.serializationFailure)
/** Deadlock, `40P01`. */
export const isDeadlock = hasCode(SqlState.deadlockDetected)
