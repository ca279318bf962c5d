/**
 * The columns of a copy and the types that their values are read and written with. Types come from the caller, or from
 * the server, which is asked by describing a query.
 */
import * as Either from "effect/Either"
import { type Column, ofType } from "../model/Column.js"
import * as TypeName from "../model/TypeName.js"

/**
 * A column with its type: an OID, or the name of a built-in type such as `int4`, `integer` or `int4[]`. Where there is a server to ask,
 * any other name that it knows, as SQL has it: `mood`, `shop."Mood"`.
 */
export interface CopyColumn {
  readonly name: string
  readonly type: number | string
}

/** Columns by name, with types stated for all, some or none. */
export type CopyColumns = ReadonlyArray<string | CopyColumn>

const oidOf = (type: string): number | undefined => TypeName.of(type).oid

export const nameOf = (column: string | CopyColumn): string =>
  typeof column === "string" ? column : column.name

/** Whether the caller has told every type. */
export const areStated = (columns: CopyColumns): columns is ReadonlyArray<CopyColumn> =>
  columns.every((column) => typeof column !== "string")

/** The names of types that are not built in. */
export const foreignTypes = (columns: CopyColumns): ReadonlyArray<string> => [
  ...new Set(
    columns.flatMap((column) =>
      typeof column === "string" || typeof column.type === "number" || oidOf(column.type) !== undefined
        ? []
        : [column.type]
    )
  )
]

/** Types by a name that is not built in. */
export type FoundTypes = ReadonlyMap<string, number>
const none: FoundTypes = new Map()

/** The columns with their types as the caller tells them. Left is the reason why a type is none. */
export const fromStated = (
  columns: ReadonlyArray<CopyColumn>,
  found: FoundTypes = none
): Either.Either<ReadonlyArray<Column>, string> => {
  const all: Array<Column> = []
  for (const { name, type } of columns) {
    const oid = typeof type === "number" ? type : (oidOf(type) ?? found.get(type))
    if (oid === undefined)
      return Either.left(`column "${name}": type must be a built-in type or an OID, got "${type}"`)
    all.push(ofType(oid, name))
  }
  return Either.right(all)
}

/** What the server describes, with what the caller states in its place. */
export const merge = (
  columns: CopyColumns,
  described: ReadonlyArray<Column>,
  found: FoundTypes
): Either.Either<ReadonlyArray<Column>, string> =>
  Either.map(
    fromStated(
      columns.map((column, index) =>
        typeof column === "string" ? { name: column, type: described[index]?.typeOid ?? 0 } : column
      ),
      found
    ),
    (stated) => stated.map((column, index) => withPlace(column, described[index]))
  )

/** The column with its place in the table, where the server has described it. */
const withPlace = (column: Column, described: Column | undefined): Column =>
  described === undefined
    ? column
    : { ...column, tableOid: described.tableOid, columnNumber: described.columnNumber }
