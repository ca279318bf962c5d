/** What a change touches, as texts: the rows before and after it, by table and replica identity. */
import type { ObjectRow } from "../../types/RowShape.js"
import type { Change, CommitPrepared, Relation, RollbackPrepared } from "../changes/LogicalEvent.js"
import type { TransactionEvent } from "./TransactionAssembler.js"

/** What a handler of changes gets: what became of prepared transactions is among it, if the slot tells it. */
export type ChangeEvent = Change | CommitPrepared | RollbackPrepared

/** Names of what is touched; `all` touches everything. */
export type Keys = ReadonlyArray<string> | "all"

/** Equal values give equal texts. Different ones may too, which costs order where none is needed. */
const textOf = (value: unknown): string =>
  value instanceof Uint8Array
    ? Array.from(value, (byte) => byte.toString(16)).join(".")
    : Array.isArray(value)
      ? `[${value.map(textOf).join(",")}]`
      : JSON.stringify(String(value))

/** A row of a table without a key is every row of it. */
const rowOf = ({ id, keys }: Relation, row: ObjectRow): string =>
  `${id}:${keys.map((key) => textOf(row[key])).join(",")}`

/**
 * The rows that a change touches: an update that changes the key touches two. A truncation and a message touch everything;
 * so does what becomes of a prepared transaction.
 */
export const of = (event: ChangeEvent): Keys => {
  switch (event._tag) {
    case "Insert":
      return [rowOf(event.relation, event.new)]
    case "Update":
      return event.old === undefined
        ? [rowOf(event.relation, event.new)]
        : [rowOf(event.relation, event.old), rowOf(event.relation, event.new)]
    case "Delete":
      return [rowOf(event.relation, event.old)]
    default:
      return "all"
  }
}

/** The rows that a transaction touches. */
export const ofTransaction = (event: TransactionEvent): Keys => {
  if (event._tag !== "Transaction" || event.isPrepared) return "all"
  const keys = new Set<string>()
  for (const change of event.changes) {
    const touched = of(change)
    if (touched === "all") return "all"
    for (const key of touched) keys.add(key)
  }
  return [...keys]
}
