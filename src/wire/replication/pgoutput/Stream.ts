/**
 * Large transactions sent before they end, in chunks.
 *
 * @see https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-STREAM-START
 */
import type { Lsn } from "../../../model/Lsn.js"
import type { PgTimestampTz } from "../../../model/PgTimestampTz.js"
import * as Field from "../../Field.js"
import * as Payload from "../Payload.js"
import * as ReplicationField from "../ReplicationField.js"

/** Byte `S`: a chunk begins. */
export interface StreamStart {
  readonly _tag: "StreamStart"
  /** Of the transaction itself, never of a part. */
  readonly xid: number
  /** Whether this is the transaction's first chunk. */
  readonly first: boolean
}
export const StreamStart = Payload.make<StreamStart>("StreamStart", "S", {
  xid: Field.uint32,
  first: ReplicationField.flag
})

/** Byte `E`: the chunk ends. */
export interface StreamStop {
  readonly _tag: "StreamStop"
}
export const StreamStop = Payload.make<StreamStop>("StreamStop", "E", {})

/** Byte `c`: the transaction is committed. */
export interface StreamCommit {
  readonly _tag: "StreamCommit"
  readonly xid: number
  /** Where the commit record begins. */
  readonly commitLsn: Lsn
  /** The position right after it. */
  readonly endLsn: Lsn
  readonly commitTime: PgTimestampTz
}
export const StreamCommit = Payload.make<StreamCommit>("StreamCommit", "c", {
  xid: ReplicationField.beforeNoFlags(Field.uint32),
  commitLsn: ReplicationField.uint64,
  endLsn: ReplicationField.uint64,
  commitTime: ReplicationField.time
})

/** Where and when a part or all was taken back. */
export interface AbortDetail {
  readonly lsn: Lsn
  readonly time: PgTimestampTz
}

const detail = Field.struct<AbortDetail>({ lsn: ReplicationField.uint64, time: ReplicationField.time })

/** Byte `A`: the transaction, or one of its parts, is taken back. */
export interface StreamAbort {
  readonly _tag: "StreamAbort"
  /** Of the transaction itself. */
  readonly xid: number
  /** Of the part that is taken back; equal to `xid` when all of it is. */
  readonly subxid: number
  /** Sent when `streaming` is `parallel`, else `undefined`. */
  readonly detail: AbortDetail | undefined
}
export const StreamAbort = Payload.make<StreamAbort>("StreamAbort", "A", {
  xid: Field.uint32,
  subxid: Field.uint32,
  detail: {
    least: 0,
    read: (reader) => (reader.remaining === 0 ? undefined : detail.read(reader)),
    write: (writer, value) => {
      if (value !== undefined) detail.write(writer, value)
    }
  }
})
