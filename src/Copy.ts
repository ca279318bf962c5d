/** COPY as streams of bytes and of rows, by way of the client; `on` has both for a connection of one's own. */
export { from, sink, to } from "./client/Copy.js"
export type { ByteCopies } from "./client/Copy.js"
export { on } from "./client/CopyOn.js"
export type { CopiesOn, RowsOn } from "./client/CopyOn.js"
export { decodeRows, encodeRows, rowsFrom, rowsInto, rowsSink } from "./client/CopyRows.js"
export type { RowCopies } from "./client/CopyRows.js"
export { Default, orDefault } from "./copy/CopyDefault.js"
export type { CopyResult } from "./connection/copy/CopyIn.js"
export type { CopyOptions } from "./connection/PgConnection.js"
export type {
  AsAny,
  AsBinary,
  AsCsv,
  AsLines,
  AsText,
  BytesFrom,
  BytesInto,
  CopyColumn,
  CopyFormat,
  FormatFrom,
  FormatInto,
  IntoSettings,
  LenientSettings,
  Misplaced,
  ReadSettings,
  RowData,
  RowInput,
  RowOf,
  RowsFrom,
  RowsInto,
  RowsToRead,
  RowsToWrite,
  TableName,
  TypedInto,
  TypedToRead,
  TypedToWrite,
  Unstated
} from "./copy/CopyRows.js"
export { PgCopyRowError } from "./model/CopyRowError.js"
