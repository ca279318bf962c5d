/** What a copy of rows may be asked for: where rows go or come from, with the options of each format. */
import type { Statement } from "../model/Statement.js"
import type { Registry } from "../types/Registry.js"
import type * as Row from "../types/Row.js"
import type { Chosen } from "../wire/copy/LineFormat.js"
import type { CopyColumn } from "./CopyColumns.js"
import type * as CopyFormat from "./CopyFormat.js"
import type { AsAny, AsBinary, AsCsv, AsLines, AsText } from "./CopyFormat.js"
import type * as CopyStatement from "./CopyStatement.js"
import type { CopyOptions } from "../connection/PgConnection.js"

/**
 * The format left to us: binary where every type has a binary form, else text. Or one that a variable says, if it says
 * any.
 */
export interface Unstated extends CopyFormat.NoLines, CopyFormat.NoCsv {
  readonly format?: AsAny["format"] | undefined
}

/** What the writer of lines has. */
export interface WritesLines {
  /**
   * What stands for `Copy.Default`, which a row may have in place of a value: PostgreSQL 16 or later. What we write is told
   * apart from a value that looks the same.
   */
  readonly defaultText?: string
}

/** What the reader of CSV has. */
export interface ReadsCsv {
  /** Columns in which the text for NULL is a value: where it is nothing, nothing is the empty text. */
  readonly forceNotNull?: Chosen
  /** Columns in which the text for NULL is NULL in quotes too, and so an empty text NULL. */
  readonly forceNull?: Chosen
}

/** What the writer of CSV has. */
export interface WritesCsv {
  /** Columns whose values are always in quotes; NULL never is. */
  readonly forceQuote?: Chosen
}

type Not<K extends PropertyKey> = { readonly [P in K]?: never }
type NotWritten = Not<keyof WritesLines>
type NotRead = Not<keyof ReadsCsv>
type NotQuoted = Not<keyof WritesCsv>
type NotLenient = Not<"onError" | "rejectLimit" | "logVerbosity">

/** The formats of a copy into a table, whatever carries it: `N` where no option of lines goes, `L` and `C` where they do. */
type Into<N, L, C> =
  | (N & NotWritten & NotRead & NotQuoted & NotLenient)
  | (L & WritesLines & NotRead & NotQuoted & CopyStatement.LenientSettings)
  | (C & WritesLines & ReadsCsv & NotQuoted & CopyStatement.LenientSettings)

/** The formats of a copy from the server. */
type From<N, L, C> =
  | ((N | L) & NotWritten & NotRead & NotQuoted & NotLenient)
  | (C & NotWritten & NotRead & WritesCsv & NotLenient)

/** A format, and its options on the way into a table. */
export type FormatInto = Into<Unstated | AsBinary | AsAny, AsText | AsLines, AsCsv>

/** A format, and its options on the way from the server. */
export type FormatFrom = From<Unstated | AsBinary | AsAny, AsText | AsLines, AsCsv>

/** Where rows go. */
export type RowsInto = {
  readonly table: CopyStatement.TableName
  /**
   * The columns, in the order of a row that is an array. Where a type is not stated the server is asked, in one round
   * trip and without a right to select.
   */
  readonly columns: ReadonlyArray<string | CopyColumn>
} & CopyStatement.IntoSettings &
  CopyOptions &
  FormatInto

/** Where rows go that a Schema encodes. Columns that are not named are those that the Schema has. */
export type TypedInto = {
  readonly table: CopyStatement.TableName
  readonly columns?: ReadonlyArray<string | CopyColumn>
} & CopyStatement.IntoSettings &
  CopyOptions &
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
      readonly table: CopyStatement.TableName
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

/** Data that no server is asked about, such as a file's. The format is binary unless given. */
export type RowData = Data & (Unstated | CopyFormat.CopyFormat)

type Written =
  | ((Unstated | AsBinary | AsAny) & NotWritten & NotRead & NotQuoted)
  | ((AsText | AsLines) & WritesLines & NotRead & NotQuoted)
  | (AsCsv & WritesLines & NotRead & WritesCsv)

type Read =
  | ((Unstated | AsBinary | AsAny | AsText | AsLines) & NotWritten & NotRead & NotQuoted)
  | (AsCsv & NotWritten & ReadsCsv & NotQuoted)

/** Data whose columns, unless given, are those of a Schema, in its order and of its types. */
interface TypedData extends Omit<Data, "columns"> {
  readonly columns?: ReadonlyArray<CopyColumn>
}

/** Data to be written. */
export type RowsToWrite = Data & Written

/** Data to be written from values of a Schema. */
export type TypedToWrite = TypedData & Written

/** Data to be read. */
export type RowsToRead<M extends Row.RowMode = "object"> = Data & ReadSettings<M> & Read

/** Data to be read as values of a Schema. */
export type TypedToRead = TypedData & ReadSettings<"object"> & Read

/** The format that bytes are in. The encoding is that of the bytes, as the server names it; unless given, UTF-8. */
interface InEncoding {
  readonly encoding?: string
}

type Bytes<F> = Omit<F, "encoding"> & InEncoding
type Binary = AsBinary | AsAny

/** Where bytes go, in the format stated; all columns unless some are named. */
export type BytesInto = {
  readonly table: CopyStatement.TableName
  readonly columns?: ReadonlyArray<string>
} & CopyStatement.IntoSettings &
  CopyOptions &
  Into<Binary, Bytes<AsText> | Bytes<AsLines>, Bytes<AsCsv>>

/** The header that a server writes; comparing names is for who reads. */
type HeaderWritten<F> = Omit<Bytes<F>, "header"> & { readonly header?: boolean }

/** Where bytes come from, and the format to have them in. */
export type BytesFrom = (
  | { readonly table: CopyStatement.TableName; readonly columns?: ReadonlyArray<string> }
  | { readonly query: Statement }
) &
  CopyOptions &
  From<Binary, HeaderWritten<AsText> | HeaderWritten<AsLines>, HeaderWritten<AsCsv>>
