/**
 * The pure half of a logical feed: payloads of `XLogData` in, events out, and what is to be done with those that must
 * wait. One belongs to one connection; after a failure it must not be asked again, unless a value alone could not be read.
 */
import type { Registry } from "../../types/Registry.js"
import type { MalformedMessage } from "../../wire/MalformedMessage.js"
import type { ChangeView } from "../../wire/replication/ChangeView.js"
import type { ControlMessage, StreamingMode } from "../../wire/replication/PgOutput.js"
import { Decoder, kindOf } from "../../wire/replication/PgOutput.js"
import { WalView, xLogData } from "../../wire/replication/WalView.js"
import type { ChangeFailure } from "./ChangeFailure.js"
import type { Change, LogicalEvent, Relation, TransactionInfo } from "./LogicalEvent.js"
import { Truncate } from "./LogicalEvent.js"
import type { Partitions } from "./Relations.js"
import { Relations } from "./Relations.js"
import { SpillReader } from "./SpillBlock.js"
import type { Discard, Replay, Spill } from "./Transactions.js"
import { Transactions } from "./Transactions.js"

/**
 * A table was described of which some types are not known until `use` is called, or are known as text only, or of which it is not
 * known until then whether it is partitioned.
 */
export interface Described {
  readonly _tag: "Described"
  readonly relation: Relation
  /** In which it was described; no other may see it yet. */
  readonly transaction: TransactionInfo | undefined
  readonly unknownTypes: ReadonlyArray<number>
}

/** A change of a transaction whose composites may not be described by the types that are known, until `trust` is called. */
export interface Doubted {
  readonly _tag: "Doubted"
  readonly transaction: TransactionInfo
}

/** A committed transaction that waits in the store: `next` is given its blocks in order, then `end` is called. */
export interface Replaying {
  readonly _tag: "Replaying"
  readonly xid: number
  readonly transaction: TransactionInfo
  /** Decodes a block and appends its events. */
  readonly next: (block: Uint8Array, out: Array<LogicalEvent>) => ChangeFailure | MalformedMessage | null
  /** Appends the end of the transaction. What waits of it can be dropped once this is delivered. */
  readonly end: (out: Array<LogicalEvent>) => void
}

/**
 * What is left to do after a payload: `Spill` the payload itself to the transaction's block, `Discard` what waits, replay
 * it, or look up types; nothing mostly. A payload that is `Doubted` has not been read, and is to be given again.
 */
export type Demand = Spill | Discard | Replaying | Described | Doubted

/** Whether what a transaction wrote is described by the types that are known. */
export type Describes = (transaction: TransactionInfo) => boolean

export class ChangeDecoder {
  readonly relations: Relations
  private readonly messages: Decoder
  private readonly transactions = new Transactions()
  private announced: TransactionInfo | undefined
  /** The last transaction whose composites are known to be described, or cannot be any better. */
  private trusted: TransactionInfo | undefined

  constructor(
    registry: Registry,
    private readonly streaming: StreamingMode,
    partitions?: Partitions,
    private readonly describes: Describes = () => true
  ) {
    this.relations = new Relations(registry, partitions)
    this.messages = new Decoder(streaming)
  }

  /** Whether a transaction has begun and not ended: then keepalives are no progress. */
  get isArriving(): boolean {
    return this.transactions.isArriving
  }

  /** Takes the types that are known for those of the transaction. */
  trust(transaction: TransactionInfo): void {
    this.trusted = transaction
  }

  /**
   * Reads the payload that `wal` shows, which must be an `XLogData`, and appends the events it makes to `out`. Events own
   * what they have. `null` when nothing is left to do.
   */
  next(
    bytes: Uint8Array,
    wal: WalView,
    out: Array<LogicalEvent>
  ): Demand | ChangeFailure | MalformedMessage | null {
    const message = this.messages.next(bytes, wal.dataStart, wal.dataEnd)
    if (message._tag === "Change") {
      const step = this.transactions.change(kindOf(message.tag) ?? "Change")
      if (step._tag !== "Deliver") return step
      const transaction = step.transaction!
      if (this.trusted !== transaction && this.relations.hasFields(message.relationId)) {
        if (!this.describes(transaction)) return { _tag: "Doubted", transaction }
        this.trusted = transaction
      }
      if (this.announced !== transaction) this.announce(transaction, out)
      const change = this.relations.change(message, transaction, wal.startHigh, wal.startLow)
      if (!isChange(change)) return change
      out.push(change)
      return null
    }
    return message._tag === "MalformedMessage" ? message : this.control(message, wal, out)
  }

  private control(
    message: ControlMessage,
    wal: WalView,
    out: Array<LogicalEvent>
  ): Demand | ChangeFailure | null {
    const step = this.transactions.next(message)
    switch (step._tag) {
      case "Nothing":
        return null
      case "Disorder":
        return step
      case "Spill":
        if (message._tag === "Relation") this.relations.arriveInStream(step.xid, message.id)
        return step
      case "Discard":
        this.relations.forget(step.xid)
        return step
      case "Replay":
        return this.replay(step, out)
      case "Deliver":
        return this.deliver(message, step.transaction, this.relations, wal, out)
      case "Commit":
      case "Prepare":
        this.announce(step.transaction, out)
        out.push(step)
        return null
      case "CommitPrepared":
      case "RollbackPrepared":
        out.push(step)
        return null
    }
  }

  /** The beginning is returned late, because its origin comes after it. */
  private announce(transaction: TransactionInfo, out: Array<LogicalEvent>): void {
    if (this.announced === transaction) return
    this.announced = transaction
    out.push({ _tag: "Begin", transaction })
  }

  private deliver(
    message: ControlMessage,
    transaction: TransactionInfo | undefined,
    relations: Relations,
    wal: WalView,
    out: Array<LogicalEvent>
  ): Described | ChangeFailure | null {
    switch (message._tag) {
      case "Relation": {
        if (relations === this.relations) relations.doubt(message.id)
        const relation = relations.describe(message)
        const unknownTypes = relations.unknownTypes(relation.id)
        return unknownTypes.length === 0 &&
          !relations.isTextOnly(relation.id) &&
          !relations.isStrange(relation.id)
          ? null
          : { _tag: "Described", relation, transaction, unknownTypes }
      }
      case "Type":
        relations.name(message)
        return null
      case "LogicalMessage": {
        if (transaction !== undefined) this.announce(transaction, out)
        const { content, lsn, prefix } = message
        out.push({ _tag: "LogicalMessage", transaction, lsn, prefix, content })
        return null
      }
      case "Truncate": {
        if (transaction === undefined) return null
        this.announce(transaction, out)
        const found: Array<Relation> = []
        for (const relationId of message.relationIds) {
          const relation = relations.get(relationId)
          if (relation === undefined) return { _tag: "UnknownRelation", relationId }
          found.push(relation)
        }
        const { cascade, restartIdentity } = message.options
        out.push(new Truncate(transaction, wal.startHigh, wal.startLow, found, cascade, restartIdentity))
        return null
      }
      default:
        return null
    }
  }

  private replay(step: Replay, out: Array<LogicalEvent>): Replaying {
    const { aborted, end, transaction, xid } = step
    // Read as in a chunk, over descriptions of its own, until the transaction is whole.
    const messages = new Decoder(this.streaming, true)
    const relations = this.relations.overlay()
    const wal = new WalView()
    this.announce(transaction, out)
    const each = (
      bytes: Uint8Array,
      start: number,
      stop: number,
      into: Array<LogicalEvent>
    ): ChangeFailure | MalformedMessage | null => {
      const failure = wal.read(bytes, start, stop)
      if (failure !== null) return failure
      if (wal.tag !== xLogData) return damaged("a payload in it is not XLogData")
      const message = messages.next(bytes, wal.dataStart, wal.dataEnd)
      if (message._tag === "MalformedMessage") return message
      if (isAborted(message, aborted)) return null
      if (message._tag !== "Change") {
        const result = this.deliver(message, transaction, relations, wal, into)
        return result !== null && result._tag !== "Described" ? result : null
      }
      const change = relations.change(message, transaction, wal.startHigh, wal.startLow)
      if (!isChange(change)) return change
      into.push(change)
      return null
    }
    return {
      _tag: "Replaying",
      xid,
      transaction,
      next: (block, into) => {
        const payloads = new SpillReader(block)
        while (payloads.next()) {
          const failure = each(block, payloads.start, payloads.end, into)
          if (failure !== null) return failure
        }
        return payloads.failure === null ? null : damaged(payloads.failure)
      },
      end: (into) => {
        this.relations.adopt(xid, relations)
        into.push(end)
      }
    }
  }
}

const isChange = (value: Change | ChangeFailure): value is Change =>
  value._tag === "Insert" || value._tag === "Update" || value._tag === "Delete"

const damaged = (reason: string): ChangeFailure => ({ _tag: "Disorder", kind: "spilled transaction", reason })

/**
 * Whether the message was taken back with a part of its transaction. Descriptions never are: the server does not repeat
 * those of a table that a part was the first to change, and sends others where the part had changed the table itself.
 */
const isAborted = (message: ChangeView | ControlMessage, aborted: ReadonlySet<number>): boolean => {
  switch (message._tag) {
    case "Change":
    case "Truncate":
    case "LogicalMessage":
      return message.xid !== undefined && aborted.has(message.xid)
    default:
      return false
  }
}
