/** What a codec of the application's threw. It may have been called from the socket, where nobody is to catch it. */
import { PgCodecError } from "../../model/PgError.js"

export const codecThrew = (
  place: { readonly direction: "decode" | "encode"; readonly where: string; readonly type: string },
  cause: unknown,
  sql: string
): PgCodecError =>
  new PgCodecError({
    ...place,
    index: -1,
    reason: `a codec threw ${cause instanceof Error ? cause.name : typeof cause}`,
    sql,
    cause
  })
