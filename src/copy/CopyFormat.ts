/** The format of a copy: what it comes to once the types are known. */
import * as Either from "effect/Either"
import type { Column } from "../model/Column.js"
import type { Codec } from "../types/Codec.js"
import type { Registry } from "../types/Registry.js"
import type { ColumnCodecs } from "../types/Row.js"
import * as LineFormat from "../wire/copy/LineFormat.js"
import type { Options } from "./CopyOption.js"

/** A format whose settings have been checked. */
export type Checked =
  | { readonly _tag: "binary" }
  | { readonly _tag: "text"; readonly lines: LineFormat.LineFormat }
  | { readonly _tag: "csv"; readonly lines: LineFormat.CsvFormat }

export type CopyDirection = "decode" | "encode"

const binary: Checked = { _tag: "binary" }

/** The codec of each column: its own, or that of its type. `own`: those that columns have instead of the registry's. */
export const codecsOf = (
  columns: ReadonlyArray<Column>,
  registry: Registry,
  own: ColumnCodecs
): ReadonlyArray<Codec | undefined> =>
  columns.map(({ typeOid }, index) => own[index] ?? registry.lookup(typeOid))

/** The first column whose type has no binary form here. */
const withoutBinary = (
  columns: ReadonlyArray<Column>,
  registry: Registry,
  direction: CopyDirection,
  own: ColumnCodecs
): Column | undefined => {
  const side = direction === "decode" ? "decodeBinary" : "encodeBinary"
  const codecs = codecsOf(columns, registry, own)
  return columns.find((_, index) => codecs[index]?.[side] === undefined)
}

/** Binary where every type has a binary form, else text. */
export const best = (
  columns: ReadonlyArray<Column>,
  registry: Registry,
  direction: CopyDirection,
  own: ColumnCodecs = []
): { readonly format: "binary" | "text" } => ({
  format: withoutBinary(columns, registry, direction, own) === undefined ? "binary" : "text"
})

/**
 * Left: the reason why there can be no such format. For data that are passed on unchanged. Where the columns are not known,
 * the server decides whether the chosen ones exist.
 */
export const settings = (
  asked: Options,
  names: ReadonlyArray<string> | undefined
): Either.Either<Checked, string> => {
  switch (asked.format) {
    case "binary":
      return Either.right(binary)
    case "text":
      return Either.map(LineFormat.text(asked), (lines) => ({ _tag: "text", lines }))
    case "csv": {
      const all = { forceQuote: "*", forceNotNull: "*", forceNull: "*" } as const
      const lines = LineFormat.csv(names === undefined ? { ...asked, ...all } : asked, names)
      return Either.map(lines, (lines) => ({ _tag: "csv", lines }))
    }
  }
}

/** Left is the reason why the columns cannot travel in this format. */
export const check = (
  asked: Options,
  columns: ReadonlyArray<Column>,
  registry: Registry,
  direction: CopyDirection,
  own: ColumnCodecs
): Either.Either<Checked, string> => {
  const column = asked.format === "binary" ? withoutBinary(columns, registry, direction, own) : undefined
  const names = columns.map(({ name }) => name)
  if (column === undefined) return settings(asked, names)
  const type = registry.nameOf(column.typeOid)
  const reason = `column "${column.name}": the registry has no binary form for ${type}; text and csv do not have this limit`
  return Either.left(reason)
}
