/**
 * One `Query` message: results of any number of statements in order, then exactly one ReadyForQuery.
 *
 * The same table serves the commands of the replication protocol, which answer with result sets before, between
 * and after copies, with a copy that no CommandComplete closes, with two CommandCompletes, or with no copy at all.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SIMPLE-QUERY
 */
import * as Copy from "./Copy.js"
import * as Machine from "./Machine.js"
import type { Emit } from "./SessionMessage.js"
import type { TransitionTable } from "./Transition.js"
import { to } from "./Transition.js"

interface Expects extends Copy.CopyInMessages, Copy.CopyOutMessages, Copy.CopyBothMessages {
  /** Between statements. */
  readonly Statement:
    | "RowDescription"
    | "CommandComplete"
    | "EmptyQueryResponse"
    | "CopyInResponse"
    | "CopyOutResponse"
    | "CopyBothResponse"
    | "ReadyForQuery"
  readonly Rows: "DataRow" | "CommandComplete"
  /** As between statements, with what is left of a copy. */
  readonly CopyBothDone: Expects["Statement"] | "CopyData"
}

const statement = {
  RowDescription: to("Rows", "columns"),
  CommandComplete: to("Statement", "complete"),
  EmptyQueryResponse: to("Statement", "empty"),
  CopyInResponse: to("CopyIn", "copyIn"),
  CopyOutResponse: to("CopyOut", "copyOut"),
  CopyBothResponse: to("CopyBoth", "copyBoth"),
  ReadyForQuery: to("Done", "ready")
} as const

/** Which messages may come in which state of a simple query, and where they lead. */
export const table: TransitionTable<Expects, Emit> = {
  Statement: statement,
  Rows: {
    DataRow: to("Rows", "rows"),
    CommandComplete: to("Statement", "complete")
  },
  ...Copy.copyIn("Statement"),
  ...Copy.copyOut("Statement"),
  ...Copy.copyBoth("Statement", statement)
}

/** The states of the machine, compiled from `table`. */
export const nodes = Machine.compile("SimpleQuery", table)

/** Script of an exchange that is one `Query` message. */
export const script: ReadonlyArray<Machine.Node> = [nodes.Statement]
