/**
 * The states of a copy inside a machine that goes on at `after`: into the server, from it, and both ways.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
import type { AnyTable } from "./Transition.js"
import { to } from "./Transition.js"

export interface CopyInMessages {
  readonly CopyIn: "send CopyDone" | "send CopyFail"
  readonly CopyInEnding: "CommandComplete"
  /** We have given up: only the error may come, so no count can pass for a success. */
  readonly CopyInFailing: never
}

/**
 * COPY … FROM STDIN: the server takes data until we end it with CopyDone or CopyFail. An error may come at any time
 * and ends the copy; what is still sent then is ignored by the server.
 */
export const copyIn = <const S extends string>(after: S) =>
  ({
    CopyIn: { "send CopyDone": to("CopyInEnding"), "send CopyFail": to("CopyInFailing") },
    CopyInEnding: { CommandComplete: to(after, "complete") },
    CopyInFailing: {}
  }) as const

export interface CopyOutMessages {
  readonly CopyOut: "CopyData" | "CopyDone"
}

/**
 * COPY … TO STDOUT: data until CopyDone. Ordinary copies are followed by CommandComplete; a copy of the replication
 * protocol may be closed without one, which is why the state after CopyDone is the machine's own.
 */
export const copyOut = <const S extends string>(after: S) =>
  ({
    CopyOut: { CopyData: to("CopyOut", "copyData"), CopyDone: to(after, "copyDone") }
  }) as const

export interface CopyBothMessages {
  readonly CopyBoth: "CopyData" | "CopyDone" | "CommandComplete" | "send CopyDone"
  /** The server has closed its side; ours is open. */
  readonly CopyBothServerDone: "send CopyDone"
  /** We have closed our side; the server may still send. */
  readonly CopyBothClientDone: "CopyData" | "CopyDone" | "CommandComplete"
}

/**
 * Copy-both, the mode of streaming replication: both sides send data, and each closes its own direction with
 * CopyDone. Results of the command follow when both have; `next` are the arrows of the machine there.
 *
 * A walsender takes two liberties. It ends with the command's result and no CopyDone when it shuts down, or when a session
 * streams a second time. And when it is asked to end inside a transaction, it sends CopyDone at once and then sends the
 * rest of the transaction.
 */
export const copyBoth = <const S extends string, const N extends AnyTable[string]>(after: S, next: N) =>
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
