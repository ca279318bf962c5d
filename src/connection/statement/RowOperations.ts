/**
 * The operations that give rows: as the server's values, or through a Schema.
 *
 * With a Schema, the columns of the result are compared with those that the Schema wants as soon as the server has told
 * them, and what does not fit is refused with `PgCodecError` before the statement runs. A Schema that does not decode from an
 * object of columns is refused with `PgUsageError` before anything is sent. A row that the Schema refuses fails its query only. What the Schema requires is required of the operation.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Statement } from "../../model/Statement.js"
import type { Registry } from "../../types/Registry.js"
import type * as Row from "../../types/Row.js"
import type { QueryResult } from "./Query.js"

/** How one query runs. */
export interface QueryOptions {
  /** Deadline of this statement; unless given, the configuration's `statementTimeout`. */
  readonly timeout?: Duration.DurationInput
}

/** How the values of a statement without a Schema are read and written, and whether it is prepared. */
export interface ValueOptions {
  /**
   * How values are read and parameters are written. Unless given, as the connection does. A type that this registry does not have is the
   * server's text, as it would be without a catalogue.
   */
  readonly types?: Registry
  /**
   * Whether the session keeps the statement prepared for later executions. False: it has no name on the server and is described each time,
   * which costs a round trip. Default true.
   */
  readonly prepare?: boolean
}

/** How a text of several statements runs. */
export interface SimpleOptions extends QueryOptions {
  /** How values are read, all of which come as text. Unless given, as the connection reads them. */
  readonly types?: Registry
}

/** How a stream of rows runs. */
export interface StreamOptions {
  /**
   * Longest wait for the server's next rows. It begins anew with each arrival; the time that the consumer takes does not
   * count. Unless given, the configuration's `statementTimeout`.
   */
  readonly timeout?: Duration.DurationInput
  /**
   * Rows fetched at a time through a portal, 1 or more. Unless given, rows come straight off the socket outside a transaction, and
   * inside one through a portal in batches sized in bytes (about 512 KiB).
   */
  readonly fetchSize?: number
  /**
   * Inside a transaction: rows straight off the socket, with the connection for the stream alone. Leaving the stream before its end
   * reads at most 1 MiB of the rest, for at most 5 seconds; beyond that the statement is cancelled, which fails the transaction.
   * Default false. Not together with `fetchSize`.
   */
  readonly straight?: boolean
}

/** Rows as the server's values, objects by column name. */
export interface PlainOperations<E> {
  readonly query: (
    statement: Statement,
    options?: QueryOptions & ValueOptions
  ) => Effect.Effect<ReadonlyArray<Row.ObjectRow>, E>
  readonly execute: (
    statement: Statement,
    options?: QueryOptions & ValueOptions
  ) => Effect.Effect<QueryResult<Row.ObjectRow>, E>
  readonly stream: (
    statement: Statement,
    options?: StreamOptions & ValueOptions
  ) => Stream.Stream<Row.ObjectRow, E>
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

/** Either, told apart by whether a Schema comes second. */
export interface RowOperations<E> {
  /** All rows. As objects; with equal column names the later one wins. */
  readonly query: SchemaOperations<E>["query"] & PlainOperations<E>["query"]
  /** Rows with columns and command tag. */
  readonly execute: SchemaOperations<E>["execute"] & PlainOperations<E>["execute"]
  /**
   * Rows as they come; the consumer's pace is the server's.
   *
   * Outside a transaction the connection is leased while the stream is open, and leaving it before its end cancels the statement.
   * Inside a transaction rows come through a portal: other statements of the transaction may run meanwhile, and leaving the
   * stream before its end closes the portal, cancels nothing, and leaves the transaction usable. Interruption and `timeout` while
   * the server works cancel the statement, which fails the transaction. `straight` asks for rows straight off the socket.
   */
  readonly stream: SchemaOperations<E>["stream"] & PlainOperations<E>["stream"]
}

export const make = <E>(plain: PlainOperations<E>, through: SchemaOperations<E>): RowOperations<E> => {
  function query(
    statement: Statement,
    options?: QueryOptions & ValueOptions
  ): ReturnType<PlainOperations<E>["query"]>
  function query<A, I extends object, R>(
    statement: Statement,
    schema: Schema.Schema<A, I, R>,
    options?: QueryOptions
  ): Effect.Effect<ReadonlyArray<A>, E, R>
  function query<A, I extends object, R>(
    statement: Statement,
    second?: Schema.Schema<A, I, R> | (QueryOptions & ValueOptions),
    options?: QueryOptions
  ): Effect.Effect<ReadonlyArray<A | Row.ObjectRow>, E, R> {
    return isSchema(second) ? through.query(statement, second, options) : plain.query(statement, second)
  }

  function execute(
    statement: Statement,
    options?: QueryOptions & ValueOptions
  ): ReturnType<PlainOperations<E>["execute"]>
  function execute<A, I extends object, R>(
    statement: Statement,
    schema: Schema.Schema<A, I, R>,
    options?: QueryOptions
  ): Effect.Effect<QueryResult<A>, E, R>
  function execute<A, I extends object, R>(
    statement: Statement,
    second?: Schema.Schema<A, I, R> | (QueryOptions & ValueOptions),
    options?: QueryOptions
  ): Effect.Effect<QueryResult<A | Row.ObjectRow>, E, R> {
    return isSchema(second) ? through.execute(statement, second, options) : plain.execute(statement, second)
  }

  function stream(
    statement: Statement,
    options?: StreamOptions & ValueOptions
  ): ReturnType<PlainOperations<E>["stream"]>
  function stream<A, I extends object, R>(
    statement: Statement,
    schema: Schema.Schema<A, I, R>,
    options?: StreamOptions
  ): Stream.Stream<A, E, R>
  function stream<A, I extends object, R>(
    statement: Statement,
    second?: Schema.Schema<A, I, R> | (StreamOptions & ValueOptions),
    options?: StreamOptions
  ): Stream.Stream<A | Row.ObjectRow, E, R> {
    return isSchema(second) ? through.stream(statement, second, options) : plain.stream(statement, second)
  }

  return { query, execute, stream }
}

const isSchema = <A, I, R>(
  second: Schema.Schema<A, I, R> | object | undefined
): second is Schema.Schema<A, I, R> => second !== undefined && Schema.isSchema(second)
