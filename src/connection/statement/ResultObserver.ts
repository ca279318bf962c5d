/** Facts of a stream's result beside its rows, and how options carry the observer of them. */
import type { Column } from "../../model/Column.js"
import * as CommandTag from "../../model/CommandTag.js"
import type { StreamOptions } from "./QueryOptions.js"

/** What the requests of a stream report beside its rows. */
export class ResultObserver {
  columns: ReadonlyArray<Column> | undefined = undefined
  command: CommandTag.CommandTag | undefined = undefined
  private rows = 0n

  /** The result is read by these columns. */
  described(columns: ReadonlyArray<Column>): void {
    this.columns ??= columns
  }

  arrived(rows: number): void {
    this.rows += BigInt(rows)
  }

  /** The tag of a portal that is read in batches counts the rows of its last batch only. */
  completed(tag: string): void {
    const command = CommandTag.parse(tag)
    this.command =
      command.rows !== undefined && command.rows < this.rows ? { ...command, rows: this.rows } : command
  }
}

/** By which options carry an observer through what hands them on. */
const observed: unique symbol = Symbol("effect-postgres/connection/ResultObserver")

interface Observed {
  readonly [observed]?: ResultObserver
}

/** The options with an observer for the stream that they open. */
export const observing = (options: object | undefined, observer: ResultObserver): object => ({
  ...options,
  [observed]: observer
})

/** The observer of a stream that is opened with these options. */
export const observerOf = (options: StreamOptions): ResultObserver | undefined =>
  (options as Observed)[observed]
