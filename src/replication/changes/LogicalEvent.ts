/**
 * The content of a logical stream, as values: transactions with their changes, in the order of their commits. Nothing in them
 * refers to the bytes they came from.
 */
import type { Lsn } from "../../model/Lsn.js"
import type { PgTimestampTz } from "../../model/PgTimestampTz.js"
import type { ObjectRow } from "../../types/RowShape.js"
import type { RelationColumn, ReplicaIdentity } from "../../wire/replication/PgOutput.js"
import type { PartitionTree } from "./PartitionTree.js"
import { lsnOf } from "../../wire/replication/WalView.js"

/** A table as the stream described it. One that is described anew, and differently, is another value. */
export interface Relation {
  /** Its OID. Tables of the same name in different schemas, or made one after another, have different ones. */
  readonly id: number
  readonly schema: string
  readonly name: string
  readonly identity: ReplicaIdentity
  /** The columns that are published, in the order of rows. */
  readonly columns: ReadonlyArray<RelationColumn>
  /** Column by column, the OID of the type it is: of a domain over a built-in type, that type. */
  readonly types?: ReadonlyArray<number>
  /** Names of the columns that make its replica identity. */
  readonly keys: ReadonlyArray<string>
  /** Of a partitioned table or a partition, what the catalogue has of its tree; `undefined` for others, or when the table is gone. */
  readonly tree?: PartitionTree
}

/** With its schema, for people. */
export const nameOf = ({ name, schema }: Relation): string => `${schema}.${name}`

/** Where a transaction was first committed, when it was replayed on this server. */
export interface Origin {
  readonly name: string
  /** Position of the commit over there; `0/0` when it is not known. */
  readonly commitLsn: Lsn
}

/** What changes of one transaction have in common. */
export interface TransactionInfo {
  readonly xid: number
  /** Where its commit record begins; of a prepared transaction its prepare record. */
  readonly commitLsn: Lsn
  /** When it was committed or prepared. */
  readonly time: PgTimestampTz
  /** The name it was prepared under; `undefined` when it is no prepared transaction. */
  readonly gid: string | undefined
  readonly origin: Origin | undefined
  /** Whether it came in chunks before it was committed. */
  readonly streamed: boolean
}

/** A transaction's changes follow. No position to acknowledge. */
export interface Begin {
  readonly _tag: "Begin"
  readonly transaction: TransactionInfo
}

/** The transaction is complete. */
export interface Commit {
  readonly _tag: "Commit"
  readonly transaction: TransactionInfo
  /** What to acknowledge once all of it is safe. */
  readonly endLsn: Lsn
}

/** The transaction is complete and prepared; whether it counts is reported later, perhaps in another session. */
export interface Prepare {
  readonly _tag: "Prepare"
  /** `gid` and `xid` together identify it. The same prepare may come twice. */
  readonly transaction: TransactionInfo
  /** What to acknowledge once all of it is safe. */
  readonly endLsn: Lsn
}

interface PreparedEnd {
  readonly xid: number
  /** Names are used again: together with the `xid` it identifies the transaction. */
  readonly gid: string
  /** When it was committed or rolled back. */
  readonly time: PgTimestampTz
  /** What to acknowledge once this is safe. */
  readonly endLsn: Lsn
  /** Whether this stream has sent its changes. If not, an earlier one has. */
  readonly seen: boolean
}

/** A prepared transaction counts. */
export interface CommitPrepared extends PreparedEnd {
  readonly _tag: "CommitPrepared"
  readonly commitLsn: Lsn
}

/** A prepared transaction does not count. */
export interface RollbackPrepared extends PreparedEnd {
  readonly _tag: "RollbackPrepared"
  /** The position after its prepare record. */
  readonly prepareEndLsn: Lsn
  readonly prepareTime: PgTimestampTz
}

/** What every change has. */
abstract class Positioned {
  constructor(
    readonly transaction: TransactionInfo,
    private readonly high: number,
    private readonly low: number
  ) {}

  /** Position of the change itself. It is not the position to acknowledge, and may be lower than acknowledged ones. */
  get lsn(): Lsn {
    return lsnOf(this.high, this.low)
  }
}

/** A row that is new. */
export class Insert extends Positioned {
  readonly _tag = "Insert"
  /** Every published column. */
  readonly new: ObjectRow
  constructor(
    transaction: TransactionInfo,
    high: number,
    low: number,
    readonly relation: Relation,
    row: ObjectRow
  ) {
    super(transaction, high, low)
    this.new = row
  }
}

/** A row that is another. */
export class Update extends Positioned {
  readonly _tag = "Update"
  /** Every published column; `Unchanged` where a large value did not change and is not known. */
  readonly new: ObjectRow
  constructor(
    transaction: TransactionInfo,
    high: number,
    low: number,
    readonly relation: Relation,
    /**
     * What `old` is: `none` when the key is as it was, `key` when it changed, `full` with replica identity full.
     */
    readonly oldKind: "none" | "key" | "full",
    /** The key columns alone, or every published column; `undefined` when the key is as it was. */
    readonly old: ObjectRow | undefined,
    row: ObjectRow
  ) {
    super(transaction, high, low)
    this.new = row
  }
}

/** A row that is gone. */
export class Delete extends Positioned {
  readonly _tag = "Delete"
  constructor(
    transaction: TransactionInfo,
    high: number,
    low: number,
    readonly relation: Relation,
    /** What `old` is. */
    readonly oldKind: "key" | "full",
    /** The key columns alone, or every published column. */
    readonly old: ObjectRow
  ) {
    super(transaction, high, low)
  }
}

/** Tables that are empty. */
export class Truncate extends Positioned {
  readonly _tag = "Truncate"
  constructor(
    transaction: TransactionInfo,
    high: number,
    low: number,
    /** Those that are published, those a cascade reached too. */
    readonly relations: ReadonlyArray<Relation>,
    readonly cascade: boolean,
    readonly restartIdentity: boolean
  ) {
    super(transaction, high, low)
  }
}

/** What `pg_logical_emit_message` wrote. */
export interface LogicalMessage {
  readonly _tag: "LogicalMessage"
  /** The transaction it belongs to; `undefined` when it belongs to none and stays whatever becomes of any. */
  readonly transaction: TransactionInfo | undefined
  /** The position after its record. One without a transaction is acknowledged by exactly this. */
  readonly lsn: Lsn
  readonly prefix: string
  readonly content: Uint8Array
}

/** What a transaction did. */
export type Change = Insert | Update | Delete | Truncate | LogicalMessage

/** An element of a feed of changes, in the order of commits. */
export type LogicalEvent = Begin | Change | Commit | Prepare | CommitPrepared | RollbackPrepared

/**
 * What to acknowledge once this event and all before it are safe; `undefined` for events inside a transaction, which are
 * safe with its end.
 */
export const positionOf = (event: LogicalEvent): Lsn | undefined => {
  switch (event._tag) {
    case "Commit":
    case "Prepare":
    case "CommitPrepared":
    case "RollbackPrepared":
      return event.endLsn
    case "LogicalMessage":
      return event.transaction === undefined ? event.lsn : undefined
    default:
      return undefined
  }
}
