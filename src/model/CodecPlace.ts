/** Where a value stands that could not be read or written. */
import type { Lsn } from "./Lsn.js"
import type { PgTimestampTz } from "./PgTimestampTz.js"

/** A parameter of a statement. */
export interface ParameterPlace {
  readonly _tag: "Parameter"
  /** The number after the dollar sign: `1` for `$1`. */
  readonly number: number
}

/** An argument that is no parameter of a statement. */
export interface ArgumentPlace {
  readonly _tag: "Argument"
  readonly name: string
}

/** A column of a result. */
export interface ColumnPlace {
  readonly _tag: "Column"
  readonly column: string
  /** Place of the column, counted from 0. */
  readonly index: number
}

/** A row as a whole. */
export interface RowPlace {
  readonly _tag: "Row"
  /** Counted from 1; `undefined` where rows are not counted. */
  readonly row: number | undefined
}

/** A column of one row. */
export interface RowColumnPlace {
  readonly _tag: "RowColumn"
  /** Counted from 1. */
  readonly row: number
  readonly column: string
  /** Place of the column, counted from 0. */
  readonly index: number
}

/** All columns together: they are not those that a Schema wants. */
export interface Columns {
  readonly _tag: "Columns"
  /** A result and a copy are compared before the statement runs, a table with the first change after its description. */
  readonly of: "result" | "copy" | "table"
}

/** A row of a COPY. */
export interface CopyRow {
  readonly _tag: "CopyRow"
  /** Counted from 1 as the server counts, without the header; 0 for the header. */
  readonly row: number
  /** `undefined` when the row as a whole is wrong. */
  readonly column: string | undefined
  /** Place of the column, counted from 0. */
  readonly index: number | undefined
}

/** How an error names the transaction of a change. */
export interface ChangeTransaction {
  readonly xid: number
  /** Where its commit record begins; of a prepared transaction its prepare record. */
  readonly commitLsn: Lsn
  /** When it was committed or prepared. */
  readonly time: PgTimestampTz
  /** The name it was prepared under; `undefined` when it is no prepared transaction. */
  readonly gid: string | undefined
}

/** Where in a stream of changes a row stands. */
export interface ChangeRowPlace {
  /** The table, with its schema. */
  readonly table: string
  readonly kind: "insert" | "update" | "delete"
  /** `old`: as it was before, of which the server may have sent the key alone. */
  readonly row: "old" | "new"
  /** With its `xid` and the position of its commit. */
  readonly transaction: ChangeTransaction
}

/** A row of a change that a feed received. */
export interface ChangeRow extends ChangeRowPlace {
  readonly _tag: "ChangeRow"
  /** `undefined` when the row as a whole is wrong. */
  readonly column: string | undefined
  /** Place of the column, counted from 0. */
  readonly index: number | undefined
}

/** Where in a statement or a result a value stands. */
export type CodecPlace = ParameterPlace | ArgumentPlace | ColumnPlace | RowPlace | RowColumnPlace | Columns

/** The place of a column in a row, or of the row as a whole when it has no such column. */
export const inRow = (row: number, column: string | undefined, index: number): RowPlace | RowColumnPlace =>
  column === undefined ? { _tag: "Row", row } : { _tag: "RowColumn", row, column, index }
