/**
 * The answers to Parse, Bind, Describe, Execute, Close and Sync, each a step. An exchange is a script of steps
 * (`Pipeline`), and `Next` goes from one step to the next.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import * as Copy from "./Copy.js"
import * as Machine from "./Machine.js"
import type { Emit } from "./SessionMessage.js"
import type { TransitionTable } from "./Transition.js"
import { to } from "./Transition.js"

interface Expects extends Copy.CopyInMessages, Copy.CopyOutMessages {
  readonly Closing: "CloseComplete"
  readonly Parsing: "ParseComplete"
  readonly Describing: "ParameterDescription"
  readonly DescribingColumns: "RowDescription" | "NoData"
  readonly DescribingPortal: "RowDescription" | "NoData"
  readonly Binding: "BindComplete"
  readonly Fetching:
    | "DataRow"
    | "CommandComplete"
    | "EmptyQueryResponse"
    | "PortalSuspended"
    | "CopyInResponse"
    | "CopyOutResponse"
  readonly CopyOutEnding: "CommandComplete"
  readonly Syncing: "ReadyForQuery"
}

/** Which messages may come in which state of an extended query, and where they lead. */
export const table: TransitionTable<Expects, Emit> = {
  Closing: { CloseComplete: to("Next", "closed") },
  Parsing: { ParseComplete: to("Next", "parsed") },
  Describing: { ParameterDescription: to("DescribingColumns", "parameters") },
  DescribingColumns: { RowDescription: to("Next", "columns"), NoData: to("Next", "noColumns") },
  DescribingPortal: { RowDescription: to("Next", "columns"), NoData: to("Next", "noColumns") },
  Binding: { BindComplete: to("Next", "bound") },
  Fetching: {
    DataRow: to("Fetching", "rows"),
    CommandComplete: to("Next", "complete"),
    EmptyQueryResponse: to("Next", "empty"),
    PortalSuspended: to("Next", "suspended"),
    CopyInResponse: to("CopyIn", "copyIn"),
    CopyOutResponse: to("CopyOut", "copyOut")
  },
  ...Copy.copyIn("Next"),
  ...Copy.copyOut("CopyOutEnding"),
  CopyOutEnding: { CommandComplete: to("Next", "complete") },
  Syncing: { ReadyForQuery: to("Done", "ready") }
}

/** The states of the machine, compiled from `table`. */
export const nodes = Machine.compile("ExtendedQuery", table)
