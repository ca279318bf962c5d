/** Payloads: what may be sent as one, and reading them through a Schema. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import * as ArrayChunk from "../../connection/session/ArrayChunk.js"
import * as PullStream from "../../connection/session/PullStream.js"
import { PgCodecError } from "../../model/PgError.js"
import * as Issue from "../../schema/Issue.js"
import type { EventPull } from "./EventBuffer.js"
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
  issue: ParseResult.ParseIssue
): Malformed => ({
  _tag: "Malformed",
  channel,
  payload,
  processId,
  error: new PgCodecError({
    direction: "decode",
    place: { _tag: "Argument", name: "payload" },
    type: "text",
    reason: Issue.reasonOf(Issue.of(issue)),
    sql: "",
    nothingSent: false,
    cause: issue
  })
})

type Event<A> = Received<A> | Gap | Malformed

/** Whether the value is there, and need not be waited for. */
const isHere = <A, E>(value: Effect.Effect<A, E>): value is Either.Either<A, E> => Either.isEither(value)

/** Reads payloads in the order in which they came, each once. */
class PayloadReader<A> {
  private events: ReadonlyArray<ListenEvent<string>> = []
  /** Index in `events` of the one that is read next. */
  private at = 0
  private readonly decode: (payload: string) => Effect.Effect<A, ParseResult.ParseIssue>

  constructor(
    private readonly source: EventPull<ListenEvent<string>>,
    schema: Schema.Schema<A, string>
  ) {
    this.decode = ParseResult.decode(schema)
  }

  readonly pull: EventPull<Event<A>> = Effect.suspend(() =>
    this.at < this.events.length ? this.read() : this.refilled
  )

  private readonly refilled: EventPull<Event<A>> = Effect.suspend(() =>
    Effect.flatMap(this.source, (chunk) => {
      this.events = Chunk.toReadonlyArray(chunk)
      this.at = 0
      return this.read()
    })
  )

  /** All events, unless one of them has to be waited for: that is read alone, once those before it have been emitted. */
  private read(): Effect.Effect<Chunk.Chunk<Event<A>>> {
    const { events } = this
    const read: Array<Event<A>> = []
    for (; this.at < events.length; this.at++) {
      const event = events[this.at]!
      if (event._tag === "Gap") {
        read.push(event)
        continue
      }
      let value: Effect.Effect<Event<A>>
      try {
        value = this.valueOf(event)
      } catch (cause) {
        // A Schema that throws ends the stream, once those before have been emitted.
        if (read.length === 0) throw cause
        return Effect.succeed(ArrayChunk.make(read))
      }
      if (!isHere(value)) {
        if (read.length > 0) return Effect.succeed(ArrayChunk.make(read))
        this.at++
        return Effect.map(value, Chunk.of)
      }
      read.push(Either.merge(value))
    }
    this.events = []
    this.at = 0
    return Effect.succeed(ArrayChunk.make(read))
  }

  /** The value itself, where the Schema has it at once. */
  private valueOf(event: Received<string>): Effect.Effect<Event<A>> {
    const onRefused = (issue: ParseResult.ParseIssue): Malformed => malformed(event, issue)
    const onRead = (payload: A): Received<A> => ({ ...event, payload })
    const value = this.decode(event.payload)
    return isHere(value)
      ? Either.right(Either.match(value, { onLeft: onRefused, onRight: onRead }))
      : Effect.match(value, { onFailure: onRefused, onSuccess: onRead })
  }
}

/** The notifications of a buffer, with their payloads through a Schema. Those that it refuses are emitted as such. */
export const through = <A>(
  source: EventPull<ListenEvent<string>>,
  schema: Schema.Schema<A, string>
): Stream.Stream<Event<A>, PgListenError> => PullStream.make(new PayloadReader(source, schema).pull)
