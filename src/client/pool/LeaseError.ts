import type { PgOpenError, PgPoolError, PgSessionError } from "../../model/PgError.js"

/** Why there is no connection: the pool, the way to the server, or a hook. */
export type LeaseError = PgOpenError | PgPoolError | PgSessionError
