/**
 * What a copy needs to know before its first byte: the statement, the columns with their types, and the format, from what is
 * stated and what the server is asked for the rest.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { type Column, ofType } from "../model/Column.js"
import { PgUsageError } from "../model/PgError.js"
import type { PgCodecError, PgSessionError } from "../model/PgError.js"
import * as Statement from "../model/Statement.js"
import type { Registry } from "../types/Registry.js"
import type { SchemaType } from "../schema/PgType.js"
import type { ExpectedColumn, ExpectedRow } from "../schema/ExpectedRow.js"
import { lossless } from "../types/Registry.js"
import type * as Row from "../types/Row.js"
import * as ArrayNulls from "./ArrayNulls.js"
import * as CopyColumns from "./CopyColumns.js"
import * as CopyHint from "./CopyHint.js"
import * as CopyFormat from "./CopyFormat.js"
import * as CopyOption from "./CopyOption.js"
import type { Options } from "./CopyOption.js"
import type * as CopySchema from "./CopySchema.js"
import type { KnownColumns } from "./CopySchema.js"
import * as CopyStatement from "./CopyStatement.js"
import type {
  BytesFrom,
  BytesInto,
  RowsFrom,
  RowsInto,
  RowsToRead,
  TypedInto,
  TypedToRead,
  TypedToWrite
} from "./CopyTarget.js"
import * as GeneratedColumns from "./GeneratedColumns.js"
import type { PgConnection } from "../connection/PgConnection.js"

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
  /** Whether the server reads NULL in the text of an array that is written as a string. */
  readonly arrayNullsAreStrings: boolean
  /** Whether errors show the values that a Schema refuses. */
  readonly showsValues: boolean
}

/** A Schema that looks at the columns before anything is copied; `undefined` where there is none. */
type ColumnSchema = CopySchema.CopySchema | undefined

/** The operations, by the names under which users call them. */
type Operation = "rowsInto" | "rowsFrom" | "encodeRows" | "decodeRows" | "from" | "to"

const refused = (reason: string, operation: Operation): PgUsageError =>
  new PgUsageError({ operation: `Copy.${operation}`, argument: "", reason, sql: "" })

/** What a user calls the use of a plan. */
const operations = {
  into: "Copy.rowsInto",
  from: "Copy.rowsFrom",
  encode: "Copy.encodeRows",
  decode: "Copy.decodeRows"
} as const

/** What the Schema wants, unless no row goes through it; `undefined` without a Schema. */
const wantedBy = (
  look: ColumnSchema,
  use: keyof typeof operations
): Effect.Effect<ExpectedRow | undefined, PgUsageError> =>
  look === undefined
    ? Effect.succeed(undefined)
    : Effect.mapError(
        look.wanted,
        (reason) => new PgUsageError({ operation: operations[use], argument: "schema", reason, sql: "" })
      )

/** Columns that are not named are those that the Schema has, and it must have some and no others. */
const named = (
  wanted: ExpectedRow | undefined,
  use: keyof typeof operations
): Effect.Effect<ExpectedRow, PgUsageError> => {
  if (wanted !== undefined && wanted.columns.length > 0 && !wanted.isOpen) return Effect.succeed(wanted)
  const why = wanted?.isOpen === true ? "takes columns of any name" : "has no columns"
  return Effect.fail(
    new PgUsageError({
      operation: operations[use],
      argument: "columns",
      reason: `must name the columns, because the Schema ${why}, got nothing`,
      sql: ""
    })
  )
}

/** The columns that a Schema names, of the one type that it has for each. */
const typed = (
  wanted: ReadonlyArray<ExpectedColumn>,
  registry: Registry,
  use: keyof typeof operations
): Effect.Effect<ReadonlyArray<Column>, PgUsageError> => {
  const columns = wanted.map(({ name, types }) => ({ name, oid: oneOid(types ?? [], registry) }))
  const untyped = columns.find(({ oid }) => oid === undefined)
  if (untyped === undefined) return Effect.succeed(columns.map(({ name, oid }) => ofType(oid!, name)))
  const reason = `must state the types, because the Schema has no built-in type for ${JSON.stringify(untyped.name)}, or several: columns: [{ name: ${JSON.stringify(untyped.name)}, type: "text" }, …]`
  return Effect.fail(new PgUsageError({ operation: operations[use], argument: "columns", reason, sql: "" }))
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

const orRefuse = <A>(
  either: Either.Either<A, string>,
  operation: Operation
): Effect.Effect<A, PgUsageError> =>
  Either.match(either, {
    onLeft: (reason) => Effect.fail(refused(reason, operation)),
    onRight: Effect.succeed
  })

const operationOf = ({ data, use }: CopyOption.Situation): Operation => {
  switch (use) {
    case "into":
      return data === "rows" ? "rowsInto" : "from"
    case "from":
      return data === "rows" ? "rowsFrom" : "to"
    case "encode":
      return "encodeRows"
    case "decode":
      return "decodeRows"
  }
}

/** The options, when they go together and the server knows them. */
const admit = (
  options: Parameters<typeof CopyOption.asked>[0],
  situation: CopyOption.Situation
): Effect.Effect<CopyOption.RequestedOptions, PgUsageError> =>
  Effect.suspend(() => {
    const asked = CopyOption.asked(options)
    const reason = CopyOption.refusal(asked, situation)
    return reason === undefined ? Effect.succeed(asked) : Effect.fail(refused(reason, operationOf(situation)))
  })

/** The options with the format that is taken when none is stated. */
const withFormat = (
  asked: CopyOption.RequestedOptions,
  otherwise: () => { readonly format: CopyOption.FormatName }
): Options => ({
  ...asked,
  ...(asked.format === undefined ? otherwise() : { format: asked.format })
})

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
  direction: CopyFormat.CopyDirection
): Effect.Effect<KnownColumns, PgSessionError> =>
  Effect.gen(function* () {
    const isAsked = asked === undefined || !CopyColumns.areStated(asked)
    const described = isAsked ? yield* describe(connection, query) : []
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

const noCodecs: Row.ColumnCodecs = []

const quoted = (names: ReadonlyArray<string>): string => names.map((name) => JSON.stringify(name)).join(", ")

/** Refuses a Schema whose values may be without a column that is copied: COPY has a value for each column of each row. */
const complete = (
  look: ColumnSchema,
  names: ReadonlyArray<string>,
  operation: Operation
): Effect.Effect<void, PgUsageError> => {
  const missing = look?.optional().filter((name) => names.includes(name)) ?? []
  if (missing.length === 0) return Effect.void
  const reason = `must have a value for ${quoted(missing)} in every row, because COPY stores one in each column, and the field is optional: Schema.NullOr stores NULL, Copy.orDefault the column's default, and columns that are named without it leave it out`
  return Effect.fail(
    new PgUsageError({ operation: `Copy.${operation}`, argument: "schema", reason, sql: "" })
  )
}

/** Refuses columns whose values the server computes. */
const written = (
  connection: PgConnection,
  columns: ReadonlyArray<Column>,
  look: ColumnSchema
): Effect.Effect<void, PgUsageError> =>
  Effect.flatMap(GeneratedColumns.of(connection, columns), (generated) => {
    if (generated.length === 0) return Effect.void
    const others = columns.filter((column) => !generated.includes(column)).map(({ name }) => name)
    const argument = look === undefined ? "columns" : "schema"
    const cure = look === undefined ? `[${quoted(others)}]` : "Schema.omit makes one without"
    const reason = `must be without ${quoted(generated.map(({ name }) => name))}, because the server computes generated columns: ${cure}`
    return Effect.fail(new PgUsageError({ operation: "Copy.rowsInto", argument, reason, sql: "" }))
  })

/** The plan of a copy into a table. Columns that are not named are those that the Schema has. */
export const into = (
  connection: PgConnection,
  target: RowsInto | TypedInto,
  look?: ColumnSchema
): Effect.Effect<CopyPlan, PgSessionError> =>
  Effect.gen(function* () {
    const version = yield* connection.serverVersion
    const asked = yield* admit(target, { use: "into", data: "rows", version, named: true })
    const wants = yield* wantedBy(look, "into")
    const own = target.columns === undefined ? yield* named(wants, "into") : undefined
    const query = yield* orRefuse(
      CopyStatement.query(target.table, target.columns?.map(CopyColumns.nameOf)),
      "rowsInto"
    )
    const seen = yield* resolve(connection, target.columns, query, "encode").pipe(
      Effect.mapError(CopyHint.of(target.table, query))
    )
    yield* look?.compare(connection, seen) ?? Effect.void
    const columns =
      own === undefined ? seen.columns : seen.columns.filter(({ name }) => own.get(name) !== undefined)
    const { registry } = seen
    const codecs = look?.codecs(columns, registry, "encode") ?? noCodecs
    const wanted = withFormat(asked, () => CopyFormat.best(columns, registry, "encode", codecs))
    const format = yield* orRefuse(CopyFormat.check(wanted, columns, registry, "encode", codecs), "rowsInto")
    const names = columns.map(({ name }) => name)
    const sql = yield* orRefuse(CopyStatement.into(target.table, names, wanted), "rowsInto")
    yield* complete(look, names, "rowsInto")
    yield* written(connection, columns, look)
    const hasArraysAsText =
      format._tag !== "binary" &&
      columns.some(({ typeOid }, index) => ArrayNulls.mayHold(codecs[index] ?? registry.lookup(typeOid)))
    const arrayNullsAreStrings = hasArraysAsText && (yield* ArrayNulls.areStrings(connection))
    return {
      sql,
      columns,
      format,
      registry,
      codecs,
      table: target.table,
      arrayNullsAreStrings,
      showsValues: connection.showsValues
    }
  })

/** The plan of a copy out of a table or a query. */
export const from = <M extends Row.RowMode>(
  connection: PgConnection,
  source: RowsFrom<M>,
  look?: ColumnSchema
): Effect.Effect<CopyPlan, PgSessionError> =>
  Effect.gen(function* () {
    const version = yield* connection.serverVersion
    const asked = yield* admit(source, { use: "from", data: "rows", version, named: true })
    yield* wantedBy(look, "from")
    const [table, some] = "query" in source ? [undefined, undefined] : [source.table, source.columns]
    const query = yield* orRefuse(queryOf(source, some?.map(CopyColumns.nameOf)), "rowsFrom")
    const seen = yield* resolve(connection, some, query, "decode").pipe(
      Effect.mapError(CopyHint.of(table, query))
    )
    yield* look?.compare(connection, seen) ?? Effect.void
    const { columns, registry } = seen
    const codecs = look?.codecs(columns, registry, "decode") ?? noCodecs
    const wanted = withFormat(asked, () => CopyFormat.best(columns, registry, "decode", codecs))
    const format = yield* orRefuse(CopyFormat.check(wanted, columns, registry, "decode", codecs), "rowsFrom")
    const sql = yield* orRefuse(CopyStatement.fromChoosing(query, wanted), "rowsFrom")
    const { showsValues } = connection
    return { sql, columns, format, registry, codecs, table, arrayNullsAreStrings: false, showsValues }
  })

const queryOf = (
  source: { readonly table: CopyStatement.TableName } | { readonly query: Statement.Statement },
  names: ReadonlyArray<string> | undefined
): CopyStatement.Text =>
  "query" in source ? CopyStatement.queryOf(source.query) : CopyStatement.query(source.table, names)

/** The plan for data without a server. */
export const data = (
  given: TypedToWrite | TypedToRead | RowsToRead<Row.RowMode>,
  direction: CopyFormat.CopyDirection,
  look?: ColumnSchema
): Effect.Effect<CopyPlan, PgCodecError | PgUsageError> =>
  Effect.gen(function* () {
    const operation = direction === "encode" ? "encodeRows" : "decodeRows"
    const asked = yield* admit(given, { use: direction, data: "rows", version: undefined, named: true })
    const wants = yield* wantedBy(look, direction)
    const registry = given.types ?? lossless
    const columns =
      given.columns === undefined
        ? yield* typed((yield* named(wants, direction)).columns, registry, direction)
        : yield* orRefuse(CopyColumns.fromStated(given.columns), operation)
    yield* look?.hold({ columns, registry, sql: undefined, direction }) ?? Effect.void
    const codecs = look?.codecs(columns, registry, direction) ?? noCodecs
    const wanted = withFormat(asked, () => ({ format: "binary" }))
    const format = yield* orRefuse(CopyFormat.check(wanted, columns, registry, direction, codecs), operation)
    if (direction === "encode")
      yield* complete(
        look,
        columns.map(({ name }) => name),
        operation
      )
    return {
      sql: "",
      columns,
      format,
      registry,
      codecs,
      table: undefined,
      arrayNullsAreStrings: false,
      showsValues: false
    }
  })

/** The statement of a copy of bytes into a table. */
export const bytesInto = (connection: PgConnection, target: BytesInto): Effect.Effect<string, PgUsageError> =>
  Effect.gen(function* () {
    const { columns } = target
    const version = yield* connection.serverVersion
    const asked = yield* admit(target, { use: "into", data: "bytes", version, named: columns !== undefined })
    const options = withFormat(asked, () => target)
    yield* orRefuse(CopyFormat.settings(options, columns), "from")
    return yield* orRefuse(CopyStatement.into(target.table, columns, options), "from")
  })

/** The statement of a copy of bytes from the server. */
export const bytesFrom = (connection: PgConnection, source: BytesFrom): Effect.Effect<string, PgUsageError> =>
  Effect.gen(function* () {
    const columns = "query" in source ? undefined : source.columns
    const version = yield* connection.serverVersion
    const asked = yield* admit(source, { use: "from", data: "bytes", version, named: columns !== undefined })
    const options = withFormat(asked, () => source)
    yield* orRefuse(CopyFormat.settings(options, columns), "to")
    const query = yield* orRefuse(queryOf(source, columns), "to")
    return yield* orRefuse(CopyStatement.fromChoosing(query, options), "to")
  })
