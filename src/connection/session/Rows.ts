/** Where rows stop being bytes: a run of them decoded for the request that asked. */
import { PgCodecError, PgProtocolError } from "../../model/PgError.js"
import type * as Row from "../../types/Row.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { codecThrew } from "./CodecThrew.js"
import type { Request } from "./ConnectionState.js"

/**
 * Adds the rows of a run to `rows`, unless the request has failed already. A value that cannot be decoded fails the request,
 * and the rows before it are kept. A returned text is a protocol violation.
 */
export const take = <R extends Row.Row>(
  request: Request,
  decoder: Row.RowDecoder<R>,
  run: FrameRun,
  rows: Array<R>
): string | undefined => {
  if (request.failure !== undefined) return undefined
  let failure: Row.RowFailure | null
  try {
    failure = decoder.decode(run.bytes, run.starts, run.count, rows)
  } catch (cause) {
    // A codec of the application that throws here would end the process, because this code runs in a callback of the socket.
    const place = { _tag: "Row", row: undefined } as const
    request.fail(codecThrew({ direction: "decode", place, type: "record" }, cause, request.sql))
    return undefined
  }
  if (failure === null) return undefined
  if (failure._tag === "Malformed") return failure.reason
  request.fail(
    new PgCodecError({
      direction: "decode",
      place: { _tag: "Column", column: failure.column, index: failure.index },
      type: failure.type,
      reason: failure.reason,
      sql: request.sql,
      nothingSent: false
    })
  )
  return undefined
}

/** Adds the rows of runs that were kept until their types were known. */
export const takeHeld = <R extends Row.Row>(
  request: Request,
  decoder: Row.RowDecoder<R>,
  held: ReadonlyArray<FrameRun>,
  rows: Array<R>
): void => {
  for (const run of held) {
    const reason = take(request, decoder, run, rows)
    if (reason !== undefined)
      request.fail(new PgProtocolError({ state: "ExtendedQuery.Fetching", tag: "D", reason }))
  }
}
