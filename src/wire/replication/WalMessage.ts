/**
 * The messages of both sides while the write-ahead log, or the changes decoded from it, are streamed: payloads of
 * `CopyData`, each with a tag of its own. Positions are unsigned; times are instants of the sender's clock, to the
 * microsecond.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-START-REPLICATION
 */
import type * as Either from "effect/Either"
import type { ByteWriter } from "../../bytes/ByteWriter.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgTimestampTz } from "../../model/PgTimestampTz.js"
import * as Field from "../Field.js"
import type { MalformedMessage } from "../MalformedMessage.js"
import * as Payload from "./Payload.js"
import * as ReplicationField from "./ReplicationField.js"

/** Server, byte `w`: a piece of the log, or one message of the slot's plugin. */
export interface XLogData {
  readonly _tag: "XLogData"
  /** Where the data begins; for a plugin's message the position of the change, `0/0` for one that has none. */
  readonly start: Lsn
  /** The server's end of the log; for a plugin's message the same as `start`. */
  readonly end: Lsn
  readonly time: PgTimestampTz
  readonly data: Uint8Array
}
export const XLogData = Payload.make<XLogData>("XLogData", "w", {
  start: ReplicationField.uint64,
  end: ReplicationField.uint64,
  time: ReplicationField.time,
  data: Field.rest
})

/** Server, byte `k`: still here, and this far. */
export interface PrimaryKeepalive {
  readonly _tag: "PrimaryKeepalive"
  /** The server's end of the log; with a plugin, everything before it has been decoded and sent. */
  readonly end: Lsn
  readonly time: PgTimestampTz
  /** True when the server hangs up unless it gets a message from us soon. */
  readonly replyRequested: boolean
}
export const PrimaryKeepalive = Payload.make<PrimaryKeepalive>("PrimaryKeepalive", "k", {
  end: ReplicationField.uint64,
  time: ReplicationField.time,
  replyRequested: ReplicationField.flag
})

/** Server, byte `s`, from 19 on: the answer to `PrimaryStatusRequest`. */
export interface PrimaryStatus {
  readonly _tag: "PrimaryStatus"
  /** How far the log has been written. */
  readonly written: Lsn
  /** The oldest transaction that is committing, epoch in the upper half. */
  readonly oldestCommitting: bigint
  /** The next transaction to begin, epoch in the upper half. */
  readonly next: bigint
  readonly time: PgTimestampTz
}
export const PrimaryStatus = Payload.make<PrimaryStatus>("PrimaryStatus", "s", {
  written: ReplicationField.uint64,
  oldestCommitting: ReplicationField.uint64,
  next: ReplicationField.uint64,
  time: ReplicationField.time
})

/** Client, byte `r`: how far it is. Each position is the one after the last byte. */
export interface StandbyStatus {
  readonly _tag: "StandbyStatus"
  readonly written: Lsn
  /** The only one that moves the slot; `0/0` states nothing. */
  readonly flushed: Lsn
  readonly applied: Lsn
  readonly time: PgTimestampTz
  /** True to have a keepalive at once. */
  readonly replyRequested: boolean
}
export const StandbyStatus = Payload.make<StandbyStatus>("StandbyStatus", "r", {
  written: ReplicationField.uint64,
  flushed: ReplicationField.uint64,
  applied: ReplicationField.uint64,
  time: ReplicationField.time,
  replyRequested: ReplicationField.flag
})

/** Client, byte `h`: the oldest transactions it still needs; 0 with epoch 0 for none. */
export interface HotStandbyFeedback {
  readonly _tag: "HotStandbyFeedback"
  readonly time: PgTimestampTz
  readonly xmin: number
  readonly xminEpoch: number
  readonly catalogXmin: number
  readonly catalogXminEpoch: number
}
export const HotStandbyFeedback = Payload.make<HotStandbyFeedback>("HotStandbyFeedback", "h", {
  time: ReplicationField.time,
  xmin: Field.uint32,
  xminEpoch: Field.uint32,
  catalogXmin: Field.uint32,
  catalogXminEpoch: Field.uint32
})

/** Client, byte `p`, to servers from 19 on: asks for `PrimaryStatus`. */
export interface PrimaryStatusRequest {
  readonly _tag: "PrimaryStatusRequest"
  readonly time: PgTimestampTz
}
export const PrimaryStatusRequest = Payload.make<PrimaryStatusRequest>("PrimaryStatusRequest", "p", {
  time: ReplicationField.time
})

/** Every message that a server sends in a stream. */
export type ServerWalMessage = XLogData | PrimaryKeepalive | PrimaryStatus
/** Every message that a client sends in a stream. */
export type ClientWalMessage = StandbyStatus | HotStandbyFeedback | PrimaryStatusRequest

const server = Payload.among<ServerWalMessage>("WAL message", { XLogData, PrimaryKeepalive, PrimaryStatus })
const client = Payload.among<ClientWalMessage>("standby message", {
  StandbyStatus,
  HotStandbyFeedback,
  PrimaryStatusRequest
})

type Decode<A> = (bytes: Uint8Array, start?: number, end?: number) => Either.Either<A, MalformedMessage>
type Encode<A> = (writer: ByteWriter, message: A) => boolean

/** Reads what a server sent: `bytes[start, end)` is the whole payload of one `CopyData`. See `WalView` for many of them. */
export const decodeServer: Decode<ServerWalMessage> = (bytes, start = 0, end = bytes.length) =>
  server.decode(bytes, start, end, false)
/** Reads what a client sent. */
export const decodeClient: Decode<ClientWalMessage> = (bytes, start = 0, end = bytes.length) =>
  client.decode(bytes, start, end, false)
/** Appends the payload; false, with the failure on the writer and nothing appended, when it cannot be written. */
export const encodeServer: Encode<ServerWalMessage> = server.encode
/** Appends the payload; false, with the failure on the writer and nothing appended, when it cannot be written. */
export const encodeClient: Encode<ClientWalMessage> = client.encode
/** Appends the payload inside its `CopyData` frame. */
export const encodeServerFrame: Encode<ServerWalMessage> = server.encodeFrame
/** Appends the payload inside its `CopyData` frame. */
export const encodeClientFrame: Encode<ClientWalMessage> = client.encodeFrame
