/** What is handled as one: mostly one event, and what cannot be told apart from it. */
import * as Effect from "effect/Effect"
import type { Lsn } from "../model/Lsn.js"
import type { ByServer } from "./Ending.js"
import type { Finished } from "./Finished.js"
import type { TransactionInfo } from "./LogicalEvent.js"
import type { Transaction, TransactionEvent } from "./TransactionAssembler.js"

/** The last one's end is the position of all. */
export type Unit = readonly [TransactionEvent, ...Array<TransactionEvent>]

/** What is acknowledged once this is handled. */
export const endOf = (event: TransactionEvent): Lsn =>
  event._tag === "LogicalMessage" ? event.lsn : event.endLsn

/**
 * Whether a transaction was prepared before its slot told of such. The server tells it right before its COMMIT PREPARED, with
 * the position it was prepared at, and behind that much else may have been finished long ago.
 *
 * @see https://www.postgresql.org/docs/current/logicaldecoding-two-phase-commits.html
 */
export const isLate = ({ commitLsn, gid }: TransactionInfo, finished: Finished): boolean =>
  gid !== undefined && commitLsn < finished.start

/**
 * Puts late transactions and their commits together: a position between the two would lie before one that is kept already. What
 * is finished already is left out.
 */
export class Units {
  private late: Transaction | undefined

  constructor(private readonly finished: Finished) {}

  /** What can be handled now; `undefined` when nothing, or not yet. */
  take(event: TransactionEvent): Effect.Effect<Unit | undefined, ByServer> {
    const { late } = this
    this.late = undefined
    if (event._tag === "Transaction" && event.isPrepared && isLate(event.transaction, this.finished)) {
      this.late = event
      return Effect.succeed(undefined)
    }
    const isItsCommit =
      event._tag === "CommitPrepared" &&
      late !== undefined &&
      event.xid === late.transaction.xid &&
      event.gid === late.transaction.gid
    return Effect.map(this.finished.isKnown(endOf(event)), (known) =>
      known ? undefined : isItsCommit ? [late, event] : [event]
    )
  }
}
