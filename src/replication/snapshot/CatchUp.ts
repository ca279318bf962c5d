/**
 * Which changes of a stream count once tables have been copied, each under a snapshot of its own. A slot sends every
 * change behind its position, also those that a later copy of the table has in it already: of each table only what was
 * committed behind its copy counts. The rule is the one by which PostgreSQL's own subscribers join a copy to the stream.
 *
 * @see https://www.postgresql.org/docs/current/logical-replication-architecture.html#LOGICAL-REPLICATION-SNAPSHOT
 */
import * as Chunk from "effect/Chunk"
import * as Option from "effect/Option"
import type { Lsn } from "../../model/Lsn.js"
import * as LsnText from "../../model/Lsn.js"
import type { Change, LogicalEvent, Relation, TransactionInfo } from "../changes/LogicalEvent.js"
import { Truncate } from "../changes/LogicalEvent.js"
import type { TransactionEvent } from "../feed/TransactionAssembler.js"

/** A table that has been copied as a whole. */
export interface CopiedTable {
  /** Its OID: one that was dropped and made again is another table. */
  readonly id: number
  readonly schema: string
  readonly name: string
  /**
   * The consistent point of the slot whose snapshot it was copied under: what was committed before is in the copy, and
   * nothing that was committed from here on.
   */
  readonly lsn: Lsn
}

/** Decides, for changes behind a copy, whether the copy of their table has them already. */
export class CatchUp {
  private readonly copies: ReadonlyMap<number, Lsn>
  /** From here on every change counts. */
  readonly last: Lsn

  /** Of several copies of one table the last counts. */
  constructor(copied: Iterable<Pick<CopiedTable, "id" | "lsn">>) {
    const copies = new Map<number, Lsn>()
    let last = LsnText.zero
    for (const { id, lsn } of copied) {
      copies.set(id, lsn)
      last = LsnText.max(last, lsn)
    }
    this.copies = copies
    this.last = last
  }

  /** Whether changes that this transaction made to the table are not in its copy. A table without a copy has them all. */
  counts({ id }: Pick<Relation, "id">, { commitLsn }: Pick<TransactionInfo, "commitLsn">): boolean {
    if (commitLsn >= this.last) return true
    const lsn = this.copies.get(id)
    return lsn === undefined || commitLsn >= lsn
  }

  /** What is left of the change; `undefined` when nothing is. */
  change(change: Change): Change | undefined {
    switch (change._tag) {
      case "Insert":
      case "Update":
      case "Delete":
        return this.counts(change.relation, change.transaction) ? change : undefined
      case "Truncate":
        return this.truncate(change)
      case "LogicalMessage":
        return change
    }
  }

  /** What is left of the event. Beginnings and ends of transactions always stay: their positions are acknowledged. */
  event(event: LogicalEvent): LogicalEvent | undefined {
    switch (event._tag) {
      case "Insert":
      case "Update":
      case "Delete":
      case "Truncate":
        return this.change(event)
      default:
        return event
    }
  }

  /** A filter for the events of one stream, which looks at none any more once it is behind every copy. */
  filter(): (events: Chunk.Chunk<LogicalEvent>) => Chunk.Chunk<LogicalEvent> {
    let isOver = this.copies.size === 0
    return (events) =>
      isOver
        ? events
        : Chunk.filterMap(events, (event) => {
            // Transactions come in the order of their commits.
            if (event._tag === "Begin" && event.transaction.commitLsn >= this.last) isOver = true
            return Option.fromNullable(this.event(event))
          })
  }

  /** The transaction without what is in copies already; it may be empty then. */
  transaction(event: TransactionEvent): TransactionEvent {
    if (event._tag !== "Transaction" || event.transaction.commitLsn >= this.last) return event
    const changes = event.changes.flatMap((change) => this.change(change) ?? [])
    return changes.length === event.changes.length &&
      changes.every((change, at) => change === event.changes[at])
      ? event
      : { ...event, changes }
  }

  private truncate(change: Truncate): Truncate | undefined {
    const { lsn, relations, transaction } = change
    const left = relations.filter((relation) => this.counts(relation, transaction))
    if (left.length === relations.length) return change
    return left.length === 0
      ? undefined
      : new Truncate(
          transaction,
          Number(lsn >> 32n),
          Number(lsn & 0xffffffffn),
          left,
          change.cascade,
          change.restartIdentity
        )
  }
}
