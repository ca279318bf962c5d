/** The format of a copy: what may be asked for, and what it comes to once the types are known. */
import * as Either from "effect/Either"
import type { Column } from "../model/Column.js"
import type { Registry } from "../types/Registry.js"
import * as LineFormat from "../wire/copy/LineFormat.js"

/** Lines of text, as `psql` and `pg_dump` write them. */
export interface AsText extends LineFormat.TextSettings {
  readonly format: "text"
}

/** Comma-separated values. */
export interface AsCsv extends LineFormat.CsvSettings {
  readonly format: "csv"
}

/** The server's own form: the fastest, and the only one in which no value is printed. */
export interface AsBinary {
  readonly format: "binary"
}

export type CopyFormat = AsBinary | AsText | AsCsv

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
  direction: Direction
): Column | undefined => {
  const side = direction === "decode" ? "decodeBinary" : "encodeBinary"
  return columns.find(({ typeOid }) => registry.lookup(typeOid)?.[side] === undefined)
}

/** Binary where every type has a binary form, else text. */
export const best = (
  columns: ReadonlyArray<Column>,
  registry: Registry,
  direction: Direction
): CopyFormat => ({ format: withoutBinary(columns, registry, direction) === undefined ? "binary" : "text" })

/** Left is the reason why the columns cannot travel in this format. */
export const check = (
  asked: CopyFormat,
  columns: ReadonlyArray<Column>,
  registry: Registry,
  direction: Direction
): Either.Either<Checked, string> => {
  switch (asked.format) {
    case "text":
      return Either.map(LineFormat.text(asked), (lines) => ({ _tag: "text", lines }))
    case "csv":
      return Either.map(LineFormat.csv(asked), (lines) => ({ _tag: "csv", lines }))
    case "binary": {
      const column = withoutBinary(columns, registry, direction)
      return column === undefined
        ? Either.right(binary)
        : Either.left(
            `column "${column.name}": the registry has no binary form for ${registry.nameOf(column.typeOid)}; text and csv have none of this limit`
          )
    }
  }
}
