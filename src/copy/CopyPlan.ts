/**
 * What a copy of rows needs to know before its first byte: the statement, the columns with their types, and the format, from
 * what is stated and what the server is asked for the rest.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import * as Effect from "effect/Effect"
import type { PgConnection } from "../connection/PgConnection.js"
import { type Column, ofType } from "../model/Column.js"
import type { PgCodecError, PgSessionError, PgUsageError } from "../model/PgError.js"
import type { ExpectedColumn, ExpectedRow } from "../schema/ExpectedRow.js"
import type { SchemaType } from "../schema/PgType.js"
import { lossless, type Registry } from "../types/Registry.js"
import type * as Row from "../types/Row.js"
import * as CopyColumns from "./CopyColumns.js"
import * as CopyFacts from "./CopyFacts.js"
import * as CopyFormat from "./CopyFormat.js"
import type * as CopyOption from "./CopyOption.js"
import { admit, type CopyOperation, orRefuse, quoted, refuse } from "./CopyRefusal.js"
import type { CopySchema, KnownColumns } from "./CopySchema.js"
import * as CopyStatement from "./CopyStatement.js"
import type { RowsFrom, RowsToRead, TypedInto, TypedToRead, TypedToWrite } from "./CopyTarget.js"

/** Everything a copy of rows needs to know. */
export interface CopyPlan {
  readonly sql: string
  readonly columns: ReadonlyArray<Column>
  readonly format: CopyFormat.Checked
  readonly registry: Registry
  /** Those that columns have instead of the registry's. */
  readonly codecs: Row.ColumnCodecs
  /** The table that rows go to or come from; `undefined` of a query, and of data without a server. */
  readonly table: CopyStatement.TableName | undefined
  /** The places of columns in whose arrays the server would read a NULL that is written as a string. */
  readonly withoutNulls: ReadonlyArray<number>
  /** Whether errors show the values that a Schema refuses. */
  readonly showsValues: boolean
}

/** A Schema that checks the columns before anything is copied; `undefined` without a Schema. */
type ColumnSchema = CopySchema | undefined

/** What the Schema wants, unless no row goes through it; `undefined` without a Schema. */
const wantedBy = (
  look: ColumnSchema,
  operation: CopyOperation
): Effect.Effect<ExpectedRow | undefined, PgUsageError> =>
  look === undefined ? Effect.succeed(undefined) : orRefuse(look.rows.wanted, operation, "schema")

/** Columns that are not named are those that the Schema has, and it must have some and no others. */
const named = (
  wanted: ExpectedRow | undefined,
  operation: CopyOperation
): Effect.Effect<ExpectedRow, PgUsageError> => {
  if (wanted !== undefined && wanted.columns.length > 0 && !wanted.isOpen) return Effect.succeed(wanted)
  const why = wanted?.isOpen === true ? "takes columns of any name" : "has no columns"
  return refuse(operation, "columns", `must name the columns, because the Schema ${why}, got nothing`)
}

/** The columns that a Schema names, of the one type that it has for each. */
const typed = (
  wanted: ReadonlyArray<ExpectedColumn>,
  registry: Registry,
  operation: CopyOperation
): Effect.Effect<ReadonlyArray<Column>, PgUsageError> => {
  const columns = wanted.map(({ name, types }) => ({ name, oid: oneOid(types ?? [], registry) }))
  const untyped = columns.find(({ oid }) => oid === undefined)
  if (untyped === undefined) return Effect.succeed(columns.map(({ name, oid }) => ofType(oid!, name)))
  const reason = `must state the types, because the Schema has no built-in type for ${JSON.stringify(untyped.name)}, or several: columns: [{ name: ${JSON.stringify(untyped.name)}, type: "text" }, …]`
  return refuse(operation, "columns", reason)
}

/** The OID of the type; of several types that are written alike, of the first. */
const oneOid = (types: ReadonlyArray<SchemaType>, registry: Registry): number | undefined => {
  const codecs = types.flatMap(({ codec, oid }) =>
    oid === undefined ? [] : [codec ?? registry.lookup(oid) ?? lossless.lookup(oid)]
  )
  const [first] = codecs
  return first !== undefined &&
    codecs.every((each) => each?.encodeBinary === first.encodeBinary && each?.encodeText === first.encodeText)
    ? first.oid
    : undefined
}

/** The columns and the registry that knows them: what is stated, and what the server is asked for the rest. */
const resolve = (
  connection: PgConnection,
  asked: CopyColumns.CopyColumns | undefined,
  query: string,
  table: CopyStatement.TableName | undefined,
  direction: CopyFormat.CopyDirection
): Effect.Effect<KnownColumns, PgSessionError> =>
  Effect.gen(function* () {
    const isAsked = asked === undefined || !CopyColumns.areStated(asked)
    const described = isAsked ? yield* CopyFacts.describe(connection, query, table) : []
    const foreign = CopyColumns.foreignTypes(asked ?? [])
    const types = foreign.length === 0 ? [] : yield* connection.learnTypes(foreign)
    const found = new Map(foreign.map((name, index) => [name, types[index]?.oid ?? 0]))
    const columns =
      asked === undefined
        ? described
        : yield* orRefuse(
            CopyColumns.merge(asked, described, found),
            direction === "encode" ? "rowsInto" : "rowsFrom"
          )
    const registry = yield* connection.findTypes(columns.map(({ typeOid }) => typeOid))
    return { columns, registry, sql: isAsked ? query : undefined, direction }
  })

/** The format of the columns and their codecs, with the options that ask for it: unless stated, the best one. */
const formatted = (
  asked: CopyOption.RequestedOptions,
  { columns, direction, registry }: KnownColumns,
  look: ColumnSchema,
  operation: CopyOperation
) => {
  const codecs = look?.rows.codecs(columns, registry, direction) ?? []
  const best = (): CopyOption.FormatName => CopyFormat.best(columns, registry, direction, codecs).format
  const options = { ...asked, format: asked.format ?? best() }
  const checked = CopyFormat.check(options, columns, registry, direction, codecs)
  return Effect.map(orRefuse(checked, operation), (format) => ({
    plan: { columns, registry, codecs, format },
    options
  }))
}

/** Refuses a Schema whose values may be without a column that is copied: COPY has a value for each column of each row. */
const complete = (
  look: ColumnSchema,
  columns: ReadonlyArray<Column>,
  operation: CopyOperation
): Effect.Effect<void, PgUsageError> => {
  const isCopied = (field: string) => columns.some(({ name }) => name === field)
  const missing = look?.optional().filter(isCopied) ?? []
  if (missing.length === 0) return Effect.void
  const reason = `must have a value for ${quoted(missing)} in every row, because COPY stores one in each column, and the field is optional: Schema.NullOr stores NULL, Copy.orDefault the column's default, and columns that are named without it leave it out`
  return refuse(operation, "schema", reason)
}

/** Refuses columns whose values the server computes. */
const written = (
  connection: PgConnection,
  columns: ReadonlyArray<Column>,
  look: ColumnSchema
): Effect.Effect<void, PgUsageError> =>
  Effect.flatMap(CopyFacts.generated(connection, columns), (generated) => {
    if (generated.length === 0) return Effect.void
    const others = columns.filter((column) => !generated.includes(column)).map(({ name }) => name)
    const argument = look === undefined ? "columns" : "schema"
    const cure = look === undefined ? `[${quoted(others)}]` : "Schema.omit makes one without"
    const reason = `must be without ${quoted(generated.map(({ name }) => name))}, because the server computes generated columns: ${cure}`
    return refuse("rowsInto", argument, reason)
  })

/** The plan of a copy into a table. Columns that are not named are those that the Schema has. */
export const into = (
  connection: PgConnection,
  target: TypedInto,
  look: ColumnSchema
): Effect.Effect<CopyPlan, PgSessionError> =>
  Effect.gen(function* () {
    const { table } = target
    const version = yield* connection.serverVersion
    const situation = { use: "into", data: "rows", version, named: true } as const
    const asked = yield* admit(target, situation, "rowsInto")
    const wants = yield* wantedBy(look, "rowsInto")
    const own = target.columns === undefined ? yield* named(wants, "rowsInto") : undefined
    const query = yield* orRefuse(
      CopyStatement.query(table, target.columns?.map(CopyColumns.nameOf)),
      "rowsInto"
    )
    const seen = yield* resolve(connection, target.columns, query, table, "encode")
    yield* look?.compare(seen, connection) ?? Effect.void
    const columns = seen.columns.filter(({ name }) => own === undefined || own.get(name) !== undefined)
    const { options, plan } = yield* formatted(asked, { ...seen, columns }, look, "rowsInto")
    const names = columns.map(({ name }) => name)
    const sql = yield* orRefuse(CopyStatement.into(table, names, options), "rowsInto")
    yield* complete(look, columns, "rowsInto")
    yield* written(connection, columns, look)
    const codecs = CopyFormat.codecsOf(columns, plan.registry, plan.codecs)
    const withoutNulls = options.format === "binary" ? [] : yield* CopyFacts.withoutNulls(connection, codecs)
    return { ...plan, sql, table, withoutNulls, showsValues: connection.showsValues }
  })

/** The plan of a copy out of a table or a query. */
export const from = <M extends Row.RowMode>(
  connection: PgConnection,
  source: RowsFrom<M>,
  look: ColumnSchema
): Effect.Effect<CopyPlan, PgSessionError> =>
  Effect.gen(function* () {
    const version = yield* connection.serverVersion
    const situation = { use: "from", data: "rows", version, named: true } as const
    const asked = yield* admit(source, situation, "rowsFrom")
    yield* wantedBy(look, "rowsFrom")
    const [table, some] = "query" in source ? [undefined, undefined] : [source.table, source.columns]
    const query = yield* orRefuse(CopyStatement.source(source, some?.map(CopyColumns.nameOf)), "rowsFrom")
    const seen = yield* resolve(connection, some, query, table, "decode")
    yield* look?.compare(seen, connection) ?? Effect.void
    const { options, plan } = yield* formatted(asked, seen, look, "rowsFrom")
    const sql = yield* orRefuse(CopyStatement.fromChoosing(query, options), "rowsFrom")
    return { ...plan, sql, table, withoutNulls: [], showsValues: connection.showsValues }
  })

/** The plan for data without a server, which are binary unless the format is stated. */
export const data = (
  given: TypedToWrite | TypedToRead | RowsToRead<Row.RowMode>,
  direction: CopyFormat.CopyDirection,
  look: ColumnSchema
): Effect.Effect<CopyPlan, PgCodecError | PgUsageError> =>
  Effect.gen(function* () {
    const operation = direction === "encode" ? "encodeRows" : "decodeRows"
    const situation = { use: direction, data: "rows", version: undefined, named: true } as const
    const asked = yield* admit(given, situation, operation)
    const wants = yield* wantedBy(look, operation)
    const registry = given.types ?? lossless
    const columns =
      given.columns === undefined
        ? yield* typed((yield* named(wants, operation)).columns, registry, operation)
        : yield* orRefuse(CopyColumns.merge(given.columns), operation)
    const known = { columns, registry, sql: undefined, direction }
    yield* look?.compare(known) ?? Effect.void
    const options = { ...asked, format: asked.format ?? "binary" }
    const { plan } = yield* formatted(options, known, look, operation)
    if (direction === "encode") yield* complete(look, columns, operation)
    return { ...plan, sql: "", table: undefined, withoutNulls: [], showsValues: false }
  })
