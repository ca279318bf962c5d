/** Failures inside a stream, as errors that name the consequence for the session. */
import { PgChangeRowError, PgClosedError, PgProtocolError } from "../../model/PgError.js"
import type { MalformedMessage } from "../../wire/MalformedMessage.js"
import type { ChangeFailure } from "../changes/ChangeFailure.js"
import { describe } from "../changes/ChangeFailure.js"

/** An error, and whether the stream contradicts itself, so that nothing more of it can be trusted. */
export type ReadFailure =
  | { readonly error: PgProtocolError; readonly isFatal: true }
  | { readonly error: PgChangeRowError; readonly isFatal: false }

/** `command`: what opened the stream. */
export const of = (failure: ChangeFailure | MalformedMessage, command: string): ReadFailure => {
  if (failure._tag !== "UndecodableColumn") {
    return failure._tag === "MalformedMessage"
      ? fatal(failure.kind, failure.reason)
      : fatal(failure._tag, describe(failure))
  }
  return {
    error: new PgChangeRowError({
      place: { _tag: "ChangeRow", ...failure.place, column: failure.column, index: failure.index },
      type: failure.type,
      reason: failure.reason,
      sql: command
    }),
    isFatal: false
  }
}

const fatal = (tag: string, reason: string): ReadFailure => ({
  error: new PgProtocolError({ state: "LogicalFeed", tag, reason }),
  isFatal: true
})

/** What was handed out and not acknowledged would be passed over by a second reader of the same stream. */
export const takenTwice = (command: string): PgClosedError =>
  new PgClosedError({
    reason: "a feed is read once: open another one, which begins behind what was acknowledged",
    sent: false,
    server: undefined,
    sql: command
  })
