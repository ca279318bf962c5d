/** A copy of tables that trusts nothing: a row that comes twice, or a change to one that has never come, is a defect. */
import type { CopiedTable } from "../../../src/replication/snapshot/CatchUp.js"
import type { Change } from "../../../src/replication/changes/LogicalEvent.js"
import type { CopyEvent } from "../../../src/replication/snapshot/SnapshotCopy.js"
import type { ObjectRow } from "../../../src/types/RowShape.js"

/** The first column is the key. */
const keyOf = (row: ObjectRow): string => String(Object.values(row)[0])

export class Consumer {
  private readonly tables = new Map<string, Map<string, ObjectRow>>()
  /** Names of the tables whose copy began, each as often as it did. */
  readonly started: Array<string> = []
  /** What to give to the next snapshot. */
  readonly copied: Array<CopiedTable> = []

  rowsOf(name: string): ReadonlyArray<ObjectRow> {
    return [...this.table(name).entries()].sort(([a], [b]) => Number(a) - Number(b)).map(([, row]) => row)
  }

  copy(event: CopyEvent): void {
    const { name } = event.relation
    switch (event._tag) {
      case "CopyStarted":
        this.started.push(name)
        this.tables.set(name, new Map())
        return
      case "CopyBatch":
        for (const row of event.rows) this.add(name, row)
        return
      case "CopyFinished":
        this.copied.push(event.copied)
        if (this.table(name).size !== event.rows) throw new Error(`${name} has not got ${event.rows} rows`)
    }
  }

  apply(change: Change): void {
    switch (change._tag) {
      case "Insert":
        return this.add(change.relation.name, change.new)
      case "Update":
        this.remove(change.relation.name, change.old ?? change.new)
        return this.add(change.relation.name, change.new)
      case "Delete":
        return this.remove(change.relation.name, change.old)
      case "Truncate":
        return change.relations.forEach(({ name }) => this.table(name).clear())
      case "LogicalMessage":
    }
  }

  private table(name: string): Map<string, ObjectRow> {
    const table = this.tables.get(name)
    if (table === undefined) throw new Error(`${name} has not been copied`)
    return table
  }

  private add(name: string, row: ObjectRow): void {
    const key = keyOf(row)
    if (this.table(name).has(key)) throw new Error(`row ${key} of ${name} comes twice`)
    this.table(name).set(key, row)
  }

  private remove(name: string, row: ObjectRow): void {
    if (!this.table(name).delete(keyOf(row))) throw new Error(`row ${keyOf(row)} of ${name} has never come`)
  }
}
