/**
 * The order of transactions in a `pgoutput` stream, as a reducer over its messages: what may stand where, which
 * transaction a change belongs to, and what becomes of those that come in chunks before they end.
 *
 * Rows do not pass through here: a change is asked about with `change`, everything else goes through `next`.
 *
 * @see https://www.postgresql.org/docs/current/protocol-logical-replication.html#PROTOCOL-LOGICAL-MESSAGES-FLOW
 */
import type { Lsn } from "../../model/Lsn.js"
import type { PgTimestampTz } from "../../model/PgTimestampTz.js"
import type { ControlMessage } from "../../wire/replication/PgOutput.js"
import type * as PgOutput from "../../wire/replication/PgOutput.js"
import type { Disorder } from "./ChangeFailure.js"
import type {
  Commit,
  CommitPrepared,
  Origin,
  Prepare,
  RollbackPrepared,
  TransactionInfo
} from "./LogicalEvent.js"

/** Most parts of one streamed transaction that may be taken back: each is remembered until the transaction ends. */
export const maxAbortedParts = 1_000_000

/** What to do with a message. */
export type TransactionStep =
  | Nothing
  | Deliver
  | Spill
  | Discard
  | Replay
  | Disorder
  /** The transaction is complete. */
  | Commit
  | Prepare
  | CommitPrepared
  | RollbackPrepared

/** It was for the order alone. */
export interface Nothing {
  readonly _tag: "Nothing"
}

/** It counts now: for this transaction, or for none. */
export interface Deliver {
  readonly _tag: "Deliver"
  readonly transaction: TransactionInfo | undefined
}

/** It waits with the others of this streamed transaction. */
export interface Spill {
  readonly _tag: "Spill"
  readonly xid: number
}

/** All that waits of this transaction is void. */
export interface Discard {
  readonly _tag: "Discard"
  readonly xid: number
}

/** All that waits of this transaction counts, but for the parts in `aborted`; afterwards the transaction ends with `end`. */
export interface Replay {
  readonly _tag: "Replay"
  readonly xid: number
  readonly transaction: TransactionInfo
  readonly aborted: ReadonlySet<number>
  readonly end: Commit | Prepare
}

/** A transaction while it comes: its origin comes after its beginning. */
class Arriving implements TransactionInfo {
  origin: Origin | undefined = undefined
  constructor(
    readonly xid: number,
    readonly commitLsn: Lsn,
    readonly time: PgTimestampTz,
    readonly gid: string | undefined,
    readonly streamed: boolean
  ) {}
}

/** A transaction that comes in chunks. */
class Streamed {
  readonly aborted = new Set<number>()
  readonly spill: Spill
  origin: Origin | undefined = undefined
  constructor(xid: number) {
    this.spill = { _tag: "Spill", xid }
  }
}

type State =
  | { readonly _tag: "Between" }
  /** From Begin or Begin Prepare to its end. One object per transaction serves as the answer for all of its changes. */
  | { readonly _tag: "Inside"; readonly transaction: Arriving; readonly deliver: Deliver }
  /** From Stream Start to Stream Stop. */
  | { readonly _tag: "Chunk"; readonly streamed: Streamed }

const nothing: Nothing = { _tag: "Nothing" }
const between: State = { _tag: "Between" }
const alone: Deliver = { _tag: "Deliver", transaction: undefined }

const disorder = (kind: string, reason: string): Disorder => ({ _tag: "Disorder", kind, reason })

export class Transactions {
  private state: State = between
  private readonly streams = new Map<number, Streamed>()
  private readonly prepared = new Set<string>()

  /** Whether a transaction has begun and not ended. Those in chunks do not count: they come whole again if need be. */
  get isArriving(): boolean {
    return this.state._tag === "Inside"
  }

  /** Ids of the transactions that wait in chunks. */
  get waiting(): Iterable<number> {
    return this.streams.keys()
  }

  /** What to do with a change of rows. */
  change(kind: string): Deliver | Spill | Disorder {
    const state = this.state
    if (state._tag === "Inside") return state.deliver
    if (state._tag === "Chunk") return state.streamed.spill
    return disorder(kind, "a change outside a transaction")
  }

  next(message: ControlMessage): TransactionStep {
    const state = this.state
    switch (message._tag) {
      case "Truncate":
        return this.change(message._tag)
      case "LogicalMessage":
        return message.transactional ? this.change(message._tag) : alone
      case "Relation":
      case "Type":
        return state._tag === "Between" ? alone : this.change(message._tag)
      case "Begin":
        return this.begin(
          message._tag,
          new Arriving(message.xid, message.finalLsn, message.commitTime, undefined, false)
        )
      case "BeginPrepare":
        return this.begin(
          message._tag,
          new Arriving(message.xid, message.prepareLsn, message.prepareTime, message.gid, false)
        )
      case "Origin":
        return this.origin(message)
      case "Commit":
        return this.commit(message)
      case "Prepare":
        return this.prepare(message)
      case "StreamStart":
        return this.streamStart(message)
      case "StreamStop":
        if (state._tag !== "Chunk") return disorder(message._tag, "no streamed chunk is open")
        this.state = between
        return nothing
      case "StreamAbort":
        return this.streamAbort(message)
      case "StreamCommit":
        return this.replay(message._tag, message.xid, message.endLsn, "Commit", (streamed) =>
          arrived(streamed, message.xid, message.commitLsn, message.commitTime, undefined)
        )
      case "StreamPrepare": {
        const step = this.replay(message._tag, message.xid, message.endLsn, "Prepare", (streamed) =>
          arrived(streamed, message.xid, message.prepareLsn, message.prepareTime, message.gid)
        )
        if (step._tag === "Replay") this.prepared.add(nameOf(message))
        return step
      }
      case "CommitPrepared":
        return this.endPrepared(message, (seen) => ({
          _tag: "CommitPrepared",
          xid: message.xid,
          gid: message.gid,
          time: message.commitTime,
          commitLsn: message.commitLsn,
          endLsn: message.endLsn,
          seen
        }))
      case "RollbackPrepared":
        return this.endPrepared(message, (seen) => ({
          _tag: "RollbackPrepared",
          xid: message.xid,
          gid: message.gid,
          time: message.rollbackTime,
          prepareEndLsn: message.prepareEndLsn,
          prepareTime: message.prepareTime,
          endLsn: message.endLsn,
          seen
        }))
    }
  }

  private begin(kind: string, transaction: Arriving): TransactionStep {
    if (this.state._tag !== "Between") return disorder(kind, "another transaction has not ended")
    this.state = { _tag: "Inside", transaction, deliver: { _tag: "Deliver", transaction } }
    return nothing
  }

  private origin({ commitLsn, name }: PgOutput.OriginMessage): TransactionStep {
    const state = this.state
    if (state._tag === "Between") return disorder("Origin", "an origin outside a transaction")
    const holder = state._tag === "Inside" ? state.transaction : state.streamed
    holder.origin = { name, commitLsn }
    return nothing
  }

  private commit(message: PgOutput.CommitMessage): TransactionStep {
    const state = this.state
    if (state._tag !== "Inside" || state.transaction.gid !== undefined) {
      return disorder("Commit", "no plain transaction has begun")
    }
    const { transaction } = state
    if (message.commitLsn !== transaction.commitLsn) {
      return disorder("Commit", "its position is not the one that the transaction began with")
    }
    this.state = between
    return { _tag: "Commit", transaction, endLsn: message.endLsn }
  }

  private prepare(message: PgOutput.PrepareMessage): TransactionStep {
    const state = this.state
    if (state._tag !== "Inside" || state.transaction.gid === undefined) {
      return disorder("Prepare", "no prepared transaction has begun")
    }
    const { transaction } = state
    if (message.gid !== transaction.gid || message.xid !== transaction.xid) {
      return disorder("Prepare", "it is not of the transaction that has begun")
    }
    this.state = between
    this.prepared.add(nameOf(message))
    return { _tag: "Prepare", transaction, endLsn: message.endLsn }
  }

  private streamStart({ first, xid }: PgOutput.StreamStart): TransactionStep {
    if (this.state._tag !== "Between")
      return disorder("StreamStart", "another transaction or chunk has not ended")
    const known = this.streams.get(xid)
    if (first === (known !== undefined)) {
      return disorder(
        "StreamStart",
        first ? `transaction ${xid} begins again` : `transaction ${xid} has not begun`
      )
    }
    const streamed = known ?? new Streamed(xid)
    this.streams.set(xid, streamed)
    this.state = { _tag: "Chunk", streamed }
    return nothing
  }

  /** An abort may be of something that was never sent. */
  private streamAbort({ subxid, xid }: PgOutput.StreamAbort): TransactionStep {
    if (this.state._tag !== "Between") return disorder("StreamAbort", "a transaction or chunk has not ended")
    const streamed = this.streams.get(xid)
    if (streamed === undefined) return nothing
    if (subxid === xid) {
      this.streams.delete(xid)
      return { _tag: "Discard", xid }
    }
    if (streamed.aborted.size >= maxAbortedParts) {
      return disorder(
        "StreamAbort",
        `more than ${maxAbortedParts} parts of transaction ${xid} are taken back`
      )
    }
    streamed.aborted.add(subxid)
    return nothing
  }

  private replay(
    kind: string,
    xid: number,
    endLsn: Lsn,
    tag: "Commit" | "Prepare",
    make: (streamed: Streamed) => TransactionInfo
  ): Replay | Disorder {
    if (this.state._tag !== "Between") return disorder(kind, "a transaction or chunk has not ended")
    const streamed = this.streams.get(xid)
    if (streamed === undefined) return disorder(kind, `transaction ${xid} has not been streamed`)
    this.streams.delete(xid)
    const transaction = make(streamed)
    return {
      _tag: "Replay",
      xid,
      transaction,
      aborted: streamed.aborted,
      end: { _tag: tag, transaction, endLsn }
    }
  }

  private endPrepared<A extends TransactionStep>(
    message: PgOutput.CommitPreparedMessage | PgOutput.RollbackPreparedMessage,
    make: (seen: boolean) => A
  ): A | Disorder {
    if (this.state._tag !== "Between") return disorder(message._tag, "a transaction or chunk has not ended")
    return make(this.prepared.delete(nameOf(message)))
  }
}

/** Names are used again, and ids wrap around: both together identify the transaction. */
const nameOf = ({ gid, xid }: { readonly gid: string; readonly xid: number }): string => `${xid} ${gid}`

const arrived = (
  streamed: Streamed,
  xid: number,
  commitLsn: Lsn,
  time: PgTimestampTz,
  gid: string | undefined
): TransactionInfo => {
  const transaction = new Arriving(xid, commitLsn, time, gid, true)
  transaction.origin = streamed.origin
  return transaction
}
