/**
 * Copy-both, the mode of streaming replication: both sides send data, and each closes its own direction with
 * CopyDone. Results of the command follow when both have.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
import { to } from "./Transition.js"

export interface Expects {
  readonly CopyBoth: "CopyData" | "CopyDone" | "send CopyDone"
  /** The server has closed its side; ours is open. */
  readonly CopyBothServerDone: "send CopyDone"
  /** We have closed our side; the server may still send. */
  readonly CopyBothClientDone: "CopyData" | "CopyDone"
}

/** The states of copy-both inside a machine that goes on at `after`. */
export const states = <const S extends string>(after: S) =>
  ({
    CopyBoth: {
      CopyData: to("CopyBoth", "copyData"),
      CopyDone: to("CopyBothServerDone", "copyDone"),
      "send CopyDone": to("CopyBothClientDone")
    },
    CopyBothServerDone: { "send CopyDone": to(after) },
    CopyBothClientDone: { CopyData: to("CopyBothClientDone", "copyData"), CopyDone: to(after, "copyDone") }
  }) as const
