/** What a change touches, as texts: the rows before and after it, by table and replica identity. */
import type { ObjectRow } from "../../types/RowShape.js"
import type { Change, CommitPrepared, Relation, RollbackPrepared } from "../changes/LogicalEvent.js"
import { isUnchanged } from "../changes/Unchanged.js"
import type { TransactionEvent } from "./TransactionAssembler.js"

/** What a handler of changes gets: what became of prepared transactions is among it, if the slot reports it. */
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

/**
 * A row of a table without a key is every row of it. Rows of partitions are rows of their tree, wherever they lie: one that moves is deleted
 * in one partition and inserted in another. `undefined` when the columns are not there that identify the row.
 */
const rowOf = ({ id, keys, tree }: Relation, row: ObjectRow): string | undefined => {
  const columns = tree?.rowColumns ?? keys
  const isKnown = columns.every((name) => Object.hasOwn(row, name) && !isUnchanged(row[name]))
  return isKnown ? `${tree?.root ?? id}:${columns.map((key) => textOf(row[key])).join(",")}` : undefined
}

const rowsOf = (relation: Relation, ...rows: ReadonlyArray<ObjectRow>): Keys => {
  const found: Array<string> = []
  for (const row of rows) {
    const key = rowOf(relation, row)
    if (key === undefined) return "all"
    found.push(key)
  }
  return found
}

/**
 * The rows that a change touches: an update that changes the key touches two. A truncation and a message touch everything;
 * so does what becomes of a prepared transaction, and a change of which the server did not send the key.
 */
export const of = (event: ChangeEvent): Keys => {
  switch (event._tag) {
    case "Insert":
      return rowsOf(event.relation, event.new)
    case "Update":
      return event.old === undefined
        ? rowsOf(event.relation, event.new)
        : rowsOf(event.relation, event.old, event.new)
    case "Delete":
      return rowsOf(event.relation, event.old)
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

/** By what the rows of a table are known. */
const described = ({ keys, tree }: Relation): string => JSON.stringify([tree?.root, tree?.rowColumns ?? keys])

/**
 * By what the rows of each table are known, as it was described last. When that changes, the keys of rows do too: what comes behind must
 * not be taken for something else than what came before.
 */
export class Descriptions {
  private readonly last = new Map<number, Relation>()

  /** Whether the rows of a table that the event is about are known by other columns than before. Each event is to be asked for, in order. */
  hasChanged(event: ChangeEvent | TransactionEvent): boolean {
    switch (event._tag) {
      case "Insert":
      case "Update":
      case "Delete": {
        const { relation } = event
        const last = this.last.get(relation.id)
        if (last === relation) return false
        this.last.set(relation.id, relation)
        return last !== undefined && described(last) !== described(relation)
      }
      case "Transaction": {
        let found = false
        for (const change of event.changes) if (this.hasChanged(change)) found = true
        return found
      }
      default:
        return false
    }
  }
}
