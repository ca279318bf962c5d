/** What a copy may be asked for: where rows or bytes go or come from, with the options that go with it. */
import type { CopyOptions } from "../connection/PgConnection.js"
import type { Statement } from "../model/Statement.js"
import type { Registry } from "../types/Registry.js"
import type * as Row from "../types/Row.js"
import type { CopyColumn } from "./CopyColumns.js"
import type { ByteOptions, RowOptions, Use } from "./CopyOption.js"
import type { TableName } from "./CopyStatement.js"

/** A format, and its options on the way into a table. */
export type FormatInto = RowOptions<"into">

/** A format, and its options on the way from the server. */
export type FormatFrom = RowOptions<"from">

/** What a row may be. */
export type RowInput = Readonly<Record<string, unknown>> | ReadonlyArray<unknown>

/** Where rows go. */
export type RowsInto = {
  readonly table: TableName
  /**
   * The columns, in the order of a row that is an array. Where a type is not stated the server is asked, in one round
   * trip and without a right to select.
   */
  readonly columns: ReadonlyArray<string | CopyColumn>
} & CopyOptions &
  FormatInto

/** Where rows go that a Schema encodes. Columns that are not named are those that the Schema has. */
export type TypedInto = {
  readonly table: TableName
  readonly columns?: ReadonlyArray<string | CopyColumn>
} & CopyOptions &
  FormatInto

/** What reading needs besides the format. */
export interface ReadSettings<M extends Row.RowMode> {
  /** Rows as objects by column name, the default, or as arrays. */
  readonly mode?: M
  /** Greatest record in bytes; default `0x3fffffff`. Memory is never taken for more. */
  readonly maxRecordBytes?: number
}

/** A row of that mode. */
export type RowOf<M extends Row.RowMode> = M extends "array" ? Row.ArrayRow : Row.ObjectRow

/** Where rows come from: a table (or view), or a query without parameters. */
export type RowsFrom<M extends Row.RowMode = "object"> = (
  | {
      readonly table: TableName
      /** Unless given, all columns. Where a type is not stated the server is asked. */
      readonly columns?: ReadonlyArray<string | CopyColumn>
    }
  | { readonly query: Statement }
) &
  ReadSettings<M> &
  CopyOptions &
  FormatFrom

interface Data {
  readonly columns: ReadonlyArray<CopyColumn>
  /** Unless given, the lossless types. */
  readonly types?: Registry
}

/** Data whose columns, unless given, are those of a Schema, in its order and of its types. */
interface TypedData extends Omit<Data, "columns"> {
  readonly columns?: ReadonlyArray<CopyColumn>
}

/** Data that no server is asked about, such as a file's, to be written and to be read. The format is binary unless given. */
export type RowData = Data & RowOptions<Use>

/** Data to be written. */
export type RowsToWrite = Data & RowOptions<"encode">

/** Data to be written from values of a Schema. */
export type TypedToWrite = TypedData & RowOptions<"encode">

/** Data to be read. */
export type RowsToRead<M extends Row.RowMode = "object"> = Data & ReadSettings<M> & RowOptions<"decode">

/** Data to be read as values of a Schema. */
export type TypedToRead = TypedData & ReadSettings<"object"> & RowOptions<"decode">

/** Where bytes go, in the format stated; all columns unless some are named. Their encoding is UTF-8 unless given. */
export type BytesInto = {
  readonly table: TableName
  readonly columns?: ReadonlyArray<string>
} & CopyOptions &
  ByteOptions<"into">

/** Where bytes come from, and the format to have them in. Their encoding is UTF-8 unless given. */
export type BytesFrom = (
  { readonly table: TableName; readonly columns?: ReadonlyArray<string> } | { readonly query: Statement }
) &
  CopyOptions &
  ByteOptions<"from">
