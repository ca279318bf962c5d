/** What a codec of the application's threw. It may have been called from the socket, where nobody is to catch it. */
import { PgCodecError } from "../../model/PgError.js"

/** The name of what was thrown, and not its message, which may quote the value. */
export const reasonOf = (cause: unknown): string =>
  `a codec threw ${cause instanceof Error ? cause.name : typeof cause}`

export const codecThrew = (
  at: Pick<PgCodecError, "direction" | "place" | "type">,
  cause: unknown,
  sql: string
): PgCodecError =>
  new PgCodecError({
    ...at,
    reason: reasonOf(cause),
    sql,
    nothingSent: at.direction === "encode",
    cause
  })
