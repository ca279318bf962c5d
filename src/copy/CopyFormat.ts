/** The format of a copy: what may be asked for, and what it comes to once the types are known. */
import * as Either from "effect/Either"
import type { Column } from "../model/Column.js"
import type { Registry } from "../types/Registry.js"
import type { ColumnCodecs } from "../types/Row.js"
import * as LineFormat from "../wire/copy/LineFormat.js"
import type { Options } from "./CopyOption.js"

/** What the formats of lines have besides, and binary has not. */
export interface NoLines {
  readonly delimiter?: never
  readonly nullText?: never
  readonly header?: never
  readonly encoding?: never
}

/** What only CSV has. */
export interface NoCsv {
  readonly quote?: never
  readonly escape?: never
}

/** What rows as lines have besides. */
export interface AsRows {
  /**
   * Rows are read and written as UTF-8, which is what the server is told; another encoding is for copies of bytes. It need
   * be said only where somebody has changed `client_encoding`.
   */
  readonly encoding?: "UTF8"
}

/** Lines of text, as `psql` and `pg_dump` write them. */
export interface AsText extends LineFormat.TextSettings, AsRows, NoCsv {
  readonly format: "text"
}

/** Comma-separated values. */
export interface AsCsv extends LineFormat.CsvSettings, AsRows {
  readonly format: "csv"
}

/** The server's own form: the fastest, and the only one in which no value is printed. */
export interface AsBinary extends NoLines, NoCsv {
  readonly format: "binary"
}

/** Either format of lines, as a variable says, with what they have in common. */
export interface AsLines extends LineFormat.TextSettings, AsRows, NoCsv {
  readonly format: "text" | "csv"
}

/** Any format, as a variable says: then there are no further settings. */
export interface AsAny extends NoLines, NoCsv {
  readonly format: "binary" | "text" | "csv"
}

export type CopyFormat = AsBinary | AsText | AsCsv | AsLines | AsAny

/** A format whose settings have been checked. */
export type Checked =
  | { readonly _tag: "binary" }
  | { readonly _tag: "text"; readonly lines: LineFormat.LineFormat }
  | { readonly _tag: "csv"; readonly lines: LineFormat.CsvFormat }

export type Direction = "decode" | "encode"

const binary: Checked = { _tag: "binary" }

/** The first column whose type has no binary form here. */
const withoutBinary = (
  columns: ReadonlyArray<Column>,
  registry: Registry,
  direction: Direction,
  codecs: ColumnCodecs
): Column | undefined => {
  const side = direction === "decode" ? "decodeBinary" : "encodeBinary"
  return columns.find(
    ({ typeOid }, index) => (codecs[index] ?? registry.lookup(typeOid))?.[side] === undefined
  )
}

/** Binary where every type has a binary form, else text. `codecs`: those that columns have instead of the registry's. */
export const best = (
  columns: ReadonlyArray<Column>,
  registry: Registry,
  direction: Direction,
  codecs: ColumnCodecs = []
): AsAny => ({
  format: withoutBinary(columns, registry, direction, codecs) === undefined ? "binary" : "text"
})

const voided = (checked: Either.Either<unknown, string>): Either.Either<void, string> =>
  Either.map(checked, () => undefined)

/**
 * Left is the reason why there can be no such format, for data that are passed on as they are. Where the columns are not
 * known, the server says of those that are chosen whether there are such.
 */
export const settings = (
  asked: Options,
  names: ReadonlyArray<string> | undefined
): Either.Either<void, string> => {
  switch (asked.format) {
    case "text":
      return voided(LineFormat.text(asked))
    case "csv":
      return voided(
        LineFormat.csv(
          names === undefined ? { ...asked, forceQuote: "*", forceNotNull: "*", forceNull: "*" } : asked,
          names
        )
      )
    case "binary":
      return Either.void
  }
}

/** Left is the reason why the columns cannot travel in this format. */
export const check = (
  asked: Options,
  columns: ReadonlyArray<Column>,
  registry: Registry,
  direction: Direction,
  codecs: ColumnCodecs = []
): Either.Either<Checked, string> => {
  switch (asked.format) {
    case "text":
      return Either.map(LineFormat.text(asked), (lines) => ({ _tag: "text", lines }))
    case "csv": {
      const names = columns.map(({ name }) => name)
      return Either.map(LineFormat.csv(asked, names), (lines) => ({ _tag: "csv", lines }))
    }
    case "binary": {
      const column = withoutBinary(columns, registry, direction, codecs)
      return column === undefined
        ? Either.right(binary)
        : Either.left(
            `column "${column.name}": the registry has no binary form for ${registry.nameOf(column.typeOid)}; text and csv have none of this limit`
          )
    }
  }
}
