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

const builtIn = (type: string): number | undefined => TypeName.of(type).oid

export const nameOf = (column: string | CopyColumn): string =>
  typeof column === "string" ? column : column.name

/** Whether the caller has stated every type. */
export const areStated = (columns: CopyColumns): columns is ReadonlyArray<CopyColumn> =>
  columns.every((column) => typeof column !== "string")

/** The names of types that are not built in. */
export const foreignTypes = (columns: CopyColumns): ReadonlyArray<string> => [
  ...new Set(
    columns.flatMap((column) =>
      typeof column === "string" || typeof column.type === "number" || builtIn(column.type) !== undefined
        ? []
        : [column.type]
    )
  )
]

/** Types by a name that is not built in. */
export type FoundTypes = ReadonlyMap<string, number>

/** The column with the type that the caller states. Left: the reason why the type is not valid. */
const stated = ({ name, type }: CopyColumn, found?: FoundTypes): Either.Either<Column, string> => {
  const oid = typeof type === "number" ? type : (builtIn(type) ?? found?.get(type))
  return oid === undefined
    ? Either.left(`column "${name}": type must be a built-in type or an OID, got "${type}"`)
    : Either.right(ofType(oid, name))
}

/** What the server describes, with what the caller states in its place; where there is no server, only that. */
export const merge = (
  columns: CopyColumns,
  described: ReadonlyArray<Column> = [],
  found?: FoundTypes
): Either.Either<ReadonlyArray<Column>, string> =>
  Either.all(
    columns.map((column, index) => {
      const { columnNumber, tableOid, typeOid } = described[index] ?? ofType(0)
      const one = typeof column === "string" ? { name: column, type: typeOid } : column
      return Either.map(stated(one, found), (column) => ({ ...column, tableOid, columnNumber }))
    })
  )
