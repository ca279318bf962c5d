/** Payloads: what may be sent as one, and reading them through a Schema. */
import * as Effect from "effect/Effect"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { PgCodecError } from "../../model/PgError.js"
import * as Issue from "../../schema/Issue.js"
import type { Gap, ListenEvent, Malformed, PgListenError, Received } from "./Events.js"

/** Why a text cannot be a payload, as the end of a sentence; `undefined` when it can. */
export const defectOf = (payload: string, maxBytes: number): string | undefined => {
  if (payload.includes("\0")) return "cannot contain a zero byte"
  if (!payload.isWellFormed()) return "cannot contain a lone surrogate"
  // No character takes more than three bytes for each of its UTF-16 units.
  const bytes = payload.length * 3 <= maxBytes ? 0 : new TextEncoder().encode(payload).length
  return bytes > maxBytes ? `must have at most ${maxBytes} bytes of UTF-8, got ${bytes}` : undefined
}

const malformed = (
  { channel, payload, processId }: Received<string>,
  error: ParseResult.ParseError
): Malformed => ({
  _tag: "Malformed",
  channel,
  payload,
  processId,
  error: new PgCodecError({
    direction: "decode",
    place: { _tag: "Argument", name: "payload" },
    type: "text",
    reason: Issue.reasonOf(Issue.of(error.issue)),
    sql: "",
    nothingSent: false,
    cause: error.issue
  })
})

/** The notifications of a stream, with their payloads through a Schema. Those that it refuses are emitted as such. */
export const through = <A>(
  events: Stream.Stream<ListenEvent<string>, PgListenError>,
  schema: Schema.Schema<A, string>
): Stream.Stream<Received<A> | Gap | Malformed, PgListenError> => {
  const decode = Schema.decode(schema)
  return Stream.mapEffect(events, (event): Effect.Effect<Received<A> | Gap | Malformed> =>
    event._tag === "Gap"
      ? Effect.succeed(event)
      : Effect.match(decode(event.payload), {
          onFailure: (error) => malformed(event, error),
          onSuccess: (payload) => ({ ...event, payload })
        })
  )
}
