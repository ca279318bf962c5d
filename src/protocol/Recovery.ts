/**
 * After an `ErrorResponse` of severity ERROR the server discards everything up to our Sync (or, after a `Query` or
 * `FunctionCall`, nothing), then answers ReadyForQuery. The same for every exchange.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import * as Machine from "./Machine.js"
import type { Emit } from "./SessionMessage.js"
import type { TransitionTable } from "./Transition.js"
import { to } from "./Transition.js"

interface Expects {
  readonly Skipping: "ReadyForQuery"
}

export const table: TransitionTable<Expects, Emit> = {
  Skipping: { ReadyForQuery: to("Done", "ready") }
}

export const nodes = Machine.compile("Recovery", table)
