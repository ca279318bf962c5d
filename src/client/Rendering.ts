/**
 * How a client writes names and missing values: keys of objects as names of columns and back, `undefined` as NULL. Helpers of `Sql` are written
 * anew by the client that sends them.
 */
import type { Statement } from "../model/Statement.js"
import * as Oid from "../model/Oid.js"
import { mapped } from "../types/Mapped.js"
import type { Registry } from "../types/Registry.js"
import { isFragment } from "./Fragment.js"
import type { Fragment, How } from "./Fragment.js"

/** Names of columns in the database and in programs. */
export interface ColumnNames {
  /** The key of a row for a column, such as "createdAt" for `created_at`. */
  readonly fromColumn: (column: string) => string
  /** The column for a key of a helper of `Sql`, such as `created_at` for "createdAt". */
  readonly toColumn: (key: string) => string
}

/**
 * Columns as `created_at`, keys as "createdAt". Letters behind an underscore become capitals, and nothing else changes, so that every name of
 * small letters, digits and underscores comes back as it was. A column whose own name has capitals is not written as its key.
 */
export const camelCase: ColumnNames = {
  fromColumn: (column) =>
    column.replace(/(?<=[a-z0-9])_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  toColumn: (key) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** How names and missing values are written. */
export interface RenderingOptions {
  /**
   * Maps names of columns to keys of rows, and keys of `Sql` helpers to names of columns, such as `PgClient.camelCase`. It holds for statements of the
   * client and of its `connection`, for their described columns and Schemas too, but not for `simple`, COPY and what is written in a text. When two columns
   * have one key, the later one wins. Unless given, names are the database's.
   */
  readonly names?: ColumnNames
  /** Whether keys inside of json and jsonb values are mapped by `names` too, both ways. A Schema reads JSON as it is. Default false. */
  readonly jsonNames?: boolean
  /** What a parameter or a helper's value of `undefined` becomes, `null`. Unless given, it is refused. */
  readonly undefinedAs?: "null"
}

/** Whether statements are sent as they are. */
export const isPlain = ({ names, undefinedAs }: RenderingOptions): boolean =>
  names === undefined && undefinedAs === undefined

/** The fragment as the client writes it. */
const written = (fragment: Fragment, how: How): Fragment => fragment.rendering?.(how) ?? fragment

/** The statement as it is sent. */
export const statement = (given: Statement, { names, undefinedAs }: RenderingOptions): Statement => {
  const how: How = { toColumn: names?.toColumn, undefinedAs }
  const { parameters, place, refused, sql, types } = isFragment(given) ? written(given, how) : given
  return {
    sql,
    parameters:
      undefinedAs === undefined
        ? parameters
        : parameters.map((value) => (value === undefined ? null : value)),
    types,
    refused,
    place,
    name: given.name,
    isOnce: given.isOnce,
    isPrepared: given.isPrepared,
    cursor: given.cursor,
    columnNames: names?.fromColumn
  }
}

const isRecord = (value: object): value is Record<string, unknown> => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The value with all keys of its objects mapped. */
const keysOf = (value: unknown, map: (key: string) => string): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map((each) => keysOf(each, map))
  // `fromEntries` makes `__proto__` a key as any other.
  return isRecord(value)
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [map(key), keysOf(each, map)]))
    : value
}

/** The types of a connector, with the keys of JSON as the client writes them. */
export const types = (registry: Registry, { jsonNames, names }: RenderingOptions): Registry =>
  names === undefined || jsonNames !== true
    ? registry
    : [Oid.json, Oid.jsonb].reduce((found, oid) => {
        const codec = found.lookup(oid)
        return codec === undefined
          ? found
          : found.with(
              mapped(
                codec,
                (value) => keysOf(value, names.fromColumn),
                (value) => keysOf(value, names.toColumn)
              )
            )
      }, registry)
