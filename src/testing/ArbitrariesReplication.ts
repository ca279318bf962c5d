/** Random values of every payload of streaming replication and of every message of `pgoutput`. */
import * as fc from "effect/FastCheck"
import { PgTimestampTz } from "../model/PgTimestampTz.js"
import type { ClientWalMessage, ServerWalMessage } from "../wire/replication/WalMessage.js"
import type * as Wal from "../wire/replication/WalMessage.js"
import type * as PgOutput from "../wire/replication/PgOutput.js"
import type { PgOutputTuple, TupleColumn } from "../wire/replication/PgOutputTuple.js"
import { bytes, oid, text } from "./Arbitraries.js"

/** The fields of a message as arbitraries; a missing or wrong one does not compile. */
type FieldsOf<A> = { readonly [K in Exclude<keyof A, "_tag">]: fc.Arbitrary<A[K]> }

const make = <A extends { readonly _tag: string }>(tag: A["_tag"], fields: FieldsOf<A>): fc.Arbitrary<A> =>
  fc.record<Record<string, unknown>>(fields).map((values) => ({ _tag: tag, ...values }) as never)

const most = 2n ** 64n - 1n
/** Any position, `0/0` too. */
export const lsn: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: 0n, max: most }),
  fc.constantFrom(0n, 1n, 0xffff_ffffn, 0x1_0000_0000n, 2n ** 63n, most)
)
/** Any position but `0/0`. */
export const position: fc.Arbitrary<bigint> = lsn.map((value) => (value === 0n ? 1n : value))
const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
/** A time in microseconds since 2000-01-01. */
export const time: fc.Arbitrary<PgTimestampTz> = fc
  .tuple(int32, int32)
  .map(([high, low]) => new PgTimestampTz(high, low))
/** A transaction id. */
export const xid: fc.Arbitrary<number> = fc.integer({ min: 1, max: 0xffff_ffff })

/** Any `XLogData`. */
export const xLogData = make<Wal.XLogData>("XLogData", { start: lsn, end: lsn, time, data: bytes })
/** Any `PrimaryKeepalive`. */
export const primaryKeepalive = make<Wal.PrimaryKeepalive>("PrimaryKeepalive", {
  end: lsn,
  time,
  replyRequested: fc.boolean()
})
/** Any `PrimaryStatus`. */
export const primaryStatus = make<Wal.PrimaryStatus>("PrimaryStatus", {
  written: lsn,
  oldestCommitting: lsn,
  next: lsn,
  time
})
/** Any `StandbyStatus`. */
export const standbyStatus = make<Wal.StandbyStatus>("StandbyStatus", {
  written: lsn,
  flushed: lsn,
  applied: lsn,
  time,
  replyRequested: fc.boolean()
})
/** Any `HotStandbyFeedback`. */
export const hotStandbyFeedback = make<Wal.HotStandbyFeedback>("HotStandbyFeedback", {
  time,
  xmin: oid,
  xminEpoch: oid,
  catalogXmin: oid,
  catalogXminEpoch: oid
})
/** Any `PrimaryStatusRequest`. */
export const primaryStatusRequest = make<Wal.PrimaryStatusRequest>("PrimaryStatusRequest", { time })

/** Any payload of a server. */
export const serverWalMessage: fc.Arbitrary<ServerWalMessage> = fc.oneof(
  xLogData,
  primaryKeepalive,
  primaryStatus
)
/** Any payload of a client. */
export const clientWalMessage: fc.Arbitrary<ClientWalMessage> = fc.oneof(
  standbyStatus,
  hotStandbyFeedback,
  primaryStatusRequest
)

/** A value of a tuple: NULL, unchanged TOAST, text or binary. */
export const tupleColumn: fc.Arbitrary<TupleColumn> = fc.oneof(
  fc.constantFrom<Array<TupleColumn>>({ _tag: "Null" }, { _tag: "Unchanged" }),
  fc.record({ _tag: fc.constant("Text" as const), bytes }),
  fc.record({ _tag: fc.constant("Binary" as const), bytes })
)
/** A tuple of pgoutput. */
export const tuple: fc.Arbitrary<PgOutputTuple> = fc.array(tupleColumn, { maxLength: 40 })
const oldTuple = fc.record({ kind: fc.constantFrom("key" as const, "full" as const), tuple })
const column = fc.record({ key: fc.boolean(), name: text, typeOid: oid, typeModifier: int32 })

/** Messages that begin with a transaction id in a streamed chunk, and only there. */
const streamed = (id: fc.Arbitrary<number | undefined>) =>
  fc.oneof(
    make<PgOutput.Insert>("Insert", { xid: id, relationId: oid, new: tuple }),
    make<PgOutput.Update>("Update", {
      xid: id,
      relationId: oid,
      old: fc.option(oldTuple, { nil: undefined }),
      new: tuple
    }),
    make<PgOutput.Delete>("Delete", { xid: id, relationId: oid, old: oldTuple }),
    make<PgOutput.Truncate>("Truncate", {
      xid: id,
      options: fc.record({ cascade: fc.boolean(), restartIdentity: fc.boolean() }),
      relationIds: fc.array(oid, { maxLength: 6 })
    }),
    make<PgOutput.LogicalDecodingMessage>("LogicalMessage", {
      xid: id,
      transactional: fc.boolean(),
      lsn,
      prefix: text,
      content: bytes
    }),
    make<PgOutput.RelationMessage>("Relation", {
      xid: id,
      id: oid,
      namespace: text,
      name: text,
      identity: fc.constantFrom<Array<PgOutput.ReplicaIdentity>>("default", "nothing", "full", "index"),
      columns: fc.array(column, { maxLength: 6 })
    }),
    make<PgOutput.Type>("Type", { xid: id, oid, namespace: text, name: text })
  )

/** Any message that may stand in a streamed chunk and has its transaction's id there. */
export const messageInStream: fc.Arbitrary<PgOutput.PgOutputMessage> = streamed(xid)

const prepared = { prepareLsn: position, endLsn: position, prepareTime: time, xid, gid: text }

/** Any message outside of a streamed chunk. */
export const message: fc.Arbitrary<PgOutput.PgOutputMessage> = fc.oneof(
  { weight: 7, arbitrary: streamed(fc.constant(undefined)) },
  make<PgOutput.BeginMessage>("Begin", { finalLsn: position, commitTime: time, xid }),
  make<PgOutput.CommitMessage>("Commit", { commitLsn: lsn, endLsn: lsn, commitTime: time }),
  make<PgOutput.OriginMessage>("Origin", { commitLsn: lsn, name: text }),
  make<PgOutput.StreamStart>("StreamStart", { xid, first: fc.boolean() }),
  make<PgOutput.StreamStop>("StreamStop", {}),
  make<PgOutput.StreamCommit>("StreamCommit", { xid, commitLsn: lsn, endLsn: lsn, commitTime: time }),
  make<PgOutput.StreamAbort>("StreamAbort", {
    xid,
    subxid: xid,
    detail: fc.option(fc.record({ lsn, time }), { nil: undefined })
  }),
  make<PgOutput.BeginPrepare>("BeginPrepare", prepared),
  make<PgOutput.PrepareMessage>("Prepare", prepared),
  make<PgOutput.StreamPrepare>("StreamPrepare", prepared),
  make<PgOutput.CommitPreparedMessage>("CommitPrepared", {
    commitLsn: position,
    endLsn: position,
    commitTime: time,
    xid,
    gid: text
  }),
  make<PgOutput.RollbackPreparedMessage>("RollbackPrepared", {
    prepareEndLsn: position,
    endLsn: position,
    prepareTime: time,
    rollbackTime: time,
    xid,
    gid: text
  })
)
