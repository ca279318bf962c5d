/**
 * Where changes go. Each sink takes a transaction as a whole or not at all, and stays when the feed ends: it is the
 * consumer's database. What the two differ in is what they promise when something comes twice.
 */
import type { Lsn } from "../../../../src/model/Lsn.js"
import type { Change, Relation } from "../../../../src/replication/changes/LogicalEvent.js"
import type { Transaction, TransactionEvent } from "../../../../src/replication/feed/TransactionAssembler.js"
import { isUnchanged } from "../../../../src/replication/changes/Unchanged.js"
import { mark } from "./workload.js"

export type Row = Readonly<Record<string, unknown>>

/** Rows by table and key. */
type Rows = Map<string, Map<string, Row>>

export interface Sink {
  /** All of the event, at once. Throws when what comes cannot be right. */
  readonly take: (event: TransactionEvent) => void
  readonly rows: (table: string) => ReadonlyMap<string, Row>
  /** What came and was known already. */
  readonly repeated: number
  /** Whether the last row is there. */
  readonly isDone: boolean
}

/** Rows of `parts` have a key of two columns. */
export const keyOf = (row: Row): string =>
  row["region"] === undefined ? String(row["id"]) : `${String(row["id"])}/${String(row["region"])}`

/** The table that the rows are compared with: of a partition the topmost one. */
export const nameOf = ({ name, tree }: Relation): string => tree?.ancestors.at(-1)?.name ?? name

const tableOf = (rows: Rows, relation: Relation): Map<string, Row> => {
  const name = nameOf(relation)
  let table = rows.get(name)
  if (table === undefined) rows.set(name, (table = new Map<string, Row>()))
  return table
}

/** The row with the large values that it had before, where they were not sent. */
const filled = (row: Row, before: Row | undefined): Row =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      isUnchanged(value) && before !== undefined ? before[name] : value
    ])
  )

/** Prepared transactions: names are used again, numbers too, both together not. */
const preparedName = (gid: string | undefined, xid: number): string => `${gid ?? ""}/${xid}`

abstract class Base implements Sink {
  protected readonly all: Rows = new Map()
  protected readonly prepared = new Map<string, Transaction>()
  repeated = 0
  isDone = false

  abstract take(event: TransactionEvent): void
  protected abstract insert(table: Map<string, Row>, row: Row): void
  protected abstract update(table: Map<string, Row>, old: Row, row: Row): void
  protected abstract delete(table: Map<string, Row>, old: Row): void

  rows(table: string): ReadonlyMap<string, Row> {
    return this.all.get(table) ?? new Map()
  }

  protected preparedOf(gid: string, xid: number): Transaction {
    const transaction = this.prepared.get(preparedName(gid, xid))
    if (transaction === undefined) throw new Error(`lost: what ${gid} (${xid}) had prepared`)
    return transaction
  }

  protected keep(transaction: Transaction): void {
    this.prepared.set(preparedName(transaction.transaction.gid, transaction.transaction.xid), transaction)
  }

  protected apply({ changes }: Transaction): void {
    for (const change of changes) this.change(change)
  }

  private change(change: Change): void {
    switch (change._tag) {
      case "Insert":
        if (change.new["pad"] === mark) this.isDone = true
        return this.insert(tableOf(this.all, change.relation), change.new)
      case "Update":
        return this.update(tableOf(this.all, change.relation), change.old ?? change.new, change.new)
      case "Delete":
        return this.delete(tableOf(this.all, change.relation), change.old)
      case "Truncate":
        return change.relations.forEach((relation) => tableOf(this.all, relation).clear())
      case "LogicalMessage":
        return
    }
  }
}

/**
 * Knows nothing but rows by key, and accepts everything twice, beginning anywhere: a row that is there is replaced, one that
 * is not there need not be deleted. What was prepared is kept for good, because its end may come again without it.
 */
export class AtLeastOnce extends Base {
  private highest: Lsn = 0n

  take(event: TransactionEvent): void {
    if (event._tag !== "LogicalMessage" && event.endLsn <= this.highest) this.repeated++
    else if (event._tag !== "LogicalMessage") this.highest = event.endLsn
    if (event._tag === "Transaction") {
      if (event.isPrepared) this.keep(event)
      else this.apply(event)
    } else if (event._tag === "CommitPrepared") this.apply(this.preparedOf(event.gid, event.xid))
  }

  protected insert(table: Map<string, Row>, row: Row): void {
    table.set(keyOf(row), row)
  }

  protected update(table: Map<string, Row>, old: Row, row: Row): void {
    const before = table.get(keyOf(old)) ?? table.get(keyOf(row))
    table.delete(keyOf(old))
    table.set(keyOf(row), filled(row, before))
  }

  protected delete(table: Map<string, Row>, old: Row): void {
    table.delete(keyOf(old))
  }
}

/**
 * Accepts nothing twice, and nothing missing: an insert makes a row that was not there, updates and deletes hit one that was,
 * and sums are just added to. It keeps the position with the data, and passes over what ends at it or before. A prepared
 * transaction is known by its name instead: one that was prepared before the slot sent such comes right before its end,
 * with the position of old.
 */
export class ExactlyOnce extends Base {
  private position: Lsn = 0n
  sum = 0
  count = 0

  take(event: TransactionEvent): void {
    if (event._tag === "Transaction" && event.isPrepared) {
      this.keep(event)
      if (event.endLsn > this.position) this.position = event.endLsn
      return
    }
    const end = event._tag === "LogicalMessage" ? event.lsn : event.endLsn
    if (end <= this.position) {
      this.repeated++
      return
    }
    if (event._tag === "Transaction") this.apply(event)
    else if (event._tag === "CommitPrepared") this.apply(this.preparedOf(event.gid, event.xid))
    if (event._tag === "CommitPrepared" || event._tag === "RollbackPrepared") {
      this.prepared.delete(preparedName(event.gid, event.xid))
    }
    this.position = end
  }

  protected insert(table: Map<string, Row>, row: Row): void {
    if (table.has(keyOf(row))) throw new Error(`doubled: the row ${keyOf(row)}`)
    table.set(keyOf(row), row)
    const amount = row["amount"]
    if (typeof amount !== "number") return
    this.sum += amount
    this.count++
  }

  protected update(table: Map<string, Row>, old: Row, row: Row): void {
    const before = table.get(keyOf(old))
    if (before === undefined) throw new Error(`lost: the row ${keyOf(old)}, which is updated`)
    table.delete(keyOf(old))
    if (table.has(keyOf(row))) throw new Error(`lost: the end of the row ${keyOf(row)}`)
    table.set(keyOf(row), filled(row, before))
  }

  protected delete(table: Map<string, Row>, old: Row): void {
    if (!table.delete(keyOf(old))) throw new Error(`lost or doubled: the row ${keyOf(old)}, which is deleted`)
  }
}
