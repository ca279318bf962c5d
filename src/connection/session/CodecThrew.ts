/** What a codec of the application threw. It may have been called from the socket's callback, where no code catches. */
import { PgCodecError } from "../../model/PgError.js"

export const nameOf = (cause: unknown): string => (cause instanceof Error ? cause.name : typeof cause)

const isTooLong = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "ERR_STRING_TOO_LONG"

/** The name of what was thrown, and not its message, which may quote the value. */
export const reasonOf = (cause: unknown): string =>
  isTooLong(cause)
    ? "a text is longer than a string can be here (some 536 million characters): read it as bytea, or in parts"
    : `a codec threw ${nameOf(cause)}`

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

/** What was thrown while a request was opened or its answers were read, outside any one codec: its failure. */
export const threw = (
  cause: unknown,
  { sql, wasSent }: { readonly sql: string; readonly wasSent: boolean }
): PgCodecError =>
  new PgCodecError({
    direction: wasSent ? "decode" : "encode",
    place: wasSent ? { _tag: "Row", row: undefined } : { _tag: "Argument", name: "parameters" },
    type: wasSent ? "record" : "the statement's parameters",
    reason: `reading a value threw ${nameOf(cause)}`,
    sql,
    nothingSent: !wasSent,
    cause
  })
