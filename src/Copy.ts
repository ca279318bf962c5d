/** COPY as streams of bytes and of rows, by way of the client; `on` has rows for a connection of one's own. */
export { from, sink, to } from "./client/Copy.js"
export { decodeRows, encodeRows, on, rowsFrom, rowsInto, rowsSink } from "./client/CopyRows.js"
export type { RowsOn } from "./client/CopyRows.js"
export type { CopyResult } from "./connection/CopyIn.js"
export type { CopyOptions } from "./connection/PgConnection.js"
export type {
  AsBinary,
  AsCsv,
  AsText,
  CopyColumn,
  CopyFormat,
  IntoSettings,
  LenientSettings,
  ReadSettings,
  RowData,
  RowInput,
  RowOf,
  RowsFrom,
  RowsInto,
  TableName,
  Unstated
} from "./connection/CopyRows.js"
export { PgCopyRowError } from "./model/CopyRowError.js"
