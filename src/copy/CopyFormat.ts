/** The format of a copy: what it comes to once the types are known. */
import * as Either from "effect/Either"
import type { Column } from "../model/Column.js"
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

/** The first column whose type has no binary form here. */
const withoutBinary = (
  columns: ReadonlyArray<Column>,
  registry: Registry,
  direction: CopyDirection,
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
  direction: CopyDirection,
  codecs: ColumnCodecs = []
): { readonly format: "binary" | "text" } => ({
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
  direction: CopyDirection,
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
            `column "${column.name}": the registry has no binary form for ${registry.nameOf(column.typeOid)}; text and csv do not have this limit`
          )
    }
  }
}
