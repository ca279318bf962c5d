/** Every table of this room, for the documentation and the tests that walk all of them. */
import * as Bearer from "./Bearer.js"
import * as ExtendedQuery from "./ExtendedQuery.js"
import * as FunctionCall from "./FunctionCall.js"
import * as Negotiation from "./Negotiation.js"
import * as Recovery from "./Recovery.js"
import * as SimpleQuery from "./SimpleQuery.js"
import * as Startup from "./Startup.js"
import type { AnyTable } from "./Transition.js"

/** A table of transitions with the name of its machine, for printing. */
export interface NamedTable {
  readonly name: string
  readonly initial: string
  readonly transitions: AnyTable
}

export const tables: ReadonlyArray<NamedTable> = [
  { name: "Negotiation", initial: "TlsRequested", transitions: Negotiation.table },
  { name: "Startup", initial: Startup.initial, transitions: Startup.table },
  { name: "Bearer", initial: Bearer.initial, transitions: Bearer.table },
  { name: "SimpleQuery", initial: "Statement", transitions: SimpleQuery.table },
  { name: "ExtendedQuery", initial: "Parsing", transitions: ExtendedQuery.table },
  { name: "FunctionCall", initial: "Calling", transitions: FunctionCall.table },
  { name: "Recovery", initial: "Skipping", transitions: Recovery.table }
]
