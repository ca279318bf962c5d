/**
 * COPY … TO STDOUT: data until CopyDone. Ordinary copies are followed by CommandComplete; a copy of the replication
 * protocol may be closed without one, which is why the state after CopyDone is the machine's own.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
import { to } from "./Transition.js"

export interface CopyOutMessages {
  readonly CopyOut: "CopyData" | "CopyDone"
}

/** The state of COPY OUT inside a machine that goes on at `after`. */
export const states = <const S extends string>(after: S) =>
  ({
    CopyOut: { CopyData: to("CopyOut", "copyData"), CopyDone: to(after, "copyDone") }
  }) as const
