/** The history of a timeline as the server sends it: the file's bytes, and its content. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { PgSessionError, PgUsageError } from "../../model/PgError.js"
import { PgCodecError } from "../../model/PgError.js"
import * as Oid from "../../model/Oid.js"
import type { Codec } from "../../types/Codec.js"
import { Registry } from "../../types/Registry.js"
import * as TimelineHistory from "../../wire/replication/TimelineHistory.js"
import * as Answers from "./Answers.js"
import * as Command from "./Command.js"

/** The history file of a timeline. */
export interface TimelineHistoryFile {
  readonly timeline: number
  /** `00000002.history`: always the name that belongs to `timeline`, so it can be made a path. */
  readonly name: string
  /** The file byte for byte: what an archive keeps. */
  readonly content: Uint8Array
  /** The timelines that were left, the first one first. */
  readonly entries: TimelineHistory.TimelineHistory
}

/** A column as it lies in the message: the server claims that the file is text, and its bytes are those of the file. */
const raw = (name: string, oid: number): Codec => ({
  name,
  oid,
  arrayOid: 0,
  delimiter: ",",
  decodeText: (reader, at, length) => reader.bytes.slice(at, at + length),
  decodeBinary: undefined,
  encodeText: (writer) => writer.fail("bytes of an answer are not sent"),
  encodeBinary: undefined
})

const bytes = Registry.make([raw("text", Oid.text), raw("bytea", Oid.bytea)])

const sql = "TIMELINE_HISTORY"

const refused = (column: string, reason: string): PgCodecError =>
  new PgCodecError({
    direction: "decode",
    place: { _tag: "Column", column, index: column === "filename" ? 0 : 1 },
    type: "timeline history",
    reason,
    sql,
    nothingSent: false
  })

/**
 * The history file of a timeline, which states where the timelines before it ended. The first timeline has none: the server fails
 * with `58P01`, as for a timeline that it does not know.
 *
 * Fails with `PgCodecError` when the server sends a file of another name, or a content that is no history of this timeline.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-TIMELINE-HISTORY
 */
export const history = (
  connection: PgConnection,
  timeline: number
): Effect.Effect<TimelineHistoryFile, PgSessionError | PgUsageError> =>
  Effect.gen(function* () {
    const row = yield* Answers.ask(connection, Command.timelineHistory(timeline), { types: bytes })
    const filename = row["filename"]
    const content = row["content"]
    const name = TimelineHistory.fileName(timeline)
    if (!(filename instanceof Uint8Array) || new TextDecoder("latin1").decode(filename) !== name) {
      return yield* Effect.fail(refused("filename", `the name of the file must be ${name}`))
    }
    if (!(content instanceof Uint8Array)) return yield* Effect.fail(refused("content", "there is no content"))
    const entries = TimelineHistory.decode(content, timeline)
    return Either.isLeft(entries)
      ? yield* Effect.fail(refused("content", entries.left.reason))
      : { timeline, name, content, entries: entries.right }
  })

/** The timelines that the history of `timeline` has left. The first timeline has no history. */
export const entriesOf = (
  connection: PgConnection,
  timeline: number
): Effect.Effect<TimelineHistory.TimelineHistory, PgSessionError | PgUsageError> =>
  timeline === 1 ? Effect.succeed([]) : Effect.map(history(connection, timeline), ({ entries }) => entries)
