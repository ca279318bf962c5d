/** What `query` of node-postgres is given, in its several forms, and the result that it gives back. */
import * as Effect from "effect/Effect"
import type { PgClientError } from "../client/ClientService.js"
import type { QueryResult } from "../connection/statement/Query.js"
import type { PlainOperations } from "../connection/statement/RowOperations.js"
import { PgUsageError } from "../model/PgError.js"
import * as Statement from "../model/Statement.js"
import * as StatementWords from "../model/StatementWords.js"
import type { Registry } from "../types/Registry.js"
import type { ArrayRow, ObjectRow } from "../types/Row.js"
import { compatible } from "./CompatibleValues.js"
import * as RawResult from "./RawResult.js"

/** Parsers of types, as node-postgres' `types` has them. */
export interface TypeParsers {
  readonly getTypeParser: (oid: number, format?: "text") => (text: string) => unknown
}

/** A query as an object. */
export interface QueryConfig {
  readonly text: string
  readonly values?: ReadonlyArray<unknown> | undefined
  /** Accepted and not needed: every statement is prepared under a name of this package. */
  readonly name?: string | undefined
  /** Rows as arrays. Default: as objects. */
  readonly rowMode?: "array" | undefined
  readonly types?: TypeParsers | undefined
}

/** A result in the shape of node-postgres. */
export interface NodeResult extends Omit<RawResult.RawResult, "rows"> {
  readonly rows: ReadonlyArray<ObjectRow | ArrayRow>
}

/** What a query gives: one result, or one for each statement of a text with several. */
export type QueryOutcome = NodeResult | ReadonlyArray<NodeResult>

/** A query that was read from its arguments. */
export interface QueryCall {
  readonly statement: Statement.Statement
  readonly isArray: boolean
  readonly types: Registry
}

/** Registries made of parsers, which programs give with each query. */
const registries = new WeakMap<TypeParsers, Registry>()

const registryOf = (types: TypeParsers | undefined): Registry => {
  if (types === undefined) return compatible
  const known = registries.get(types)
  if (known !== undefined) return known
  const made = compatible.withTextParsers((oid) => types.getTypeParser(oid, "text"))
  registries.set(types, made)
  return made
}

/** Reads the arguments of `query`. `types`: those of the pool, for a query without its own. */
export const read = (
  query: string | QueryConfig,
  values: ReadonlyArray<unknown> | undefined,
  types?: TypeParsers
): QueryCall => {
  const config: QueryConfig = typeof query === "string" ? { text: query } : query
  return {
    statement: Statement.make(config.text, values ?? config.values ?? []),
    isArray: config.rowMode === "array",
    types: registryOf(config.types ?? types)
  }
}

/** Why an object that submits itself is refused: it would speak node-postgres' own protocol classes. */
export const refusedSubmittable = (query: object): PgUsageError =>
  new PgUsageError({
    operation: "query",
    argument: "",
    reason: `a ${query.constructor.name} that submits itself cannot run here: use Cursor of effect-postgres/pg, or PgClient.stream`,
    sql: ""
  })

const isSeveral = ({ parameters, sql }: Statement.Statement): boolean =>
  parameters.length === 0 && sql.includes(";") && StatementWords.of(sql).length > 1

const resultOf = (result: QueryResult<ObjectRow | ArrayRow>): NodeResult =>
  RawResult.make(result as QueryResult<ObjectRow>)

const asArrays = (result: QueryResult<ObjectRow>): QueryResult<ArrayRow> => ({
  ...result,
  rows: result.rows.map((row) => Object.values(row))
})

/** What queries run on: a connection, or the client. */
export interface QuerySession {
  readonly simple: (
    sql: string,
    options: { readonly types: Registry }
  ) => Effect.Effect<ReadonlyArray<QueryResult<ObjectRow>>, PgClientError>
  readonly execute: PlainOperations<PgClientError>["execute"]
}

/** Runs a query. */
export const run = (
  session: QuerySession,
  { isArray, statement, types }: QueryCall
): Effect.Effect<QueryOutcome, PgClientError> => {
  if (isSeveral(statement))
    return Effect.map(session.simple(statement.sql, { types }), (results) =>
      results.map((result) => resultOf(isArray ? asArrays(result) : result))
    )
  return isArray
    ? Effect.map(session.execute(statement, { types, rows: "array" }), resultOf)
    : Effect.map(session.execute(statement, { types }), resultOf)
}
