/**
 * Copy-both, the mode of streaming replication: both sides send data, and each closes its own direction with
 * CopyDone. Results of the command follow when both have.
 *
 * A walsender takes two liberties. It ends with the command's result and no CopyDone when it shuts down, or when a
 * session streams a second time. And when it is asked to end amid a transaction, it says CopyDone at once and then sends
 * the rest of the transaction.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
import type { AnyTable } from "./Transition.js"
import { to } from "./Transition.js"

export interface CopyBothMessages {
  readonly CopyBoth: "CopyData" | "CopyDone" | "CommandComplete" | "send CopyDone"
  /** The server has closed its side; ours is open. */
  readonly CopyBothServerDone: "send CopyDone"
  /** We have closed our side; the server may still send. */
  readonly CopyBothClientDone: "CopyData" | "CopyDone" | "CommandComplete"
}

/** The states of copy-both inside a machine that goes on at `after`, where `next` are its arrows. */
export const states = <const S extends string, const N extends AnyTable[string]>(after: S, next: N) =>
  ({
    CopyBoth: {
      CopyData: to("CopyBoth", "copyData"),
      CopyDone: to("CopyBothServerDone", "copyDone"),
      CommandComplete: to(after, "complete"),
      "send CopyDone": to("CopyBothClientDone")
    },
    CopyBothServerDone: { "send CopyDone": to(after) },
    CopyBothClientDone: {
      CopyData: to("CopyBothClientDone", "copyData"),
      CopyDone: to("CopyBothDone", "copyDone"),
      CommandComplete: to(after, "complete")
    },
    /** Both have, we first: what the server still had in hand may follow. */
    CopyBothDone: { ...next, CopyData: to("CopyBothDone", "copyData") }
  }) as const
