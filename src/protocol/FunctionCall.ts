/**
 * The function-call sub-protocol: one value, then ReadyForQuery.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-FUNCTION-CALL
 */
import * as Machine from "./Machine.js"
import type { Emit } from "./SessionMessage.js"
import type { TransitionTable } from "./Transition.js"
import { to } from "./Transition.js"

interface Expects {
  readonly Calling: "FunctionCallResponse"
  readonly Returned: "ReadyForQuery"
}

export const table: TransitionTable<Expects, Emit> = {
  Calling: { FunctionCallResponse: to("Returned", "value") },
  Returned: { ReadyForQuery: to("Done", "ready") }
}

export const nodes = Machine.compile("FunctionCall", table)

/** Script of an exchange that is one `FunctionCall` message. */
export const script: ReadonlyArray<Machine.Node> = [nodes.Calling]
