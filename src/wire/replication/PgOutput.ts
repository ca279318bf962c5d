/**
 * The messages of the plugin `pgoutput`, protocol versions 1 to 4: each is the data of one `XLogData`.
 *
 * The same bytes mean different things inside and outside a streamed chunk, so reading has a state, which `Decoder`
 * keeps. `decode` is without state and makes a value of everything; it is the decoder's plain twin.
 *
 * @see https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 */
import type * as Either from "effect/Either"
import { ByteReader } from "../../bytes/ByteReader.js"
import type { ByteWriter } from "../../bytes/ByteWriter.js"
import type { MalformedMessage } from "../MalformedMessage.js"
import * as View from "./ChangeView.js"
import * as Payload from "./Payload.js"
import * as Change from "./pgoutput/Change.js"
import * as Schema from "./pgoutput/Schema.js"
import * as Stream from "./pgoutput/Stream.js"
import * as Transaction from "./pgoutput/Transaction.js"
import * as TwoPhase from "./pgoutput/TwoPhase.js"

export type { Delete, Insert, LogicalDecodingMessage, OldTuple, Truncate, Update } from "./pgoutput/Change.js"
export type { RelationMessage, RelationColumn, ReplicaIdentity, Type } from "./pgoutput/Schema.js"
export type { AbortDetail, StreamAbort, StreamCommit, StreamStart, StreamStop } from "./pgoutput/Stream.js"
export type { BeginMessage, CommitMessage, OriginMessage } from "./pgoutput/Transaction.js"
export type {
  BeginPrepare,
  CommitPreparedMessage,
  PrepareMessage,
  RollbackPreparedMessage,
  StreamPrepare
} from "./pgoutput/TwoPhase.js"

/** The changes with rows, which `Decoder` reads without making a value of them. */
export type RowMessage = Change.Insert | Change.Update | Change.Delete

/** Everything else. */
export type ControlMessage =
  | Change.LogicalDecodingMessage
  | Change.Truncate
  | Schema.RelationMessage
  | Schema.Type
  | Stream.StreamAbort
  | Stream.StreamCommit
  | Stream.StreamStart
  | Stream.StreamStop
  | Transaction.BeginMessage
  | Transaction.CommitMessage
  | Transaction.OriginMessage
  | TwoPhase.BeginPrepare
  | TwoPhase.CommitPreparedMessage
  | TwoPhase.PrepareMessage
  | TwoPhase.RollbackPreparedMessage
  | TwoPhase.StreamPrepare

/** Every message of `pgoutput`. */
export type PgOutputMessage = RowMessage | ControlMessage

const all = Payload.among<PgOutputMessage>("pgoutput message", {
  Insert: Change.Insert,
  Update: Change.Update,
  Delete: Change.Delete,
  Truncate: Change.Truncate,
  LogicalMessage: Change.LogicalDecodingMessage,
  Relation: Schema.RelationMessage,
  Type: Schema.Type,
  StreamStart: Stream.StreamStart,
  StreamStop: Stream.StreamStop,
  StreamCommit: Stream.StreamCommit,
  StreamAbort: Stream.StreamAbort,
  Begin: Transaction.BeginMessage,
  Commit: Transaction.CommitMessage,
  Origin: Transaction.OriginMessage,
  BeginPrepare: TwoPhase.BeginPrepare,
  Prepare: TwoPhase.PrepareMessage,
  StreamPrepare: TwoPhase.StreamPrepare,
  CommitPrepared: TwoPhase.CommitPreparedMessage,
  RollbackPrepared: TwoPhase.RollbackPreparedMessage
})

/** The manual's name of the message with this tag; `undefined` when no message has it. */
export const kindOf = (tag: number): string | undefined => all.byTag(tag)?.kind

/**
 * Reads the message at `bytes[start, end)`, tag included; `inStream`: whether it stands between Stream Start and
 * Stream Stop. Nothing in it is a view of `bytes`.
 */
export const decode = (
  bytes: Uint8Array,
  inStream: boolean,
  start = 0,
  end = bytes.length
): Either.Either<PgOutputMessage, MalformedMessage> => all.decode(bytes, start, end, inStream)

/**
 * Appends the message; false, with the failure on the writer and nothing appended, when it cannot be written. An `xid`
 * is written where there is one: whether there must be one is for the caller, which knows where the message stands.
 */
export const encode: (writer: ByteWriter, message: PgOutputMessage) => boolean = all.encode

/** What was asked for of transactions in progress: it decides which messages may come, and the length of one. */
export type StreamingMode = "off" | "on" | "parallel"

/**
 * Messages that come only where streaming was asked for: `S`, `E`, `c`, `p`. An abort is not among them: when 18 throws
 * away a large transaction that it finds aborted, it reports its parts, of which nothing was sent, whatever was asked for.
 */
const streamTags: ReadonlySet<number> = new Set(
  [Stream.StreamStart, Stream.StreamStop, Stream.StreamCommit, TwoPhase.StreamPrepare].map(({ tag }) => tag)
)

/** Messages that stand inside a chunk as well as outside: changes, what describes them, and where they came from. */
const tagsInside: ReadonlySet<number> = new Set(
  [
    Change.Insert,
    Change.Update,
    Change.Delete,
    Change.Truncate,
    Change.LogicalDecodingMessage,
    Schema.RelationMessage,
    Schema.Type,
    Transaction.OriginMessage,
    Stream.StreamStop
  ].map(({ tag }) => tag)
)

/**
 * Reads the messages of one connection in their order. After a failure the stream cannot be trusted: nothing more may
 * be asked of the decoder.
 */
export class Decoder {
  private readonly reader = new ByteReader(new Uint8Array(0))
  private readonly change = new View.ChangeView()
  private inside: boolean

  /** `inStream`: whether the first message stands inside a chunk already, as those that were kept aside do. */
  constructor(
    readonly streaming: StreamingMode,
    inStream = false
  ) {
    this.inside = inStream
  }

  /** Whether the next message stands inside a streamed chunk. */
  get inStream(): boolean {
    return this.inside
  }

  /**
   * The message at `bytes[start, end)`. A change with rows comes as the decoder's one `ChangeView`, good until the next
   * call and as long as `bytes` are what they are; every other message owns what it has.
   */
  next(bytes: Uint8Array, start: number, end: number): View.ChangeView | ControlMessage | MalformedMessage {
    if (start >= end) return Payload.malformed("pgoutput message", undefined, "a message without a tag")
    const tag = bytes[start]!
    const reader = this.reader.reset(bytes, start + 1, end)
    if (tag === View.insert || tag === View.update || tag === View.deletion) {
      this.change.read(reader, tag, this.inside)
      reader.finish()
      return reader.failure === null ? this.change : this.malformed(tag, reader.failure)
    }
    return this.control(tag, reader)
  }

  private control(tag: number, reader: ByteReader): ControlMessage | MalformedMessage {
    const payload = all.byTag(tag)
    if (payload === undefined) return this.malformed(tag, "no message has this tag")
    if (this.streaming === "off" && streamTags.has(tag))
      return this.malformed(tag, "streaming was not asked for")
    if (this.inside && !tagsInside.has(tag)) return this.malformed(tag, "not inside a streamed chunk")
    if (!this.inside && tag === Stream.StreamStop.tag) return this.malformed(tag, "no streamed chunk is open")
    // The three that are not control messages have been read before.
    const message = payload.read(reader, this.inside) as ControlMessage
    reader.finish()
    if (reader.failure !== null) return this.malformed(tag, reader.failure)
    if (message._tag === "StreamStart") this.inside = true
    else if (message._tag === "StreamStop") this.inside = false
    else if (
      message._tag === "StreamAbort" &&
      (message.detail !== undefined) !== (this.streaming === "parallel")
    ) {
      return this.malformed(tag, "its length is not that of the streaming asked for")
    }
    return message
  }

  private malformed(tag: number, reason: string): MalformedMessage {
    return Payload.malformed(kindOf(tag) ?? "pgoutput message", tag, reason)
  }
}
