/**
 * A connection as `@effect/sql` asks for it, over the client, over the connection of a transaction, or over one that is reserved.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { SafeIntegers } from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { PgClientError, PgClientService } from "../client/ClientService.js"
import type { CurrentTransaction } from "../client/CurrentTransaction.js"
import * as Handle from "../client/Handle.js"
import type { OpenTransaction } from "../client/OpenTransaction.js"
import type { PgConnection } from "../connection/PgConnection.js"
import type { PlainOperations } from "../connection/statement/RowOperations.js"
import type { QueryResult } from "../connection/statement/Query.js"
import * as SharedSession from "../connection/SharedSession.js"
import type { SharedOperations } from "../connection/SharedOperations.js"
import * as Statement from "../model/Statement.js"
import * as StatementWords from "../model/StatementWords.js"
import * as Integers from "../types/Integers.js"
import type { Registry } from "../types/Registry.js"
import type { ObjectRow } from "../types/Row.js"
import * as RawResult from "../nodepg/RawResult.js"
import { executing } from "./SqlFailure.js"

/** Renames the columns of rows. */
type TransformRows = (<A extends object>(rows: ReadonlyArray<A>) => ReadonlyArray<A>) | undefined

/** What statements run on. */
export interface SqlSession
  extends
    Pick<PlainOperations<PgClientError>, "query" | "execute" | "stream">,
    Pick<SharedOperations<PgClientError>, "values"> {
  readonly simple: (
    sql: string,
    options: { readonly types?: Registry }
  ) => Effect.Effect<ReadonlyArray<QueryResult<ObjectRow>>, PgClientError>
}

/** The client itself: each statement on whatever connection there is, or in the transaction that the fiber is in. */
export const ofClient = (pg: PgClientService): SqlSession => ({
  query: pg.query,
  execute: pg.execute,
  stream: pg.stream,
  values: pg.values,
  simple: (sql, options) =>
    Effect.scoped(Effect.flatMap(pg.connection, (connection) => connection.simple(sql, options)))
})

/** The session of a connection that was taken. */
export const ofConnection = ({ execute, query, simple, stream, values }: PgConnection): SqlSession => ({
  query,
  execute,
  stream,
  values,
  simple
})

/**
 * The session of a transaction, until that is over. Only what every transaction uses is made with it; streams are made when they are asked
 * for.
 */
export const ofTransaction = (transaction: OpenTransaction, current: CurrentTransaction): SqlSession => {
  const { connection } = transaction
  const admission = Handle.inTransaction(transaction, current)
  const statements = SharedSession.of(connection)?.admitted(admission)
  if (statements === undefined) return ofConnection(Handle.make(connection, admission))
  const { execute, query, simple, values } = statements
  return {
    query,
    execute,
    values,
    simple,
    stream: (statement, options) => Handle.pulled(admission, connection.stream(statement, options))
  }
}

/** How values are read and written, also where integers must be safe. */
export class ValueSettings {
  private readonly plain: { readonly types?: Registry }
  private readonly safe: { readonly types?: Registry }

  /** `types`: `undefined` for those of the client, which lose nothing unless the application has chosen others. */
  constructor(types: Registry | undefined) {
    this.plain = types === undefined ? {} : { types }
    this.safe = types === undefined ? {} : { types: types.with(Integers.int8) }
  }

  /** The options of a statement in this context. */
  in(context: Context.Context<never>): { readonly types?: Registry } {
    return Context.get(context, SafeIntegers) ? this.safe : this.plain
  }
}

/** Whether a text has more than one statement, which only the simple protocol takes. */
const isSeveral = (sql: string, parameters: ReadonlyArray<unknown>): boolean =>
  parameters.length === 0 && sql.includes(";") && StatementWords.of(sql).length > 1

export class SqlConnection implements Connection {
  /** `transaction`: the one that the session belongs to. */
  constructor(
    private readonly session: SqlSession,
    private readonly values: ValueSettings,
    readonly transaction: OpenTransaction | undefined
  ) {}

  /** Runs one statement, or each of several, with the options for its values. */
  private run<A>(
    sql: string,
    parameters: ReadonlyArray<unknown>,
    one: (
      statement: Statement.Statement,
      options: { readonly types?: Registry }
    ) => Effect.Effect<A, PgClientError>,
    several: (results: ReadonlyArray<QueryResult<ObjectRow>>) => A
  ): Effect.Effect<A, SqlError> {
    return Effect.withFiberRuntime<A, SqlError>((fiber) => {
      const options = this.values.in(fiber.currentContext)
      return Effect.mapError(
        isSeveral(sql, parameters)
          ? Effect.map(this.session.simple(sql, options), several)
          : one(Statement.make(sql, parameters), options),
        executing
      )
    })
  }

  execute(
    sql: string,
    parameters: ReadonlyArray<unknown>,
    transformRows: TransformRows
  ): Effect.Effect<ReadonlyArray<object>, SqlError> {
    const rows = this.run<ReadonlyArray<object>>(sql, parameters, this.session.query, rowsOfEach)
    return transformRows === undefined ? rows : Effect.map(rows, transformRows)
  }

  executeUnprepared(
    sql: string,
    parameters: ReadonlyArray<unknown>,
    transformRows: TransformRows
  ): Effect.Effect<ReadonlyArray<object>, SqlError> {
    const rows = this.run<ReadonlyArray<object>>(
      sql,
      parameters,
      (statement, options) => this.session.query(statement, { ...options, prepare: false }),
      rowsOfEach
    )
    return transformRows === undefined ? rows : Effect.map(rows, transformRows)
  }

  executeRaw(sql: string, parameters: ReadonlyArray<unknown>): Effect.Effect<unknown, SqlError> {
    return this.run<unknown>(
      sql,
      parameters,
      (statement, options) => Effect.map(this.session.execute(statement, options), RawResult.make),
      (results) => results.map(RawResult.make)
    )
  }

  executeValues(
    sql: string,
    parameters: ReadonlyArray<unknown>
  ): Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>, SqlError> {
    return Effect.withFiberRuntime<ReadonlyArray<ReadonlyArray<unknown>>, SqlError>((fiber) =>
      Effect.mapError(
        this.session.values(Statement.make(sql, parameters), this.values.in(fiber.currentContext)),
        executing
      )
    )
  }

  executeStream(
    sql: string,
    parameters: ReadonlyArray<unknown>,
    transformRows: TransformRows
  ): Stream.Stream<ObjectRow, SqlError> {
    const rows = Stream.unwrap(
      Effect.map(Effect.context<never>(), (context) =>
        this.session.stream(Statement.make(sql, parameters), this.values.in(context))
      )
    )
    const renamed =
      transformRows === undefined
        ? rows
        : Stream.mapChunks(rows, (chunk) =>
            Chunk.unsafeFromArray(transformRows(Chunk.toReadonlyArray(chunk)))
          )
    return Stream.mapError(renamed, executing)
  }
}

const rowsOfEach = (results: ReadonlyArray<QueryResult<ObjectRow>>): ReadonlyArray<object> =>
  results.map(({ rows }) => rows)
