/**
 * What a copy of rows needs to know before its first byte: the statement, the columns with their types, and the format, from
 * what is stated and what the server is asked for the rest.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Column } from "../model/Column.js"
import { PgCodecError, type PgSessionError } from "../model/PgError.js"
import * as Statement from "../model/Statement.js"
import type { Registry } from "../types/Registry.js"
import { lossless } from "../types/Registry.js"
import type * as Row from "../types/Row.js"
import * as CopyColumns from "./CopyColumns.js"
import type { CopyColumn } from "./CopyColumns.js"
import * as CopyFormat from "./CopyFormat.js"
import type { AsBinary, AsCsv, AsText } from "./CopyFormat.js"
import * as CopyStatement from "./CopyStatement.js"
import type { CopyOptions, PgConnection } from "./PgConnection.js"

/** The format left to us: binary where every type has a binary form, else text. */
export interface Unstated {
  readonly format?: undefined
}

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
  (Unstated | AsBinary | ((AsText | AsCsv) & CopyStatement.LenientSettings))

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
  | { readonly query: Statement.Statement }
) &
  ReadSettings<M> &
  CopyOptions &
  (Unstated | CopyFormat.CopyFormat)

/** Data that no server is asked about, such as a file's. The format is binary unless given. */
export type RowData = {
  readonly columns: ReadonlyArray<CopyColumn>
  /** Unless given, the lossless types. */
  readonly types?: Registry
} & (Unstated | CopyFormat.CopyFormat)

/** Everything a copy of rows needs to know. */
export interface Plan {
  readonly sql: string
  readonly columns: ReadonlyArray<Column>
  readonly format: CopyFormat.Checked
  readonly registry: Registry
}

const refused = (reason: string, direction: CopyFormat.Direction): PgCodecError =>
  new PgCodecError({ direction, where: "COPY", index: -1, type: "copy data", reason, sql: "" })

const orRefuse = <A>(
  either: Either.Either<A, string>,
  direction: CopyFormat.Direction
): Effect.Effect<A, PgCodecError> =>
  Either.match(either, {
    onLeft: (reason) => Effect.fail(refused(reason, direction)),
    onRight: Effect.succeed
  })

const isFormat = (options: Unstated | CopyFormat.CopyFormat): options is CopyFormat.CopyFormat =>
  options.format !== undefined

const describe = (
  connection: PgConnection,
  sql: string
): Effect.Effect<ReadonlyArray<Column>, PgSessionError> =>
  Effect.map(connection.describe(Statement.make(sql)), ({ columns }) => columns)

/** The columns and the registry that knows them: what is stated, and what the server is asked for the rest. */
const resolve = (
  connection: PgConnection,
  asked: CopyColumns.CopyColumns | undefined,
  query: string,
  direction: CopyFormat.Direction
) =>
  Effect.gen(function* () {
    const described =
      asked !== undefined && CopyColumns.areStated(asked) ? [] : yield* describe(connection, query)
    const foreign = CopyColumns.foreignTypes(asked ?? [])
    const types = foreign.length === 0 ? [] : yield* connection.learnTypes(foreign)
    const found = new Map(foreign.map((name, index) => [name, types[index]?.oid ?? 0]))
    const columns =
      asked === undefined ? described : yield* orRefuse(CopyColumns.merge(asked, described, found), direction)
    const registry = yield* connection.findTypes(columns.map(({ typeOid }) => typeOid))
    return { columns, registry }
  })

/** The plan of a copy into a table. */
export const into = (connection: PgConnection, target: RowsInto): Effect.Effect<Plan, PgSessionError> =>
  Effect.gen(function* () {
    const names = target.columns.map(CopyColumns.nameOf)
    const query = yield* orRefuse(CopyStatement.query(target.table, names), "encode")
    const { columns, registry } = yield* resolve(connection, target.columns, query, "encode")
    const wanted = isFormat(target) ? target : CopyFormat.best(columns, registry, "encode")
    const format = yield* orRefuse(CopyFormat.check(wanted, columns, registry, "encode"), "encode")
    const sql = yield* orRefuse(CopyStatement.into(target.table, names, wanted, target), "encode")
    return { sql, columns, format, registry }
  })

/** The plan of a copy out of a table or a query. */
export const from = <M extends Row.RowMode>(
  connection: PgConnection,
  source: RowsFrom<M>
): Effect.Effect<Plan, PgSessionError> =>
  Effect.gen(function* () {
    const asked = "query" in source ? undefined : source.columns
    const query = yield* orRefuse(
      "query" in source
        ? CopyStatement.queryOf(source.query)
        : CopyStatement.query(source.table, asked?.map(CopyColumns.nameOf)),
      "decode"
    )
    const { columns, registry } = yield* resolve(connection, asked, query, "decode")
    const wanted = isFormat(source) ? source : CopyFormat.best(columns, registry, "decode")
    const format = yield* orRefuse(CopyFormat.check(wanted, columns, registry, "decode"), "decode")
    return { sql: CopyStatement.from(query, wanted), columns, format, registry }
  })

/** The plan for data without a server. */
export const data = (stated: RowData, direction: CopyFormat.Direction): Effect.Effect<Plan, PgCodecError> =>
  Effect.gen(function* () {
    const registry = stated.types ?? lossless
    const columns = yield* orRefuse(CopyColumns.fromStated(stated.columns), direction)
    const wanted: CopyFormat.CopyFormat = isFormat(stated) ? stated : { format: "binary" }
    const format = yield* orRefuse(CopyFormat.check(wanted, columns, registry, direction), direction)
    return { sql: "", columns, format, registry }
  })
