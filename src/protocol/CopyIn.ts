/**
 * COPY … FROM STDIN: the server takes data until we end it with CopyDone or CopyFail. An error may come at any time
 * and ends the copy; what is still sent then is ignored by the server.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
import { to } from "./Transition.js"

export interface CopyInMessages {
  readonly CopyIn: "send CopyDone" | "send CopyFail"
  readonly CopyInEnding: "CommandComplete"
  /** We have given up: only the error may come, so no count can pass for a success. */
  readonly CopyInFailing: never
}

/** The states of COPY IN inside a machine that goes on at `after`. */
export const states = <const S extends string>(after: S) =>
  ({
    CopyIn: { "send CopyDone": to("CopyInEnding"), "send CopyFail": to("CopyInFailing") },
    CopyInEnding: { CommandComplete: to(after, "complete") },
    CopyInFailing: {}
  }) as const
