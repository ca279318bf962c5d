/**
 * The operations that give rows: as the server's values, or through a Schema.
 *
 * With a Schema, the columns of the result are compared with those that the Schema wants as soon as the server has reported
 * them, and what does not fit is refused with `PgCodecError` before the statement runs. A Schema that does not decode from an
 * object of columns is refused with `PgUsageError` before anything is sent. A row that the Schema refuses fails its query only. What the Schema requires is required of the operation.
 */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Statement } from "../../model/Statement.js"
import type * as Row from "../../types/Row.js"
import type { QueryResult } from "./Query.js"
import type { QueryOptions, RowsAs, StreamOptions } from "./QueryOptions.js"
import * as RowCount from "./RowCount.js"
import * as StreamedResult from "./StreamedResult.js"

/** Rows as the server's values. */
export interface PlainOperations<E> {
  readonly query: <M extends Row.ResultMode = "object">(
    statement: Statement,
    options?: QueryOptions & RowsAs<M>
  ) => Effect.Effect<ReadonlyArray<Row.RowIn<M>>, E>
  readonly execute: <M extends Row.ResultMode = "object">(
    statement: Statement,
    options?: QueryOptions & RowsAs<M>
  ) => Effect.Effect<QueryResult<Row.RowIn<M>>, E>
  readonly stream: <M extends Row.ResultMode = "object">(
    statement: Statement,
    options?: StreamOptions & RowsAs<M>
  ) => Stream.Stream<Row.RowIn<M>, E>
}

/** Rows through a Schema. */
export interface SchemaOperations<E> {
  readonly query: <A, I extends object, R>(
    statement: Statement,
    schema: Schema.Schema<A, I, R>,
    options?: QueryOptions
  ) => Effect.Effect<ReadonlyArray<A>, E, R>
  readonly execute: <A, I extends object, R>(
    statement: Statement,
    schema: Schema.Schema<A, I, R>,
    options?: QueryOptions
  ) => Effect.Effect<QueryResult<A>, E, R>
  readonly stream: <A, I extends object, R>(
    statement: Statement,
    schema: Schema.Schema<A, I, R>,
    options?: StreamOptions
  ) => Stream.Stream<A, E, R>
}

/** Either of the two: with a Schema as the second argument, or without. */
export interface RowOperations<E> extends RowCount.RowCountOperations<E> {
  /** All rows of a statement, as an array. A row is an object, unless `rows` asks for arrays or bytes; of columns with the same name the last one is kept. With a Schema as the
   * second argument, rows are decoded by it.
   *
   * - `timeout`: deadline of the statement. Default: the configuration's `statementTimeout`, which is unset. It fails with `PgTimeoutError`.
   *
   * Interrupting it stops the statement on the server. Fails with `PgServerError` when the server refuses the statement, and with `PgCodecError` when a value cannot be sent
   * or read.
   *
   * ```ts
   * const rows = yield* pg.query(sql`select name from people where age > ${40}`)
   * const people = yield* pg.query(sql`select name, age from people`, Person)
   * ``` */
  readonly query: SchemaOperations<E>["query"] & PlainOperations<E>["query"]
  /** All rows, with the columns and the command tag, such as the number of rows that an UPDATE changed. */
  readonly execute: SchemaOperations<E>["execute"] & PlainOperations<E>["execute"]
  /**
   * Rows as a stream. A slow consumer slows the server down; at most `streamBufferBytes` (1 MiB) wait for it.
   *
   * Outside a transaction the connection is leased while the stream is open, and leaving it before its end cancels the statement.
   * Inside a transaction rows come through a portal: other statements of the transaction may run meanwhile, and leaving the
   * stream before its end closes the portal, cancels nothing, and leaves the transaction usable. Interruption and `timeout` while
   * the server works cancel the statement, which fails the transaction. `straight` asks for rows straight off the socket.
   */
  readonly stream: SchemaOperations<E>["stream"] & PlainOperations<E>["stream"]
  /**
   * As `stream`, with what else the server reports of the result: its columns before the first row, and the command behind the last.
   * The statement is sent at once; it ends with the scope as a stream does that is left.
   */
  readonly streamResult: StreamedResult.StreamResult<E>
}

export const make = <E>(plain: PlainOperations<E>, through: SchemaOperations<E>): RowOperations<E> => {
  function query<M extends Row.ResultMode = "object">(
    statement: Statement,
    options?: QueryOptions & RowsAs<M>
  ): Effect.Effect<ReadonlyArray<Row.RowIn<M>>, E>
  function query<A, I extends object, R>(
    statement: Statement,
    schema: Schema.Schema<A, I, R>,
    options?: QueryOptions
  ): Effect.Effect<ReadonlyArray<A>, E, R>
  function query<A, I extends object, R, M extends Row.ResultMode>(
    statement: Statement,
    second?: Schema.Schema<A, I, R> | (QueryOptions & RowsAs<M>),
    options?: QueryOptions
  ): Effect.Effect<ReadonlyArray<A | Row.RowIn<M>>, E, R> {
    return isSchema(second) ? through.query(statement, second, options) : plain.query(statement, second)
  }

  function execute<M extends Row.ResultMode = "object">(
    statement: Statement,
    options?: QueryOptions & RowsAs<M>
  ): Effect.Effect<QueryResult<Row.RowIn<M>>, E>
  function execute<A, I extends object, R>(
    statement: Statement,
    schema: Schema.Schema<A, I, R>,
    options?: QueryOptions
  ): Effect.Effect<QueryResult<A>, E, R>
  function execute<A, I extends object, R, M extends Row.ResultMode>(
    statement: Statement,
    second?: Schema.Schema<A, I, R> | (QueryOptions & RowsAs<M>),
    options?: QueryOptions
  ): Effect.Effect<QueryResult<A | Row.RowIn<M>>, E, R> {
    return isSchema(second) ? through.execute(statement, second, options) : plain.execute(statement, second)
  }

  function stream<M extends Row.ResultMode = "object">(
    statement: Statement,
    options?: StreamOptions & RowsAs<M>
  ): Stream.Stream<Row.RowIn<M>, E>
  function stream<A, I extends object, R>(
    statement: Statement,
    schema: Schema.Schema<A, I, R>,
    options?: StreamOptions
  ): Stream.Stream<A, E, R>
  function stream<A, I extends object, R, M extends Row.ResultMode>(
    statement: Statement,
    second?: Schema.Schema<A, I, R> | (StreamOptions & RowsAs<M>),
    options?: StreamOptions
  ): Stream.Stream<A | Row.RowIn<M>, E, R> {
    return isSchema(second) ? through.stream(statement, second, options) : plain.stream(statement, second)
  }

  return {
    query,
    execute,
    stream,
    ...RowCount.operations({ query, execute }),
    streamResult: StreamedResult.operation(stream)
  }
}

const isSchema = <A, I, R>(
  second: Schema.Schema<A, I, R> | object | undefined
): second is Schema.Schema<A, I, R> => second !== undefined && Schema.isSchema(second)
