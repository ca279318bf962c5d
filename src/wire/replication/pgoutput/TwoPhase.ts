/**
 * Transactions prepared for two-phase commit. A slot made for them sends these whatever protocol version is asked for.
 *
 * @see https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-BEGIN-PREPARE
 */
import type { Lsn } from "../../../model/Lsn.js"
import type { PgTimestampTz } from "../../../model/PgTimestampTz.js"
import * as Field from "../../Field.js"
import * as Payload from "../Payload.js"
import * as ReplicationField from "../ReplicationField.js"

interface PreparedFields {
  /** Where the prepare record begins. */
  readonly prepareLsn: Lsn
  /** The position right after it. */
  readonly endLsn: Lsn
  readonly prepareTime: PgTimestampTz
  readonly xid: number
  /** The name given to PREPARE TRANSACTION; may be used again once that transaction is over. */
  readonly gid: string
}

const afterPrepareLsn = {
  endLsn: ReplicationField.position,
  prepareTime: ReplicationField.time,
  xid: Field.uint32,
  gid: Field.cstring
}

/** Byte `b`: the changes of a prepared transaction follow. */
export interface BeginPrepare extends PreparedFields {
  readonly _tag: "BeginPrepare"
}
export const BeginPrepare = Payload.make<BeginPrepare>("BeginPrepare", "b", {
  prepareLsn: ReplicationField.position,
  ...afterPrepareLsn
})

/** Byte `P`: that was all of them; whether they count is reported later. */
export interface PrepareMessage extends PreparedFields {
  readonly _tag: "Prepare"
}
export const PrepareMessage = Payload.make<PrepareMessage>("Prepare", "P", {
  prepareLsn: ReplicationField.afterNoFlags(ReplicationField.position),
  ...afterPrepareLsn
})

/** Byte `p`: a transaction that came in chunks is prepared. */
export interface StreamPrepare extends PreparedFields {
  readonly _tag: "StreamPrepare"
}
export const StreamPrepare = Payload.make<StreamPrepare>("StreamPrepare", "p", {
  prepareLsn: ReplicationField.afterNoFlags(ReplicationField.position),
  ...afterPrepareLsn
})

/** Byte `K`: they count. */
export interface CommitPreparedMessage {
  readonly _tag: "CommitPrepared"
  readonly commitLsn: Lsn
  readonly endLsn: Lsn
  readonly commitTime: PgTimestampTz
  readonly xid: number
  readonly gid: string
}
export const CommitPreparedMessage = Payload.make<CommitPreparedMessage>("CommitPrepared", "K", {
  commitLsn: ReplicationField.afterNoFlags(ReplicationField.position),
  endLsn: ReplicationField.position,
  commitTime: ReplicationField.time,
  xid: Field.uint32,
  gid: Field.cstring
})

/** Byte `r`: they do not. */
export interface RollbackPreparedMessage {
  readonly _tag: "RollbackPrepared"
  /** The position right after the prepare record. */
  readonly prepareEndLsn: Lsn
  /** The position right after the record of the rollback. */
  readonly endLsn: Lsn
  readonly prepareTime: PgTimestampTz
  readonly rollbackTime: PgTimestampTz
  readonly xid: number
  readonly gid: string
}
export const RollbackPreparedMessage = Payload.make<RollbackPreparedMessage>("RollbackPrepared", "r", {
  prepareEndLsn: ReplicationField.afterNoFlags(ReplicationField.position),
  endLsn: ReplicationField.position,
  prepareTime: ReplicationField.time,
  rollbackTime: ReplicationField.time,
  xid: Field.uint32,
  gid: Field.cstring
})
