/**
 * The frame of a plain transaction.
 *
 * @see https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-BEGIN
 */
import type { Lsn } from "../../../model/Lsn.js"
import type { PgTimestampTz } from "../../../model/PgTimestampTz.js"
import * as Field from "../../Field.js"
import * as Payload from "../Payload.js"
import * as ReplicationField from "../ReplicationField.js"

/** Byte `B`. */
export interface BeginMessage {
  readonly _tag: "Begin"
  /** Where the commit record begins: `commitLsn` of the Commit to come. */
  readonly finalLsn: Lsn
  readonly commitTime: PgTimestampTz
  readonly xid: number
}
export const BeginMessage = Payload.make<BeginMessage>("Begin", "B", {
  finalLsn: ReplicationField.position,
  commitTime: ReplicationField.time,
  xid: Field.uint32
})

/** Byte `C`. */
export interface CommitMessage {
  readonly _tag: "Commit"
  /** Where the commit record begins. */
  readonly commitLsn: Lsn
  /** The position right after it: what is acknowledged once the transaction is safe. */
  readonly endLsn: Lsn
  readonly commitTime: PgTimestampTz
}
export const CommitMessage = Payload.make<CommitMessage>("Commit", "C", {
  commitLsn: ReplicationField.afterNoFlags(ReplicationField.uint64),
  endLsn: ReplicationField.uint64,
  commitTime: ReplicationField.time
})

/** Byte `O`: the transaction was replayed on the server from another node. Never has a transaction id. */
export interface OriginMessage {
  readonly _tag: "Origin"
  /** Where it committed there; `0/0` when it is still being streamed. */
  readonly commitLsn: Lsn
  readonly name: string
}
export const OriginMessage = Payload.make<OriginMessage>("Origin", "O", {
  commitLsn: ReplicationField.uint64,
  name: Field.cstring
})
