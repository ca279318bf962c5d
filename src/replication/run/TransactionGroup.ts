/** The unit of handling: mostly one event, and events that cannot be separated from it. */
import type { Lsn } from "../../model/Lsn.js"
import type { Finished } from "./Finished.js"
import type { LogicalEvent, TransactionInfo } from "../changes/LogicalEvent.js"
import type { Transaction, TransactionEvent } from "../feed/TransactionAssembler.js"

/** The last one's end is the position of all. */
export type TransactionGroup = readonly [TransactionEvent, ...Array<TransactionEvent>]

/** What is acknowledged once this is handled. */
export const endOf = (event: TransactionEvent): Lsn =>
  event._tag === "LogicalMessage" ? event.lsn : event.endLsn

/**
 * Whether a transaction was prepared before its slot decoded prepared transactions. The server sends it right before its
 * COMMIT PREPARED, with the position of its PREPARE. Much that lies behind that position may have been finished long ago.
 *
 * @see https://www.postgresql.org/docs/current/logicaldecoding-two-phase-commits.html
 */
export const isLate = ({ commitLsn, gid }: TransactionInfo, finished: Finished): boolean =>
  gid !== undefined && commitLsn < finished.start

/**
 * A late transaction, until the event right behind it is seen: only that can be its commit. Names are used again, so the
 * name alone does not decide. When its commit does not follow, an earlier feed has received both, and nothing is waited
 * for.
 */
export class LateTransaction<A> {
  private held: { readonly transaction: TransactionInfo; readonly value: A } | undefined

  /** `value`: what its consumer knows it by. */
  hold(transaction: TransactionInfo, value: A): void {
    this.held = { transaction, value }
  }

  /** The value that is held, if this is its commit; nothing is held afterwards. */
  take(event: LogicalEvent | TransactionEvent): A | undefined {
    const { held } = this
    if (held === undefined) return undefined
    this.held = undefined
    const { gid, xid } = held.transaction
    return event._tag === "CommitPrepared" && event.xid === xid && event.gid === gid ? held.value : undefined
  }
}

/**
 * Puts late transactions and their commits together: a position between the two would lie before one that is kept already. What
 * is finished already is left out.
 */
export class TransactionGroups {
  private readonly late = new LateTransaction<Transaction>()

  constructor(private readonly finished: Finished) {}

  /** What can be handled now; `undefined` when nothing, or not yet. */
  take(event: TransactionEvent): TransactionGroup | undefined {
    const late = this.late.take(event)
    if (event._tag === "Transaction" && event.isPrepared && isLate(event.transaction, this.finished)) {
      this.late.hold(event.transaction, event)
      return undefined
    }
    if (this.finished.isKnown(endOf(event))) return undefined
    return late === undefined ? [event] : [late, event]
  }
}
