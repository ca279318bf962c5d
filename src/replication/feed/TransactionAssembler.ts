/** Whole transactions from the events of a stream, within a bound in bytes. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ArrayChunk from "../../connection/session/ArrayChunk.js"
import type { Lsn } from "../../model/Lsn.js"
import { PgLimitError } from "../../model/PgError.js"
import type { FeedReader, PullEvents, ReadError } from "./FeedReader.js"
import type {
  Change,
  CommitPrepared,
  LogicalEvent,
  LogicalMessage,
  RollbackPrepared,
  TransactionInfo
} from "../changes/LogicalEvent.js"

/** Bytes of one transaction as it came, unless set otherwise. */
export const defaultTransactionBytes = 64 * 1024 * 1024

/** Everything that one transaction did, in its order. */
export interface Transaction {
  readonly _tag: "Transaction"
  readonly transaction: TransactionInfo
  readonly changes: ReadonlyArray<Change>
  /** Whether it is only prepared: its end is reported later. */
  readonly isPrepared: boolean
  /** What to acknowledge once all of it is safe. */
  readonly endLsn: Lsn
}

/** A transaction, or what stands outside of any; each has a position that can be acknowledged. */
export type TransactionEvent = Transaction | CommitPrepared | RollbackPrepared | LogicalMessage

const tooLarge = ({ xid }: TransactionInfo, bytes: number): PgLimitError =>
  new PgLimitError({
    limit: "transactionBytes",
    max: bytes,
    reason: `transaction ${xid} takes more bytes: raise transactionBytes, or take the changes one by one`,
    sql: "",
    nothingSent: false
  })

/** What a consumer of whole transactions pulls. */
export const assemble = (reader: FeedReader, maxBytes: number): PullEvents<TransactionEvent> => {
  let changes: Array<Change> = []
  let weight = 0
  const take = (event: LogicalEvent, out: Array<TransactionEvent>): void => {
    switch (event._tag) {
      case "Begin":
        changes = []
        weight = 0
        return
      case "Commit":
      case "Prepare":
        out.push({
          _tag: "Transaction",
          transaction: event.transaction,
          changes,
          isPrepared: event._tag === "Prepare",
          endLsn: event.endLsn
        })
        changes = []
        weight = 0
        return
      case "CommitPrepared":
      case "RollbackPrepared":
        out.push(event)
        return
      case "LogicalMessage":
        if (event.transaction === undefined) out.push(event)
        else changes.push(event)
        return
      default:
        changes.push(event)
    }
  }
  const pull: PullEvents<TransactionEvent> = Effect.flatMap(reader.pull, (events) => {
    const out: Array<TransactionEvent> = []
    for (const event of events) take(event, out)
    if (changes.length > 0) weight += reader.weight
    if (weight > maxBytes)
      return Effect.fail(Option.some<ReadError>(tooLarge(changes[0]!.transaction!, maxBytes)))
    return out.length > 0 ? Effect.succeed(ArrayChunk.make(out)) : pull
  })
  return pull
}
