/** COPY as streams of bytes and of rows, through the client. `on` has the same operations for a connection of yours, `transfer` copies from one server to another. */
export { from, rowsFrom, rowsInto, rowsSink, sink, to, transfer } from "./client/Copy.js"
export type { TransferEnd } from "./client/Copy.js"
export type {
  TransferOptions,
  TransferProgress,
  TransferResult,
  TransferSource,
  TransferTarget
} from "./copy/CopyTransfer.js"
export { on } from "./copy/Copies.js"
export type { ByteCopies, CopiesOn, RowCopies, RowsOn } from "./copy/Copies.js"
export { decode as decodeRows, encode as encodeRows } from "./copy/CopyRows.js"
export { Default, orDefault } from "./copy/CopySchema.js"
export type { CopyResult } from "./connection/copy/CopyIn.js"
export type { CopyOptions } from "./connection/PgConnection.js"
export type { CopyColumn } from "./copy/CopyColumns.js"
export type {
  AsAny,
  AsBinary,
  AsCsv,
  AsLines,
  AsText,
  CopyFormat,
  IntoSettings,
  LenientSettings,
  Misplaced,
  Unstated
} from "./copy/CopyOption.js"
export type { TableName } from "./copy/CopyStatement.js"
export type * from "./copy/CopyTarget.js"
export { PgCopyRowError } from "./model/CopyRowError.js"
